import base64
import io
import json
import shutil

import numpy as np
import pytest

from backlot_trainer import base as bases
from backlot_trainer.data import fetch_clips, held_out_kind
from backlot_trainer.refusal import Refusal
from backlot_trainer.spec import read_train_request
from backlot_trainer.video import decode_clip, encode_mp4

from .world import KEYS, STARTER, Shelf, Trainer, make_shard, starter_hash, train_request


def code_of(action) -> str:
    with pytest.raises(Refusal) as refused:
        action()
    assert refused.value.message and refused.value.way_out
    return refused.value.code


def test_a_specification_that_was_not_signed_as_it_is_is_refused():
    request = train_request("http://127.0.0.1/")
    read_train_request(json.dumps(request))
    changed = base64.urlsafe_b64decode(request["spec"] + "==").replace(b'"steps": 12', b'"steps": 13')
    for field, value in (("spec", base64.urlsafe_b64encode(changed).decode()), ("signature", base64.urlsafe_b64encode(bytes(64)).decode()), ("publicKey", base64.urlsafe_b64encode(bytes(32)).decode()), ("run", "run-2")):
        assert code_of(lambda: read_train_request(json.dumps(request | {field: value}))) == "SPEC_NOT_SIGNED"


@pytest.mark.parametrize("line", ["", "hello", "[]", "null", '{"type":"train"}', '{"spec":"!","signature":"","publicKey":""}'])
def test_a_first_line_that_is_no_request_is_refused(line):
    assert code_of(lambda: read_train_request(line)) == "BAD_REQUEST"


@pytest.mark.parametrize("changes", [{"steps": 0}, {"version": 2}, {"lora": {"rank": 4}}, {"captionDropout": 1}, {"batch": "many"}])
def test_a_signed_specification_with_impossible_values_is_refused(changes):
    assert code_of(lambda: read_train_request(json.dumps(train_request("http://127.0.0.1/", **changes)))) == "BAD_SPEC"


def fetch(data: bytes, token: str = "agent-token") -> list:
    return list(fetch_clips(Shelf(data).url, token, KEYS["dataset"], "shard"))


def test_a_shard_is_read_as_it_was_made_and_refused_when_changed_cut_or_not_to_be_had():
    shard = make_shard(1, 1)
    first, second = fetch(shard)
    assert (first.held_out, second.held_out, first.frames.shape, first.caption) == (False, True, (5, 32, 32, 3), "a square moves, scene 0")
    changed = bytearray(shard)
    changed[len(shard) // 2] ^= 1
    assert code_of(lambda: fetch(bytes(changed))) == "SEAL_BROKEN"
    assert code_of(lambda: fetch(shard[:-40])) == "SEAL_BROKEN"
    assert code_of(lambda: fetch(shard, token="wrong")) == "DATASET_UNREACHABLE"
    broken_off = Shelf(shard[:-40], announced=len(shard)).url
    assert code_of(lambda: list(fetch_clips(broken_off, "agent-token", KEYS["dataset"], "shard"))) == "DATASET_UNREACHABLE", "to be tried again, unlike a changed shard"
    assert code_of(lambda: list(fetch_clips("http://127.0.0.1:9/", "", KEYS["dataset"], "shard"))) == "DATASET_UNREACHABLE"


@pytest.mark.parametrize("size", [{"frames": 6}, {"width": 40}])
def test_clips_that_no_wan_model_takes_are_refused(size):
    assert code_of(lambda: fetch(make_shard(1, 0, **size))) == "CLIP_DOES_NOT_FIT"


def test_bytes_that_are_no_film_are_refused():
    assert code_of(lambda: decode_clip(b"text renamed", "00000000")) == "CLIP_BROKEN"


def test_clips_of_one_take_on_both_sides_are_called_same_shots():
    assert held_out_kind([(False, ("m", 1)), (True, ("m", 2))]) == "other-shots"
    assert held_out_kind([(False, ("m", 1)), (True, ("m", 1))]) == "same-shots"
    assert held_out_kind([(False, None), (True, None)]) == "same-shots"


def test_the_starters_folder_is_described_and_a_changed_one_refused(tmp_path):
    base = bases.verify(STARTER, starter_hash())
    assert (base.class_, base.width, base.height, base.frames, base.flowShift) == ("WanPipeline", 96, 64, 17, 3.0) and base.parameters > 1_900_000
    copy = tmp_path / "copy"
    shutil.copytree(STARTER, copy)
    assert bases.hash_folder(copy) == starter_hash()
    (copy / ".hidden").write_text("not a part")
    assert bases.hash_folder(copy) == starter_hash()
    with open(copy / "vae/config.json", "a") as file:
        file.write(" ")
    assert code_of(lambda: bases.verify(copy, starter_hash())) == "BASE_CHANGED"


def test_a_folder_that_is_no_wan_pipeline_is_refused(tmp_path):
    assert code_of(lambda: bases.describe(tmp_path)) == "BASE_MISSING"
    (tmp_path / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    assert code_of(lambda: bases.describe(tmp_path)) == "BAD_BASE"
    shutil.rmtree(tmp_path)
    shutil.copytree(STARTER, tmp_path)
    (tmp_path / "transformer/diffusion_pytorch_model.safetensors").write_bytes(b"cut")
    assert code_of(lambda: bases.describe(tmp_path)) == "BAD_BASE"


def test_a_refused_run_says_one_clear_line_and_ends_with_2(tmp_path):
    trainer = Trainer("train", tmp_path)
    trainer.say(train_request("http://127.0.0.1:9/", base={"path": str(STARTER), "sha256": "0" * 64}))
    error = trainer.until("error")
    assert error["code"] == "BASE_CHANGED" and error["wayOut"] and trainer.exit_code() == 2


def test_the_same_frames_encode_to_the_same_bytes():
    film = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)
    first = encode_mp4(film, 16)
    assert first == encode_mp4(film, 16) and first.index(b"moov") < first.index(b"mdat")
    assert decode_clip(first, "made").shape == film.shape
    assert io.BytesIO(first).read(8)[4:] == b"ftyp"
