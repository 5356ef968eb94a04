"""Piano rolls: decoding and encoding again changes nothing."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from keras_music_vae.music import midi
from keras_music_vae.music.representations import PianoRoll

ROLLS = st_numpy.arrays(
    np.uint8, st.tuples(st.integers(0, 12), st.just(88)), elements=st.integers(0, 1)
)


@given(ROLLS, st.sampled_from([1, 2, 4, 12]), st.booleans())
def test_decode_then_encode_is_the_identity(roll, steps_per_quarter, join):
    representation = PianoRoll(steps_per_quarter, join_repeats=join)
    score = representation.decode(roll)
    again = representation.encode(score, length=len(roll))
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, roll)
    sounding = np.flatnonzero(roll.any(axis=1))
    last = sounding[-1] + 1 if sounding.size else 0
    np.testing.assert_array_equal(representation.encode(score), roll[:last])


@given(ROLLS.filter(np.any), st.sampled_from([1, 4]))
def test_identity_holds_through_a_file(roll, steps_per_quarter):
    representation = PianoRoll(steps_per_quarter)
    score = midi.read(midi.to_bytes(representation.decode(roll)))
    np.testing.assert_array_equal(representation.encode(score, length=len(roll)), roll)


@given(ROLLS)
def test_repeats_are_joined_or_not(roll):
    joined = PianoRoll(join_repeats=True).decode(roll).notes
    single = PianoRoll(join_repeats=False).decode(roll).notes
    assert (single["end"] - single["start"] == 1).all()
    assert len(single) == roll.sum() == (joined["end"] - joined["start"]).sum()
    onsets = (np.diff(roll, axis=0, prepend=np.zeros((1, 88), np.int8)) == 1).sum()
    assert len(joined) == onsets


def test_notes_of_a_small_roll():
    roll = np.zeros((4, 88), np.uint8)
    roll[[0, 1, 3], 0] = 1
    roll[1, 87] = 1
    notes = PianoRoll(4, program=19).decode(roll).notes
    assert notes[["pitch", "start", "end", "program"]].tolist() == [
        (21, 0, 2, 19),
        (108, 1, 2, 19),
        (21, 3, 4, 19),
    ]


def test_encode_leaves_out_drums_and_what_a_piano_lacks():
    notes = midi.make_notes([20, 21, 109, 60], 0, 1, is_drum=[False, False, False, True])
    roll = PianoRoll().encode(midi.Score(notes, 1))
    assert np.argwhere(roll).tolist() == [[0, 0]]


def test_encode_cuts_and_fills_to_length():
    score = midi.Score(midi.make_notes([60, 62], [0, 2], [2, 4]), 1)
    assert PianoRoll().encode(score).sum(axis=1).tolist() == [1, 1, 1, 1]
    assert PianoRoll().encode(score, length=3).sum(axis=1).tolist() == [1, 1, 1]
    assert PianoRoll().encode(score, length=6).sum(axis=1).tolist() == [1, 1, 1, 1, 0, 0]


def test_overlapping_notes_sound_once():
    score = midi.Score(midi.make_notes([60, 60], [0, 1], [3, 2], track=[0, 1]), 1)
    assert PianoRoll().encode(score)[:, 39].tolist() == [1, 1, 1]


def test_only_one_roll_of_bits_is_decoded():
    for wrong in (np.zeros((2, 4, 88)), np.zeros((4, 87)), np.full((4, 88), 0.3)):
        with pytest.raises(ValueError, match="of 0 and 1"):
            PianoRoll().decode(wrong)
    with pytest.raises(ValueError, match="at least one tick or step"):
        PianoRoll(steps_per_quarter=0).decode(np.zeros((4, 88)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        PianoRoll().program = 3
