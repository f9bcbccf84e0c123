import base64
import hashlib

import pytest

from backlot_trainer.seal import open_sealed
from backlot_trainer.video import decode_clip

from .world import KEYS, STARTER, Trainer


def request(id: str, folder, **changes) -> dict:
    return {
        "type": "generate", "id": id, "base": {"path": str(STARTER)}, "adapter": None, "prompt": "a square", "seed": 5, "steps": 3, "guidance": 4, "frames": 5, "width": 32, "height": 32, "fps": 16, "maxSequenceLength": 64,
        "output": {"file": str(folder / f"{id}.sealed"), "objectId": f"out-{id}", "key": base64.b64encode(KEYS["run"]).decode()},
    } | changes


@pytest.fixture(scope="module")
def resident(tmp_path_factory):
    trainer = Trainer("generate", tmp_path_factory.mktemp("generate"))
    yield trainer
    trainer.process.kill()


def test_the_same_request_twice_gives_the_same_film(resident, tmp_path):
    hashes = []
    for id in ("a", "b"):
        resident.say(request(id, tmp_path))
        done = resident.until("generated", id=id)
        mp4 = open_sealed((tmp_path / f"{id}.sealed").read_bytes(), KEYS["run"], f"out-{id}")
        assert hashlib.sha256(mp4).hexdigest() == done["sha256"] and decode_clip(mp4, id).shape == (5, 32, 32, 3)
        hashes.append(done["sha256"])
    assert hashes[0] == hashes[1]
    assert [line["step"] for line in resident.lines if line["type"] == "progress" and line["id"] == "a"] == [1, 2, 3]


def test_a_request_that_cannot_be_done_is_answered_and_the_next_one_served(resident, tmp_path):
    for changes, code in (({"frames": 6}, "BAD_SIZE"), ({"base": {"path": "/nowhere"}}, "BASE_MISSING"), ({"steps": "x"}, "BAD_REQUEST"), ({"adapter": {"file": "gone", "objectId": "x", "key": ""}}, "ADAPTER_MISSING")):
        resident.say(request("c", tmp_path, **changes))
        assert resident.until("error", id="c")["code"] == code
    resident.say(request("d", tmp_path))
    resident.until("generated", id="d")


def test_a_cancelled_request_leaves_no_file(resident, tmp_path):
    resident.say(request("e", tmp_path, steps=900))
    resident.until("progress", id="e")
    resident.say({"type": "cancel", "id": "e"})
    assert resident.until("error", id="e")["code"] == "CANCELLED"
    assert not (tmp_path / "e.sealed").exists()


def test_the_end_of_stdin_ends_it(resident):
    resident.process.stdin.close()
    assert resident.exit_code() == 0
