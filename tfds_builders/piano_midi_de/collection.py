"""MIDI files of a folder, those in its archives included, as songs on a grid of sixteenths.

The paper calls the result Piano-midi.de in "all keys", "discretized to sixteenth notes".
"""

import os
from collections import Counter
from typing import NamedTuple

from keras_music_vae.music import midi, theory
from keras_music_vae.music.representations import PianoRoll
from tfds_builders import midi_files, splits
from tfds_builders.songs import Song

_MAX_STEPS = 100_000


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
    """Reads every MIDI file below a folder once, those in archives too.

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
    found = (
        (name, content)
        for source in midi_files.find(folder)
        for _, name, content in midi_files.read(source, left_out)
    )
    for name, content in sorted(found):
        if content in contents:
            left_out["duplicate"] += 1
        else:
            contents[content] = name
    if not contents:
        raise midi_files.none_found(folder, left_out)
    files = [
        MidiFile(name, splits.find_split(name, content, train=0.7, validation=0.1), content)
        for content, name in contents.items()
    ]
    return files, left_out


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
