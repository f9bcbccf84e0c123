"""From a request on the resident generator's stdin to its sealed file, beside a bare warm pipeline call, in alternating rounds."""
import base64
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import backlot_trainer  # noqa: F401  (sets the environment before torch is imported)

import torch
from diffusers import WanPipeline

from backlot_trainer import base as bases
from backlot_trainer import wan
from tests.world import KEYS, Trainer

STARTER = Path(__file__).parents[3] / "models/starter"
ROUNDS = 8
PROMPT = "A red circle moves slowly to the left over a blue background."


def main() -> None:
    wan.make_deterministic()
    base = bases.describe(STARTER)
    pipe = WanPipeline.from_pretrained(STARTER, dtype=torch.float32, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    said = dict(prompt=PROMPT, steps=base.generation["steps"], guidance=base.generation["guidance"], frames=base.frames, width=base.width, height=base.height)
    with tempfile.TemporaryDirectory() as folder:
        resident = Trainer("generate", Path(folder))

        def request(number: int) -> None:
            output = {"file": f"{folder}/{number}.sealed", "objectId": str(number), "key": base64.b64encode(KEYS["run"]).decode()}
            resident.say({"type": "generate", "id": str(number), "base": {"path": str(STARTER)}, "adapter": None, "seed": number, "fps": base.fps, "maxSequenceLength": base.maxSequenceLength, "output": output} | said)
            resident.until("generated", id=str(number))

        def bare(number: int) -> None:
            pipe(PROMPT, num_inference_steps=said["steps"], guidance_scale=said["guidance"], num_frames=base.frames, width=base.width, height=base.height,
                 generator=torch.Generator().manual_seed(number), max_sequence_length=base.maxSequenceLength, output_type="np")

        seconds = {"ours": [], "bare": []}
        for number in range(ROUNDS + 1):
            for name, make in (("ours", request), ("bare", bare)):
                began = time.perf_counter()
                make(number)
                if number:  # the first round loads and warms up
                    seconds[name].append(time.perf_counter() - began)
        resident.process.stdin.close()
        resident.exit_code()
    value, against = (statistics.median(seconds[name]) for name in ("ours", "bare"))
    print(json.dumps({"name": "generate request", "value": round(value * 1000, 1), "unit": "ms", "against": round(against * 1000, 1), "ratio": round(value / against, 3)}))


main()
