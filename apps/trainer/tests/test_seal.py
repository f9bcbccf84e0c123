import hashlib
import io

import pytest

from backlot_trainer.refusal import Refusal
from backlot_trainer.seal import HEADER_BYTES, TAG_BYTES, SealedReader, SealedWriter, open_sealed

KEY = bytes(range(32))

def seal(plain: bytes, object_id: str = "object-1", size: int = 1024) -> bytes:
    target = io.BytesIO()
    with SealedWriter(target, KEY, object_id, size, bytes(range(1, 8))) as writer:
        writer.write(plain)
    return target.getvalue()


@pytest.mark.parametrize("length", [0, 1, 1023, 1024, 1025, 2048, 5000])
def test_what_is_sealed_opens_and_has_the_formats_length(length):
    plain = bytes(i % 251 for i in range(length))
    sealed = seal(plain)
    assert len(sealed) == HEADER_BYTES + length + TAG_BYTES * max(1, -(-length // 1024))
    assert open_sealed(sealed, KEY, "object-1") == plain


@pytest.mark.parametrize("at", [0, 9, 12, 31, 40, 1100, -1])
def test_one_changed_byte_anywhere_is_refused(at):
    sealed = bytearray(seal(bytes(3000)))
    sealed[at] ^= 1
    with pytest.raises(Refusal, match="does not open"):
        open_sealed(bytes(sealed), KEY, "object-1")


def test_a_cut_a_swap_another_id_and_another_key_are_refused():
    sealed, segment = seal(bytes(3000)), 1024 + TAG_BYTES
    body = sealed[HEADER_BYTES:]
    for changed in (sealed[: HEADER_BYTES + segment], sealed[: HEADER_BYTES + 2 * segment], sealed[:HEADER_BYTES], sealed[:HEADER_BYTES] + body[segment : 2 * segment] + body[:segment] + body[2 * segment :]):
        with pytest.raises(Refusal):
            open_sealed(changed, KEY, "object-1")
    with pytest.raises(Refusal):
        open_sealed(sealed, KEY, "object-2")
    with pytest.raises(Refusal):
        open_sealed(sealed, bytes(32), "object-1")


def test_it_reads_in_small_steps_from_a_source_that_gives_little():
    class Slow(io.BytesIO):
        def read(self, count=-1):
            return super().read(min(count, 7))

    reader, plain = SealedReader(Slow(seal(bytes(range(200)) * 20)), KEY, "object-1"), b""
    while part := reader.read(33):
        plain += part
    assert plain == bytes(range(200)) * 20


def test_the_bytes_are_those_that_nodes_crypto_makes_of_the_same_definition():
    # AES-256-GCM by node:crypto over two segments, written out from the format's definition.
    expected = "9223060fe57ff3093eed464f437fa517f2d4b7852f5ca9ddae016070336bdd52"
    assert hashlib.sha256(seal(bytes(i % 251 for i in range(1100)))).hexdigest() == expected
