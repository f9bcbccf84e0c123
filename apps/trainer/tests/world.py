"""What a run needs around it: a sealed shard of tiny clips behind HTTP, a signed request, and the trainer as a real process."""
import base64
import functools
import http.server
import io
import json
import os
import queue
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backlot_trainer.base import hash_folder
from backlot_trainer.seal import SealedWriter
from backlot_trainer.video import encode_mp4

TRAINER = Path(__file__).parents[1]
STARTER = TRAINER.parents[1] / "models/starter"
KEYS = {"dataset": bytes(range(32)), "run": bytes(range(1, 33)), "adapter": bytes(range(2, 34))}
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def moving_clip(number: int, frames: int = 5, width: int = 32, height: int = 32) -> np.ndarray:
    """A light square that wanders over a tinted ground."""
    rng = np.random.default_rng(number)
    film = np.empty((frames, height, width, 3), np.uint8)
    film[:] = rng.integers(0, 120, 3)
    for index in range(frames):
        x = 2 + (number * 5 + index * 2) % (width - 12)
        film[index, 8:20, x : x + 10] = rng.integers(150, 256, 3) if index == 0 else film[0, 8:20, 2 + (number * 5) % (width - 12)][0]
    return film


def make_shard(clips: int = 4, held_out: int = 2, key: bytes = KEYS["dataset"], object_id: str = "shard", frames: int = 5, width: int = 32) -> bytes:
    plain, sealed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for number in range(clips + held_out):
            split = "train" if number < clips else "heldout"
            caption = f"a square moves, scene {number}"
            about = {"split": split, "frames": frames, "width": width, "height": 32, "fps": 16, "caption": caption, "title": "Squares", "master": "m", "shot": number}
            for kind, data in (("mp4", encode_mp4(moving_clip(number, frames, width), 16)), ("txt", caption.encode()), ("json", json.dumps(about).encode())):
                entry = tarfile.TarInfo(f"{number:08}.{kind}")
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
    with SealedWriter(sealed, key, object_id) as writer:
        writer.write(plain.getvalue())
    return sealed.getvalue()


class Shelf:
    """Serves one sealed object to whoever has the token."""

    def __init__(self, data: bytes, announced: int | None = None):
        """`announced`: the length that the answer claims to have."""
        shelf = self
        self.data = data

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                allowed = self.headers.get("authorization") == "Bearer agent-token"
                self.send_response(200 if allowed else 401)
                self.send_header("content-length", str(announced or len(shelf.data)) if allowed else "0")
                self.end_headers()
                if allowed:
                    self.wfile.write(shelf.data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/shard"


@functools.cache
def starter_hash() -> str:
    return hash_folder(STARTER)


def train_request(url: str, **changes) -> dict:
    spec = {
        "version": 1, "run": "run-1", "studio": "studio-a", "base": {"path": str(STARTER), "sha256": starter_hash()}, "dataset": {"hash": "h", "objectId": "shard", "url": url}, "objects": {"adapter": "adapter-1"},
        "lora": {"rank": 4, "alpha": 8, "targets": ["to_q", "to_k", "to_v", "to_out.0"]}, "steps": 12, "batch": 2, "learningRate": 2e-3, "seed": 7, "captionDropout": 0.1, "checkpointEvery": 4, "sampleEvery": 100,
        "samplePrompts": [], "maxSequenceLength": 64,
    } | changes
    signed = json.dumps(spec).encode()
    b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()  # noqa: E731
    return {
        "type": "train", "run": spec["run"], "spec": b64(signed), "signature": b64(SIGNER.sign(signed)), "publicKey": b64(SIGNER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
        "keys": {name: base64.b64encode(key).decode() for name, key in KEYS.items()} | {"token": "agent-token"},
    }


class Trainer:
    """The process, its stdin, and its lines as they come."""

    def __init__(self, action: str, cwd: Path):
        environment = os.environ | {"PYTHONPATH": str(TRAINER), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen([sys.executable, "-m", "backlot_trainer", action], cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: list[dict] = []
        self._new: queue.Queue[dict | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.errors: list[str] = []
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._new.put(json.loads(line))
        self._new.put(None)

    def say(self, message: dict) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def until(self, type: str | None, **fields) -> dict | None:
        """The next line of this type with these fields; with None, everything to the end."""
        while (line := self._new.get(timeout=60)) is not None:
            self.lines.append(line)
            if line["type"] == type and all(line.get(name) == value for name, value in fields.items()):
                return line
        assert type is None, f"ended without {type}: {self.lines[-3:]} {self.errors[-5:]}"
        return None

    def exit_code(self) -> int:
        return self.process.wait(timeout=60)
