"""A base model's folder: what it is, and that it is still the one that was registered."""
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from .refusal import Refusal

PARTS = ("transformer", "vae", "text_encoder", "tokenizer", "scheduler")


@dataclass(frozen=True)
class Base:
    """`name`, size and settings come from the folder's `backlot.json`; where it says nothing, Wan 2.1's own 480p values are taken."""

    sha256: str
    class_: str
    name: str
    licence: str | None
    parameters: int
    width: int
    height: int
    frames: int
    fps: float
    maxSequenceLength: int
    flowShift: float
    training: dict
    generation: dict

    def line(self) -> dict:
        said = asdict(self)
        return {"class": said.pop("class_"), **said}


def hash_folder(folder: Path) -> str:
    """SHA-256 over a line `<sha256 of the file>  <path>` per file, sorted by path, hidden names left out; as libs/training computes it."""
    paths = [path for path in folder.rglob("*") if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    whole = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.relative_to(folder).as_posix().encode()):
        with open(path, "rb") as file:
            whole.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(folder).as_posix()}\n".encode())
    return whole.hexdigest()


def describe(folder: Path) -> Base:
    """Reads a folder without loading its weights; raises Refusal BASE_MISSING or BAD_BASE, naming what is wrong with it."""
    index = _json(folder / "model_index.json")
    if index is None:
        raise Refusal("BASE_MISSING", f"There is no base model in {folder}: model_index.json is missing.", "Give the folder that holds model_index.json.")
    class_ = index.get("_class_name")
    if not isinstance(class_, str) or not class_.startswith("Wan"):
        raise _bad(folder, f"its model_index.json names {class_!r}, which is not of the Wan family")
    for part in PARTS:
        if not (folder / part).is_dir():
            raise _bad(folder, f"it has no {part}")
    parameters = sum(_count_parameters(folder, part) for part in ("transformer", "vae", "text_encoder"))
    said = _json(folder / "backlot.json") or {}
    scheduler = _json(folder / "scheduler/scheduler_config.json") or {}
    return Base(
        sha256=hash_folder(folder), class_=class_, name=said.get("name", folder.name), licence=said.get("licence"), parameters=parameters,
        width=said.get("width", 832), height=said.get("height", 480), frames=said.get("frames", 81), fps=said.get("fps", 16),
        maxSequenceLength=said.get("maxSequenceLength", 512), flowShift=float(scheduler.get("flow_shift") or scheduler.get("shift") or 3.0),
        training={"steps": 1500, "rank": 32, "batch": 1, "learningRate": 1e-4} | said.get("training", {}),
        generation={"steps": 50, "guidance": 5.0} | said.get("generation", {}),
    )


def verify(folder: Path, sha256: str) -> Base:
    """The base model of a run; raises Refusal BASE_CHANGED when its bytes are not those that were registered."""
    base = describe(folder)
    if base.sha256 != sha256:
        raise Refusal("BASE_CHANGED", f"The files of the base model in {folder} are not those that were registered.", "Restore them, or add the folder again with: npx backlot base add DIR")
    return base


def _bad(folder: Path, why: str) -> Refusal:
    return Refusal("BAD_BASE", f"{folder}: {why}.", "Give a folder saved by diffusers (save_pretrained) of a WanPipeline in safetensors.")


def _json(file: Path) -> dict | None:
    try:
        said = json.loads(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        raise _bad(file.parent, f"{file.name} is not JSON") from None
    if not isinstance(said, dict):
        raise _bad(file.parent, f"{file.name} is not a JSON object")
    return said


def _count_parameters(folder: Path, part: str) -> int:
    files = sorted((folder / part).glob("*.safetensors"))
    if not files:
        raise _bad(folder, f"its {part} has no safetensors")
    count = 0
    for file in files:
        try:
            with safe_open(file, framework="numpy") as tensors:
                for name in tensors.keys():
                    size = 1
                    for side in tensors.get_slice(name).get_shape():
                        size *= side
                    count += size
        except SafetensorError:
            raise _bad(folder, f"{part}/{file.name} is not a whole safetensors file") from None
    return count
