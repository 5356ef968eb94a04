"""Trios: a melody, a bass and drums together, sixteen bars at a time.

The rules are those of Magenta's `TrioConverter`.
"""

import itertools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keras_music_vae.music import midi, windows
from keras_music_vae.music.quantize import Quantized, quantize
from keras_music_vae.music.representations.drums import Drums
from keras_music_vae.music.representations.grid import (
    BAR,
    MAX_BARS_TOGETHER,
    MAX_COMBINATIONS,
    MAX_WINDOWS,
    STEPS_PER_QUARTER,
    check_tokens,
    count_combinations,
    no_windows,
)
from keras_music_vae.music.representations.melody import Melody, monophonic

# A part may rest for this many bars before and after it plays (`gap_bars`).
_REST_BARS = 2
_PARTS = "melody", "bass", "drums"
_SOUGHT = "a melody (programs 0 to 31)", "a bass (32 to 39)", "drums"


@dataclass(frozen=True)
class Trio:
    """Tokens (time, part): those of a `Melody`, of a bass in the same coding, and of `Drums`.

    Every melody (programs 0 to 31) is combined with every bass (32 to 39) and every drum track.

    Attributes:
        profile: str, the coding of melody and bass; see `Melody`.
        drum_map: str; see `Drums`.
        bass_program: int, MIDI program of decoded basses.
    """

    profile: str = "magenta"
    drum_map: str = "2019"
    bass_program: int = 33

    steps_per_quarter: ClassVar[int] = STEPS_PER_QUARTER
    dtype: ClassVar = np.dtype(np.uint16)

    def __post_init__(self):
        Melody(self.profile)  # Says what is wrong with a profile.
        if len(Drums(self.drum_map).bits(0)) > 16:
            raise ValueError(f"Expected a drum map of nine classes, got {self.drum_map!r}.")
        if not 32 <= self.bass_program <= 39:
            raise ValueError(f"Expected a bass, program 32 to 39, got {self.bass_program}.")

    @property
    def melody(self):
        """The `Melody` of the first part."""
        return Melody(self.profile, 0, 31)

    @property
    def bass(self):
        """The `Melody` of the second part."""
        return Melody(self.profile, 32, 39)

    @property
    def drums(self):
        """The `Drums` of the third part."""
        return Drums(self.drum_map)

    @property
    def num_classes(self):
        """Tuple of int, the number of tokens of each part, such as (90, 90, 512)."""
        return self.melody.num_classes, self.bass.num_classes, self.drums.num_classes

    def window_shape(self, bars):
        """Tuple (time, part), the shape of a window of so many bars."""
        return bars * BAR, len(_PARTS)

    def encode(self, score, length=None):
        """Writes a score's melody, bass and drums, each of all its tracks together.

        Args:
            score: `midi.Score`. Steps follow the written beats, whatever the tempo.
            length: int, steps to return. None ends with the last bar.

        Returns:
            uint16 array (time, part).
        """
        parts = self.melody, self.bass, self.drums
        if length is None:
            # All parts to the end of the last: a note that ends before it has its end written.
            length = max(len(part.encode(score)) for part in parts)
        tokens = [part.encode(score, length) for part in parts]
        return np.stack(tokens, axis=-1).astype(self.dtype)

    def decode(self, tokens, *, velocity=80):
        """Makes notes of a trio.

        Args:
            tokens: int array (time, part).
            velocity: int.

        Returns:
            `midi.Score` with one tick per step, and a named track for each part.

        Raises:
            ValueError: if the shape is another or a token is none of the classes.
        """
        tokens = check_tokens(tokens, (None, 3), self.num_classes)
        parts = (
            self.melody.decode(tokens[:, 0], velocity=velocity),
            self.bass.decode(tokens[:, 1], velocity=velocity, program=self.bass_program),
            self.drums.decode(tokens[:, 2], velocity=velocity),
        )
        return midi.join(parts, [part.capitalize() for part in _PARTS])

    def windows(self, score, bars, *, unique=True):
        """Cuts every window in which a melody, a bass and drums play together.

        A part plays in the bars that a note of its touches, and in two bars before and after. Lines
        begin with their span and have no gaps. What lies beyond 1024 bars of a span is left out.

        Args:
            score: `midi.Score`, or `Quantized` in sixteenths.
            bars: int, bars per window.
            unique: bool. Keep one of the equal windows of a score; Magenta keeps all.

        Returns:
            uint16 array (window, time, part), never empty.

        Raises:
            midi.MidiError: if there is no window, or more than 50,000, or more than 20,000
                combinations of parts; `reason` says why.
        """
        quantized = score if isinstance(score, Quantized) else quantize(score, STEPS_PER_QUARTER)
        notes = quantized.columns
        accepted = [part.accepts(notes) for part in (self.melody, self.bass, self.drums)]
        if not all(part.any() for part in accepted):
            lacking = [name for name, part in zip(_SOUGHT, accepted, strict=True) if not part.any()]
            raise midi.MidiError("no_trio", f"The file lacks {' and '.join(lacking)}.")
        good = quantized.in_bars_of(BAR) & (quantized.spans["steps"] > (bars - 1) * BAR)
        found, total, combinations = [], 0, 0
        for span in np.flatnonzero(good):
            chosen = [part & (quantized.span == span) for part in accepted]
            combinations += count_combinations(chosen, notes["track"])
            if combinations > MAX_COMBINATIONS:
                raise midi.MidiError("too_large")
            lines = [
                self._lines(quantized, part, own, span)
                for part, own in zip((self.melody, self.bass, self.drums), chosen, strict=True)
            ]
            for trio in itertools.product(*lines):
                starts = _starts([played for _, played in trio], bars)
                if not len(starts):
                    continue
                total += len(starts)
                if total > MAX_WINDOWS:
                    raise midi.MidiError("too_large")
                tokens = np.stack([line for line, _ in trio], axis=-1)
                found.append(windows.cut(tokens, starts * BAR, bars * BAR))
        if not found:
            raise self._why_none(quantized, accepted, good, bars)
        found = np.concatenate(found)
        return found[windows.first_of_equal(found)] if unique else found

    def _lines(self, quantized, part, chosen, span):
        """Lists (tokens, played) of each track with notes: uint16 (time,), bool (bar,)."""
        total = min(-(-int(quantized.spans["steps"][span]) // BAR), MAX_BARS_TOGETHER)
        lines = []
        in_span = quantized.span == span
        for track in np.unique(quantized.columns["track"][chosen]):
            own = in_span & (quantized.columns["track"] == track)
            tokens = np.zeros(total * BAR, np.uint16)
            if isinstance(part, Melody):
                line = monophonic(quantized, chosen & own)
                part.write(tokens, line.start, line.end, line.pitch, len(tokens))
            else:
                step, code = part.hits(quantized.columns, chosen & own)
                tokens[step[step < len(tokens)]] = code[step < len(tokens)]
            lines.append((tokens, _played(quantized.notes[own], total)))
        return lines

    def _why_none(self, quantized, accepted, good, bars):
        if good.any():
            return midi.MidiError("too_sparse")
        return no_windows(quantized, np.logical_or.reduce(accepted), "no_trio", bars)


def _played(notes, total):
    """Bool array (bar,): bars that a note touches, and those near them."""
    first, past = notes["start"] // BAR, -(-notes["end"] // BAR)
    edges = np.zeros(total + 1, np.int64)
    np.add.at(edges, np.clip(first - _REST_BARS, 0, total), 1)
    np.add.at(edges, np.clip(past + _REST_BARS, 0, total), -1)
    return np.cumsum(edges[:-1]) > 0


def _starts(played, bars):
    """Returns the bars at which windows begin that all parts play in."""
    played = np.array(played)
    together = played.all(axis=0)
    # The first and the last bars count if any part plays in any of them.
    together[:_REST_BARS] |= played[:, :_REST_BARS].any()
    together[-_REST_BARS:] |= played[:, -_REST_BARS:].any()
    so_far = np.append(0, np.cumsum(together))
    return np.flatnonzero(so_far[bars:] - so_far[:-bars] == bars)
