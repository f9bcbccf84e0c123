"""Shots to train on, without end: cut from films, or a camera that moves over a still picture with things moving in front of it."""

import re
import subprocess

import numpy as np
from PIL import Image

W, H = 128, 72
LONGEST = 160


def read_shot(file, width=W, height=H, most=LONGEST):
    """Up to `most` frames [n, h, w, 3], the picture filling the frame. NAME@FIRST-LAST.ext takes these frames of it only."""
    found = re.search(r"@(\d+)-(\d+)$", file.stem)
    chosen = f"select=between(n\\,{found[1]}\\,{found[2]})," if found else ""
    scale = f"{chosen}scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height}"
    raw = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", str(file), "-fps_mode", "passthrough", "-vf", scale, "-frames:v", str(most), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


def read_still(file):
    image = Image.open(file).convert("RGB")
    image.thumbnail((560, 560))
    return image


def _box(image, rng):
    """A window of 16:9 in the picture, from a third of it to nearly all."""
    w, h = image.size
    wide = min(w, h * 16 / 9) * rng.uniform(0.35, 0.95)
    x, y = rng.uniform(0, w - wide), rng.uniform(0, h - wide * 9 / 16)
    return np.array([x, y, x + wide, y + wide * 9 / 16])


def _moved(image, rng, n):
    """A camera move over a still: from one window to another, or a part of the way; some hold still; some are held by hand."""
    a, b = _box(image, rng), _box(image, rng)
    b = a + (b - a) * rng.choice([0, 0.1, 0.3, 0.6, 1]) * min(1, n / 80)
    shake = rng.choice([0, 0, 0.002, 0.008]) * (a[2] - a[0])
    w, h = image.size
    frames = []
    for p in np.linspace(0, 1, n):
        box = a + (b - a) * p
        dx, dy = rng.normal(0, shake, 2) if shake else (0, 0)
        dx, dy = np.clip(dx, -box[0], w - box[2]), np.clip(dy, -box[1], h - box[3])
        frames.append(np.asarray(image.resize((W, H), Image.Resampling.BILINEAR, tuple(box + [dx, dy, dx, dy]), reducing_gap=1.5)))
    return np.stack(frames)


def _in_front(frames, other, rng):
    """Something of another picture, cut out round, moves through the shot and grows or shrinks."""
    n = len(frames)
    patch = np.asarray(other.resize((W, H), Image.Resampling.BILINEAR)).astype(np.float32)
    y, x = np.arange(H, dtype=np.float32)[:, None], np.arange(W, dtype=np.float32)[None]
    at, to = rng.uniform(-0.2, 1.2, 2) * (W, H), rng.uniform(-0.2, 1.2, 2) * (W, H)
    size, grow = rng.uniform(0.08, 0.4) * H, rng.uniform(0.6, 1.6)
    tall = rng.uniform(0.6, 2)
    period = rng.uniform(8, 60)
    for i in range(n):
        p = i / max(1, n - 1)
        cx, cy = at + (to - at) * p + np.array([np.sin(i / period * 6.28), np.cos(i / period * 5)]) * 3
        r = size * grow ** p
        m = np.clip((1.15 - np.sqrt((x - cx) ** 2 + ((y - cy) / tall) ** 2) / r) * 6, 0, 1, dtype=np.float32)[..., None]
        frames[i] = frames[i] + (np.roll(patch, (int(cy) - H // 2, int(cx) - W // 2), (0, 1)) - frames[i]) * m
    return frames


class Footage:
    """Shots by name, each time another take: what compose.film() asks for. A take costs more than a film composed of it, so it is used
    some five times, among `TAKES` others."""

    TAKES = 160

    def __init__(self, shots, stills, rng):
        self.shots, self.stills, self.rng = shots, stills, rng
        self.again = None
        self.takes = []

    def __iter__(self):
        # Real footage as often as stills, however many there are of each.
        yield from (f"take {i}" for i in range(64))

    def __getitem__(self, _name):
        rng = self.rng
        if len(self.takes) >= self.TAKES and rng.random() < 0.8: return self.takes[rng.integers(self.TAKES)]
        taken = self._take()
        if len(self.takes) < self.TAKES: self.takes.append(taken)
        else: self.takes[rng.integers(self.TAKES)] = taken
        return taken

    def _take(self):
        rng = self.rng
        # Sometimes the next shot is of the place of the last one: the hardest cuts to see.
        source = self.again if self.again is not None and rng.random() < 0.2 else None
        if source is None:
            real = self.shots and rng.random() < 0.5
            source = self.shots[rng.integers(len(self.shots))] if real else self.stills[rng.integers(len(self.stills))]
        self.again = source
        if isinstance(source, np.ndarray):
            frames = source[:: int(rng.choice([1, 1, 1, 2]))] if len(source) > 60 else source
            if rng.random() < 0.15: frames = frames[::-1]
            scale = rng.uniform(0.5, 1)
            h, w = int(H * scale), int(W * scale)
            y, x = int(rng.integers(0, H - h + 1)), int(rng.integers(0, W - w + 1))
            rows, columns = y + np.arange(H) * h // H, x + np.arange(W) * w // W
            frames = frames[:, rows][:, :, columns]
        else:
            frames = _moved(source, rng, int(rng.integers(60, LONGEST)))
            for _ in range(int(rng.choice([0, 0, 1, 2, 3]))):
                frames = _in_front(frames, self.stills[rng.integers(len(self.stills))], rng)
        if rng.random() < 0.4:
            gain, plus = rng.uniform(0.6, 1.25), rng.uniform(-20, 20)
            frames = np.clip(frames * np.float32(gain) + np.float32(plus), 0, 255).astype(np.uint8)
        return np.ascontiguousarray(frames)


def graded(frames, rng):
    """What a whole film has: no colour, bars, a tint, grain."""
    if rng.random() < 0.15: frames = frames.mean(3, keepdims=True).astype(np.uint8).repeat(3, 3)
    elif rng.random() < 0.2: frames = np.clip(frames * rng.uniform(0.8, 1.15, 3).astype(np.float32), 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        bar = int(H * rng.uniform(0.06, 0.14))
        frames = frames.copy()
        frames[:, :bar] = frames[:, H - bar:] = 0
    if rng.random() < 0.1:
        bar = int(W * rng.uniform(0.06, 0.14))
        frames = frames.copy()
        frames[:, :, :bar] = frames[:, :, W - bar:] = 0
    return frames


def _halved(x):
    """The sum of every two by two pixels."""
    return x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]


def small(frames, rng):
    """Frames [n, 72, 128, 3] RGB as the detector gets them: [n, 3456] uint8, 64x36 luma then 32x18 of both chroma planes (BT.709, limited)."""
    n = len(frames)
    rgb = _halved(frames.astype(np.uint16)).astype(np.float32) / 4
    luma = 16 + (rgb @ np.array([0.1826, 0.6142, 0.0620], np.float32))
    half = _halved(rgb) / 4
    chroma = 128 + half @ np.array([[-0.1006, 0.4392], [-0.3386, -0.3989], [0.4392, -0.0403]], np.float32)
    grain = rng.choice([0, 0, 0.6, 1.5])
    if grain: luma += rng.standard_normal(luma.shape, np.float32) * grain
    out = np.concatenate([luma.reshape(n, -1), chroma[..., 0].reshape(n, -1), chroma[..., 1].reshape(n, -1)], 1)
    return np.clip(np.round(out), 0, 255).astype(np.uint8)
