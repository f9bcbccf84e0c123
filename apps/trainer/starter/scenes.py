"""Generated scenes with captions: what the starter learns prompted words from. Everything follows from the generator's seed."""
import numpy as np

COLOURS = {
    "red": (214, 40, 40), "green": (60, 160, 70), "blue": (40, 80, 200), "yellow": (235, 205, 60), "orange": (236, 135, 40), "purple": (130, 60, 160), "white": (238, 238, 238), "black": (18, 18, 18),
    "grey": (128, 128, 128), "brown": (120, 80, 45), "pink": (235, 140, 175), "cyan": (70, 190, 200),
}
DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
SHAPES = ("circle", "square", "triangle")
ROWS, COLUMNS = np.mgrid[0:64, 0:96].astype(np.float32)


def _smooth(rng: np.random.Generator, cells: int, width: int = 96) -> np.ndarray:
    """Soft noise in 0..1 of 64 x width: bilinear between `cells` random rows."""
    coarse = rng.random((cells + 1, cells * width // 64 + 2)).astype(np.float32)
    y, x = np.linspace(0, cells - 1e-3, 64), np.linspace(0, coarse.shape[1] - 1.001, width)
    top, left = y.astype(int), x.astype(int)
    v, u = (y - top)[:, None], (x - left)[None]
    return coarse[top][:, left] * (1 - v) * (1 - u) + coarse[top + 1][:, left] * v * (1 - u) + coarse[top][:, left + 1] * (1 - v) * u + coarse[top + 1][:, left + 1] * v * u


def _colour(rng: np.random.Generator, other: str = "") -> tuple[str, np.ndarray]:
    name = rng.choice([name for name in COLOURS if name != other])
    return str(name), np.array(COLOURS[name], np.float32) + rng.normal(0, 8, 3)


def _shape(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    ground_name, ground = _colour(rng)
    name, colour = _colour(rng, ground_name)
    kind, direction = str(rng.choice(SHAPES)), str(rng.choice(list(DIRECTIONS)))
    size, speed = rng.uniform(9, 17), rng.uniform(1, 2.6)
    dx, dy = DIRECTIONS[direction]
    x0, y0 = 48 - dx * speed * 8 + rng.normal(0, 12 * (dx == 0) + 4), 32 - dy * speed * 8 + rng.normal(0, 8 * (dy == 0) + 3)
    ground = ground * (0.85 + 0.3 * _smooth(rng, 3))[..., None] if rng.random() < 0.5 else np.broadcast_to(ground, (64, 96, 3))
    film = []
    for t in range(17):
        x, y = COLUMNS - x0 - dx * speed * t, ROWS - y0 - dy * speed * t
        inside = {"circle": size - np.hypot(x, y), "square": size * 0.9 - np.maximum(abs(x), abs(y)), "triangle": np.minimum(size * 0.7 - y, (y + size) * 0.5 - abs(x))}[kind]
        film.append(ground + np.clip(inside + 0.5, 0, 1)[..., None] * (colour - ground))
    pace = "slowly" if speed < 1.6 else "quickly"
    return np.stack(film), f"A {name} {kind} moves {pace} to the {direction} over a {ground_name} background." if dy == 0 else f"A {name} {kind} moves {pace} {direction} over a {ground_name} background."


SKIES = {"day": ((90, 150, 225), (190, 215, 240)), "sunset": ((90, 60, 120), (245, 150, 70)), "night": ((6, 8, 24), (24, 30, 60)), "fog": ((170, 175, 180), (205, 205, 205))}
LANDS = {"grass": (70, 130, 50), "snow": (225, 230, 240), "desert": (205, 165, 100), "forest": (30, 70, 35), "sea": (25, 80, 120), "rocks": (95, 88, 82)}


def _landscape(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    sky_name, land_name = str(rng.choice(list(SKIES))), str(rng.choice(list(LANDS)))
    camera = str(rng.choice(["static", "pans left", "pans right"]))
    high, low = (np.array(colour, np.float32) for colour in SKIES[sky_name])
    light = {"day": 1.0, "sunset": 0.75, "night": 0.3, "fog": 0.9}[sky_name]
    width = 96 + 48
    columns = np.arange(width)
    horizon = rng.uniform(26, 44) + (0 if land_name == "sea" else 1) * sum(rng.uniform(1, 6) * np.sin(columns * rng.uniform(0.02, 0.12) + rng.uniform(0, 6.3)) for _ in range(3))
    rows = np.arange(64, dtype=np.float32)[:, None]
    sky = high + (low - high) * np.clip(rows / 44, 0, 1)[..., None] + np.zeros((1, width, 1), np.float32)
    if sky_name != "night":
        sky = sky + 35 * np.clip(_smooth(rng, 4, width) - 0.55, 0, 1)[..., None]
    else:
        stars = rng.random((64, width)) > 0.99
        sky = sky + stars[..., None] * 160
    land = np.array(LANDS[land_name], np.float32) * light * (0.65 + 0.5 * _smooth(rng, 10, width) + 0.006 * (rows - 40))[..., None]
    wide = sky + np.clip(rows - horizon + 0.5, 0, 1)[..., None] * (land - sky)
    step = {"static": 0.0, "pans left": -rng.uniform(0.8, 2), "pans right": rng.uniform(0.8, 2)}[camera]
    film = []
    for t in range(17):
        at = 24 + step * (t - 8)
        whole, part = int(at), at - int(at)
        film.append(wide[:, whole : whole + 96] * (1 - part) + wide[:, whole + 1 : whole + 97] * part)
    said = {"day": "by day", "sunset": "at sunset", "night": "at night", "fog": "in fog"}[sky_name]
    return np.stack(film), f"A wide shot of {land_name} {said}, the camera {'is static' if camera == 'static' else camera}."


def _light(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Fire, snowfall, or a fade: what fills the picture and changes."""
    kind = str(rng.choice(["fire", "snow", "fade in", "fade out"]))
    name, colour = _colour(rng)
    ground = colour * 0.6 * (0.6 + 0.7 * _smooth(rng, 4))[..., None]
    film = []
    wide, flakes = _smooth(rng, 9, 160), rng.random((60, 4))
    for t in range(17):
        if kind == "fire":
            heat = np.clip(1.5 * np.roll(wide, -3 * t, 0)[:, 20:116] * (ROWS / 64) + 0.5 * (ROWS / 64) ** 2 - 0.25, 0, 1)[..., None]
            film.append(heat * np.array([300, 170, 60]) * (0.4 + heat))
        elif kind == "snow":
            picture = ground * 0.6
            for x, y, speed, size in flakes:
                away = np.hypot(COLUMNS - x * 96, ROWS - (y * 64 + (0.6 + speed) * 1.6 * t) % 64)
                picture = picture + np.clip(1.2 + size - away, 0, 1)[..., None] * (240 - picture)
            film.append(picture)
        else:
            part = t / 16 if kind == "fade in" else 1 - t / 16
            film.append(ground * 1.5 * part)
    said = {"fire": "Flames rise in the dark.", "snow": f"Snow falls over a {name} scene.", "fade in": f"A {name} scene fades in from black.", "fade out": f"A {name} scene fades out to black."}[kind]
    return np.stack(film), said


def scene(rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """uint8 [17, 64, 96, 3] and its caption."""
    make = rng.choice([_shape, _landscape, _light], p=[0.5, 0.35, 0.15])
    film, caption = make(rng)
    grain = rng.normal(0, 2, (64, 96, 3))
    return np.clip(film + grain, 0, 255).astype(np.uint8), caption
