"""Sealed format v1, as libs/platform/src/seal.ts writes it.

Header of 32 bytes (magic, segment size, nonce prefix), then AES-256-GCM segments: ciphertext and 16-byte tag. Nonce = prefix (7) || segment
index (4, big-endian) || last flag (1). AAD = header || object id, so that bytes of one object never open as another's.
"""
import io
import os
import struct
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .refusal import Refusal

MAGIC = b"BLSEAL1\0"
HEADER_BYTES, TAG_BYTES, SEGMENT_BYTES = 32, 16, 262_144


def _broken(why: str) -> Refusal:
    return Refusal("SEAL_BROKEN", f"A sealed object does not open: {why}.", "Fetch the object again; if it still fails, its bytes or its key were changed.")


def _nonce(prefix: bytes, index: int, last: bool) -> bytes:
    return prefix + struct.pack(">I", index) + (b"\1" if last else b"\0")


class SealedWriter(io.RawIOBase):
    """Seals what is written to it onto `target`; `close` writes the last segment, without which nothing opens."""

    def __init__(self, target: BinaryIO, key: bytes, object_id: str, segment_bytes: int = SEGMENT_BYTES, prefix: bytes | None = None):
        self._target, self._size, self._prefix = target, segment_bytes, prefix or os.urandom(7)
        header = MAGIC + struct.pack(">I", segment_bytes) + self._prefix + bytes(13)
        self._aead, self._aad = AESGCM(key), header + object_id.encode()
        self._pending, self._index = bytearray(), 0
        target.write(header)

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._pending += data
        # A full segment waits until there is more: only then is it known not to be the last.
        while len(self._pending) > self._size:
            self._segment(bytes(self._pending[: self._size]), False)
            del self._pending[: self._size]
        return len(data)

    def _segment(self, plain: bytes, last: bool) -> None:
        self._target.write(self._aead.encrypt(_nonce(self._prefix, self._index, last), plain, self._aad))
        self._index += 1

    def close(self) -> None:
        if not self.closed:
            self._segment(bytes(self._pending), True)
            super().close()


class SealedReader(io.RawIOBase):
    """Opens a sealed stream segment by segment; raises Refusal SEAL_BROKEN at the first byte that is not as it was sealed."""

    def __init__(self, source: BinaryIO, key: bytes, object_id: str):
        header = _read_whole(source, HEADER_BYTES)
        size = struct.unpack(">I", header[8:12])[0] if len(header) == HEADER_BYTES else 0
        if header[:8] != MAGIC or not 1024 <= size <= 16_777_216:
            raise _broken("its header is not one of ours")
        self._source, self._size, self._prefix = source, size, header[12:19]
        self._aead, self._aad = AESGCM(key), header + object_id.encode()
        self._next, self._index, self._plain, self._at = _read_whole(source, size + TAG_BYTES), 0, b"", 0

    def readable(self) -> bool:
        return True

    def _advance(self) -> bool:
        if self._next is None:
            return False
        sealed, following = self._next, _read_whole(self._source, self._size + TAG_BYTES)
        try:
            self._plain = self._aead.decrypt(_nonce(self._prefix, self._index, not following), sealed, self._aad)
        except InvalidTag:
            raise _broken(f"segment {self._index} is not as it was sealed, or the key is another object's") from None
        self._next, self._index, self._at = following or None, self._index + 1, 0
        return True

    def readinto(self, buffer) -> int:
        while self._at == len(self._plain):
            if not self._advance():
                return 0
        taken = self._plain[self._at : self._at + len(buffer)]
        buffer[: len(taken)] = taken
        self._at += len(taken)
        return len(taken)


def _read_whole(source: BinaryIO, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = source.read(count - len(parts))
        if not part:
            break
        parts += part
    return bytes(parts)


def open_sealed(data: bytes, key: bytes, object_id: str) -> bytes:
    """All clear bytes; raises Refusal SEAL_BROKEN."""
    return SealedReader(io.BytesIO(data), key, object_id).readall()


def seal_file(path: Path, plain: bytes, key: bytes, object_id: str) -> None:
    """Writes the sealed bytes so that `path` holds the old object or the new one at every moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            with SealedWriter(file, key, object_id) as sealed:
                sealed.write(plain)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Refusal("CANNOT_WRITE", f"{path.name} cannot be written: {error.strerror}.", "Free space in the tenant's folder, then resume.") from error
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
