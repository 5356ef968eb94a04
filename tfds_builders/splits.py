"""Splits that never change, whatever other songs there are."""

import hashlib

SPLITS = ("train", "validation", "test")
_FOLDERS = {
    "train": "train",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


def find_split(name, key, *, train, validation):
    """Assigns a song to a split.

    A folder called train, valid (or validation) or test decides, as in Boulanger-Lewandowski's
    archive. Elsewhere the SHA-256 of the key does.

    Args:
        name: str, path of the song's file.
        key: bytes, equal for what must stay together.
        train, validation: float, their shares; the rest is for the test.

    Returns:
        str, one of `SPLITS`.
    """
    for part in name.split("/")[:-1]:
        if part.lower() in _FOLDERS:
            return _FOLDERS[part.lower()]
    position = int.from_bytes(hashlib.sha256(key).digest()[:8], "big") / 2**64
    if position < train:
        return "train"
    return "validation" if position < train + validation else "test"
