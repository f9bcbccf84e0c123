"""The run specification: nothing is trained that the API did not sign."""
import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .refusal import Refusal


@dataclass(frozen=True)
class Lora:
    rank: int
    alpha: float
    targets: list[str]


@dataclass(frozen=True)
class Spec:
    """What a run does. `hash` is over the signed bytes: a checkpoint belongs to exactly one."""

    run: str
    base_path: str
    base_sha256: str
    dataset_object: str
    dataset_url: str
    adapter_object: str
    lora: Lora
    steps: int
    batch: int
    learning_rate: float
    seed: int
    caption_dropout: float
    checkpoint_every: int
    sample_every: int
    sample_prompts: list[str] = field(default_factory=list)
    max_sequence_length: int = 512
    hash: str = ""


@dataclass(frozen=True)
class Keys:
    """Data keys of 32 bytes; `token` fetches the shard. Held in memory only."""

    dataset: bytes
    run: bytes
    adapter: bytes
    token: str


def unbase64(text: str) -> bytes:
    """Decodes base64 or base64url, padded or not; raises ValueError."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, AttributeError) as error:
        raise ValueError("not base64") from error


def key_of(text: str) -> bytes:
    """A data key; raises ValueError when it has not 32 bytes."""
    key = unbase64(text)
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return key


def read_train_request(line: str) -> tuple[Spec, Keys]:
    """Verifies the first line; raises Refusal BAD_REQUEST, SPEC_NOT_SIGNED or BAD_SPEC."""
    try:
        said = json.loads(line)
        signed, signature, public = (unbase64(said[name]) for name in ("spec", "signature", "publicKey"))
        given = said["keys"]
        run_key = key_of(given["run"])
        keys = Keys(key_of(given["dataset"]), run_key, key_of(given["adapter"]) if given.get("adapter") else run_key, str(given.get("token") or ""))
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal("BAD_REQUEST", f"The first line on stdin is not a train request: {error}.", "Start the trainer through the agent of the same version.") from error
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except (InvalidSignature, ValueError):
        raise Refusal("SPEC_NOT_SIGNED", "The run's specification is not the one that was signed.", "Queue the run again; if it happens again, look for who changes it on the way.") from None
    spec = _parse(signed)
    if said.get("run") != spec.run:
        raise Refusal("SPEC_NOT_SIGNED", f"The request is for run {said.get('run')}, its signed specification for {spec.run}.", "Queue the run again.")
    return spec, keys


def _parse(signed: bytes) -> Spec:
    try:
        said = json.loads(signed)
        if said["version"] != 1:
            raise ValueError(f"version {said['version']} is not 1")
        lora = Lora(int(said["lora"]["rank"]), float(said["lora"]["alpha"]), [str(target) for target in said["lora"]["targets"]])
        spec = Spec(
            run=str(said["run"]), base_path=str(said["base"]["path"]), base_sha256=str(said["base"]["sha256"]),
            dataset_object=str(said["dataset"]["objectId"]), dataset_url=str(said["dataset"]["url"]), adapter_object=str(said["objects"]["adapter"]),
            lora=lora, steps=int(said["steps"]), batch=int(said["batch"]), learning_rate=float(said["learningRate"]), seed=int(said["seed"]),
            caption_dropout=float(said["captionDropout"]), checkpoint_every=int(said["checkpointEvery"]), sample_every=int(said["sampleEvery"]),
            sample_prompts=[str(prompt) for prompt in said.get("samplePrompts", [])], max_sequence_length=int(said["maxSequenceLength"]),
            hash=hashlib.sha256(signed).hexdigest(),
        )
        positive = {"steps": spec.steps, "batch": spec.batch, "learningRate": spec.learning_rate, "checkpointEvery": spec.checkpoint_every, "sampleEvery": spec.sample_every, "lora.rank": lora.rank, "lora.alpha": lora.alpha, "maxSequenceLength": spec.max_sequence_length, "lora.targets": len(lora.targets)}
        for name, value in positive.items():
            if value <= 0:
                raise ValueError(f"{name} is not above 0")
        if not 0 <= spec.caption_dropout < 1:
            raise ValueError("captionDropout is not in [0, 1)")
        return spec
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal("BAD_SPEC", f"The run's specification does not read: {error}.", "Run the agent and the API of the same version.") from error
