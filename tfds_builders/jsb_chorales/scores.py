"""One score of music21 as piano rolls, read as the authors read theirs.

The paper calls the rolls "songs in their original keys". The authors put each chord of music21's
`chordify` into the row of the quarter note in which it begins.
"""

import contextlib
import math
from typing import NamedTuple

import numpy as np

from keras_music_vae.music import theory
from tfds_builders import music21_corpus


class Rolls(NamedTuple):
    """Two readings of a score, one step per quarter note.

    Fields:
        onsets: uint8 array (time, pitch). Whenever a voice begins or ends a note, all pitches that
            sound then are set in that step. Steps in which nothing begins or ends are silent.
        held: the same, with those silent steps filled by what is held through them.
    """

    onsets: np.ndarray
    held: np.ndarray


def read_score(path):
    """Parses a score, repeats played out, into `Rolls`.

    Raises:
        ValueError: if music21 cannot parse the file.
    """
    return _to_rolls(*read_notes(path))


def read_notes(path):
    """Parses a score and plays its repeats out.

    Returns:
        (notes, end): list of (start, end, MIDI pitches), and the score's end, in exact quarters.

    Raises:
        ValueError: if music21 cannot parse the file.
    """
    import music21

    score = music21_corpus.parse(path)
    contents = [
        [
            (start, start + note.quarterLength, [pitch.midi for pitch in note.pitches])
            for note in measure.recurse().notes
            for start in [note.getOffsetInHierarchy(measure)]
        ]
        for measure in music21_corpus.measures(score)
    ]
    # The repeat marks of bwv277 contradict each other; it is read as written.
    with contextlib.suppress(music21.repeat.ExpanderException):
        score = music21_corpus.expand_repeats(score)
    notes = [
        (measure_start + start, measure_start + end, pitches)
        for measure in music21_corpus.measures(score)
        for measure_start in [measure.getOffsetInHierarchy(score)]
        for start, end, pitches in contents[measure.number]
    ]
    return notes, score.highestTime


def _to_rolls(notes, end):
    """Gives the rows that `score.chordify()` would: chords change where a note begins or ends."""
    times = sorted({time for start, stop, _ in notes for time in (start, stop)})
    rank = {time: index for index, time in enumerate(times)}
    row = np.array([math.floor(time) for time in times], int)
    steps = max([math.ceil(end)] + [math.floor(start) + 1 for start, _, _ in notes])
    onsets, sounding = np.zeros((2, steps, 128), np.uint8)
    for start, stop, pitches in notes:
        # A grace note begins and ends at once, and belongs to the chord at its time.
        rows = row[rank[start] : max(rank[stop], rank[start] + 1)]
        onsets[np.ix_(rows, pitches)] = 1
        sounding[math.ceil(start) : math.ceil(stop), pitches] = 1
    held = np.where(onsets.any(axis=1, keepdims=True), onsets, sounding)
    return Rolls(onsets[:, theory.PITCHES], held[:, theory.PITCHES])
