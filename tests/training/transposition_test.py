"""Transposed tokens against notes that are moved and encoded again."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from keras_music_vae.music.representations import Band, Drums, Melody, PianoRoll, Trio

tf = pytest.importorskip("tensorflow")

from keras_music_vae.training.transposition import transpose  # noqa: E402

STEPS = 32


def lines(values):
    return st_numpy.arrays(np.int64, STEPS, elements=st.sampled_from(values))


# Notes at the edges of the range, where transposing loses them, and what may stand between.
MELODY_LINES = lines([0, 0, 0, 1, 2, 3, 40, 88, 89])
BAND_LINES = lines([129, 129, 129, 128, 0, 1, 60, 126, 127])


def moved_notes(representation, tokens, semitones):
    """The oracle: decode, move the notes, leave out those that MIDI cannot hold, encode."""
    score = representation.decode(tokens)
    pitch = score.notes["pitch"].astype(int) + np.where(score.notes["is_drum"], 0, semitones)
    notes = score.notes[(pitch >= 0) & (pitch <= 127)].copy()
    notes["pitch"] = pitch[(pitch >= 0) & (pitch <= 127)]
    return representation.encode(dataclasses.replace(score, notes=notes), length=len(tokens))


def check(representation, tokens, semitones):
    tokens = representation.encode(representation.decode(tokens), length=STEPS)
    (found,) = transpose(tf.constant(tokens[None]), [semitones], representation).numpy()
    assert found.dtype == tokens.dtype
    np.testing.assert_array_equal(found, moved_notes(representation, tokens, semitones))


@settings(deadline=None, max_examples=60)
@given(MELODY_LINES, st.integers(-60, 60), st.sampled_from(["magenta", "workshop"]))
def test_melodies(line, semitones, profile):
    check(Melody(profile), line, semitones)


@settings(deadline=None, max_examples=60)
@given(st.tuples(MELODY_LINES, MELODY_LINES, lines(range(512))), st.integers(-60, 60))
def test_trios(parts, semitones):
    check(Trio(), np.stack(parts, axis=-1), semitones)


@settings(deadline=None, max_examples=60)
@given(st.tuples(*[BAND_LINES] * 4), st.integers(-60, 60))
def test_bands(parts, semitones):
    check(Band(), np.stack(parts, axis=-1), semitones)


def test_each_window_has_its_own_interval_and_drums_none():
    tokens = tf.constant([[10, 0, 1, 0], [10, 0, 1, 0]], tf.uint8)
    moved = transpose(tokens, [1, -2], Melody())
    assert moved.dtype == tf.uint8
    np.testing.assert_array_equal(moved, [[11, 0, 1, 0], [8, 0, 1, 0]])
    np.testing.assert_array_equal(transpose(tokens, [1, -2], Drums()), tokens)


def test_the_end_of_a_note_from_before_the_window_stays_in_a_trio():
    tokens = np.zeros((1, 4, 3), np.uint16)
    tokens[0, :, 0] = [0, 1, 50, 0]
    moved = transpose(tf.constant(tokens), [3], Trio()).numpy()
    np.testing.assert_array_equal(moved[0, :, 0], [0, 1, 53, 0])


def test_piano_rolls_are_refused():
    with pytest.raises(TypeError, match="transpose_roll"):
        transpose(tf.zeros((1, 4, 88), tf.int32), [1], PianoRoll())
