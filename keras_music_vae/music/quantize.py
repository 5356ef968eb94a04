"""Moves notes from the fine ticks of a file to a coarse grid of steps.

Two grids: `round_to_grid` counts ticks, so that steps follow the written beats through any tempo;
`quantize` counts seconds within spans of one tempo and one metre, as note-seq and Magenta do.
"""

import dataclasses
import functools

import numpy as np

from keras_music_vae.music import midi

Spans = np.dtype(
    [
        ("start_seconds", np.float64),
        ("tempo_qpm", np.float64),
        ("numerator", np.int64),
        ("denominator", np.int64),
        ("steps", np.int64),
    ]
)
"""Fields of an array of spans: when a span begins, its tempo and metre, and the step at which its
last note ends."""

_FIT = 0.1
_KEPT = tuple(name for name in midi.Notes.names if name not in ("start", "end"))


@dataclasses.dataclass(frozen=True, eq=False)
class Quantized:
    """Notes on a grid of steps, in spans of one tempo and one metre.

    Attributes:
        columns: dict of str to array (note,), the fields of `midi.Notes`, start and end in steps
            from the span's start, in the order of the score. Each lies in memory as a whole, and so
            is read several times as quickly as a field of `notes`.
        span: int array (note,), the span of each note.
        spans: array (span,) of dtype `Spans`.
        steps_per_quarter: int.
    """

    columns: dict[str, np.ndarray]
    span: np.ndarray
    spans: np.ndarray
    steps_per_quarter: int

    @functools.cached_property
    def notes(self):
        """The columns as one array (note,) of dtype `midi.Notes`."""
        notes = np.empty(len(self.span), midi.Notes)
        for name, column in self.columns.items():
            notes[name] = column
        return notes

    @property
    def steps_per_bar(self):
        """Float array (span,), steps in a bar; 16 for 4/4, 2/2 and 8/8 in sixteenths."""
        quarters = 4.0 * self.spans["numerator"] / self.spans["denominator"]
        return self.steps_per_quarter * quarters

    def in_bars_of(self, steps):
        """Bool array (span,): spans whose bars have this many steps."""
        return self.steps_per_bar == steps

    def of_bars(self, chosen, steps):
        """Leaves of chosen notes, bool array (note,), those in spans with bars of `steps`."""
        good = self.in_bars_of(steps)
        return chosen if good.all() else chosen & good[self.span]


def quantize(score, steps_per_quarter=4):
    """Splits a score where tempo or metre change, and rounds each span to steps of its own.

    A change that changes nothing does not split, nor does one after the last note. Every span
    begins on a bar line. A note belongs to the span it begins in and ends with it at the latest. A
    step is floor(seconds x steps per second + 0.5), and a note has at least one step. All this in
    the order of operations of pretty_midi and note-seq in float64, since notes halfway between two
    steps go where rounding errors take them (`split_note_sequence_on_time_changes` and
    `quantize_note_sequence` in note_seq/sequences_lib.py).

    Args:
        score: `midi.Score`.
        steps_per_quarter: int, 4 for sixteenths.

    Returns:
        `Quantized`.

    Raises:
        ValueError: if there is less than one step per quarter.
    """
    clock = _Clock(score)
    metres = score.time_signatures
    return quantize_seconds(
        score.notes,
        clock.seconds(score.notes["start"]),
        clock.seconds(score.notes["end"]),
        tempos=zip(clock.seconds(clock.start).tolist(), clock.tempo_qpm.tolist(), strict=True),
        time_signatures=zip(
            clock.seconds(metres["start"]).tolist(),
            zip(metres["numerator"].tolist(), metres["denominator"].tolist(), strict=True),
            strict=True,
        ),
        steps_per_quarter=steps_per_quarter,
    )


def quantize_seconds(notes, start, end, *, tempos, time_signatures, steps_per_quarter=4):
    """Does what `quantize` does, given times in seconds, as a `NoteSequence` has them.

    Args:
        notes: array (note,) of dtype `midi.Notes`, whose start and end are not looked at.
        start, end: float arrays (note,), seconds.
        tempos: iterable of (seconds, quarters per minute).
        time_signatures: iterable of (seconds, (numerator, denominator)).
        steps_per_quarter: int.

    Returns:
        `Quantized`.

    Raises:
        ValueError: if there is less than one step per quarter.
    """
    if steps_per_quarter < 1:
        raise ValueError(f"Expected at least 1 step per quarter note, got {steps_per_quarter}.")
    last = end.max(initial=0.0)
    spans = _split(tempos, time_signatures, last)
    per_second = steps_per_quarter * spans["tempo_qpm"] / 60.0
    if len(spans) > 1:
        # The last span ends with the last note.
        borders = np.append(spans["start_seconds"], last)
        span = np.searchsorted(borders[1:-1], start, side="right")
        begin, per_second = borders[span], per_second[span]
        start, end = start - begin, np.minimum(end, borders[span + 1]) - begin
    first = (start * per_second + 0.5).astype(np.int64)
    past = (end * per_second + 0.5).astype(np.int64)
    past += past == first
    if len(spans) > 1:
        np.maximum.at(spans["steps"], span, past)
    else:
        span = np.zeros(len(notes), np.int64)
        spans["steps"] = past.max(initial=0)
    columns = {name: np.ascontiguousarray(notes[name]) for name in _KEPT}
    return Quantized({"start": first, "end": past, **columns}, span, spans, steps_per_quarter)


