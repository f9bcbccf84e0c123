"""The resident generator: a base model and the last adapter stay loaded between requests."""
import hashlib
import json
import time
from pathlib import Path

from . import base as bases
from . import wan
from .lines import Commands, emit
from .refusal import Refusal
from .seal import open_sealed, seal_file
from .spec import key_of
from .video import encode_mp4


class Generator:
    """Answers requests one after another."""

    def __init__(self, commands: Commands):
        self._commands = commands
        self._base_path: str | None = None
        self._adapter: str | None = None

    def serve(self) -> None:
        """Until stdin ends."""
        wan.make_deterministic()
        while (line := self._commands.requests.get()) is not None and not self._commands.ended.is_set():
            request_id = None
            try:
                request = json.loads(line)
                request_id = str(request["id"])
                self._answer(request_id, request)
            except Refusal as refusal:
                emit(**refusal.line(request_id))
            except (ValueError, KeyError, TypeError) as error:
                emit(**Refusal("BAD_REQUEST", f"A generate request does not read: {error!r}.", "Run the agent and the API of the same version.").line(request_id))

    def _answer(self, request_id: str, request: dict) -> None:
        began = time.monotonic()
        frames, width, height, fps, steps = (int(request[name]) for name in ("frames", "width", "height", "fps", "steps"))
        wan.check_size(frames, width, height)
        if steps < 1 or fps < 1:
            raise Refusal("BAD_REQUEST", f"{steps} steps at {fps} frames a second cannot be made.", "Ask for at least one of each.")
        output = request["output"]
        output_key = key_of(output["key"])
        self._load(request["base"]["path"], request.get("adapter"))

        def on_step(step: int) -> bool:
            emit("progress", id=request_id, step=step, steps=steps)
            return not self._stopped(request_id)

        pictures = wan.generate(self._pipe, self._base, prompt=str(request["prompt"]), seed=int(request["seed"]), steps=steps, guidance=float(request["guidance"]), frames=frames,
                                width=width, height=height, max_sequence_length=request.get("maxSequenceLength"), on_step=on_step)
        if self._stopped(request_id):
            raise Refusal("CANCELLED", "The request was cancelled.", "Ask again when you want it.")
        mp4 = encode_mp4(pictures, fps)
        seal_file(Path(output["file"]), mp4, output_key, output["objectId"])
        emit("generated", id=request_id, file=output["file"], frames=frames, width=width, height=height, fps=fps, bytes=len(mp4), sha256=hashlib.sha256(mp4).hexdigest(), seconds=time.monotonic() - began)

    def _stopped(self, request_id: str) -> bool:
        return self._commands.ended.is_set() or self._commands.cancelled(request_id)

    def _load(self, path: str, adapter: dict | None) -> None:
        if path != self._base_path:
            self._base_path = self._adapter = None
            self._base = bases.describe(Path(path))
            self._pipe = wan.load(Path(path))
            self._base_path = path
        wanted = adapter and adapter["objectId"]
        if wanted == self._adapter:
            return
        self._adapter = None
        if not adapter:
            wan.drop_adapter(self._pipe)
            return
        try:
            sealed = Path(adapter["file"]).read_bytes()
        except OSError as error:
            raise Refusal("ADAPTER_MISSING", f"The model's adapter cannot be read: {error.strerror}.", "Ask again; the agent fetches it anew.") from error
        wan.load_adapter(self._pipe, open_sealed(sealed, key_of(adapter["key"]), adapter["objectId"]))
        self._adapter = wanted
