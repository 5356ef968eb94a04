"""The grids against fractions, note-seq, and rolls that others made of the same MIDI files."""

import dataclasses
import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import (
    grid_fit,
    on_beats,
    quantize,
    quantize_seconds,
    round_to_grid,
)
from keras_music_vae.music.representations import PianoRoll
from keras_music_vae.music.theory import transpose_roll

NOTES = st.lists(st.tuples(st.integers(0, 127), st.integers(0, 3000), st.integers(1, 999)))


def make_score(rows, ticks_per_quarter, tempos=(), metres=()):
    pitch, start, length = np.array(rows, int).reshape(-1, 3).T
    return midi.Score(
        midi.make_notes(pitch, start, start + length),
        ticks_per_quarter,
        np.array(list(tempos), midi.Tempos),
        np.array(list(metres), midi.TimeSignatures),
    )


@given(NOTES, st.sampled_from([96, 480, 89]), st.integers(1, 6))
def test_notes_round_half_up(rows, ticks_per_quarter, steps_per_quarter):
    def nearest(ticks):
        return math.floor(Fraction(ticks * steps_per_quarter, ticks_per_quarter) + Fraction(1, 2))

    score = make_score(rows, ticks_per_quarter)
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
    kept = round_to_grid(score, steps_per_quarter, min_steps=1).notes
    assert sorted(kept[["start", "pitch", "end"]].tolist()) == sorted(
        (nearest(start), pitch, max(nearest(start + length), nearest(start) + 1))
        for pitch, start, length in rows
    )


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
    for grid in (round_to_grid, quantize):
        with pytest.raises(ValueError, match="per quarter"):
            grid(make_score([(60, 0, 1)], 4), 0)


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


# Changes that change nothing, come twice at one tick, or lie after the last note are among these.
TICKS = st.one_of(st.integers(0, 4000), st.sampled_from([0, 480, 960, 1440, 1920]))
TEMPOS = st.lists(st.tuples(TICKS, st.sampled_from([60.0, 97.0, 120.0, 133.3, 500.0])), max_size=4)
METRES = st.lists(
    st.tuples(TICKS, st.sampled_from([2, 3, 4, 8]), st.sampled_from([2, 4, 8])), max_size=4
)


@pytest.fixture(scope="module")
def note_seq():
    return pytest.importorskip("note_seq")


def assert_spans_are_pieces(score, data, note_seq, steps_per_quarter=4):
    """Compares `quantize` with what note-seq does to the same MIDI file; returns the spans."""
    quantized = quantize(score, steps_per_quarter)
    pieces = note_seq.sequences_lib.split_note_sequence_on_time_changes(
        note_seq.midi_to_note_sequence(data)
    )
    assert len(quantized.spans) == len(pieces)
    for number, piece in enumerate(pieces):
        piece = note_seq.sequences_lib.quantize_note_sequence(piece, steps_per_quarter)
        span, metre = quantized.spans[number], piece.time_signatures[0]
        assert span["tempo_qpm"] == piece.tempos[0].qpm
        assert (span["numerator"], span["denominator"]) == (metre.numerator, metre.denominator)
        assert span["steps"] == piece.total_quantized_steps
        notes = quantized.notes[quantized.span == number]
        assert sorted(notes[["pitch", "start", "end", "velocity", "is_drum"]].tolist()) == sorted(
            (n.pitch, n.quantized_start_step, n.quantized_end_step, n.velocity, n.is_drum)
            for n in piece.notes
        )
    return quantized.spans


@settings(deadline=None)
@given(NOTES.filter(bool), TEMPOS, METRES, st.sampled_from([1, 4, 24]))
def test_spans_are_the_pieces_of_note_seq(note_seq, rows, tempos, metres, steps_per_quarter):
    # A file has its events in the order of their ticks.
    data = midi.to_bytes(make_score(rows, 480, sorted(tempos), sorted(metres)))
    assert_spans_are_pieces(midi.read(data), data, note_seq, steps_per_quarter)


