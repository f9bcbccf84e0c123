"""Rectified flow: the loss that trains, and the fixed grid that judges."""
from statistics import NormalDist

import torch

GRID = 8
"""Noise levels of the held-out loss, at even quantiles of those that training draws."""
GRID_SEED = 20_240


def shifted(u: torch.Tensor, shift: float) -> torch.Tensor:
    return shift * u / (1 + (shift - 1) * u)


def draw_sigma(count: int, shift: float, generator: torch.Generator) -> torch.Tensor:
    """Logit-normal, then shifted; continuous, in (0, 1)."""
    return shifted(torch.sigmoid(torch.randn(count, generator=generator)), shift)


def losses(transformer, latents: torch.Tensor, text: torch.Tensor, sigma: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """One loss a clip: mean((v - (noise - z0))^2) at x = (1 - sigma) z0 + sigma noise."""
    level = sigma.view(-1, 1, 1, 1, 1)
    noised = (1 - level) * latents + level * noise
    velocity = transformer(noised.to(transformer.dtype), 1000 * sigma, text, return_dict=False)[0]
    return (velocity.float() - (noise - latents)).pow(2).flatten(1).mean(1)


@torch.no_grad()
def grid_loss(transformer, clips: list[tuple[torch.Tensor, torch.Tensor]], shift: float, batch: int) -> float:
    """Mean loss of (latents, text) pairs over the same noise levels and the same noise at every call."""
    levels = torch.tensor([NormalDist().inv_cdf((k + 0.5) / GRID) for k in range(GRID)])
    sigmas = shifted(torch.sigmoid(levels), shift)
    generator, total = torch.Generator().manual_seed(GRID_SEED), 0.0
    for at in range(0, len(clips), batch):
        latents, text = (torch.stack(parts) for parts in zip(*clips[at : at + batch]))
        for sigma in sigmas:
            noise = torch.randn(latents.shape, generator=generator).to(latents.device)
            total += losses(transformer, latents, text, sigma.repeat(len(latents)).to(latents.device), noise).sum().item()
    return total / (len(clips) * GRID)
