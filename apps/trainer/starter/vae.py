"""Makes the starter's VAE: its encoder IS the linear PCA codec, its decoder the best linear reading of that code, tuned from there.

A CPU hour of descent from random weights stays 3-5 dB below a linear codec. With is_residual the Wan VAE can be that codec: AvgDown3D and
DupUp3D are linear and have no parameters, residual branches are silent with a zero last convolution, and the stride-2 convolutions take any
linear map of their cells. Two non-linearities are left, norm and SiLU before either conv_out: a large constant channel makes the norm
constant, and SiLU is linear near 0. A single least-squares fit per stage, no descent. The shipped weights are this fit over the same
crops drawn in another order; a run of this file measured 23.5 (Nosferatu), 24.2 / .66 (dog) and 26.7 / .79 (road trip).

    python vae.py --films DIR --out vae.pt [--minutes 11] [--held DIR NAME...]
"""
import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import backlot_trainer  # noqa: F401  (sets the environment before torch is imported)

import numpy as np
import torch
from torch.nn import functional

from codec import CACHES, TO_YUV, Film, blocks, decode_unclamped, encode, held_out, least_squares, patches, principal, quality, skip_idle_branches
from parts import make_vae

FILMS = ["tos_battle.webm", "bbb_480p.mp4", "sintel_rooftop.mp4", "sintel_trailer.mp4"]
FRAME, CELL = 12, 20
"""Directions kept of a frame's 4x4 pixels (of 48; 99.6% of the energy) and of four such cells (of 64; 98.7%)."""
SMALL = 0.02
"""SiLU's argument in standard deviations of a code: at .02 its square term is 1%."""


@torch.no_grad()
def fit_encoder(vae, film: torch.Tensor) -> None:
    """Whitened PCA codes of 8x8x4 blocks. A first frame gets the code of a still block."""
    net = vae.encoder
    for parameter in [*net.parameters(), *vae.quant_conv.parameters()]:
        parameter.zero_()
    for name, parameter in net.named_parameters():
        if name.endswith("gamma"):
            parameter.fill_(1)
    for channel in range(12):
        net.conv_in.weight[channel, channel, 2, 1, 1] = 1

    # 4x4x2 pixels to 16 channels: FRAME sums over both frames, and the 4 strongest differences.
    down = net.down_blocks[0].downsampler
    cells = blocks(patches(film)[:, :, 1:], 1, 2).squeeze(5)
    basis = principal(cells.reshape(-1, 48), FRAME)
    shortcut = torch.zeros(16, 48)  # AvgDown3D: each channel's mean over its 2x2x2 cell
    for channel in range(12):
        shortcut[channel, channel * 4 : channel * 4 + 4] = 1 / 8
    first, *pair = _stage_maps(16, FRAME, shortcut @ basis.T, shortcut @ basis.T, shortcut @ basis.T)
    down.resample[1].weight[:, :12, :2, :2] = (first @ basis).view(16, 12, 2, 2)
    down.time_conv.weight[:, :, 1, 0, 0], down.time_conv.weight[:, :, 2, 0, 0] = pair

    # Four of these and two in time to 32 channels: CELL sums, 11 differences, and one channel free for the constant.
    block = net.down_blocks[1]
    cells = blocks(_encoder_features(net, film, 1)[:, :, 1:], 1, 2).squeeze(5)
    basis = principal(cells.reshape(-1, 64), CELL)
    block.resnets[0].conv_shortcut.weight[:16, :, 0, 0, 0] = torch.eye(16)
    early, late = torch.zeros(32, 64), torch.zeros(32, 64)  # its AvgDown3D keeps the two frames apart
    for channel in range(16):
        early[2 * channel, channel * 4 : channel * 4 + 4] = 1 / 4
        late[2 * channel + 1, channel * 4 : channel * 4 + 4] = 1 / 4
    first, *pair = _stage_maps(32, CELL, late @ basis.T, early @ basis.T, late @ basis.T, free=1)
    block.downsampler.resample[1].weight[:, :16, :2, :2] = (first @ basis).view(32, 16, 2, 2)
    block.downsampler.time_conv.weight[:, :, 1, 0, 0], block.downsampler.time_conv.weight[:, :, 2, 0, 0] = pair

    # The 16 directions of the 31 features that give back most of the pixels (reduced-rank regression), each to variance 1.
    features = _rows(_encoder_features(net, film, 3)[:, :, 1:])
    pixels = blocks(film[:, :, 1:], 4, 8).reshape(-1, 768)
    reading = torch.linalg.lstsq(features[:, :31].T @ features[:, :31] + 1e-3 * torch.eye(31), features[:, :31].T @ pixels).solution
    shown = features[:, :31] @ reading
    mixing = reading @ principal(shown, 16).T
    codes = features[:, :31] @ mixing
    codes = codes / codes.std(0)

    constant = 4000.0  # 60 times the largest feature, and exact in bf16
    net.mid_block.resnets[1].conv2.bias[31] = constant
    gain = constant * SMALL / 32**0.5 / features.std(0)
    gain[31] = 0
    net.norm_out.gamma.copy_(gain.view(-1, 1, 1, 1))
    active = _rows(functional.silu(net.norm_out(_encoder_features(net, film, 3)[:, :, 1:])))[:, :31]
    net.conv_out.weight[:16, :31, 2, 1, 1] = torch.linalg.lstsq(active.double(), codes.double()).solution.float().T
    vae.quant_conv.weight[:16, :16, 0, 0, 0] = torch.eye(16)
    vae.quant_conv.bias[16:] = -12  # log-variance: near-deterministic
    # The shipped weights are bf16: everything after this is fitted to the encoder as it will be.
    for parameter in [*net.parameters(), *vae.quant_conv.parameters()]:
        parameter.copy_(parameter.bfloat16().float())


