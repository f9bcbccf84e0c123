"""Transitions and look-alikes, made from single shots.

Everything works on arrays of frames [n, h, w, 3], uint8 RGB of any size, so that the same code composes films to score a detector on
(compose.py) and the small frames that the network is trained on (train.py). All chance comes from the generator that is passed in.
"""

import numpy as np

CUT, DISSOLVE, FADE, WIPE = "cut", "dissolve", "fade", "wipe"
KINDS = (CUT, DISSOLVE, FADE, WIPE)


def _ease(steps, rng):
    """Progress of the frames between the two pure ones, strictly between 0 and 1; some transitions speed up and slow down."""
    t = np.arange(1, steps + 1) / (steps + 1)
    return t if rng.random() < 0.6 else t * t * (3 - 2 * t)


def _mask(shape, p, style, soft):
    """Share of the new picture at every pixel (1 new) when the edge has come as far as p; soft is the width of the edge."""
    h, w = shape
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    x, y = (x + 0.5) / w, (y + 0.5) / h
    along = {
        "right": x, "left": 1 - x, "down": y, "up": 1 - y,
        "diagonal": (x + y) / 2, "iris": np.hypot(x - 0.5, y - 0.5) / 0.7072, "iris in": 1 - np.hypot(x - 0.5, y - 0.5) / 0.7072,
        "clock": (np.arctan2(x - 0.5, 0.5 - y) / (2 * np.pi)) % 1, "barn": np.abs(x - 0.5) * 2, "blinds": (x * 6) % 1,
    }[style]
    return np.clip((p * (1 + soft) - along) / max(soft, 1e-3), 0, 1)[..., None]


def _shifted(frame, dx, dy):
    """The frame moved by whole pixels; what comes in is cut off (the caller fills it)."""
    return np.roll(frame, (dy, dx), axis=(0, 1))


def wipe(old, new, rng):
    style = rng.choice(["right", "left", "down", "up", "right", "left", "diagonal", "iris", "iris in", "clock", "barn", "blinds"])
    soft = rng.choice([0.0, 0.0, 0.05, 0.15, 0.3])
    out = []
    for a, b, p in zip(old, new, _ease(len(old), rng)):
        m = _mask(a.shape[:2], p, style, soft)
        out.append((a * (1 - m) + b * m).astype(np.uint8))
    return np.stack(out), {"type": "wipe", "style": str(style), "soft": float(soft)}


def slide(old, new, rng):
    """Push (both move), cover (the new one moves in), reveal (the old one moves out)."""
    edge, moves = rng.choice(["right", "left", "down", "up"]), rng.choice(["push", "cover", "reveal"])
    h, w = old.shape[1:3]
    out = []
    for a, b, p in zip(old, new, _ease(len(old), rng)):
        n = int(round(p * (w if edge in ("left", "right") else h)))
        dx, dy = {"right": (n, 0), "left": (-n, 0), "down": (0, n), "up": (0, -n)}[edge]
        # Where the edge is: the new picture lies on the side it comes from.
        m = np.zeros((h, w, 1), bool)
        if edge == "right": m[:, :n] = True
        elif edge == "left": m[:, w - n:] = True
        elif edge == "down": m[:n] = True
        else: m[h - n:] = True
        a = _shifted(a, dx, dy) if moves in ("push", "reveal") else a
        if moves in ("push", "cover"):
            b = _shifted(b, dx - int(np.sign(dx)) * w, dy - int(np.sign(dy)) * h)
        out.append(np.where(m, b, a))
    return np.stack(out), {"type": "slide", "style": str(moves), "edge": str(edge)}


def dissolve(old, new, rng):
    p = _ease(len(old), rng)[:, None, None, None]
    return (old * (1 - p) + new * p).astype(np.uint8), {"type": "dissolve"}


