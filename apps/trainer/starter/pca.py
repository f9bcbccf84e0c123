"""The yardstick: a linear PCA codec of the VAE's own latent size (16 numbers per 8x8x4 block), fitted to the same training crops.

    python pca.py --films DIR --held DIR NAME...
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import backlot_trainer  # noqa: F401  (sets the environment before torch is imported)

import numpy as np
import torch

from codec import Film, blocks, held_out, quality
from vae import FILMS


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--held", nargs="+", required=True, help="a folder and names of films in it")
    given = parser.parse_args()
    films, rng = Film(given.films, FILMS), np.random.default_rng(0)
    rows = torch.cat([blocks(films.batch(rng, 8)[:, :, 1:], 4, 8).reshape(-1, 768) for _ in range(60)])
    mean = rows.mean(0)
    basis = torch.linalg.eigh(((rows - mean).T @ (rows - mean)).double())[1][:, -16:].float()
    for name, film in held_out(Path(given.held[0]), given.held[1:]).items():
        film = film[:, :, 1:]
        cells = blocks(film, 4, 8)
        shown = ((cells.reshape(-1, 768) - mean) @ basis @ basis.T + mean).view(cells.shape).permute(0, 4, 1, 5, 2, 6, 3, 7).reshape(film.shape)
        print(f"{name}: PCA %.2f dB, %.3f of the chroma variance" % quality(film, shown))


main()
