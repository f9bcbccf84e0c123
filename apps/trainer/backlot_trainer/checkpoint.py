"""A run's whole state, sealed: a killed run goes on as if it had not been."""
import io
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from . import CODE_VERSION
from .refusal import Refusal
from .seal import open_sealed, seal_file

FILE = Path("checkpoint.sealed")


@dataclass
class State:
    """`order`: what is left of the shuffle. `base_loss`: the base model's held-out loss, measured once."""

    step: int
    order: list[int]
    adapter: dict
    optimizer: dict
    generator: torch.Tensor
    torch_rng: torch.Tensor
    base_loss: float | None


def write(state: State, run: str, spec_hash: str, key: bytes) -> None:
    """Atomic: a kill leaves the former checkpoint or this one."""
    plain = io.BytesIO()
    torch.save({"version": CODE_VERSION, "spec": spec_hash, **asdict(state)}, plain)
    seal_file(FILE, plain.getvalue(), key, run)


def read(run: str, spec_hash: str, key: bytes) -> State | None:
    """The state of this very specification; None when there is none, or it is of another specification or an older trainer."""
    try:
        sealed = FILE.read_bytes()
    except FileNotFoundError:
        return None
    try:
        saved = torch.load(io.BytesIO(open_sealed(sealed, key, run)), weights_only=True)
    except Refusal:
        return None  # another run's, in the same folder
    if saved.pop("version") != CODE_VERSION or saved.pop("spec") != spec_hash:
        return None
    return State(**saved)
