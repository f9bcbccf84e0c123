"""Clips of the open films that base training may use. SOURCES.md of models/starter names them with licence and hash."""
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

# The transformer never sees Sintel, the sample archive's film to fine-tune on: what a studio teaches it must be new to it.
CAPTIONED = {
    "tos_battle.webm": ["A battle in a ruined city with soldiers and robots, live action.", "People fight machines in a city, fast motion.", "A live action scene in a grey city."],
    "bbb_480p.mp4": ["An animated meadow with green grass and trees by day.", "A bright animated forest scene.", "Animation of a green field under a blue sky."],
}


# Share of the height between black bars.
PICTURE = {"sintel_trailer.mp4": 0.74}


def decode(file: Path, width: int, height: int, fps: int = 16) -> np.ndarray:
    """uint8 [F, H, W, 3], the middle of the picture in this shape."""
    crop = f"crop=iw:ih*{PICTURE.get(file.name, 1)},crop='min(iw,ih*{width}/{height})':'min(ih,iw*{height}/{width})',scale={width}:{height}:flags=area,fps={fps}"
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", file, "-vf", crop, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3)


def film_clips(folder: Path, rng: np.random.Generator, every: int = 8) -> Iterator[tuple[np.ndarray, str]]:
    """17 frames of 96x64 each, every half second, each also mirrored; clips across a hard cut are left out."""
    for name, captions in CAPTIONED.items():
        film = decode(folder / name, 96, 64)
        for at in range(0, len(film) - 17, every):
            clip = film[at : at + 17]
            if np.abs(np.diff(clip.astype(np.int16), axis=0)).mean((1, 2, 3)).max() > 40:
                continue
            caption = str(rng.choice(captions))
            yield clip, caption
            yield clip[:, :, ::-1].copy(), caption
