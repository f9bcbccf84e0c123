"""A training step of the product beside a bare diffusers + peft loop on the same latents: alternating rounds in one process."""
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import backlot_trainer  # noqa: F401  (sets the environment before torch is imported)

import torch
from peft import LoraConfig

from backlot_trainer import base as bases
from backlot_trainer import wan
from backlot_trainer.spec import Lora, Spec
from backlot_trainer.train import Optimisation

STARTER = Path(__file__).parents[3] / "models/starter"
TARGETS = ["to_q", "to_k", "to_v", "to_out.0"]
CLIPS, BATCH, ROUNDS, STEPS = 16, 4, 12, 5


def main() -> None:
    wan.make_deterministic()
    base = bases.describe(STARTER)
    ours, theirs = wan.load(STARTER), wan.load(STARTER)
    drawn = torch.Generator().manual_seed(0)
    shape = (16, (base.frames - 1) // 4 + 1, base.height // 8, base.width // 8)
    text = wan.encode_text(ours, "A wide shot of grass by day, the camera is static.", base.maxSequenceLength)
    clips = [(torch.randn(shape, generator=drawn), text) for _ in range(CLIPS)]
    spec = Spec("bench", "", "", "", "", "", Lora(8, 8, TARGETS), ROUNDS * STEPS + STEPS, BATCH, 1e-4, 1, 0.1, 25, 50, max_sequence_length=base.maxSequenceLength)
    loop = Optimisation(ours, spec, base.flowShift, clips, wan.encode_text(ours, "", base.maxSequenceLength))

    transformer = theirs.transformer
    transformer.add_adapter(LoraConfig(r=8, lora_alpha=8, target_modules=TARGETS))
    optimizer = torch.optim.AdamW([p for p in transformer.parameters() if p.requires_grad], lr=1e-4)
    latents, texts = (torch.stack(parts) for parts in zip(*clips[:BATCH]))

    def bare() -> None:
        sigma = torch.sigmoid(torch.randn(BATCH))
        noise = torch.randn_like(latents)
        level = sigma.view(-1, 1, 1, 1, 1)
        velocity = transformer((1 - level) * latents + level * noise, 1000 * sigma, texts, return_dict=False)[0]
        torch.nn.functional.mse_loss(velocity, noise - latents).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    seconds = {"ours": [], "bare": []}
    for round_ in range(ROUNDS + 1):
        for name, step in (("ours", loop.step), ("bare", bare)):
            for _ in range(STEPS):
                began = time.perf_counter()
                step()
                if round_:  # the first round warms up
                    seconds[name].append(time.perf_counter() - began)
    # The shared machine's pauses hit either side: the median does not see them.
    value, against = (statistics.median(seconds[name]) for name in ("ours", "bare"))
    print(json.dumps({"name": "train step", "value": round(value * 1000, 3), "unit": "ms", "against": round(against * 1000, 3), "ratio": round(value / against, 3)}))


main()
