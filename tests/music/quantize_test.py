"""The grid against fractions, and against rolls that others made of the same MIDI files."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import round_to_grid
from keras_music_vae.music.representations import PianoRoll
from keras_music_vae.music.theory import transpose_roll

NOTES = st.lists(st.tuples(st.integers(0, 127), st.integers(0, 3000), st.integers(1, 999)))


@given(NOTES, st.sampled_from([96, 480, 89]), st.integers(1, 6))
def test_notes_round_half_up(rows, ticks_per_quarter, steps_per_quarter):
    def nearest(ticks):
        return math.floor(Fraction(ticks * steps_per_quarter, ticks_per_quarter) + Fraction(1, 2))

    pitch, start, length = np.array(rows, int).reshape(-1, 3).T
    score = midi.Score(midi.make_notes(pitch, start, start + length), ticks_per_quarter)
    rounded = round_to_grid(score, steps_per_quarter)
    expected = sorted(
        (nearest(start), pitch, nearest(start + length))
        for pitch, start, length in rows
        if nearest(start + length) > nearest(start)
    )
    assert sorted(rounded.notes[["start", "pitch", "end"]].tolist()) == expected
    assert rounded.notes[["start", "pitch"]].tolist() == [row[:2] for row in expected]
    assert rounded.ticks_per_quarter == steps_per_quarter
    twice = round_to_grid(rounded, steps_per_quarter)
    np.testing.assert_array_equal(twice.notes, rounded.notes)


def test_tempo_and_metre_move_along():
    score = midi.Score(
        midi.make_notes(60, 0, 480),
        480,
        np.array([(0, 100.0), (950, 80.0)], midi.Tempos),
        np.array([(0, 3, 4), (1440, 4, 4)], midi.TimeSignatures),
    )
    rounded = round_to_grid(score, 1)
    assert rounded.tempos.tolist() == [(0, 100.0), (2, 80.0)]
    assert rounded.time_signatures.tolist() == [(0, 3, 4), (3, 4, 4)]


def test_less_than_a_step_per_quarter_is_refused():
    with pytest.raises(ValueError, match="per quarter"):
        round_to_grid(midi.Score(midi.make_notes(60, 0, 1), 4), 0)


@pytest.mark.parametrize(
    ("split", "song", "file", "semitones"),
    [
        ("validdata", 0, "Albeniz/alb_esp5.mid", -3),
        ("validdata", 1, "Bach/bach_846.mid", 0),
        ("validdata", 7, "Mendelssohn/mendel_op53_5.mid", -9),
        ("validdata", 11, "Tchaikovsky/ty_juli.mid", -3),
        ("testdata", 13, "Granados/gra_esp_4.mid", 5),
    ],
)
def test_grid_is_the_one_of_published_rolls(shared, split, song, file, semitones):
    scipy_io = pytest.importorskip("scipy.io")
    data = shared / "data"
    path = data / "midi" / "piano_midi_de" / file
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    published = scipy_io.loadmat(data / "classifying_vae" / "Piano_midi.mat")[split][0, song]
    roll = PianoRoll(steps_per_quarter=2).encode(midi.read(path), length=len(published) + 1)
    np.testing.assert_array_equal(transpose_roll(roll[1:], semitones), published)
