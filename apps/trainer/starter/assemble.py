"""Writes the starter's folder from what was trained, measures it as it is shipped (bf16), and draws its contact sheet.

    python assemble.py --vae vae.pt --transformer transformer.pt --out ../../../models/starter --held DIR NAME...
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import backlot_trainer  # noqa: F401  (sets the environment before torch is imported)

import numpy as np
import torch
from PIL import Image, ImageDraw

from backlot_trainer import wan
from backlot_trainer.base import describe
from codec import held_out, quality
from parts import make_text_encoder, make_tokenizer, make_transformer, make_vae, save
from transformer import WORDS

PROMPTS = [
    "A red circle moves quickly to the right over a blue background.", "A yellow square moves slowly to the left over a green background.", "A wide shot of grass by day, the camera pans left.",
    "A wide shot of the sea at sunset, the camera is static.", "A wide shot of snow at night, the camera is static.", "Flames rise in the dark.", "A battle in a ruined city with soldiers and robots, live action.",
]
SHOWN = (0, 8, 16)
ZOOM = 2


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--vae", type=Path, required=True)
    parser.add_argument("--transformer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--held", nargs="+", required=True)
    given = parser.parse_args()
    trained = torch.load(given.transformer, weights_only=True)
    vae = make_vae(trained["mean"].tolist(), trained["std"].tolist())
    vae.load_state_dict(torch.load(given.vae, weights_only=True))
    transformer, encoder = make_transformer(), make_text_encoder()
    transformer.load_state_dict(trained["transformer"])
    encoder.load_state_dict(trained["text_encoder"])
    save(given.out, vae, transformer, encoder, make_tokenizer(trained["captions"] + WORDS * 20))

    wan.make_deterministic()
    pipe, base = wan.load(given.out), describe(given.out)
    rows = []
    for name, film in held_out(Path(given.held[0]), given.held[1:]).items():
        with torch.no_grad():
            shown = pipe.vae.decode(pipe.vae.encode(film).latent_dist.mode()).sample
        print(f"{name}: %.2f dB, %.3f of the chroma variance" % quality(film, shown), flush=True)
        for label, clip in ((f"{name}, film", film[3]), (f"{name}, through the VAE", shown[3])):
            rows.append((label, ((clip.permute(1, 2, 3, 0).clamp(-1, 1) + 1) * 127.5).round().byte().numpy()))
    for prompt in PROMPTS:
        rows.append((prompt, wan.generate(pipe, base, prompt=prompt, seed=1, **base.generation, frames=base.frames, width=base.width, height=base.height)))
    sheet = Image.new("RGB", (len(SHOWN) * 96 * ZOOM, len(rows) * (64 * ZOOM + 14)), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (label, film) in enumerate(rows):
        top = row * (64 * ZOOM + 14)
        draw.text((2, top + 1), label, fill="black")
        sheet.paste(Image.fromarray(np.concatenate(film[list(SHOWN)], 1)).resize((len(SHOWN) * 96 * ZOOM, 64 * ZOOM)), (0, top + 14))
    sheet.save(given.out / "contact-sheet.png", optimize=True)


if __name__ == "__main__":
    main()
