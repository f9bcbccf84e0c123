import json
import signal

import pytest
import torch

from backlot_trainer import checkpoint
from backlot_trainer.seal import open_sealed

from .world import KEYS, Shelf, Trainer, make_shard, train_request


@pytest.fixture(scope="module")
def shelf():
    return Shelf(make_shard())


def run(folder, request) -> Trainer:
    folder.mkdir(exist_ok=True)
    trainer = Trainer("train", folder)
    trainer.say(request)
    trainer.until(None)
    return trainer


@pytest.fixture(scope="module")
def whole(shelf, tmp_path_factory):
    """An undisturbed run, and the folder it left."""
    folder = tmp_path_factory.mktemp("whole")
    return run(folder, train_request(shelf.url)), folder


def of_type(trainer, type):
    return [line for line in trainer.lines if line["type"] == type]


def test_a_run_says_each_phase_judges_both_models_and_leaves_a_sealed_adapter(whole):
    trainer, folder = whole
    assert trainer.exit_code() == 0
    assert [line["phase"] for line in of_type(trainer, "phase")] == ["loading", "encoding", "evaluating", "training", "evaluating", "saving"]
    first, last = of_type(trainer, "evaluation")
    assert first["heldOutLoss"] == first["heldOutLossBase"] == last["heldOutLossBase"] and last["heldOutLoss"] != last["heldOutLossBase"]
    assert (first["heldOutKind"], first["clipsTrain"], first["clipsHeldOut"]) == ("other-shots", 4, 2)
    [done] = of_type(trainer, "done")
    adapter = open_sealed((folder / "adapter.sealed").read_bytes(), KEYS["adapter"], "adapter-1")
    assert len(adapter) == done["bytes"]
    about = json.loads(adapter[8 : 8 + int.from_bytes(adapter[:8], "little")])
    assert '"transformer.lora_alpha": 8' in about["__metadata__"]["lora_adapter_metadata"]


def test_nothing_clear_is_left_in_the_tenants_folder(whole):
    _, folder = whole
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files and all(file.read_bytes()[:8] == b"BLSEAL1\0" for file in files)


def test_a_run_killed_and_resumed_ends_with_the_same_losses_and_tensors(whole, shelf, tmp_path, monkeypatch):
    undisturbed, _ = whole
    first = Trainer("train", tmp_path)
    first.say(train_request(shelf.url))
    first.until("checkpoint", step=4)
    first.process.send_signal(signal.SIGKILL)
    first.exit_code()
    monkeypatch.chdir(tmp_path)
    assert checkpoint.FILE.exists()
    second = run(tmp_path, train_request(shelf.url))
    assert of_type(second, "resumed")[0]["step"] in (4, 8)
    assert of_type(second, "evaluation")[-1] == of_type(undisturbed, "evaluation")[-1]
    assert of_type(second, "progress")[-1]["loss"] == of_type(undisturbed, "progress")[-1]["loss"]
    assert of_type(second, "done")[0]["tensorSha256"] == of_type(undisturbed, "done")[0]["tensorSha256"]


def test_a_checkpoint_of_another_specification_is_not_resumed(whole, monkeypatch):
    _, folder = whole
    monkeypatch.chdir(folder)
    torch.manual_seed(0)
    assert checkpoint.read("run-1", "another hash", KEYS["run"]) is None
    assert checkpoint.read("run-2", "another hash", KEYS["run"]) is None


def test_cancel_ends_a_run_within_a_step_and_keeps_nothing(shelf, tmp_path):
    trainer = Trainer("train", tmp_path)
    trainer.say(train_request(shelf.url, steps=100_000))
    trainer.until("checkpoint")
    trainer.say({"type": "cancel"})
    trainer.until("cancelled")
    assert trainer.exit_code() == 0
    assert not (tmp_path / "checkpoint.sealed").exists() and not (tmp_path / "adapter.sealed").exists()


def test_the_end_of_stdin_ends_a_run(shelf, tmp_path):
    trainer = Trainer("train", tmp_path)
    trainer.say(train_request(shelf.url, steps=100_000))
    trainer.until("checkpoint")
    trainer.process.stdin.close()
    assert trainer.exit_code() == 0
    assert not (tmp_path / "adapter.sealed").exists()
