"""What VAE fitting, tuning and measuring share: film in batches, both halves of the VAE chunk by chunk, and the yardsticks."""
from pathlib import Path

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import WanResidualBlock, patchify, unpatchify

from films import decode

# BT.709, the first row brightness, the others colour.
TO_YUV = torch.tensor([[0.2126, 0.7152, 0.0722], [-0.1146, -0.3854, 0.5], [0.5, -0.4542, -0.0458]])
CACHES = 64
_whole_branch = WanResidualBlock.forward


def skip_idle_branches(skip: bool) -> None:
    """A residual branch whose last convolution is zero adds its bias alone; computing it would be nine tenths of the time for nothing."""
    WanResidualBlock.forward = (lambda self, x, feat_cache=None, feat_idx=None: self.conv_shortcut(x) + self.conv2.bias.view(1, -1, 1, 1, 1)) if skip else _whole_branch


def encode(vae, pixels: torch.Tensor) -> torch.Tensor:
    """The posterior's mode, [B, 16, f, h, w]; pixels [B, 3, 4k+1, H, W] in [-1, 1]."""
    return vae.encode(pixels).latent_dist.mode()


def decode_unclamped(vae, latents: torch.Tensor) -> torch.Tensor:
    """vae.decode without its clamp to [-1, 1], behind which no gradient passes; chunk by chunk as it does."""
    hidden, caches, parts = vae.post_quant_conv(latents), [None] * CACHES, []
    for index in range(latents.shape[2]):
        parts.append(vae.decoder(hidden[:, :, index : index + 1], feat_cache=caches, feat_idx=[0], first_chunk=index == 0))
    return unpatchify(torch.cat(parts, 2), 2)


def patches(pixels: torch.Tensor) -> torch.Tensor:
    return patchify(pixels, 2)


def quality(film: torch.Tensor, shown: torch.Tensor) -> tuple[float, float]:
    """PSNR in dB, and the share of the chroma variance that is kept (1 - error / variance). PSNR alone hides lost colour. NaN for black and white."""
    shown = shown.clamp(-1, 1)
    db = 10 * torch.log10(4 / (film - shown).pow(2).mean())
    colour, other = (torch.einsum("ij,bjthw->bithw", TO_YUV[1:], each) for each in (film, shown))
    spread = (colour - colour.mean((2, 3, 4), keepdim=True)).pow(2).sum()
    grey = spread < 1e-4 * colour.numel()
    return db.item(), float("nan") if grey else (1 - (colour - other).pow(2).sum() / spread).item()


class Film:
    """Random crops of the training films at three sizes, mirrored, played backwards, and in changed colours, all from one seed."""

    SIZES = ((96, 64), (144, 96), (216, 144))

    def __init__(self, folder: Path, names: list[str]):
        self._films = [decode(folder / name, *size) for name in names for size in self.SIZES]

    def batch(self, rng: np.random.Generator, count: int, frames: int = 9, side: int = 64) -> torch.Tensor:
        """[count, 3, frames, side, side] in [-1, 1]."""
        clips = []
        for _ in range(count):
            film = self._films[rng.integers(len(self._films))]
            t, y, x = rng.integers(len(film) - frames), rng.integers(film.shape[1] - side + 1), rng.integers(film.shape[2] - side + 1)
            clip = film[t : t + frames, y : y + side, x : x + side]
            if rng.random() < 0.5:
                clip = clip[:, :, ::-1]
            if rng.random() < 0.15:
                clip = clip[::-1]
            values = clip.astype(np.float32) / 127.5 - 1
            if rng.random() < 0.4:  # palettes beyond those of three films
                values = values * rng.uniform(0.6, 1.15) + rng.uniform(-0.2, 0.2)
                if rng.random() < 0.5:
                    values = values[..., rng.permutation(3)]
                values = np.clip(values, -1, 1)
            clips.append(values.astype(np.float32))
        return torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).contiguous()


def held_out(folder: Path, names: list[str]) -> dict[str, torch.Tensor]:
    """Eight clips of 17 frames of 96x64, evenly over each film."""
    clips = {}
    for name in names:
        film = decode(folder / name, 96, 64)
        starts = np.linspace(0, len(film) - 18, 8).astype(int)
        clips[name] = torch.from_numpy(np.stack([film[at : at + 17] for at in starts]).astype(np.float32) / 127.5 - 1).permute(0, 4, 1, 2, 3).contiguous()
    return clips


def blocks(features: torch.Tensor, t: int, s: int) -> torch.Tensor:
    """[B, C, T, H, W] to [B, T/t, H/s, W/s, C, t, s, s]."""
    b, c, frames, h, w = features.shape
    return features.view(b, c, frames // t, t, h // s, s, w // s, s).permute(0, 2, 4, 6, 1, 3, 5, 7)


def principal(rows: torch.Tensor, count: int) -> torch.Tensor:
    """The `count` directions (rows, orthonormal) that hold most of the uncentred energy."""
    return torch.linalg.eigh((rows.T @ rows / len(rows)).double())[1].flip(1)[:, :count].T.float()


def least_squares(given: torch.Tensor, wanted: torch.Tensor, ridge: float = 1e-4) -> torch.Tensor:
    """The matrix M with given @ M nearest to wanted."""
    a, b = given.double(), wanted.double()
    normal = a.T @ a
    return torch.linalg.solve(normal + ridge * normal.diagonal().mean() * torch.eye(len(normal)).double(), a.T @ b).float()