def on_beats(score, steps_per_quarter=4):
    """Rounds to steps along the written beats: `quantize` with one tempo and in 4/4 throughout."""
    return quantize(
        dataclasses.replace(
            score, tempos=score.tempos[:0], time_signatures=score.time_signatures[:0]
        ),
        steps_per_quarter,
    )


def grid_fit(score, steps_per_quarter=4):
    """Returns the share of notes, 0 to 1, that begin within a tenth of a step of a written step.

    Far below 1 the music is swung, in triplets or played freely, and a grid distorts it.
    """
    position = score.notes["start"] * (steps_per_quarter / score.ticks_per_quarter)
    return float((np.abs(position - np.rint(position)) <= _FIT).mean())


class _Clock:
    """Turns ticks into seconds as pretty_midi does (`_load_tempo_changes`).

    Attributes:
        start: int array (tempo,), ticks from which a tempo holds, 0 first.
        tempo_qpm: float array (tempo,), as note-seq gets it from pretty_midi.
    """

    def __init__(self, score):
        # One tempo at the beginning, the last that is written there; from there on only changes.
        start, tempo = score.tempos["start"], score.tempos["tempo_qpm"]
        later = np.flatnonzero(start > 0)
        at_start = tempo[start == 0]
        initial = at_start[-1:] if len(at_start) else np.full(1, 120.0)
        seconds_per_tick = 60.0 / (initial * score.ticks_per_quarter)
        self.start, self._scale, self._base = np.zeros(1, np.int64), seconds_per_tick, np.zeros(1)
        if len(later):
            seconds_per_tick = 60.0 / (np.append(initial, tempo[later]) * score.ticks_per_quarter)
            changed = np.append(True, seconds_per_tick[1:] != seconds_per_tick[:-1])
            self.start = np.append(0, start[later])[changed]
            self._scale = seconds_per_tick[changed]
            seconds = self._scale[:-1] * np.diff(self.start)
            self._base = np.append(0.0, np.cumsum(seconds))
        self.tempo_qpm = 60.0 / (self._scale * score.ticks_per_quarter)

    def seconds(self, ticks):
        """Float array of the shape of `ticks`."""
        if len(self.start) == 1:
            return self._scale[0] * ticks.astype(np.float64)
        tempo = np.searchsorted(self.start, ticks, side="right") - 1
        return self._base[tempo] + self._scale[tempo] * (ticks - self.start[tempo])


def _split(tempos, time_signatures, last):
    """Returns the spans of a score whose last note ends at `last` seconds, `steps` still 0."""
    # At one time the metre comes first.
    changes = [(time, 0, metre) for time, metre in time_signatures]
    changes += [(time, 1, tempo) for time, tempo in tempos]
    changes.sort(key=lambda change: change[:2])
    current = [(4, 4), 120.0]
    spans = [(0.0, *current)]
    for time, kind, value in changes:
        if time >= last:
            break
        if time > spans[-1][0] and value != current[kind]:
            spans.append((time, *current))
        current[kind] = value
        if time == spans[-1][0]:
            spans[-1] = (time, *current)
    rows = [(time, tempo, *metre, 0) for time, metre, tempo in spans]
    return np.array(rows, Spans)


def round_to_grid(score, steps_per_quarter, *, min_steps=0):
    """Rounds the start and the end of every note to the nearest step.

    The grid is that of the ticks, so it follows the written beats through any change of tempo. A
    note sounds from round(start) until before round(end), halves up; one shorter than half a step
    may round to nothing and is left out. Boulanger-Lewandowski's rolls of Piano-midi.de follow
    this rule, as comparing them with the MIDI files shows (his rolls lack the first step).

    Args:
        score: `Score`.
        steps_per_quarter: int, 2 for eighths, 4 for sixteenths.
        min_steps: int, 1 keeps the notes that would round to nothing, with one step.

    Returns:
        `Score` with one tick per step. Tempo and metre changes move to the nearest step as well.

    Raises:
        ValueError: if there is less than one step per quarter.
    """

    def move(ticks):
        # In whole numbers, so that a half is exactly a half.
        return (2 * ticks * steps_per_quarter + score.ticks_per_quarter) // (
            2 * score.ticks_per_quarter
        )

    notes = score.notes.copy()
    notes["start"], notes["end"] = move(notes["start"]), move(notes["end"])
    notes["end"] = np.maximum(notes["end"], notes["start"] + min_steps)
    notes = notes[notes["end"] > notes["start"]]
    order = np.lexsort((notes["track"], notes["pitch"], notes["start"]))
    tempos, metres = score.tempos.copy(), score.time_signatures.copy()
    tempos["start"], metres["start"] = move(tempos["start"]), move(metres["start"])
    return dataclasses.replace(
        score,
        notes=notes[order],
        ticks_per_quarter=steps_per_quarter,
        tempos=tempos,
        time_signatures=metres,
    )
