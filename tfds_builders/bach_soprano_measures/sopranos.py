"""The soprano of a chorale, read as AR-VAE's authors read it (data/dataloaders of their code)."""

import functools
from fractions import Fraction
from typing import NamedTuple

from keras_music_vae.music.representations.spelled_melody import (
    QUARTER,
    REST,
    STEPS,
    TICKS_PER_QUARTER,
)
from tfds_builders import music21_corpus

_PARTS = 4


class Soprano(NamedTuple):
    """Notes and rests of the highest part, repeats played out.

    Fields:
        names: tuple of str (event,), such as "C#5", or "rest". A note that is tied to the one
            before counts as new.
        ticks: tuple of int (event,), when each begins. Of several at once the last counts.
        end: Fraction, quarters until the last part of the score ends.
        has_repeats: bool, whether all parts have repeat marks that make sense.
    """

    names: tuple[str, ...]
    ticks: tuple[int, ...]
    end: Fraction
    has_repeats: bool


@functools.cache
def read_corpus():
    """Reads the chorales that Riemenschneider numbers from the installed music21.

    Returns:
        list of (piece, `Soprano`) in the order of the numbers, without those that `read_soprano`
        leaves out. A piece is a name in the corpus, such as "bach/bwv269"; some have two numbers.
    """
    import music21

    numbered = list(music21.corpus.chorales.Iterator(returnType="filename"))
    files = music21_corpus.find_files(numbered)
    paths = list(dict.fromkeys(files.values()))
    sopranos = dict(zip(paths, music21_corpus.read_scores(read_soprano, paths), strict=True))
    found = [(f"bach/{files[name].stem}", sopranos[files[name]]) for name in numbered]
    return [(piece, soprano) for piece, soprano in found if soprano]


def read_soprano(path):
    """Parses a score.

    A rest is put before an upbeat, unless the first two measures make one together, and moves all
    that follows. The last measure of the last part is filled in the same way.

    Returns:
        `Soprano`; None where there are not four parts, where repeats contradict each other, and
        where a note lies on none of the ticks.

    Raises:
        ValueError: if music21 cannot parse the file.
    """
    import music21

    score = music21_corpus.parse(path)
    if len(score.parts) != _PARTS:
        return None
    contents = [
        [(Fraction(event.offset), _name(event)) for event in measure.flatten().notesAndRests]
        for measure in score.parts[0].getElementsByClass("Measure")
    ]
    has_repeats = all(music21.repeat.Expander(part).isExpandable() for part in score.parts)
    try:
        score = music21_corpus.expand_repeats(score)
    except music21.repeat.ExpanderException:
        return None
    measures = music21_corpus.measures(score)
    # Fractions throughout: a third that is added to a float falls beside its tick.
    starts = [Fraction(measure.getOffsetInHierarchy(score)) for measure in measures]
    upbeat = _upbeat(*measures[:2])
    events = [(Fraction(0), REST)] if upbeat else []
    for start, measure in zip(starts, measures, strict=True):
        if measure.number < len(contents):  # That of another part has a later number.
            events += [(upbeat + start + offset, name) for offset, name in contents[measure.number]]
    ends = [
        start + Fraction(measure.highestTime)
        for start, measure in zip(starts, measures, strict=True)
    ]
    if measures[-1].barDurationProportion() != 1:
        # A rest of no length, which music21 is asked for where it knows of no gap, lasts a quarter.
        ends[-1] += Fraction(measures[-1].paddingRight or 1)
    try:
        ticks = tuple(_tick(time) for time, _ in events)
    except ValueError:
        return None
    names = tuple(name for _, name in events)
    return Soprano(names, ticks, upbeat + max(ends), has_repeats)


def _name(event):
    return REST if event.isRest else event.nameWithOctave


def _upbeat(first, second):
    """Quarters that the first measure lacks, 0 where it makes one with the second."""
    filled = first.barDurationProportion()
    if filled == 1 or filled + second.barDurationProportion() == 1:
        return Fraction(0)
    return Fraction(first.paddingLeft)


def _tick(time):
    quarter, within = divmod(time, 1)
    return quarter * TICKS_PER_QUARTER + STEPS.index(QUARTER * within)
