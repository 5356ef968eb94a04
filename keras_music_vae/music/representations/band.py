"""Bands: drums, bass, guitar or piano, and strings, each a line with hold and silence.

The rules are those of Valenti, Carta and Bacciu (2020) and of their code's preprocessing, but for
the reading of MIDI: their pypianoroll joins or drops repeated notes, where here each begins anew.
"""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keras_music_vae.music import midi, windows
from keras_music_vae.music.quantize import round_to_grid
from keras_music_vae.music.representations.grid import (
    BAR,
    MAX_BARS_TOGETHER,
    MAX_COMBINATIONS,
    MAX_WINDOWS,
    STEPS_PER_QUARTER,
    check_tokens,
    count_combinations,
    pad_to_bar,
)

SILENCE, HOLD = 128, 129

PARTS = "drums", "bass", "guitar", "strings"
_PROGRAMS = 0, 33, 25, 48

# Notes times steps of a song of music stay far below this; a damaged file's may not.
_MAX_CELLS = 20_000_000


@dataclass(frozen=True)
class Band:
    """Tokens (time, part): 0 to 127 a pitch begins, 128 silence begins, 129 all goes on as it is.

    The parts are drums, bass, guitar or piano, and strings, which are all other instruments. Of
    pitches that sound together the lowest is kept, in the drums too. Every guitar or piano
    (programs 0 to 31) is combined with every bass (32 to 39) and every drum track; other tracks are
    merged.

    Attributes:
        profile: str, the longest rest that a part of a window may have: "paper" one bar,
            "released_code" one step less.
    """

    profile: str = "paper"

    steps_per_quarter: ClassVar[int] = STEPS_PER_QUARTER
    dtype: ClassVar = np.dtype(np.uint8)
    num_classes: ClassVar[int] = 130
    hold: ClassVar[int] = HOLD
    _LONGEST_REST: ClassVar = {"paper": BAR, "released_code": BAR - 1}

    def __post_init__(self):
        if self.profile not in self._LONGEST_REST:
            raise ValueError(
                f"Expected one of the profiles {', '.join(self._LONGEST_REST)}, got "
                f"{self.profile!r}."
            )

    def window_shape(self, bars):
        """Tuple (time, part), the shape of a window of so many bars."""
        return bars * BAR, len(PARTS)

    def encode(self, score, length=None):
        """Writes the four parts of a score, each of all its tracks together.

        Args:
            score: `midi.Score`. Steps follow the written beats, whatever the tempo and the metre.
            length: int, steps to return. None ends with the bar of the last note.

        Returns:
            uint8 array (time, part).
        """
        notes = round_to_grid(score, STEPS_PER_QUARTER, min_steps=1).notes
        steps = int(pad_to_bar(notes["end"].max(initial=0))) if length is None else length
        part = part_of(notes)
        lines = [_line(notes[part == number], steps) for number in range(len(PARTS))]
        return np.stack([_first_explicit(*line) for line in lines], axis=-1)

    def decode(self, tokens, *, velocity=80):
        """Makes notes of a band.

        Args:
            tokens: int array (time, part). A hold in the first step is silence.
            velocity: int.

        Returns:
            `midi.Score` with one tick per step, and a named track for each part.

        Raises:
            ValueError: if the shape is another or a token is none of the classes.
        """
        tokens = check_tokens(tokens, (None, len(PARTS)), self.num_classes)
        scores = []
        for line, part, program in zip(tokens.T, PARTS, _PROGRAMS, strict=True):
            events = np.flatnonzero(line != HOLD)
            ends = np.append(events[1:], len(line))[: len(events)]
            is_note = line[events] < SILENCE
            notes = midi.make_notes(
                line[events][is_note],
                events[is_note],
                ends[is_note],
                velocity=velocity,
                program=program,
                is_drum=part == "drums",
            )
            scores.append(midi.Score(notes, STEPS_PER_QUARTER))
        return midi.join(scores, [part.capitalize() for part in PARTS])

    def windows(self, score, bars, *, unique=True):
        """Cuts every window in which no part rests for too long.

        Windows begin at every bar, and their first step says what sounds then. What lies beyond
        1024 bars is left out.

        Args:
            score: `midi.Score`.
            bars: int, bars per window.
            unique: bool. Keep one of the equal windows of a score.

        Returns:
            uint8 array (window, time, part), never empty.

        Raises:
            midi.MidiError: if there is no window, or more than 50,000, or more than 20,000
                combinations of parts; `reason` says why.
        """
        metres = score.time_signatures
        if ((metres["numerator"] != 4) | (metres["denominator"] != 4)).any():
            raise midi.MidiError("not_4_4")
        notes = round_to_grid(score, STEPS_PER_QUARTER, min_steps=1).notes
        steps = min(int(notes["end"].max(initial=0)) // BAR, MAX_BARS_TOGETHER) * BAR
        part = part_of(notes)
        if len(np.unique(part)) < len(PARTS):
            raise midi.MidiError("no_band")
        if steps < bars * BAR:
            raise midi.MidiError("too_short")
        # Strings are merged.
        combined = [part == number for number in range(len(PARTS) - 1)]
        if count_combinations(combined, notes["track"]) > MAX_COMBINATIONS:
            raise midi.MidiError("too_large")
        lines = [self._lines(notes[part == number], number, steps, bars) for number in range(4)]
        found, total = [], 0
        for band in itertools.product(*lines):
            starts = np.flatnonzero(np.logical_and.reduce([fits for _, _, fits in band])) * BAR
            total += len(starts)
            if total > MAX_WINDOWS:
                raise midi.MidiError("too_large")
            cut = windows.cut(np.stack([tokens for tokens, _, _ in band], -1), starts, bars * BAR)
            cut[:, 0] = np.stack([sounds[starts] for _, sounds, _ in band], -1)
            found.append(cut)
        if not total:
            raise midi.MidiError("too_sparse")
        found = np.concatenate(found)
        return found[windows.first_of_equal(found)] if unique else found

    def _lines(self, notes, part, steps, bars):
        """Lists (tokens, sounds, fits) of the lines of a part.

        Tokens and sounds are uint8 arrays (time,), see `_line`; fits is a bool array (window,).
        """
        # Strings are merged, so that the band has one line of them.
        track = np.zeros_like(notes["track"]) if PARTS[part] == "strings" else notes["track"]
        lines = []
        for number in np.unique(track):
            tokens, sounds = _line(notes[track == number], steps)
            # The length of the rest at each step, and where it is too long.
            step = np.arange(steps)
            last = np.maximum.accumulate(np.where(sounds < SILENCE, step, -1))
            longest = self._LONGEST_REST[self.profile]
            too_long = np.append(0, np.cumsum(step - last > longest))
            first = np.arange(0, steps - bars * BAR + 1, BAR)
            inside = np.minimum(first + longest, first + bars * BAR)
            lines.append((tokens, sounds, too_long[first + bars * BAR] == too_long[inside]))
        return lines


def sounding(tokens):
    """Says what sounds at each step of bands: holds are replaced by what they go on with.

    Args:
        tokens: int array (..., time, part).

    Returns:
        int array of the same shape and type: pitches, and `SILENCE`. A hold before anything began
        is silence.
    """
    tokens = np.asarray(tokens)
    step = np.arange(tokens.shape[-2])[:, None]
    last = np.maximum.accumulate(np.where(tokens == HOLD, -1, step), axis=-2)
    found = np.take_along_axis(tokens, np.maximum(last, 0), axis=-2)
    return np.where(last < 0, tokens.dtype.type(SILENCE), found)


def part_of(notes):
    """Int array (note,): the part that each note of a `Score` is of, an index of `PARTS`."""
    guitar, bass = notes["program"] < 32, (notes["program"] >= 32) & (notes["program"] < 40)
    return np.select([notes["is_drum"], bass, guitar], [0, 1, 2], default=3)


def _line(notes, steps):
    """Reduces notes to their lowest pitches.

    Returns:
        (tokens, sounds): uint8 arrays (time,), with and without holds.

    Raises:
        midi.MidiError: if the notes are too many and too long.
    """
    notes = notes[notes["start"] < steps]
    start = notes["start"]
    length = np.minimum(notes["end"], steps) - start
    if length.sum() > _MAX_CELLS:
        raise midi.MidiError("too_large")
    # One cell for each step of each note, highest first, so that the lowest is written last.
    order = np.argsort(-notes["pitch"].astype(int), kind="stable")
    start, length, pitch = start[order], length[order], notes["pitch"][order]
    cell = np.repeat(start - (np.cumsum(length) - length), length) + np.arange(length.sum())
    sounds = np.full(steps, SILENCE, np.uint8)
    sounds[cell] = np.repeat(pitch, length)
    goes_on = np.append(False, sounds[1:] == sounds[:-1])[:steps]
    goes_on[start[sounds[start] == pitch]] = False
    return np.where(goes_on, np.uint8(HOLD), sounds), sounds


def _first_explicit(tokens, sounds):
    tokens[:1] = sounds[:1]
    return tokens
