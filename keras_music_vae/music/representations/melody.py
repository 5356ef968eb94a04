"""Monophonic lines of sixteenths: one token a step, a pitch where a note begins.

MusicVAE calls them melodies. The rules are those of Magenta's `OneHotMelodyConverter` with
note-seq's `Melody.from_quantized_sequence`, for any number of tracks at once.
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

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

NO_EVENT, NOTE_OFF, FIRST_NOTE = 0, 1, 2


@dataclass(frozen=True)
class Melody:
    """Tokens (time,): 0 nothing new, 1 the note ends, 2 and up a note begins, lowest pitch first.

    A held note and a rest that goes on are both 0. Of notes that begin together the highest is
    kept; a note ends where the next begins.

    Attributes:
        profile: str. "magenta" has the pitches 21 to 108 and so 90 classes, as the released models;
            "workshop" all 128 and so 130, as the paper of 2017.
        first_program, last_program: int, MIDI programs of the parts to read; 0 and 31 are those of
            Magenta's two-bar melodies, 32 and 39 basses.
        skip_polyphony: bool. Leave a part at the first two notes that begin together, as the first
            release of Magenta did, instead of keeping the highest.
    """

    profile: str = "magenta"
    first_program: int = 0
    last_program: int = 127
    skip_polyphony: bool = False

    steps_per_quarter: ClassVar[int] = STEPS_PER_QUARTER
    dtype: ClassVar = np.dtype(np.uint8)
    _PITCHES: ClassVar = {"magenta": (21, 108), "workshop": (0, 127)}

    def __post_init__(self):
        if self.profile not in self._PITCHES:
            raise ValueError(
                f"Expected one of the profiles {', '.join(self._PITCHES)}, got {self.profile!r}."
            )
        programs = self.first_program, self.last_program
        if not all(isinstance(program, int) for program in programs) or not (
            0 <= self.first_program <= self.last_program <= 127
        ):
            raise ValueError(
                f"Expected programs with 0 <= first_program <= last_program <= 127, got {programs}."
            )

    @property
    def num_classes(self):
        """Int, the number of tokens: 90 or 130."""
        low, high = self._PITCHES[self.profile]
        return FIRST_NOTE + high - low + 1

    def window_shape(self, bars):
        """Tuple (time,), the shape of a window of so many bars."""
        return (bars * BAR,)

    def encode(self, score, length=None):
        """Writes the notes of a score as one line that begins with the score.

        Args:
            score: `midi.Score`; drums and other programs are left out. Steps follow the written
                beats, whatever the tempo.
            length: int, steps to return. None ends with the bar of the last note.

        Returns:
            uint8 array (time,).
        """
        quantized = on_beats(score, STEPS_PER_QUARTER)
        notes = monophonic(quantized, self.accepts(quantized.columns), by_track=False)
        end = int(notes.end.max(initial=0))
        tokens = np.zeros(pad_to_bar(end) if length is None else length, np.uint8)
        self.write(tokens, notes.start, notes.end, notes.pitch, len(tokens))
        return tokens

    def decode(self, tokens, *, program=None, velocity=80):
        """Makes notes of a line.

        Args:
            tokens: int array (time,).
            program: int, MIDI program of the notes; None is `first_program`.
            velocity: int.

        Returns:
            `midi.Score` with one tick per step. A note that does not end lasts to the end; the end
            of no note is ignored.

        Raises:
            ValueError: if the shape is another or a token is none of the classes.
        """
        tokens = check_tokens(tokens, (None,), self.num_classes)
        events = np.flatnonzero(tokens)
        ends = np.append(events[1:], len(tokens))
        is_note = tokens[events] >= FIRST_NOTE
        pitch = tokens[events[is_note]] - FIRST_NOTE + self._PITCHES[self.profile][0]
        program = self.first_program if program is None else program
        notes = midi.make_notes(
            pitch, events[is_note], ends[is_note], velocity=velocity, program=program
        )
        return midi.Score(notes, STEPS_PER_QUARTER)

    def windows(self, score, bars, *, unique=True):
        """Cuts every window out of every line of a score.

        A bar of rest ends a line, and the next begins with the bar of the next note. Windows begin
        at every bar of a line, and a note that began before its window is not in it.

        Args:
            score: `midi.Score`, or `Quantized` in sixteenths.
            bars: int, bars per window.
            unique: bool. Keep one of the equal windows of a span of equal tempo and metre.

        Returns:
            uint8 array (window, time), never empty.

        Raises:
            midi.MidiError: if there is no window; `reason` says why.
        """
        quantized = score if isinstance(score, Quantized) else quantize(score, STEPS_PER_QUARTER)
        accepted = self.accepts(quantized.columns)
        notes = monophonic(quantized, quantized.of_bars(accepted, BAR), gap=BAR)
        if self.skip_polyphony:
            notes = notes.before_chords()
        begin, length = self._lines(notes)
        tokens = np.zeros(int(length.sum()), np.uint8)
        shift = (begin - notes.line_start)[notes.line]
        limit = (begin + length)[notes.line]
        self.write(tokens, notes.start + shift, notes.end + shift, notes.pitch, limit)
        starts, line = windows.bar_starts(begin, length, bars * BAR, BAR)
        if not len(starts):
            polyphonic = self.skip_polyphony and accepted.any()
            raise no_windows(quantized, accepted, "no_melody", bars, polyphonic=polyphonic)
        found = windows.cut(tokens, starts, bars * BAR)
        _clear_leading_off(found)
        return found[windows.first_of_equal(found, notes.line_span[line])] if unique else found

    def accepts(self, notes):
        """Bool array (note,): the notes, an array or its columns, that this melody can hold."""
        low, high = self._PITCHES[self.profile]
        return (
            ~notes["is_drum"]
            & (notes["velocity"] > 0)
            & (notes["pitch"] >= low)
            & (notes["pitch"] <= high)
            & (notes["program"] >= self.first_program)
            & (notes["program"] <= self.last_program)
        )

    def write(self, tokens, start, end, pitch, limit):
        """Writes notes into tokens (time,), in place; what lies at `limit` or later is left out."""
        begins, ends = np.flatnonzero(start < limit), np.flatnonzero(end < limit)
        # A note that begins where another ends comes after it, and so overwrites its end.
        tokens[end[ends]] = NOTE_OFF
        tokens[start[begins]] = pitch[begins] + FIRST_NOTE - self._PITCHES[self.profile][0]

    @staticmethod
    def _lines(notes):
        """Returns begin and length (line,) of lines laid one behind the other, in whole bars."""
        length = pad_to_bar(notes.line_end - notes.line_start)
        length = np.minimum(length, MAX_BARS * BAR)
        return np.cumsum(length) - length, length


class Monophonic(NamedTuple):
    """Notes of which no two sound together in a line, in order of their lines.

    Fields:
        start, end: int arrays (note,), steps from the beginning of the span.
        pitch: uint8 array (note,).
        in_chord: bool array (note,), others began in the same step.
        line: int array (note,), the line that a note is in.
        line_start, line_end: int arrays (line,), from the bar line before the first note to the end
            of the last.
        line_span, line_track: int arrays (line,).
    """

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    in_chord: np.ndarray
    line: np.ndarray
    line_start: np.ndarray
    line_end: np.ndarray
    line_span: np.ndarray
    line_track: np.ndarray

    def before_chords(self):
        """Leaves out each line with a chord and those that follow it in its span and track."""
        part = self.line_span << 32 | self.line_track
        spoilt = np.zeros(len(part), bool)
        spoilt[self.line[self.in_chord]] = True
        # Lines of a part are neighbours, in order: count the chords since the part began.
        before = np.cumsum(spoilt)
        first = np.searchsorted(part, part)
        good = before == before[first] - spoilt[first]
        kept = good[self.line]
        renumbered = (np.cumsum(good) - 1)[self.line[kept]]
        return Monophonic(
            *(field[kept] for field in self[:4]), renumbered, *(field[good] for field in self[5:])
        )


def monophonic(quantized, chosen, *, gap=None, by_track=True):
    """Reduces notes to lines, one note at a time.

    Args:
        quantized: `Quantized`.
        chosen: bool array (note,), the notes to take.
        gap: int, steps of rest that end a line, or None for one line per span and track.
        by_track: bool, whether tracks have lines of their own.

    Returns:
        `Monophonic`.
    """
    notes = quantized.columns
    index = np.flatnonzero(chosen)
    start, pitch, part = notes["start"][index], notes["pitch"][index], quantized.span[index]
    tracks = 1
    if by_track:
        tracks = int(notes["track"].max(initial=0)) + 1
        part = part * tracks + notes["track"][index]
    # By part, then step, then highest first; equal ones stay in the order of their true starts.
    order = stable_order(part, start, 127 - pitch)
    begins = begins_run(start[order], part[order])
    first = np.flatnonzero(begins)
    in_chord = ~np.append(begins[1:], True)[first]
    order = order[first]
    start, end, part = start[order], notes["end"][index[order]], part[order]

    new_line = begins_run(part)
    if gap is not None:
        new_line[1:] |= start[1:] - end[:-1] >= gap
    follows = ~new_line[1:]
    end[:-1][follows] = np.minimum(end[:-1], start[1:])[follows]
    heads = np.flatnonzero(new_line)
    lasts = np.append(heads[1:], len(part)) - 1 if len(heads) else heads
    return Monophonic(
        start,
        end,
        pitch[order],
        in_chord,
        np.cumsum(new_line) - 1,
        start[heads] // BAR * BAR,
        end[lasts],
        part[heads] // tracks,
        part[heads] % tracks,
    )


def _clear_leading_off(found):
    """Removes the end of a note that began before the window, in place."""
    first = (found != NO_EVENT).argmax(axis=1)
    first += np.arange(0, found.size, found.shape[1])
    tokens = found.reshape(-1)
    tokens[first[tokens[first] == NOTE_OFF]] = NO_EVENT
