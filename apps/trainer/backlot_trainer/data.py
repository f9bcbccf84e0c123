"""The dataset: a sealed tar of mp4 clips, streamed and opened in memory."""
import http.client
import io
import json
import tarfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .refusal import Refusal
from .seal import SealedReader
from .video import decode_clip


@dataclass
class Clip:
    """One clip: frames as uint8 [F, H, W, 3]. `shot` names the take it was cut from, where the shard says it."""

    name: str
    held_out: bool
    shot: tuple | None
    caption: str
    frames: np.ndarray


def fetch_clips(url: str, token: str, key: bytes, object_id: str) -> Iterator[Clip]:
    """Streams the shard; raises Refusal DATASET_UNREACHABLE, DATASET_BROKEN, SEAL_BROKEN, CLIP_BROKEN or CLIP_DOES_NOT_FIT."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"authorization": f"Bearer {token}"}), timeout=60) as response:
            yield from read_shard(SealedReader(_Whole(response), key, object_id))
    except (OSError, http.client.HTTPException) as error:
        raise Refusal("DATASET_UNREACHABLE", f"The dataset cannot be fetched: {error}.", "See that the API runs and can be reached from the agent, then resume the run.") from error


class _Whole:
    """A response that ends early is a broken connection, to be tried again; without this it would read as a sealed object that was cut."""

    def __init__(self, response: http.client.HTTPResponse):
        self._response = response

    def read(self, count: int) -> bytes:
        part = self._response.read(count)
        if not part and self._response.length:
            raise ConnectionError(f"it broke off {self._response.length} bytes before its end")
        return part


def read_shard(stream: io.RawIOBase) -> Iterator[Clip]:
    """Clips of a clear tar: NAME.mp4, NAME.txt and NAME.json lie beside each other, in any order."""
    parts: dict[str, dict[str, bytes]] = {}
    try:
        # A buffer in front of tar: it reads 10 KiB at a time, and a segment has 256 KiB.
        with tarfile.open(fileobj=io.BufferedReader(stream, 1 << 20), mode="r|") as tar:
            for member in tar:
                name, _, kind = member.name.rpartition(".")
                if not member.isfile() or kind not in ("mp4", "txt", "json"):
                    continue
                found = parts.setdefault(name, {})
                found[kind] = tar.extractfile(member).read()
                if len(found) == 3:
                    yield _clip(name, parts.pop(name))
    except tarfile.TarError as error:
        raise Refusal("DATASET_BROKEN", f"The dataset's shard is not a tar: {error}.", "Freeze the dataset version again.") from error
    # The end of the archive is not the end of the sealed stream: the rest is opened too, so that a cut or changed end is seen.
    while stream.read(1 << 20):
        pass
    if parts:
        name, found = next(iter(parts.items()))
        raise Refusal("DATASET_BROKEN", f"The clip {name} lacks its {', '.join(sorted({'mp4', 'txt', 'json'} - set(found)))}.", "Freeze the dataset version again.")


def _clip(name: str, parts: dict[str, bytes]) -> Clip:
    try:
        about = json.loads(parts["json"])
        caption = str(about.get("caption") or parts["txt"].decode())
        held_out = about["split"] == "heldout"
    except (ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise Refusal("DATASET_BROKEN", f"The clip {name} is not described: {error!r}.", "Freeze the dataset version again.") from error
    frames = decode_clip(parts["mp4"], name)
    count, height, width, _ = frames.shape
    if count % 4 != 1 or height % 16 or width % 16:
        raise Refusal("CLIP_DOES_NOT_FIT", f"The clip {name} has {count} frames of {width}x{height}; a Wan model takes 4k+1 frames with sides divisible by 16.", "Freeze a dataset version whose clips fit, for example 17 frames of 96x64.")
    shot = (about.get("master"), about["shot"]) if "shot" in about else None
    return Clip(name, held_out, shot, caption, frames)


def held_out_kind(clips: list[tuple[bool, tuple | None]]) -> str:
    """Of (held out, shot): `other-shots` when no held-out clip shares its take with a trained one, as far as the shard says; else `same-shots`."""
    trained = {shot for held_out, shot in clips if not held_out}
    held = {shot for held_out, shot in clips if held_out}
    return "other-shots" if held and None not in trained | held and not trained & held else "same-shots"
