"""Measures of 24 ticks out of sopranos, in every transposition within the range."""

import functools
from typing import NamedTuple

import numpy as np

from keras_music_vae.music.representations.spelled_melody import (
    END,
    HIGHEST,
    HOLD,
    LOWEST,
    MEASURE,
    REST,
    START,
    TICKS_PER_QUARTER,
)
from tfds_builders.splits import SPLITS, find_split

_QUARTERS = 4


class Measures(NamedTuple):
    """Measures in the authors' order: by piece, then from the lowest transposition, then by bar.

    Fields:
        tokens: uint8 array (measure, tick).
        piece: int array (measure,), which of the sopranos.
        semitones: int array (measure,), how far it is transposed.
        bar: int array (measure,), 0 before the piece begins.
    """

    tokens: np.ndarray
    piece: np.ndarray
    semitones: np.ndarray
    bar: np.ndarray


def cut(sopranos, representation):
    """Cuts every transposition of sopranos into measures.

    Measures are four quarters long, whatever the metre. The first lies before the piece and is all
    `START`; the last is filled with `END`. Until the last part ends, the soprano's last note is
    held.

    Args:
        sopranos: sequence of `Soprano`.
        representation: `SpelledMelody`.

    Returns:
        `Measures`.

    Raises:
        ValueError: if a transposed name is none of the representation's.
    """
    token_of = {name: token for token, name in enumerate(representation.names)}
    parts = []
    for piece, soprano in enumerate(sopranos):
        bars = -(-(int(soprano.end) + _QUARTERS) // _QUARTERS)
        tokens = np.full(bars * MEASURE, token_of[END], representation.dtype)
        tokens[:MEASURE] = token_of[START]
        ticks = int(soprano.end * TICKS_PER_QUARTER)
        tokens[MEASURE : MEASURE + ticks] = token_of[HOLD]
        at = MEASURE + np.array(soprano.ticks)
        for semitones in _transpositions(soprano):
            names = [_transpose(name, semitones) for name in soprano.names]
            if unknown := sorted(set(names) - set(token_of)):
                raise ValueError(
                    f"Expected names among the {len(token_of)} of {representation}, received "
                    f"{', '.join(unknown)}. This corpus is not that of music21 10.5; install it."
                )
            tokens[at] = [token_of[name] for name in names]
            parts.append(
                (
                    tokens.reshape(bars, MEASURE).copy(),
                    np.full(bars, piece),
                    np.full(bars, semitones),
                    np.arange(bars),
                )
            )
    return Measures(*map(np.concatenate, zip(*parts, strict=True)))


def split(measures, pieces, *, by_order):
    """Splits measures 70 : 20 : 10.

    Args:
        measures: `Measures`.
        pieces: list of str, the name of each of the sopranos.
        by_order: bool. True cuts the measures at 70 and 90 %, as the authors do, so that pieces
            that are cut in two, or have two numbers, are on both sides. False splits by the SHA-256
            of a piece's name; versions of one, such as bwv18.5-l and bwv18.5-w, stay together.

    Returns:
        dict of each of `SPLITS` to an int array, its measures.
    """
    if by_order:
        count = len(measures.tokens)
        chosen = np.split(np.arange(count), [count * 7 // 10, count * 9 // 10])
    else:
        keys = [piece.partition("-")[0].encode() for piece in pieces]
        of_piece = [
            find_split(piece, key, train=0.7, validation=0.2)
            for piece, key in zip(pieces, keys, strict=True)
        ]
        of_measure = np.array(of_piece)[measures.piece]
        chosen = [np.flatnonzero(of_measure == name) for name in SPLITS]
    return dict(zip(SPLITS, chosen, strict=True))


def _transpositions(soprano):
    """Semitones, lowest first, that leave a soprano within `LOWEST` and `HIGHEST`."""
    import music21

    names = set(soprano.names) - {REST}
    pitches = [music21.pitch.Pitch(name).midi for name in names]
    return range(LOWEST - min(pitches), HIGHEST - max(pitches) + 1)


@functools.cache
def _transpose(name, semitones):
    """A name moved by the usual interval of so many semitones; six are a diminished fifth."""
    import music21

    if name == REST:
        return name
    interval = music21.interval.ChromaticInterval(semitones).getDiatonic()
    return interval.transposePitch(music21.pitch.Pitch(name)).nameWithOctave
