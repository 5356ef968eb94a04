"""Chords: their classes, and which step is told which."""

import numpy as np
import pytest

from keras_music_vae.music.chords import CLASSES, chord_class, tell
from keras_music_vae.music.representations import Melody, Performance
from keras_music_vae.music.theory import PITCH_CLASSES

# Class by class as note-seq's `TriadChordOneHotEncoding.encode_event` gives them.
KNOWN = {
    "N.C.": 0, "C": 1, "C7": 1, "Cmaj7": 1, "CM7": 1, "C6": 1, "C6/9": 1, "Cadd9": 1, "C/E": 1,
    "Db": 2, "C#": 2, "B": 12, "Cb": 12, "Cm": 13, "Cm7": 13, "Cmin": 13, "C-7": 13, "F#m7": 19,
    "Bm": 24, "Caug": 25, "C+": 25, "C7#5": 25, "Eaug": 29, "Cdim": 37, "Co7": 37, "Cm7b5": 37,
    "Cm7(b5)": 37, "Bdim": 48, "Bbm/F": 23,
}  # fmt: skip


@pytest.mark.parametrize(("name", "number"), KNOWN.items(), ids=KNOWN)
def test_chords_have_the_classes_of_note_seq(name, number):
    assert chord_class(name) == number


def test_every_class_has_a_name():
    names = [f"{root}{triad}" for triad in ("", "m", "aug", "dim") for root in PITCH_CLASSES]
    assert [chord_class(name) for name in names] == list(range(1, CLASSES))


@pytest.mark.parametrize("name", ["", "c", "H", "Gsus4", "C5", "C7b5", "Caug#5", "C E", "Cfoo"])
def test_what_has_no_triad_is_told(name):
    with pytest.raises(ValueError, match=f"Received: {name!r}"):
        chord_class(name)


def test_chords_share_the_steps():
    told = tell(["C", "Am", "N.C."], Melody(), 7)
    assert (told.dtype, told.shape) == (np.float32, (7, 49))
    np.testing.assert_array_equal(told.argmax(axis=1), [1, 1, 1, 22, 22, 0, 0])
    np.testing.assert_array_equal(told.sum(axis=1), 1)


def test_in_performances_chords_change_with_bars_and_programs_have_none():
    told = tell(["C", "Am"], Performance(), 3 * 512).argmax(axis=1).reshape(3, 8, 64)
    np.testing.assert_array_equal(told[..., 0], 0)
    assert [set(bar[:, 1:].ravel()) for bar in told] == [{1}, {1}, {22}]


def test_more_chords_than_places_or_none_are_told():
    with pytest.raises(ValueError, match=r"1 to 2 chords, one for each step at most\. Received: 3"):
        tell(["C"] * 3, Melody(), 2)
    with pytest.raises(ValueError, match=r"one for each bar at most\. Received: 2"):
        tell(["C"] * 2, Performance(), 512)
    with pytest.raises(ValueError, match="Received: 0"):
        tell([], Melody(), 16)
