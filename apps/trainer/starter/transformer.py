"""Trains text encoder and transformer together on captioned latents, then writes the starter's folder.

    python transformer.py --films DIR --vae vae.pt --out DIR --minutes 18
"""
import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import backlot_trainer  # noqa: F401  (sets the environment before torch is imported)

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import WanResidualBlock

from backlot_trainer import flow
from films import film_clips
from parts import MAX_SEQUENCE_LENGTH, SHIFT, make_text_encoder, make_tokenizer, make_transformer, make_vae, save
from scenes import scene

SEED, BATCH, HELD = 11, 8, 48
# Words that captions of real film bring; they only shape the tokenizer.
WORDS = ["Close-up of a person, face, indoors, warm light, the camera is static.", "Medium shot of two people, outdoors, cold light, slow movement.", "Wide shot of an animal, dog, in a bright place, the camera tilts up.", "Extreme close-up, dark, low contrast, high contrast, black and white, colourful, muted colours.", "The camera moves, handheld, shaking, zooms in, zooms out, fast motion, on-screen text, animation, photographic."]
DROPOUT = 0.1


def gather(films: Path, scenes: int) -> tuple[list[np.ndarray], list[str]]:
    """Generated scenes, and every clip of the films that are allowed here. Sintel is left out: what a studio teaches must be new."""
    rng = np.random.default_rng(SEED)
    pictures, captions = map(list, zip(*(scene(rng) for _ in range(scenes))))
    for film, caption in film_clips(films, rng):
        pictures.append(film)
        captions.append(caption)
    return pictures, captions


def skip_idle_branches() -> None:
    """The encoder is linear (see vae.py): its residual branches add their last bias alone, so that computing them is 9 tenths of the time for nothing."""
    WanResidualBlock.forward = lambda self, x, feat_cache=None, feat_idx=None: self.conv_shortcut(x) + self.conv2.bias.view(1, -1, 1, 1, 1)


@torch.no_grad()
def encode(vae, pictures: list[np.ndarray]) -> torch.Tensor:
    """[N, 16, f, h, w], not normalised."""
    parts = []
    for at in range(0, len(pictures), 16):
        pixels = torch.from_numpy(np.stack(pictures[at : at + 16])).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
        parts.append(vae.encode(pixels).latent_dist.mode())
    return torch.cat(parts)


class Text:
    """Captions to embeddings as WanPipeline.encode_prompt makes them: encode with the mask, zero past the length."""

    def __init__(self, tokenizer, encoder, captions: list[str]):
        tokens = tokenizer(captions, padding="max_length", max_length=MAX_SEQUENCE_LENGTH, truncation=True, return_tensors="pt")
        self.ids, self.mask, self.encoder = tokens.input_ids, tokens.attention_mask, encoder

    def __call__(self, indices: list[int]) -> torch.Tensor:
        mask = self.mask[indices]
        longest = int(mask.sum(1).max())  # the rest is zero anyway
        short = self.encoder(self.ids[indices, :longest], mask[:, :longest]).last_hidden_state * mask[:, :longest, None]
        return torch.nn.functional.pad(short, (0, 0, 0, MAX_SEQUENCE_LENGTH - longest))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=18)
    parser.add_argument("--scenes", type=int, default=1200)
    given = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    began = time.time()

    pictures, captions = gather(given.films, given.scenes)
    vae = make_vae()
    vae.load_state_dict(torch.load(given.vae, weights_only=True))
    skip_idle_branches()
    latents = encode(vae.eval(), pictures)
    mean, std = latents.mean((0, 2, 3, 4)), latents.std((0, 2, 3, 4))
    latents = (latents - mean.view(1, -1, 1, 1, 1)) / std.view(1, -1, 1, 1, 1)
    print(f"{len(latents)} clips encoded after {time.time() - began:.0f} s", flush=True)

    tokenizer, encoder, transformer = make_tokenizer(captions + WORDS * 20), make_text_encoder(), make_transformer()
    text = Text(tokenizer, encoder, captions + [""])
    empty = len(captions)
    generator = torch.Generator().manual_seed(SEED)
    order = torch.randperm(len(captions), generator=generator).tolist()
    held, trained = order[:HELD], order[HELD:]
    matrices = [p for p in transformer.blocks.parameters() if p.ndim == 2]
    known = {id(p) for p in matrices}
    others = [p for p in [*transformer.parameters(), *encoder.parameters()] if id(p) not in known]
    optimizer = torch.optim.AdamW([{"params": matrices, "lr": 2e-3}, {"params": others, "lr": 1.5e-3}], weight_decay=0.01, betas=(0.9, 0.97))
    rates = [group["lr"] for group in optimizer.param_groups]
    everything = [*transformer.parameters(), *encoder.parameters()]
    averages = [p.detach().clone() for p in everything]

    def judge() -> float:
        kept = [p.detach().clone() for p in everything]
        for parameter, average in zip(everything, averages):
            parameter.data.copy_(average)
        with torch.no_grad():
            loss = flow.grid_loss(transformer, [(latents[i], text([i])[0]) for i in held], SHIFT, 16)
        for parameter, former in zip(everything, kept):
            parameter.data.copy_(former)
        return loss

    def write() -> None:
        kept = [p.detach().clone() for p in everything]
        for parameter, average in zip(everything, averages):
            parameter.data.copy_(average)
        torch.save({"transformer": transformer.state_dict(), "text_encoder": encoder.state_dict(), "captions": captions, "mean": mean, "std": std}, given.out)
        for parameter, former in zip(everything, kept):
            parameter.data.copy_(former)

    step, running, started = 0, None, time.time()
    while (part := (time.time() - started) / 60 / given.minutes) < 1:
        indices = [trained[i] for i in torch.randint(len(trained), (BATCH,), generator=generator).tolist()]
        clean = latents[indices]
        dropped = (torch.rand(BATCH, generator=generator) < DROPOUT).tolist()
        embedded = text([empty if drop else i for i, drop in zip(indices, dropped)])
        loss = flow.losses(transformer, clean, embedded, flow.draw_sigma(BATCH, SHIFT, generator), torch.randn(clean.shape, generator=generator)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(everything, 1.0)
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * min(1, (step + 1) / 60) * (1 - part) ** 0.5
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        keep = min(0.995, (1 + step) / (10 + step))
        with torch.no_grad():
            for parameter, average in zip(everything, averages):
                average.lerp_(parameter, 1 - keep)
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step}, loss {running:.4f}, {(time.time() - started) / step:.2f} s a step", flush=True)
        if step % 300 == 0:
            print(f"held-out loss {judge():.4f} after {time.time() - started:.0f} s", flush=True)
            write()
    print(f"end: step {step}, held-out loss {judge():.4f}, {time.time() - began:.0f} s in all, one thread, seed {SEED}", flush=True)
    write()


if __name__ == "__main__":
    main()
