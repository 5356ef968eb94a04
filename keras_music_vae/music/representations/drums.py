"""Drum patterns of sixteenths: one code a step, a bit for each class of drum that is hit.

The rules are those of Magenta's `DrumsConverter` with note-seq's
`DrumTrack.from_quantized_sequence`.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keras_music_vae.music import midi, windows
from keras_music_vae.music.quantize import Quantized, on_beats, quantize
from keras_music_vae.music.representations.grid import (
    BAR,
    MAX_BARS,
    STEPS_PER_QUARTER,
    check_tokens,
    no_windows,
    pad_to_bar,
)
from keras_music_vae.music.sorting import begins_run, stable_order

# Pitches of each class, the one that stands for it first. note-seq since 24 April 2019.
_MAP_2019 = (
    (36, 35),
    (38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),
    (42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22),
    (46, 67, 72, 74, 79, 81, 26),
    (45, 29, 41, 43, 61, 64, 84),
    (48, 47, 60, 63, 77, 86, 87),
    (50, 30, 62, 76, 83),
    (49, 52, 55, 57, 58),
    (51, 53, 59, 82),
)
# Before, and so in the papers and most released models of drums.
_MAP_2017 = (
    _MAP_2019[0],
    _MAP_2019[1],
    (42, 44, 54, 68, 69, 70, 71, 73, 78, 80),
    (46, 67, 72, 74, 79, 81),
    (45, 29, 41, 61, 64, 84),
    _MAP_2019[5],
    (50, 30, 43, 62, 76, 83),
    (49, 55, 57, 58),
    (51, 52, 53, 59, 82),
)
# The pitches of Roland's electronic drums, by which Magenta trains GrooVAE.
_MAP_ROLAND = (
    (36,), (38, 37, 40), (42, 22, 44), (46, 26), (43, 58), (47, 45), (50, 48), (49, 52, 55, 57),
    (51, 53, 59),
)  # fmt: skip
MAPS = {
    "2019": _MAP_2019,
    "2017": _MAP_2017,
    "roland": _MAP_ROLAND,
    # One class for each of the 61 pitches, in the order of Magenta's NADE models.
    "pitches": tuple((pitch,) for pitches in _MAP_2017 for pitch in pitches),
}
"""The drum maps: for each, the MIDI pitches of every class."""

CLASS_NAMES = (
    "kick", "snare", "closed hi-hat", "open hi-hat", "low tom", "mid tom", "high tom", "crash",
    "ride",
)  # fmt: skip
"""Names of the nine classes of all maps but the last."""


@dataclass(frozen=True)
class Drums:
    """Codes (time,): the sum of 2^class over the classes hit in a step, 0 for none.

    How hard and how long a drum is hit is not kept, nor are pitches that the map does not know.

    Attributes:
        drum_map: str. "2019" and "2017" have nine classes (`CLASS_NAMES`) and so 512 codes; they
            differ in pitches 22, 26, 43 and 52. So has "roland", which knows the 22 pitches of an
            electronic kit, of which 45 and 48 are toms of other classes. "pitches" has a class for
            each of 61 pitches.
    """

    drum_map: str = "2019"

    steps_per_quarter: ClassVar[int] = STEPS_PER_QUARTER

    def __post_init__(self):
        if self.drum_map not in MAPS:
            raise ValueError(
                f"Expected one of the drum maps {', '.join(MAPS)}, got {self.drum_map!r}."
            )

    @property
    def num_drums(self):
        """Int, the number of classes of drums: 9 or 61."""
        return len(MAPS[self.drum_map])

    @property
    def num_classes(self):
        """Int, the number of codes: 512, or 2^61."""
        return 1 << self.num_drums

    @property
    def dtype(self):
        """The NumPy type of the codes."""
        return np.dtype(np.uint16 if self.num_drums <= 16 else np.uint64)

    def window_shape(self, bars):
        """Tuple (time,), the shape of a window of so many bars."""
        return (bars * BAR,)

    def encode(self, score, length=None):
        """Writes the drums of a score from its beginning.

        Args:
            score: `midi.Score`. Steps follow the written beats, whatever the tempo.
            length: int, steps to return. None ends with the bar of the last hit.

        Returns:
            array (time,) of `dtype`.
        """
        notes = on_beats(score, STEPS_PER_QUARTER).columns
        step, code = self.hits(notes, self.accepts(notes))
        if length is None:
            length = int(pad_to_bar(step.max(initial=-1) + 1))
        tokens = np.zeros(length, self.dtype)
        inside = step < len(tokens)
        tokens[step[inside]] = code[inside]
        return tokens

    def decode(self, tokens, *, velocity=80):
        """Makes hits of codes, each one step long, on the pitch that stands for its class.

        Args:
            tokens: int array (time,).
            velocity: int.

        Returns:
            `midi.Score` with one tick per step.

        Raises:
            ValueError: if the shape is another or a token is no code.
        """
        tokens = check_tokens(tokens, (None,), self.num_classes)
        step, hit = np.nonzero(self.bits(tokens))
        pitch = np.array([pitches[0] for pitches in MAPS[self.drum_map]])[hit]
        notes = midi.make_notes(pitch, step, step + 1, velocity=velocity, is_drum=True)
        return midi.Score(notes, STEPS_PER_QUARTER)

    def bits(self, tokens):
        """Unpacks codes (...,) to a bool array (..., class)."""
        tokens = np.asarray(tokens, self.dtype)[..., None]
        return (tokens >> np.arange(self.num_drums, dtype=self.dtype)) & self.dtype.type(1) > 0

    def windows(self, score, bars, *, unique=True):
        """Cuts every window out of the drums of a score, all its drum tracks taken together.

        A bar without a hit ends a pattern, and the next begins with the bar of the next hit.
        Windows begin at every bar of a pattern.

        Args:
            score: `midi.Score`, or `Quantized` in sixteenths.
            bars: int, bars per window.
            unique: bool. Keep one of the equal windows of a span of equal tempo and metre.

        Returns:
            array (window, time) of `dtype`, never empty.

        Raises:
            midi.MidiError: if there is no window; `reason` says why.
        """
        quantized = score if isinstance(score, Quantized) else quantize(score, STEPS_PER_QUARTER)
        accepted = self.accepts(quantized.columns)
        chosen = quantized.of_bars(accepted, BAR)
        step, code = self.hits(quantized.columns, chosen, quantized.span)
        span, step = step >> 32, step & 0xFFFFFFFF

        new_line = begins_run(span)
        new_line[1:] |= step[1:] - step[:-1] > BAR
        heads = np.flatnonzero(new_line)
        lasts = np.append(heads[1:], len(step))[: len(heads)] - 1
        line_start = step[heads] // BAR * BAR
        length = np.minimum(pad_to_bar(step[lasts] + 1 - line_start), MAX_BARS * BAR)
        begin = np.cumsum(length) - length
        line = np.cumsum(new_line) - 1
        step = step - line_start[line]
        inside = step < length[line]
        tokens = np.zeros(int(length.sum()), self.dtype)
        tokens[(begin[line] + step)[inside]] = code[inside]

        starts, line = windows.bar_starts(begin, length, bars * BAR, BAR)
        if not len(starts):
            raise no_windows(quantized, accepted, "no_drums", bars)
        found = windows.cut(tokens, starts, bars * BAR)
        return found[windows.first_of_equal(found, span[heads][line])] if unique else found

    def accepts(self, notes):
        """Bool array (note,): the notes, an array or its columns, that are drums of the map."""
        return notes["is_drum"] & (self._table > 0).take(notes["pitch"])

    def hits(self, notes, chosen, group=None):
        """Joins what is hit in the same step.

        Args:
            notes: array (note,) of dtype `midi.Notes`, in steps, or its columns.
            chosen: bool array (note,), of notes that the map knows.
            group: int array (note,) or None: hits of different groups are kept apart.

        Returns:
            (step, code): int array (hit,), ascending, and array of `dtype`. With groups, `step` is
            group << 32 | step.
        """
        index = np.flatnonzero(chosen)
        step, code = notes["start"].take(index), self._table.take(notes["pitch"].take(index))
        if group is not None and group.any():
            step |= group.take(index) << 32
        # Steps descend only where the parts of a score do not begin together.
        if (step[1:] < step[:-1]).any():
            order = stable_order(step)
            step, code = step[order], code[order]
        first = np.flatnonzero(begins_run(step))
        if not len(first):
            return step, code
        return step[first], np.bitwise_or.reduceat(code, first)

    @property
    def _table(self):
        return _TABLES[self.drum_map]


def _table(pitches_of_classes):
    """Returns the code of each pitch, an array (256,): MIDI's, and what a damaged file may have."""
    table = np.zeros(256, np.uint16 if len(pitches_of_classes) <= 16 else np.uint64)
    for drum, pitches in enumerate(pitches_of_classes):
        table[list(pitches)] = 1 << drum
    return table


_TABLES = {name: _table(pitches) for name, pitches in MAPS.items()}
