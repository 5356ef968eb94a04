"""Sopranos by hand, and against what the authors' code reads of music21's corpus."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.music.representations import SpelledMelody

music21 = pytest.importorskip("music21")
pytest.importorskip("tensorflow_datasets")
music21_corpus = pytest.importorskip("tfds_builders.music21_corpus")
measures = pytest.importorskip("tfds_builders.bach_soprano_measures.measures")
sopranos = pytest.importorskip("tfds_builders.bach_soprano_measures.sopranos")


def read_named(piece):
    return sopranos.read_soprano(music21_corpus.find_files([piece])[piece])


@pytest.fixture
def read_made_up(monkeypatch):
    """Reads a score of parts, some of them in music21's tiny notation."""

    def read(*parts):
        score = music21.stream.Score(
            [
                music21.converter.parse(f"tinyNotation: {part}").makeMeasures()
                if isinstance(part, str)
                else part
                for part in parts
            ]
        )
        monkeypatch.setattr(music21_corpus, "parse", lambda path: score)
        return sopranos.read_soprano("made_up.mxl")

    return read


def test_notes_rests_and_ties_begin_where_they_are_written(read_made_up):
    read = read_made_up("4/4 c'#4 r8 e'-8 trip{f'8 g'8 a'8} g'4~ g'1", *["4/4 c1 c1"] * 3)
    assert read.names == ("C#5", "rest", "E-5", "F5", "G5", "A5", "G5", "G5")
    assert read.ticks == (0, 6, 9, 12, 14, 16, 18, 24)
    assert (read.end, read.has_repeats) == (Fraction(8), False)


def test_sixteenths_lie_on_ticks_and_finer_notes_do_not(read_made_up):
    others = ["4/4 c1"] * 3
    read = read_made_up("4/4 c'16 d' e' f' g'2.", *others)
    assert read.ticks == (0, 1, 3, 5, 6)
    assert read_made_up("4/4 c'32 d' c'16 d'8 g'2.", *others) is None


@pytest.mark.parametrize(("lengths", "upbeat"), [((1, 4, 4), 3), ((1, 3, 4), 0), ((4, 4), 0)])
def test_a_rest_is_put_before_an_upbeat(read_made_up, lengths, upbeat):
    """Not where the first measures make one together, as halves of one that is cut in two."""
    parts = []
    for _ in range(4):
        measures = [music21.stream.Measure(number=number) for number in range(len(lengths))]
        for measure, length in zip(measures, lengths, strict=True):
            measure.append(music21.note.Note("G4", quarterLength=length))
            measure.paddingLeft = 4.0 - length
        measures[0].insert(0, music21.meter.TimeSignature("4/4"))
        parts.append(music21.stream.Part(measures))
    read = read_made_up(*parts)
    starts = [upbeat + sum(lengths[:index]) for index in range(len(lengths))]
    rest = [("rest", 0)] if upbeat else []
    assert [*zip(read.names, read.ticks, strict=True)] == [
        *rest,
        *(("G4", 6 * start) for start in starts),
    ]
    assert read.end == upbeat + sum(lengths)


def test_the_last_measure_of_the_last_part_is_filled(read_made_up):
    parts = []
    for _ in range(4):
        part = music21.converter.parse("tinyNotation: 4/4 c'1 d'2.").makeMeasures()
        part.getElementsByClass("Measure").last().paddingRight = 1.0
        parts.append(part)
    read = read_made_up(*parts)
    assert read.ticks == (0, 24)
    assert read.end == 8


def test_other_numbers_of_parts_are_left_out(read_made_up):
    assert read_made_up(*["4/4 c'1"] * 3) is None
    assert read_made_up(*["4/4 c'1"] * 5) is None


def test_repeats_are_played(read_made_up):
    parts = []
    for pitches in ("c' d' e' f'", *["c d e f"] * 3):
        first, *rest = pitches.split()
        part = music21.converter.parse(f"tinyNotation: 2/4 {first}4 {' '.join(rest)}")
        part = part.makeMeasures()
        part.getElementsByClass("Measure")[0].rightBarline = music21.bar.Repeat("end")
        parts.append(part)
    read = read_made_up(*parts)
    assert read.names == ("C5", "D5", "C5", "D5", "E5", "F5")
    assert read.ticks == (0, 6, 12, 18, 24, 30)
    assert (read.end, read.has_repeats) == (Fraction(6), True)


# The golden file counts the windows of each of the 351 chorales in four parts, 0 where it has none.
SPECIAL = {
    "bach/bwv277": "contradictory repeats",
    "bach/bwv432": "between ticks",
    "bach/bwv48.3": "a last measure without its gap",
    "bach/bwv366": "the one with repeats that music21 5.5 lacks",
    "bach/bwv140.7": "2/2",
    "bach/bwv299": "grace notes",
}


@pytest.mark.parametrize("piece", SPECIAL)
def test_special_pieces_have_as_many_windows_as_the_authors(golden, piece):
    arrays = golden("ar_vae/bach_dataset")
    [index, *_] = np.flatnonzero([Path(name).stem == piece[5:] for name in arrays["piece_name"]])
    bars, with_repeats = (
        arrays[f"{prefix}piece_windows"][index] for prefix in ("", "repeats_only_")
    )
    read = read_named(piece)
    assert (read is None) == (bars == 0)
    if read:
        cut = measures.cut([read], SpelledMelody())
        shifts = np.arange(arrays["piece_shift_min"][index], arrays["piece_shift_max"][index] + 1)
        np.testing.assert_array_equal(cut.semitones, shifts.repeat(bars))
        np.testing.assert_array_equal(cut.bar, np.tile(np.arange(bars), len(shifts)))
        assert read.has_repeats == (with_repeats > 0)