def test_spans_of_songs_are_the_pieces_of_note_seq(shared, note_seq):
    pretty_midi = pytest.importorskip("pretty_midi")
    files = sorted((shared / "data" / "midi" / "lmd_band").rglob("*.mid"))
    if not files:
        pytest.skip("There are no files in lmd_band")
    spans = 0
    for path in files[:: len(files) // 10]:
        # Which notes there are is the matter of `midi_test`; here both have those of pretty_midi.
        with warnings.catch_warnings(action="ignore"):
            pretty = pretty_midi.PrettyMIDI(str(path))
        rows = [
            (n.pitch, *map(pretty.time_to_tick, (n.start, n.end)), n.velocity, part.is_drum)
            for part in pretty.instruments
            for n in part.notes
        ]
        pitch, start, end, velocity, is_drum = np.array(rows, int).T
        notes = midi.make_notes(pitch, start, end, velocity=velocity, is_drum=is_drum)
        score = dataclasses.replace(midi.read(path), notes=notes)
        with warnings.catch_warnings(action="ignore"):
            spans += len(assert_spans_are_pieces(score, path.read_bytes(), note_seq))
    # Else the files would say nothing about where to split.
    assert spans > 20


def test_a_split_starts_anew_and_cuts_the_note_that_crosses_it():
    rows = [(60, 0, 100), (62, 90, 30), (64, 100, 40)]
    tempos, metres = [(0, 120.0), (100, 60.0), (120, 60.0)], [(0, 4, 4), (120, 3, 4)]
    quantized = quantize(make_score(rows, 40, tempos, metres), 4)
    assert quantized.span.tolist() == [0, 0, 1]
    assert quantized.notes[["start", "end"]].tolist() == [(0, 10), (9, 10), (0, 2)]
    assert quantized.spans["start_seconds"].tolist() == [0.0, 1.25, 1.75]
    assert quantized.spans["steps"].tolist() == [10, 2, 0]
    assert quantized.steps_per_bar.tolist() == [16, 16, 12]
    assert quantized.in_bars_of(16).tolist() == [True, True, False]


def test_only_what_changes_while_notes_are_to_come_splits():
    # The last tempo of those at the beginning holds, and the end of the last note is too late.
    tempos = [(0, 60.0), (0, 120.0), (20, 120.0), (40, 90.0)]
    quantized = quantize(make_score([(60, 0, 40)], 40, tempos, [(40, 3, 4)]), 4)
    assert quantized.spans[["tempo_qpm", "numerator", "steps"]].tolist() == [(120.0, 4, 4)]


@given(NOTES, TEMPOS, METRES)
def test_on_beats_knows_no_tempo_and_no_metre(rows, tempos, metres):
    quantized = on_beats(make_score(rows, 480, sorted(tempos), sorted(metres)))
    assert not quantized.span.any()
    assert quantized.spans[["tempo_qpm", "numerator", "denominator"]].tolist() == [(120.0, 4, 4)]
    # Halfway between two steps seconds may round to either, beats do not.
    whole = [row for row in rows if 2 * row[1] % 240 != 120 and 2 * (row[1] + row[2]) % 240 != 120]
    kept = round_to_grid(make_score(whole, 480), 4, min_steps=1).notes
    again = on_beats(make_score(whole, 480, sorted(tempos), sorted(metres))).notes
    np.testing.assert_array_equal(np.sort(again), np.sort(kept))


def test_seconds_and_ticks_give_the_same():
    score = make_score([(60, 0, 30), (62, 40, 80)], 40, [(0, 90.0), (60, 150.0)], [(0, 2, 2)])
    of_ticks = quantize(score)
    seconds = 60 / 90 / 40, 60 / 150 / 40
    of_seconds = quantize_seconds(
        score.notes,
        np.array([0, 40 * seconds[0]]),
        np.array([30 * seconds[0], 60 * seconds[0] + 60 * seconds[1]]),
        tempos=[(0.0, 90.0), (60 * seconds[0], 150.0)],
        time_signatures=[(0.0, (2, 2))],
    )
    np.testing.assert_array_equal(of_seconds.notes, of_ticks.notes)
    assert of_seconds.spans[["numerator", "steps"]].tolist() == [(2, 6), (2, 0)]


def test_grid_fit_is_the_share_of_notes_on_the_grid():
    # A sixteenth is 120 ticks, and a tenth of it 12.
    starts = [0, 120, 131, 109, 133, 107, 60, 240]
    score = midi.Score(midi.make_notes(60, np.array(starts), 2000), 480)
    assert grid_fit(score) == 5 / 8
    triplets = midi.Score(midi.make_notes(60, np.arange(12) * 160, 2000), 480)
    assert grid_fit(triplets) == 4 / 12
    assert grid_fit(triplets, steps_per_quarter=3) == 1
