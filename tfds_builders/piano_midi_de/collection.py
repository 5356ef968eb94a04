"""MIDI files of a folder, those in its archives included, as songs on a grid of sixteenths.

The paper calls the result Piano-midi.de in "all keys", "discretized to sixteenth notes".
"""

import functools
import hashlib
import os
import tarfile
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from keras_music_vae.music import midi, theory
from keras_music_vae.music.representations import PianoRoll
from tfds_builders.songs import Song

_MIDI = (".mid", ".midi")
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_ARCHIVES = (".zip", *_TAR)
_MAX_BYTES = 8 << 20
_MAX_STEPS = 100_000
_SPLIT_FOLDERS = {
    "train": "train",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


class MidiFile(NamedTuple):
    """A file of the collection, not yet parsed.

    Fields:
        name: str, path inside the folder or archive.
        split: str, "train", "validation" or "test".
        content: bytes of the file.
    """

    name: str
    split: str
    content: bytes


def collect(folder):
    """Reads every MIDI file below a folder once.

    Archives (.zip and .tar, plain or compressed) are read in memory: nothing is unpacked to disk,
    and the paths in them are only names.

    Args:
        folder: path.

    Returns:
        (files, left_out): list of `MidiFile` ordered by name, no two of equal content, and a
        `Counter` of the reasons for which others are not among them.

    Raises:
        FileNotFoundError: if there is no MIDI file.
    """
    left_out = Counter()
    contents = {}
    for name, content in sorted(_walk(Path(folder), left_out)):
        if content in contents:
            left_out["duplicate"] += 1
        else:
            contents[content] = name
    if not contents:
        unusable = f" (unusable: {dict(left_out)})" if left_out else ""
        raise FileNotFoundError(
            f"Expected MIDI files ({' '.join(_MIDI)}) in {folder}, its subfolders or archives in "
            f"them ({' '.join(_ARCHIVES)}), found none{unusable}. Give the folder that holds the "
            "files of piano-midi.de as --manual_dir."
        )
    files = [
        MidiFile(name, find_split(name, content), content) for content, name in contents.items()
    ]
    return files, left_out


def find_split(name, content):
    """Assigns a file to a split that never changes, whatever other files there are.

    A folder called train, valid (or validation) or test decides, as in Boulanger-Lewandowski's
    archive. Elsewhere the SHA-256 of the content does, with probabilities 0.7, 0.1 and 0.2.
    """
    for part in PurePosixPath(name).parts[:-1]:
        if part.lower() in _SPLIT_FOLDERS:
            return _SPLIT_FOLDERS[part.lower()]
    position = int.from_bytes(hashlib.sha256(content).digest()[:8], "big") / 2**64
    return "train" if position < 0.7 else "validation" if position < 0.8 else "test"


def read_song(file):
    """Parses a `MidiFile` into a `Song`, its key found by the Aarden-Essen profiles.

    Raises:
        midi.MidiError: if the file is no usable MIDI; `reason` says why.
    """
    score = midi.read(file.content)
    quarters = int(score.notes["end"].max()) / score.ticks_per_quarter
    encoder = PianoRoll(steps_per_quarter=4)
    if quarters * encoder.steps_per_quarter > _MAX_STEPS:
        raise midi.MidiError(
            "too_long", f"The file lasts {quarters:,.0f} quarter notes.", file.name
        )
    roll = encoder.encode(score)
    if not roll.any():
        raise midi.MidiError("no_notes", "The file has no notes on the piano.", file.name)
    return Song(os.path.splitext(file.name)[0], roll, theory.find_key(roll)[0])


def _walk(folder, left_out):
    """Yields (name, content) of every MIDI file, in no particular order."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            try:
                for name, open_file in _find_midi(path, path.relative_to(folder).as_posix()):
                    try:
                        with open_file() as file:
                            content = file.read(_MAX_BYTES + 1)
                    except Exception:
                        left_out["unreadable_file"] += 1
                        continue
                    if len(content) > _MAX_BYTES:
                        left_out["too_large"] += 1
                    else:
                        yield name, content
            # Archives break in many ways (zlib, lzma, encryption, offsets), none of which may stop
            # a build.
            except Exception:
                left_out["broken_archive"] += 1


def _find_midi(path, name):
    """Yields (name, function that opens it) of the MIDI file, or of those in the archive."""
    if not path.is_file():
        return
    if _is_midi(name):
        yield name, functools.partial(path.open, "rb")
    elif name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if _is_midi(member.filename):
                    yield member.filename, functools.partial(archive.open, member)
    elif name.lower().endswith(_TAR):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and _is_midi(member.name):
                    yield member.name, functools.partial(archive.extractfile, member)


def _is_midi(name):
    # macOS puts a hidden "._song.mid", which is no MIDI, beside each file of an archive.
    return name.lower().endswith(_MIDI) and not PurePosixPath(name).name.startswith(".")