def fade(old, new, rng):
    """Through black, white or a colour; with some frames of nothing but it."""
    n = len(old)
    which = rng.choice(["fadeblack", "fadeblack", "fadewhite", "fadecolour"])
    colour = {"fadeblack": np.zeros(3), "fadewhite": np.full(3, 255.0)}.get(which, rng.integers(0, 255, 3).astype(float))
    hold = int(rng.integers(0, max(1, n // 3) + 1))
    down = max(1, (n - hold) // 2)
    up = max(1, n - hold - down)
    share = np.concatenate([np.arange(1, down + 1) / (down + (hold == 0) * 0.5), np.ones(hold), np.arange(up, 0, -1) / (up + 0.5)])[:n].clip(0, 1)
    # Some fades have one end only: a cut to the colour, or out of it.
    one = rng.random()
    if one < 0.15: share[:down] = 1
    elif one < 0.3: share[down + hold:] = 1
    first_new = down + hold // 2
    base = np.where((np.arange(n) < first_new)[:, None, None, None], old, new).astype(np.float32)
    s = share[:, None, None, None]
    return (base * (1 - s) + colour * s).astype(np.uint8), {"type": str(which)}


MAKERS = {DISSOLVE: dissolve, FADE: fade, WIPE: lambda o, n, r: (slide if r.random() < 0.5 else wipe)(o, n, r)}


def lengths(kind, rng):
    """Frames of a transition that are neither shot alone."""
    return int(round(np.exp(rng.uniform(np.log(8 if kind == FADE else 4), np.log(50)))))


# --- look-alikes: shots in which something happens that is no transition -------------------------------------------------------------

def _lit(frame, gain, plus):
    return np.clip(frame.astype(np.float32) * gain + plus, 0, 255).astype(np.uint8)


def flash(s, rng):
    n = int(rng.integers(1, 6))
    at = int(rng.integers(4, len(s) - n - 6))
    peak = rng.uniform(60, 220)
    for k in range(n):
        s[at + k] = _lit(s[at + k], rng.uniform(0.4, 1), peak * (1 - k / (n + 1)))
    return (at, at + n - 1, "flash")


def dark_frames(s, rng):
    n = int(rng.integers(1, 4))
    at = int(rng.integers(4, len(s) - n - 6))
    s[at:at + n] = _lit(s[at:at + n], rng.choice([0.0, 0.05, 0.2]), 0)
    return (at, at + n - 1, "dark frames")


def brightness_step(s, rng):
    at = int(rng.integers(6, len(s) - 6))
    gain = rng.choice([rng.uniform(0.45, 0.75), rng.uniform(1.3, 2)])
    s[at:] = _lit(s[at:], gain, rng.uniform(-15, 15))
    return (at, at, "brightness step")


def caption(s, rng):
    at = int(rng.integers(5, len(s) - 6))
    h, w = s.shape[1:3]
    y0, y1 = (int(h * 0.74), int(h * 0.94)) if rng.random() < 0.7 else (int(h * 0.35), int(h * 0.65))
    x0, x1 = int(w * rng.uniform(0.03, 0.3)), int(w * rng.uniform(0.7, 0.97))
    ink = rng.integers(0, 255, 3)
    bars = rng.random((y1 - y0, x1 - x0)) < 0.45
    bars = np.repeat(np.repeat(bars[::4, ::3], 4, 0), 3, 1)[:y1 - y0, :x1 - x0]
    if rng.random() < 0.5: s[at:, y0:y1, x0:x1] = ink // 3
    s[at:, y0:y1, x0:x1][:, bars] = 235
    return (at, at, "caption")


def title(s, rng):
    """Words fade in over the picture, and sometimes out again."""
    n, h, w = s.shape[:3]
    at, ramp = int(rng.integers(3, max(4, n // 2))), int(rng.integers(4, 30))
    y0, x0 = int(h * rng.uniform(0.1, 0.6)), int(w * rng.uniform(0.03, 0.3))
    hh, ww = int(h * rng.uniform(0.08, 0.35)), int(w * rng.uniform(0.35, 0.65))
    rows, columns = max(1, h // 36), max(1, w // 90)
    letters = (rng.random((hh // rows + 1, ww // columns + 1)) < rng.uniform(0.35, 0.7)).repeat(rows, 0).repeat(columns, 1)[:hh, :ww, None]
    share = np.clip((np.arange(n) - at + 1) / ramp, 0, 1)
    if rng.random() < 0.5: share = np.minimum(share, np.clip((n - 3 - np.arange(n)) / ramp, 0, 1))
    ink = rng.integers(0, 255, 3) if rng.random() < 0.4 else np.full(3, rng.choice([10, 240]))
    for i in np.flatnonzero(share):
        part = s[i, y0:y0 + hh, x0:x0 + ww]
        m = letters[:part.shape[0], :part.shape[1]] * share[i]
        s[i, y0:y0 + hh, x0:x0 + ww] = part * (1 - m) + ink * m
    return (at, n - 1, "title")


def relit(s, rng):
    """The light goes up or down, over some frames."""
    at, ramp = int(rng.integers(3, max(4, len(s) // 2))), int(rng.integers(2, 30))
    gain, plus = rng.choice([rng.uniform(0.4, 0.8), rng.uniform(1.25, 2)]), rng.uniform(-20, 20)
    for i in range(at, len(s)):
        p = min(1, (i - at + 1) / ramp)
        s[i] = _lit(s[i], 1 + (gain - 1) * p, plus * p)
    return (at, at + ramp, "relit")


def letterbox(s, rng):
    at = int(rng.integers(5, len(s) - 6))
    h, w = s.shape[1:3]
    k = rng.uniform(0.06, 0.14)
    if rng.random() < 0.6:
        s[at:, :int(h * k)] = 0
        s[at:, h - int(h * k):] = 0
    else:
        s[at:, :, :int(w * k)] = 0
        s[at:, :, w - int(w * k):] = 0
    return (at, at, "letterbox")


def duplicated(s, rng):
    """Every fourth or fifth frame shown twice, or a freeze."""
    if rng.random() < 0.5:
        every = int(rng.integers(2, 6))
        for i in range(every, len(s), every): s[i] = s[i - 1]
        return (0, len(s) - 1, "duplicated frames")
    at, n = int(rng.integers(3, len(s) - 8)), int(rng.integers(4, 20))
    s[at:at + n] = s[at]
    return (at, at + n, "freeze")


def shake(s, rng):
    h, w = s.shape[1:3]
    at, n = int(rng.integers(2, max(3, len(s) // 2))), int(rng.integers(6, 30))
    size = rng.uniform(0.01, 0.06)
    for i in range(at, min(len(s), at + n)):
        dx, dy = (rng.normal(0, size, 2) * (w, h)).astype(int)
        s[i] = np.pad(s[i], ((abs(dy), abs(dy)), (abs(dx), abs(dx)), (0, 0)), "edge")[abs(dy) - dy:abs(dy) - dy + h, abs(dx) - dx:abs(dx) - dx + w]
    return (at, at + n, "shake")


def muzzle_fire(s, rng):
    """Bright blobs, one or two frames each, a few in a row, that light the picture a little."""
    h, w = s.shape[1:3]
    y, x = np.mgrid[0:h, 0:w]
    at = first = int(rng.integers(4, len(s) - 10))
    cy, cx, r = rng.uniform(0.2, 0.8) * h, rng.uniform(0.2, 0.8) * w, rng.uniform(0.08, 0.35) * h
    for _ in range(int(rng.integers(1, 5))):
        for k in range(int(rng.integers(1, 3))):
            if at + k >= len(s) - 2: break
            glow = np.exp(-(((y - cy) ** 2 + (x - cx) ** 2) / (2 * r * r)))[..., None] * rng.uniform(150, 400)
            s[at + k] = _lit(s[at + k] + glow * np.array([1, 0.85, 0.5]), rng.uniform(1, 1.4), 0)
        at += int(rng.integers(2, 7))
        if at >= len(s) - 3: break
    return (first, at, "muzzle fire")


def flicker(s, rng):
    depth = rng.uniform(0.03, 0.15)
    for i in range(len(s)): s[i] = _lit(s[i], 1 + rng.normal(0, depth), 0)
    return (0, len(s) - 1, "flicker")


def strobe(s, rng):
    at, n, period = int(rng.integers(2, 8)), int(rng.integers(10, 40)), int(rng.integers(2, 7))
    for i in range(at, min(len(s) - 4, at + n)):
        if (i // period) % 2: s[i] = _lit(s[i], 0.15, 0) if period > 3 else _lit(s[i], 1, 120)
    return (at, at + n, "strobe")


def dirt(s, rng):
    h, w = s.shape[1:3]
    for i in range(len(s)):
        for _ in range(int(rng.poisson(1.5))):
            y, x = int(rng.integers(0, h)), int(rng.integers(0, w))
            hh, ww = int(rng.integers(1, max(2, h // 6))), int(rng.integers(1, max(2, w // 12)))
            s[i, y:y + hh, x:x + ww] = rng.choice([10, 245])
    return (0, len(s) - 1, "dirt")


def whip_pan(s, rng):
    """The camera turns fast within one picture: the frame is shown through a window that runs over it and its mirror image."""
    h, w = s.shape[1:3]
    n = int(rng.integers(6, 16))
    at = int(rng.integers(3, len(s) - n - 3))
    total = rng.uniform(0.3, 0.9) * w * rng.choice([-1, 1])
    for i in range(at, len(s)):
        p = min(1, (i - at + 1) / n)
        d = int(total * p * p * (3 - 2 * p))
        wide = np.concatenate([s[i][:, ::-1], s[i], s[i][:, ::-1]], 1)
        s[i] = wide[:, w + d:2 * w + d]
    return (at, at + n, "fast pan")


def passer_by(s, rng):
    """Something dark or bright and large crosses the picture."""
    h, w = s.shape[1:3]
    n, wide = int(rng.integers(8, 24)), int(rng.uniform(0.25, 0.7) * w)
    at = int(rng.integers(3, max(4, len(s) - n - 3)))
    tone = rng.integers(5, 120, 3)
    left = rng.random() < 0.5
    for k in range(min(n, len(s) - at)):
        x = int((w + wide) * (k + 1) / (n + 1)) - wide
        if left: x = w - wide - x
        s[at + k, int(h * rng.uniform(0, 0.02)):, max(0, x):max(0, x + wide)] = tone
    return (at, at + n, "something passes")


TRAPS = (flash, flash, dark_frames, brightness_step, caption, letterbox, duplicated, shake, muzzle_fire, muzzle_fire, flicker, strobe, dirt, whip_pan, whip_pan, passer_by, passer_by, title, title, relit)
