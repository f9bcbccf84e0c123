"""train.py SHOTS STILLS OUT [--minutes 40] [--seed 7] [--go-on FILE.pt]

Trains the network of the shot detector (network.py) on films that are composed while it trains (compose.py, transitions.py) from the
single shots and still pictures in two folders, and writes OUT (ONNX, probabilities of one film's frames). Every window is new; what is
printed is measured on windows made with another seed.
"""

import argparse
import hashlib
import time
from pathlib import Path

import numpy as np
import torch
from compose import film
from footage import Footage, graded, read_shot, read_still, small
from network import FRAME, H, Exported, Network, W
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset
from transitions import CUT, KINDS

WINDOW = 128
BATCH = 12


def labels(truth):
    """[n, 2] sharp and wide, [n] kind (-1: none)."""
    n = truth["n_frames"]
    marks, kind = np.zeros((n, 2), np.float32), np.full(n, -1, np.int64)
    for at in truth["cuts"]:
        marks[at] = 1
        kind[at] = KINDS.index(CUT)
    for one in truth["gradual_info"]:
        first, last = one["start"], min(n - 1, one["end"] + 1)
        marks[first:last + 1, 1] = 1
        marks[(first + last) // 2, 0] = 1
        kind[first:last + 1] = KINDS.index(one["kind"])
    return marks, kind


def varied(frames, marks, kind, rng):
    """The window mirrored, relit, played backwards: cheap beside composing another."""
    n = len(frames)
    pictures = frames[:, :W * H].reshape(n, H, W), frames[:, W * H:].reshape(n, 2, H // 2, W // 2)
    if rng.random() < 0.5: pictures = [p[..., ::-1] for p in pictures]
    if rng.random() < 0.3: pictures = [p[..., ::-1, :] for p in pictures]
    frames = np.concatenate([p.reshape(n, -1) for p in pictures], 1)
    if rng.random() < 0.4:
        # From the last frame on, each mark belongs to the frame that was before the marked one.
        frames, marks, kind = frames[::-1], np.roll(marks[::-1], 1, 0), np.roll(kind[::-1], 1)
        marks[0], kind[0] = 0, -1
    return np.ascontiguousarray(frames), np.ascontiguousarray(marks), np.ascontiguousarray(kind)


class Windows(IterableDataset):
    """Windows of composed films, each some three times and varied, shuffled through a store of `store` of them."""

    def __init__(self, shots, stills, seed, store=240):
        self.shots, self.stills, self.seed, self.store = shots, stills, seed, store

    def __iter__(self):
        rng = np.random.default_rng(self.seed)
        footage = Footage(self.shots, self.stills, rng)
        kept = []
        while True:
            frames, truth = film(footage, rng)
            frames = small(graded(frames, rng), rng)
            marks, kind = labels(truth)
            for at in range(0, len(frames) - WINDOW, WINDOW * 3 // 4):
                one = (frames[at:at + WINDOW], marks[at:at + WINDOW], kind[at:at + WINDOW])
                if len(kept) < self.store: kept.append(one)
                else:
                    for _ in range(3): yield varied(*kept[rng.integers(self.store)], rng)
                    kept[rng.integers(self.store)] = one


def loss_of(out, marks, kind):
    """A transition is rare, so its frames weigh more; the middle of a gradual one is nowhere exactly, so its neighbours weigh less."""
    near = F.max_pool1d(marks[..., 0][:, None], 5, 1, 2)[:, 0]
    weight = torch.where((near > 0) & (marks[..., 0] == 0), 0.3, torch.where(marks[..., 0] > 0, 6.0, 1.0))
    sharp = F.binary_cross_entropy_with_logits(out[..., 0], marks[..., 0], weight)
    wide = F.binary_cross_entropy_with_logits(out[..., 1], marks[..., 1], torch.where(marks[..., 1] > 0, 2.0, 1.0))
    inside = kind >= 0
    kinds = F.cross_entropy(out[..., 2:][inside], kind[inside]) if inside.any() else out.sum() * 0
    return 2 * sharp + wide + 0.3 * kinds


def held_out(network, windows):
    """Loss, and at .5: precision and recall of `wide` by frame, share of kinds right."""
    network.eval()
    total, right, said, there, kinds, inside = 0.0, 0, 0, 0, 0, 0
    with torch.inference_mode():
        for frames, marks, kind in windows:
            out = network(frames.float())
            total += float(loss_of(out, marks, kind))
            over, true = out[..., 1] > 0, marks[..., 1] > 0
            right, said, there = right + int((over & true).sum()), said + int(over.sum()), there + int(true.sum())
            kinds, inside = kinds + int((out[..., 2:].argmax(2) == kind)[kind >= 0].sum()), inside + int((kind >= 0).sum())
    network.train()
    return f"loss {total / len(windows):.4f}  wide precision {right / max(1, said):.3f} recall {right / there:.3f}  kinds {kinds / inside:.3f}"


def export(network, file):
    model = Exported(network).eval()
    frames = torch.randint(0, 255, (200, FRAME)).float()
    with torch.no_grad():
        torch.onnx.export(model, (frames,), str(file), input_names=["frames"], output_names=["sharp", "wide", "kinds"], dynamic_axes={name: {0: "time"} for name in ("frames", "sharp", "wide", "kinds")}, opset_version=17, dynamo=False)
    print(f"{file} {file.stat().st_size} bytes, sha256 {hashlib.sha256(file.read_bytes()).hexdigest()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shots", type=Path)
    parser.add_argument("stills", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--go-on", type=Path, help="weights to begin with: OUT with .pt of an earlier run")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    shots = [read_shot(file) for file in sorted(args.shots.iterdir())]
    shots = [frames for frames in shots if len(frames) >= 16]
    stills = [read_still(file) for file in sorted(args.stills.iterdir())]
    print(f"{len(shots)} shots, {sum(map(len, shots))} frames; {len(stills)} stills", flush=True)
    network = Network()
    if args.go_on: network.load_state_dict(torch.load(args.go_on, weights_only=True))
    print(f"{sum(p.numel() for p in network.parameters())} weights")
    test = iter(DataLoader(Windows(shots, stills, [args.seed, 1], store=24), BATCH))
    test = [next(test) for _ in range(8)]
    batches = iter(DataLoader(Windows(shots, stills, [args.seed, 0]), BATCH, num_workers=1, prefetch_factor=8))
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.01)
    began, step, mean = time.monotonic(), 0, None
    while (p := (time.monotonic() - began) / (60 * args.minutes)) < 1:
        # Warms up over a fiftieth of the time, then falls along a cosine.
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1, p * 50 + 0.02) * 0.5 * (1 + np.cos(np.pi * p)) + 1e-6
        frames, marks, kind = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            out = network(frames.float())
        loss = loss_of(out.float(), marks, kind)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        mean = float(loss.detach()) if mean is None else 0.98 * mean + 0.02 * float(loss.detach())
        step += 1
        if step % 100 == 0: print(f"{time.monotonic() - began:6.0f} s  step {step}  loss {mean:.4f}  held out: {held_out(network, test)}", flush=True)
        if step % 500 == 0: torch.save(network.state_dict(), args.out.with_suffix(".pt"))
    print(f"step {step}  held out: {held_out(network, test)}")
    torch.save(network.state_dict(), args.out.with_suffix(".pt"))
    network.eval()
    export(network, args.out)


if __name__ == "__main__":
    main()
