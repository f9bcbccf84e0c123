"""JSON lines: what the agent says on stdin, what it is told on stdout."""
import json
import os
import queue
import sys
import threading

# Native code prints to descriptor 1 without asking. The agent parses stdout, so it gets a descriptor of its own and 1 becomes stderr.
_out = None


def take_stdout() -> None:
    """From here on only `emit` reaches stdout."""
    global _out
    _out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)


def emit(type: str, **fields) -> None:
    """Writes one line at once. A closed pipe means that the agent died, which stdin reports as well."""
    stream = _out or sys.stdout
    try:
        stream.write(json.dumps({"type": type, **fields}, ensure_ascii=False) + "\n")
        stream.flush()
    except BrokenPipeError:
        os._exit(0)


class Commands:
    """Reads stdin on a thread of its own. After the first line: `cancelled` ids, `requests` in order, `ended` at end of file."""

    def __init__(self, stream=None):
        self._stream = stream or sys.stdin
        self.requests: queue.Queue[str | None] = queue.Queue()
        self._cancelled: set[str | None] = set()
        self.ended = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._stream:
            if not line.strip():
                continue
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            if isinstance(said, dict) and said.get("type") == "cancel":
                self._cancelled.add(said.get("id"))
            else:
                self.requests.put(line)
        self.ended.set()
        self.requests.put(None)

    def cancelled(self, request_id: str | None = None) -> bool:
        """Whether a cancel came for this request, or one that names none."""
        return None in self._cancelled or (request_id is not None and request_id in self._cancelled)