def _stage_maps(channels: int, kept: int, first_short: torch.Tensor, early_short: torch.Tensor, late_short: torch.Tensor, free: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The spatial map of a stage and its two taps in time, so that with the shortcut's share the channels hold `kept` means, then differences, twice as large."""
    gain = 2.0
    spatial = torch.zeros(channels, kept)
    spatial[:kept] = gain * torch.eye(kept)
    spatial = spatial - first_short
    early, late = torch.zeros(channels, kept), torch.zeros(channels, kept)
    early[:kept] = late[:kept] = gain / 2 * torch.eye(kept)
    for index in range(channels - free - kept):
        early[kept + index, index], late[kept + index, index] = -gain / 2, gain / 2
    back = torch.linalg.pinv(spatial)
    return spatial, (early - early_short) @ back, (late - late_short) @ back


def _encoder_features(net, film: torch.Tensor, upto: int) -> torch.Tensor:
    """What lies before down block `upto`; with 3, before norm_out."""
    pixels, caches, parts = patches(film), [None] * CACHES, []
    for index in range(1 + (pixels.shape[2] - 1) // 4):
        hidden = net.conv_in(pixels[:, :, :1] if index == 0 else pixels[:, :, 4 * index - 3 : 4 * index + 1])
        place = [0]
        for block in net.down_blocks[:upto]:
            hidden = block(hidden, feat_cache=caches, feat_idx=place)
        parts.append(net.mid_block(hidden, feat_cache=caches, feat_idx=place) if upto == 3 else hidden)
    return torch.cat(parts, 2)


def _rows(features: torch.Tensor) -> torch.Tensor:
    return features.permute(0, 2, 3, 4, 1).reshape(-1, features.shape[1])


@torch.no_grad()
def fit_decoder(vae, film: torch.Tensor) -> None:
    """Stage by stage, each to what the stages before it really give.

    One 3x3 convolution over an enlarged field serves all four places of a cell and first and later chunks alike. So the taps in time hand
    it the features of a still of their frames, and it learns a place in the cell from the neighbours.
    """
    net = vae.decoder
    for parameter in [*net.parameters(), *vae.post_quant_conv.parameters()]:
        parameter.zero_()
    for name, parameter in net.named_parameters():
        if name.endswith("gamma"):
            parameter.fill_(1)
    vae.post_quant_conv.weight[:, :, 0, 0, 0] = torch.eye(16)
    latents, pixels = encode(vae, film), patches(film)
    count, _, _, side, _ = pixels.shape

    # 8x8x4 blocks to 4x4x2: 32 channels hold 99.85% of the energy of such a cell.
    cells = blocks(pixels[:, :, 1:], 2, 2)
    basis = principal(cells.reshape(-1, 96), 32)
    wanted = (cells.reshape(-1, 96) @ basis.T).view(*cells.shape[:4], 32).permute(0, 4, 1, 2, 3)
    still = torch.stack([pixels[:, :, 0]] * 2, 2)
    wanted_first = (blocks(still, 2, 2).reshape(-1, 96) @ basis.T).view(count, 1, side // 2, side // 2, 32).permute(0, 4, 1, 2, 3)
    codes, inside = _rows(latents[:, :, 1:]), blocks(wanted, 2, 2)
    spread = least_squares(codes, inside.mean((5, 6, 7)).reshape(-1, 32)).T  # what DupUp3D may repeat
    net.conv_in.weight[:, :, 2, 1, 1] = spread
    chunks, size = (film.shape[2] - 1) // 4, film.shape[-1]
    stills = []
    for half in (0, 1):
        mean = film[:, :, 1:].reshape(count, 3, chunks, 4, size, size)[:, :, :, 2 * half : 2 * half + 2].mean(3)
        one = encode(vae, mean.permute(0, 2, 1, 3, 4).reshape(-1, 3, 1, size, size))
        stills.append(one.view(count, chunks, 16, size // 8, size // 8).permute(0, 1, 3, 4, 2).reshape(-1, 16) @ spread.T)
    up = net.up_blocks[0].upsampler
    _fit_time(up, codes @ spread.T, stills, [inside[:, :, :, :, :, half].reshape(-1, 128) for half in (0, 1)], 16)
    given = torch.einsum("oc,bcthw->bothw", spread, latents)
    _fit_places(up, given[:, :, 1:], wanted, given[:, :, :1], wanted_first)

    # 4x4x2 cells to the 2x2 patches of each frame.
    features = _decoder_features(net, latents, 1)
    up = net.up_blocks[1].upsampler
    stills = [torch.stack([cells[..., half, :, :]] * 2, 5).reshape(-1, 96) @ basis.T for half in (0, 1)]
    _fit_time(up, _rows(features[:, :, 1:]), stills, [cells[..., half, :, :].reshape(-1, 48) for half in (0, 1)], 24)
    _fit_places(up, features[:, :, 1:], pixels[:, :, 1:], features[:, :, :1], pixels[:, :, :1])

    # 12 estimates, 3 directions of what DupUp3D left in the other channels, and the constant.
    features = _decoder_features(net, latents, 2)
    mix, rest = net.up_blocks[2].resnets[0].conv_shortcut, _rows(features[:, 12:])[::37]
    for channel in range(12):
        mix.weight[channel, channel] = 1
    strongest = torch.linalg.svd(rest - rest.mean(0), full_matrices=False)[2][:3]
    mix.weight[12:15, 12:, 0, 0, 0] = strongest / (rest @ strongest.T).std(0)[:, None] / 2
    constant, small = 20.0, 0.1
    net.up_blocks[2].resnets[1].conv2.bias[15] = constant
    net.norm_out.gamma[:15], net.norm_out.gamma[15] = constant * small / 4, 0.25
    active = functional.pad(functional.silu(net.norm_out(_decoder_features(net, latents, 3))), (1, 1, 1, 1, 2, 0))
    around, wanted = [], []
    for index in range(0, count, 3):
        window = active[index].unfold(1, 3, 1).unfold(2, 3, 1).unfold(3, 3, 1)
        around.append(window.permute(1, 2, 3, 0, 4, 5, 6).reshape(-1, 432)[::3])
        wanted.append(pixels[index].permute(1, 2, 3, 0).reshape(-1, 12)[::3])
    around = torch.cat(around)
    solved = least_squares(torch.cat([around, torch.ones(len(around), 1)], 1), torch.cat(wanted), 1e-7)
    net.conv_out.weight.copy_(solved[:432].T.view(12, 16, 3, 3, 3))
    net.conv_out.bias.copy_(solved[432])


def _fit_time(up, given: torch.Tensor, stills: list[torch.Tensor], wanted: list[torch.Tensor], kept: int) -> None:
    """Both frames' maps: onto the `kept` directions that stills use, and in the rest what of `wanted` these leave out."""
    directions = principal(torch.cat(stills), 32).T
    used, spare = directions[:, :kept], directions[:, kept:]
    maps = [least_squares(given, still @ used @ used.T) for still in stills]
    left = [least_squares(given, wanted[half] - given @ maps[half] @ least_squares(given @ maps[half], wanted[half])) for half in (0, 1)]
    more = principal(torch.cat([given @ each for each in left]), 32 - kept).T
    for half in (0, 1):
        up.time_conv.weight[half * 32 : half * 32 + 32, :, 2, 0, 0] = (maps[half] + left[half] @ more @ spare.T).T


def _fit_places(up, later: torch.Tensor, wanted: torch.Tensor, first: torch.Tensor, wanted_first: torch.Tensor) -> None:
    """The 3x3 convolution behind the nearest-neighbour enlargement, to what the shortcut leaves of `wanted`."""
    outputs = wanted.shape[1]

    def columns(fields: torch.Tensor) -> torch.Tensor:
        enlarged = functional.interpolate(fields, scale_factor=2.0, mode="nearest-exact")
        return functional.unfold(enlarged, 3, padding=1).permute(0, 2, 1).reshape(-1, 288)

    def left(fields: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
        short = functional.interpolate(fields, scale_factor=2.0, mode="nearest-exact")[:, :outputs]
        return (goal - short).flatten(2).permute(0, 2, 1).reshape(-1, outputs)

    b, channels, chunks, h, w = later.shape
    timed = torch.einsum("oc,bcthw->bothw", up.time_conv.weight[:, :, 2, 0, 0], later).view(b, 2, 32, chunks, h, w).permute(0, 3, 1, 2, 4, 5).reshape(-1, 32, h, w)
    repeated = later.permute(0, 2, 1, 3, 4).repeat_interleave(2, 1).reshape(-1, channels, h, w)
    given = torch.cat([columns(timed), columns(first[:, :, 0])])
    goal = torch.cat([left(repeated, wanted.permute(0, 2, 1, 3, 4).reshape(-1, outputs, 2 * h, 2 * w)), left(first[:, :, 0], wanted_first[:, :, 0])])
    solved = least_squares(torch.cat([given, torch.ones(len(given), 1)], 1), goal)
    up.resample[1].weight[:outputs] = solved[:288].T.view(outputs, 32, 3, 3)
    up.resample[1].bias[:outputs] = solved[288]


def _decoder_features(net, latents: torch.Tensor, upto: int) -> torch.Tensor:
    caches, parts = [None] * CACHES, []
    for index in range(latents.shape[2]):
        hidden, place = net.conv_in(latents[:, :, index : index + 1]), [1]
        for block in net.up_blocks[:upto]:
            hidden = block(hidden, feat_cache=caches, feat_idx=place, first_chunk=index == 0)
        parts.append(hidden)
    return torch.cat(parts, 2)


def tune(vae, films: Film, minutes: float, seed: int, report) -> None:
    """Wakes the decoder's residual branches (fresh first convolutions, silent last ones) and descends; the encoder stays as it is.

    Branches by Muon; the fitted weights by AdamW with a rate in proportion to each tensor's own size, as these span three orders.
    """
    torch.manual_seed(seed)
    rng, fresh = np.random.default_rng(seed + 77), dict(make_vae().named_parameters())
    vae.requires_grad_(False)
    net = vae.decoder.requires_grad_(True)
    branches, others = [], []
    for name, parameter in net.named_parameters():
        if ".conv1." in name or "to_qkv" in name:
            parameter.data.copy_(fresh[f"decoder.{name}"])
        (branches if parameter.ndim >= 4 and ".resnets." in name and (".conv1." in name or ".conv2." in name) else others).append(parameter)
    optimizer = torch.optim.AdamW([{"params": [p], "lr": 0.0, "own": 4e-4 * max(p.detach().pow(2).mean().sqrt().item(), 3e-3)} for p in others], weight_decay=0, betas=(0.9, 0.98))
    momentum = [torch.zeros_like(p) for p in branches]
    averages = {name: tensor.detach().clone() for name, tensor in vae.state_dict().items()}
    weights = torch.tensor([1.0, 2.0, 2.0]).sqrt().view(3, 1) * TO_YUV
    began, step = time.time(), 0
    while (part := (time.time() - began) / 60 / minutes) < 1:
        rate = min(1, (step + 1) / 30) * max(0.03, 1 - max(0, part - 0.3) / 0.7)
        film = films.batch(rng, 2)
        skip_idle_branches(True)
        with torch.no_grad():
            latents = encode(vae, film)
        skip_idle_branches(False)
        loss = torch.einsum("ij,bjthw->bithw", weights, decode_unclamped(vae, latents) - film).pow(2).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        with torch.no_grad():
            for parameter, moment in zip(branches, momentum):
                moment.mul_(0.95).add_(parameter.grad)
                matrix = (parameter.grad + 0.95 * moment).reshape(len(parameter), -1)
                parameter.add_(_orthogonal(matrix).view_as(parameter), alpha=-0.00012 * rate * max(matrix.shape) ** 0.5)
                parameter.grad = None
        for group in optimizer.param_groups:
            group["lr"] = group["own"] * rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        keep = min(0.99, (1 + step) / (10 + step))
        for name, tensor in vae.state_dict().items():
            averages[name].lerp_(tensor, 1 - keep)
        if step % 25 == 0:
            report(f"step {step}, loss {loss.item():.5f}, {(time.time() - began) / step:.2f} s a step")
    vae.load_state_dict(averages)


def _orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """Muon's update: five Newton-Schulz steps towards the nearest orthogonal matrix."""
    if matrix.norm() == 0:
        return matrix
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / wide.norm()
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x if wide is matrix else x.T


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=11, help="of tuning")
    parser.add_argument("--held", nargs="+", help="a folder and names of films to measure on")
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    films = Film(given.films, FILMS)
    measured = held_out(Path(given.held[0]), given.held[1:]) if given.held else {}

    def report(said: str) -> None:
        print(said, flush=True)

    @torch.no_grad()
    def measure(stage: str) -> None:
        for name, film in measured.items():
            report(f"{stage}: {name} " + "%.2f dB, %.3f of the chroma variance" % quality(film, decode_unclamped(vae, encode(vae, film))))

    vae = make_vae()
    skip_idle_branches(True)
    rng = np.random.default_rng(5)
    fit_encoder(vae, torch.cat([films.batch(rng, 8) for _ in range(24)]))
    rng = np.random.default_rng(6)
    fit_decoder(vae, torch.cat([films.batch(rng, 8) for _ in range(10)]))
    measure("fitted")
    torch.save(vae.state_dict(), given.out)
    skip_idle_branches(False)
    if given.minutes:
        tune(vae, films, given.minutes, 0, report)
        measure("tuned")
        torch.save(vae.state_dict(), given.out)


if __name__ == "__main__":
    main()
