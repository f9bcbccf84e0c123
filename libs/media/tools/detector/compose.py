"""compose.py SHOTS OUT [--films 12] [--seed 1] [--size 512x288]

Joins single shots into films whose transitions are known to the frame, to measure detectors on. SHOTS is a folder of video files of one
shot each (anything ffmpeg reads; NAME@FIRST-LAST.ext takes these frames of it only); OUT gets NNN.EXT and truth/NNN.json in the form
that score.py and libs/media/tools/score-shots.ts read. The same seed gives the same films.
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
from footage import read_shot
from transitions import CUT, DISSOLVE, FADE, MAKERS, TRAPS, WIPE, lengths

ENCODERS = [
    ("mp4", ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]),
    ("mp4", ["-c:v", "libx264", "-preset", "veryfast", "-crf", "33", "-bf", "3"]),
    ("avi", ["-c:v", "mpeg4", "-q:v", "6"]),
    ("ts", ["-c:v", "mpeg2video", "-q:v", "7"]),
]
RATES = ["24000/1001", "25", "30000/1001", "24"]


def film(shots, rng, segments=16):
    """Frames and truth of one film."""
    pieces, cuts, gradual, traps = [], [], [], []
    names = list(shots)
    last, carry, at, pending = None, None, 0, None
    for i in range(segments):
        name = rng.choice([n for n in names if n != last])
        last = name
        kind = rng.choice([CUT, DISSOLVE, FADE, WIPE], p=[0.45, 0.2, 0.15, 0.2]) if i < segments - 1 else None
        steps = lengths(kind, rng) if kind not in (CUT, None) else 0
        hold = int(round(np.exp(rng.uniform(np.log(9), np.log(90)))))
        lead = pending[1] if pending else 0
        need = lead + hold + steps
        source = shots[name]
        start = int(rng.integers(0, max(1, len(source) - need)))
        # A source too short is played there and back.
        order = np.abs((start + np.arange(need) + len(source) - 1) % max(1, 2 * len(source) - 2) - (len(source) - 1)) if len(source) > 1 else np.zeros(need, int)
        clip = source[order].copy()
        if rng.random() < 0.3: clip = clip[:, :, ::-1]
        body = clip[lead:lead + hold]
        if hold >= 30 and rng.random() < 0.55:
            trap = TRAPS[rng.integers(len(TRAPS))]
            body = body.copy()
            a, b, why = trap(body, rng)
            traps.append({"start": at + lead + a, "end": at + lead + b, "why": why})
            # What a trap leaves behind stays to the end of the shot.
            tail = body[-1].astype(int) - clip[lead + hold - 1].astype(int)
            if why in ("caption", "letterbox", "brightness step", "fast pan", "title", "relit") and steps:
                clip = clip.copy()
                clip[lead + hold:] = np.clip(clip[lead + hold:].astype(int) + tail, 0, 255).astype(np.uint8)
        if pending:
            frames, info = MAKERS[pending[0]](carry, clip[:lead], rng)
            pieces.append(frames)
            gradual.append({"start": at, "end": at + lead - 1, "kind": str(pending[0]), **info})
            at += lead
        elif i:
            cuts.append(at)
        pieces.append(body)
        at += hold
        carry = clip[lead + hold:]
        pending = (kind, steps) if steps else None
    truth = {"n_frames": at, "cuts": cuts, "gradual": [[g["start"], g["end"]] for g in gradual], "gradual_info": gradual, "not_boundaries": traps, "uncertain": [], "edge_fades": []}
    return np.concatenate(pieces), truth


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shots", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--films", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", default="512x288")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    shots = {file.stem: read_shot(file, width, height) for file in sorted(args.shots.iterdir()) if file.is_file()}
    (args.out / "truth").mkdir(parents=True, exist_ok=True)
    for n in range(args.films):
        rng = np.random.default_rng([args.seed, n])
        frames, truth = film(shots, rng)
        extension, coding = ENCODERS[n % len(ENCODERS)]
        rate = RATES[n % len(RATES)]
        name = f"{args.seed:02d}{n:02d}"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", args.size, "-r", rate, "-i", "-", *coding, "-pix_fmt", "yuv420p", "-threads", "1", str(args.out / f"{name}.{extension}")], input=frames.tobytes(), check=True)
        (args.out / "truth" / f"{name}.json").write_text(json.dumps({"file": f"{name}.{extension}", "fps": rate, **truth}))


if __name__ == "__main__":
    main()
