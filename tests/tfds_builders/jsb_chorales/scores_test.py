"""Scores into rolls: by hand, and against music21's own repeats and chords."""

from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.music import theory

music21 = pytest.importorskip("music21")
pytest.importorskip("tensorflow_datasets")
scores = pytest.importorskip("tfds_builders.jsb_chorales.scores")


def rows(roll):
    return [(np.flatnonzero(step) + theory.PITCHES[0]).tolist() for step in roll]


def write(folder, score):
    return Path(score.write("musicxml", folder / "score.musicxml"))


def test_every_onset_and_end_writes_the_whole_chord(tmp_path):
    score = music21.converter.parse("tinyNotation: 4/4 c2 e8 r8 g4~ g1")
    bass = music21.stream.Part()
    bass.repeatAppend(music21.note.Note("C3", quarterLength=3), 2)
    bass.append(music21.note.Rest(quarterLength=2))
    score = music21.stream.Score([score, bass])
    read = scores.read_score(write(tmp_path, score))
    c3, c4, e4, g4 = 48, 60, 64, 67
    # Step 1 and 5 hold, step 2 loses e4 half-way, g4 is tied into step 4, nothing begins in 7.
    onsets = [[c3, c4], [], [c3, e4], [c3, g4], [c3, g4], [], [g4], []]
    held = [[c3, c4], [c3, c4], [c3, e4], [c3, g4], [c3, g4], [c3, g4], [g4], [g4]]
    assert rows(read.onsets) == onsets
    assert rows(read.held) == held
    assert read.onsets.dtype == np.uint8


def test_repeats_are_played(tmp_path):
    part = music21.converter.parse("tinyNotation: 2/4 c4 d4 e4 f4").makeMeasures(inPlace=False)
    part.getElementsByClass("Measure")[0].rightBarline = music21.bar.Repeat("end")
    read = scores.read_score(write(tmp_path, music21.stream.Score([part])))
    assert rows(read.onsets) == [[60], [62], [60], [62], [64], [65]]


@pytest.mark.parametrize(
    ("name", "different"),
    [
        ("bach/bwv411", []),  # many sixteenths
        ("bach/bwv277", []),  # contradictory repeats
        ("bach/bwv8.6", []),  # first and second endings
        ("bach/bwv299", []),  # grace notes
        ("bach/bwv315", []),
        ("bach/bwv190.7", []),  # with instruments
        ("bach/bwv248.33-3", []),
        # Here chordify also begins a chord where no note does, inside a held one, twice.
        ("bach/bwv248.23-2", [20, 62]),
    ],
)
def test_rows_equal_those_of_chordify(name, different):
    path = music21.corpus.corpora.CoreCorpus().getWorkList(name)[0]
    score = music21.converter.parse(path, forceSource=True, storePickle=False)
    if name != "bach/bwv277":
        score = score.expandRepeats()
    read = scores.read_score(path).onsets
    expected = np.zeros((len(read), 128), np.uint8)
    chords = score.chordify()
    for chord in chords.recurse().notes:
        step = int(chord.getOffsetInHierarchy(chords))
        expected[step, [pitch.midi for pitch in chord.pitches]] = 1
    expected = expected[:, theory.PITCHES]
    assert np.flatnonzero((read != expected).any(axis=1)).tolist() == different
