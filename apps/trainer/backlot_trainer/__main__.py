"""`python -m backlot_trainer train|generate` (JSON lines on stdin and stdout) and `describe --base DIR`."""
import argparse
import os
import sys
import traceback
from pathlib import Path

from .lines import Commands, emit, take_stdout
from .refusal import Refusal

BAD_INPUT = {"BAD_REQUEST", "BAD_SPEC", "SPEC_NOT_SIGNED", "BAD_BASE", "BASE_MISSING", "BASE_CHANGED", "SEAL_BROKEN", "DATASET_BROKEN", "CLIP_BROKEN", "CLIP_DOES_NOT_FIT", "EMPTY_DATASET"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="backlot_trainer", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("train", help="one run: its request is the first line on stdin")
    actions.add_parser("generate", help="resident: a request a line")
    actions.add_parser("describe", help="what a base model's folder holds, as JSON").add_argument("--base", required=True, type=Path, metavar="DIR")
    given = parser.parse_args()
    take_stdout()
    try:
        if given.action == "describe":
            from .base import describe

            emit("base", **describe(given.base).line())
            return 0
        return _serve(given.action)
    except Refusal as refusal:
        emit(**refusal.line())
        return 2 if refusal.code in BAD_INPUT else 1
    except MemoryError:
        emit(**Refusal("OUT_OF_MEMORY", "The memory is used up.", "Use a smaller bucket or batch, or a machine with more memory.").line())
        return 1
    except Exception as error:  # the agent relays one clear line; the trace is for the process log
        traceback.print_exc()
        memory = type(error).__name__ == "OutOfMemoryError"
        code, way = ("OUT_OF_MEMORY", "Use a smaller bucket or batch, or a GPU with more memory.") if memory else ("TRAINER_FAILED", "Look at the trainer's log; the run resumes from its last checkpoint.")
        emit(**Refusal(code, f"The trainer stopped: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}", way).line())
        return 1


def _serve(action: str) -> int:
    # Unbuffered by line: commands must be seen while the run goes on.
    commands = Commands()
    if action == "train":
        first = commands.requests.get()
        if first is None:
            raise Refusal("BAD_REQUEST", "Nothing was said on stdin.", "Start the trainer through the agent.")
        from .train import run

        run(first, commands)
    else:
        from .generate import Generator

        Generator(commands).serve()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The thread on stdin may wait in a read for ever, and leaving by the ordinary way joins what torch started.
    os._exit(code)
