"""Checks a Backlot log with nothing of Backlot: hashlib for the tree, the openssl command for the signature.

Written from the public specifications alone (c2sp.org/signed-note, tlog-checkpoint, tlog-tiles, tlog-proof; RFC 6962), so that it is a second
opinion and not a copy. Usage: verify_log.py DIRECTORY VERIFIER_KEY [PROOF_FILE]. Prints one line and exits 0, or says what is wrong and exits 1.
"""

import base64
import hashlib
import pathlib
import subprocess
import sys
import tempfile


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def tree_hash(hashes):
    """RFC 6962, 2.1, with a stack instead of recursion: (height, hash) of the complete subtrees so far."""
    stack = []
    for value in hashes:
        height = 0
        while stack and stack[-1][0] == height:
            value = node_hash(stack.pop()[1], value)
            height += 1
        stack.append((height, value))
    root = stack.pop()[1]
    while stack:
        root = node_hash(stack.pop()[1], root)
    return root


def open_note(note, key):
    """The text of a signed note, its Ed25519 signature checked by openssl."""
    name, key_id, encoded = key.split("+", 2)
    typed = base64.b64decode(encoded)
    assert typed[0] == 1 and len(typed) == 33, "not an Ed25519 key"
    assert hashlib.sha256(name.encode() + b"\n" + typed).hexdigest()[:8] == key_id, "key id"
    text, signatures = note.rsplit("\n\n", 1)
    text += "\n"
    line = next(line for line in signatures.splitlines() if line.startswith(f"\u2014 {name} "))
    signature = base64.b64decode(line.rsplit(" ", 1)[1])
    assert signature[:4].hex() == key_id, "signature of another key"
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        # SubjectPublicKeyInfo of an Ed25519 key: a fixed head and the 32 bytes (RFC 8410).
        (at / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + typed[1:])
        (at / "text").write_bytes(text.encode())
        (at / "signature").write_bytes(signature[4:])
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin", "-in", "text", "-sigfile", "signature"]
        assert subprocess.run(command, cwd=folder, capture_output=True).returncode == 0, "signature"
    return name, text


def read_tile(directory, level, index, width):
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return (directory / "tile" / str(level) / (path if width == 256 else f"{path}.p/{width}")).read_bytes()


def entries(directory, size):
    for index in range(-(-size // 256)):
        width = min(256, size - index * 256)
        bundle = read_tile(directory, "entries", index, width)
        at, found = 0, []
        while at < len(bundle):
            length = int.from_bytes(bundle[at : at + 2], "big")
            found.append(bundle[at + 2 : at + 2 + length])
            at += 2 + length
        assert len(found) == width and at == len(bundle), f"entry bundle {index}"
        assert b"".join(map(leaf_hash, found)) == read_tile(directory, 0, index, width), f"tile 0/{index}"
        yield from found


def check_upper_tiles(directory, hashes):
    """Every tile above the leaves holds the roots of the full tiles below it."""
    level = 0
    while len(hashes) >= 256:
        hashes = [tree_hash(hashes[at : at + 256]) for at in range(0, len(hashes) - len(hashes) % 256, 256)]
        level += 1
        for index in range(-(-len(hashes) // 256)):
            row = hashes[index * 256 : (index + 1) * 256]
            assert b"".join(row) == read_tile(directory, level, index, len(row)), f"tile {level}/{index}"


def check_proof(proof, key, hashes):
    head, note = proof.split("\n\n", 1)
    lines = head.splitlines()
    assert lines.pop(0) == "c2sp.org/tlog-proof@v1", "proof header"
    entry = base64.b64decode(lines.pop(0).removeprefix("extra "))
    index = int(lines.pop(0).removeprefix("index "))
    _, text = open_note(note, key)
    size, root = int(text.splitlines()[1]), base64.b64decode(text.splitlines()[2])
    siblings = [base64.b64decode(line) for line in lines]

    def climb(at, width, value):
        """The root above entry `at` of `width`, taking siblings from the leaf up (RFC 6962, 2.1.1)."""
        if width == 1:
            return value
        split = 1 << (width - 1).bit_length() - 1
        if at < split:
            left = climb(at, split, value)
            return node_hash(left, siblings.pop(0))
        right = climb(at - split, width - split, value)
        return node_hash(siblings.pop(0), right)

    assert hashes[index] == leaf_hash(entry), "the proof's entry is another"
    assert climb(index, size, leaf_hash(entry)) == root and not siblings, "inclusion"


def main(directory, key, proof=None):
    directory = pathlib.Path(directory)
    name, text = open_note((directory / "checkpoint").read_text(encoding="utf-8"), key)
    origin, size, root = text.splitlines()[:3]
    assert origin == name, "origin"
    hashes = [leaf_hash(entry) for entry in entries(directory, int(size))]
    assert tree_hash(hashes) == base64.b64decode(root), "root"
    check_upper_tiles(directory, hashes)
    if proof:
        check_proof(pathlib.Path(proof).read_text(encoding="utf-8"), key, hashes)
    print(f"right: {size} entries of {origin}{' and the proof' if proof else ''}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except AssertionError as error:
        sys.exit(f"wrong: {error}")
