"""Monophonic lines of spelled notes on six unequal ticks a beat, for sixteenths and for triplets.

AR-VAE calls 24 ticks of it a measure. The tokens are those of its authors' data: names such as C#5
and D-5, which are one pitch, are two tokens.
"""

import functools
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from keras_music_vae.music import midi, theory, windows
from keras_music_vae.music.attributes import NO_ONSET
from keras_music_vae.music.representations.grid import check_tokens
from keras_music_vae.music.sorting import begins_run, stable_order

HOLD, REST, START, END = "__", "rest", "START", "END"
TICKS_PER_QUARTER = 6
MEASURE = 24
QUARTER = 12
"""Steps of a quarter note, so many that every tick lies on one."""
STEPS = (0, 3, 4, 6, 8, 9)
"""The steps on which the ticks of a quarter note lie."""
LOWEST, HIGHEST = 55, 84

# Halfway between a tick and the next, in 24ths of a quarter.
_BORDERS = np.array([3, 7, 10, 14, 17, 21])

# All names that the corpus has after transposition, by octave.
_OCTAVES = {
    3: "F## G G# G## A- A A# A## B-- B- B B#",
    4: "C- C C# C## D- D D# D## E-- E- E E# F- F F# F## G- G G# G## A-- A- A A# A## B-- B- B B#",
    5: "C- C C# C## D-- D- D D# D## E-- E- E E# F- F F# F## G- G G# G## A-- A- A A# B-- B- B B#",
    6: "C- C D--",
}
_NAMES = {name + str(octave) for octave, names in _OCTAVES.items() for name in names.split()}
_RARE = {"A##3", "A##4", "B#5", "D##5", "D--5", "G##5"}
_SYMBOLS = {HOLD, REST, START, END}
_VOCABULARIES = {
    "music21_10": tuple(sorted(_NAMES | _SYMBOLS)),
    "published": tuple(sorted(_NAMES - _RARE | _SYMBOLS)),
}


@dataclass(frozen=True)
class SpelledMelody:
    """Tokens (time,): a name where a note or a rest begins, a hold where it goes on.

    The ticks of a quarter note lie at 0, 1/4, 1/3, 1/2, 2/3 and 3/4 of it. Names are those of
    music21, with `#`, `-` for flat, and the octave. A hold at the beginning goes on with what was
    before; `decode` knows nothing of that and leaves silence, as it does for `START` and `END`,
    which fill the authors' measures before and after a piece.

    Of notes that begin together the highest is kept; a note ends where the next begins.

    Attributes:
        profile: str, the names there are, those of a set of the dataset `bach_soprano_measures`:
            "music21_10" has 77 tokens, "published" 71. Both reach from G3 to C6, or 55 to 84.
    """

    profile: str = "music21_10"

    dtype: ClassVar = np.dtype(np.uint8)

    def __post_init__(self):
        if self.profile not in _VOCABULARIES:
            raise ValueError(
                f"Expected one of the profiles {', '.join(_VOCABULARIES)}, got {self.profile!r}."
            )

    @property
    def names(self):
        """Tuple of str, the name of each token, in the order of their characters."""
        return _VOCABULARIES[self.profile]

    @property
    def num_classes(self):
        """Int, the number of tokens: 77 or 71."""
        return len(self.names)

    @property
    def hold(self):
        """Int, the token of ticks at which what was goes on."""
        return _table(self.profile).hold

    def window_shape(self, bars):
        """Tuple (time,), the shape of a window of so many measures of 4/4."""
        return (bars * MEASURE,)

    def accepts(self, notes):
        """Bool array (note,): the notes that a line can hold, neither drums nor out of range."""
        in_range = (notes["pitch"] >= LOWEST) & (notes["pitch"] <= HIGHEST)
        return ~notes["is_drum"] & (notes["velocity"] > 0) & in_range

    def encode(self, score, length=None, key=None):
        """Writes the notes of a score as one line that begins with the score.

        Starts and ends go to the nearest tick, halves up, along the written beats whatever tempo
        and metre; a note has at least one tick. A pitch is spelled as it is usual in the key.

        Args:
            score: `midi.Score`; drums and notes out of range are left out.
            length: int, ticks to return. None ends with the measure of the last note.
            key: str, in any form that `theory.parse_key` takes; None for the one that
                `theory.find_key` finds in the line.

        Returns:
            uint8 array (time,).
        """
        table = _table(self.profile)
        start, end, pitch = self._line(score)
        if length is None:
            length = -(-int(end.max(initial=0)) // MEASURE) * MEASURE
        tokens = np.full(length, table.hold, self.dtype)
        tokens[:1] = table.rest
        tokens[end[end < length]] = table.rest
        if len(pitch):
            key = key or _find_key(start, end, pitch)
            inside = start < length
            # A note that begins where another ends overwrites the rest.
            tokens[start[inside]] = table.spell(pitch, key)[inside]
        return tokens

    def decode(self, tokens, *, program=0, velocity=80):
        """Makes notes of a line.

        Args:
            tokens: int array (time,).
            program: int, MIDI program of the notes.
            velocity: int.

        Returns:
            `midi.Score` with `QUARTER` ticks per quarter note. A note that does not end lasts to
            the end of the line.

        Raises:
            ValueError: if the shape is another or a token is none of the classes.
        """
        tokens = check_tokens(tokens, (None,), self.num_classes)
        events = np.flatnonzero(tokens != _table(self.profile).hold)
        pitch = self.onsets(tokens[events])
        start, end = _steps(events), _steps(np.append(events[1:], len(tokens)))
        sounds = pitch != NO_ONSET
        notes = midi.make_notes(
            pitch[sounds], start[sounds], end[sounds], velocity=velocity, program=program
        )
        return midi.Score(notes, QUARTER)

    def windows(self, score, bars, *, unique=True):
        """Cuts every window in which a note begins out of the line of a score.

        Windows begin at every measure, counted from the beginning of the score. Their first token
        is a hold where a note or a rest goes on.

        Args:
            score: `midi.Score`.
            bars: int, measures per window.
            unique: bool. Keep one of the equal windows.

        Returns:
            uint8 array (window, time), never empty.

        Raises:
            midi.MidiError: if there is no window; `reason` says why.
        """
        tokens = self.encode(score)
        if (self.onsets(tokens) == NO_ONSET).all():
            raise midi.MidiError("no_melody")
        starts = np.arange(0, len(tokens) - bars * MEASURE + 1, MEASURE)
        found = windows.cut(tokens, starts, bars * MEASURE)
        found = found[(self.onsets(found) != NO_ONSET).any(axis=1)]
        if not len(found):
            raise midi.MidiError("too_short")
        return found[windows.first_of_equal(found)] if unique else found

    def onsets(self, tokens):
        """Gives the pitches that begin, as `attributes.measure_attributes` takes them.

        Args:
            tokens: int array (...).

        Returns:
            int array (...), the MIDI pitch where a note begins, `NO_ONSET` elsewhere.
        """
        return _table(self.profile).pitch[np.asarray(tokens)]

    def _line(self, score):
        """Start, end (ticks) and pitch of the highest notes, one at a time, int arrays (note,)."""
        notes = score.notes[self.accepts(score.notes)]
        start, end = (_ticks(notes[field], score.ticks_per_quarter) for field in ("start", "end"))
        pitch = notes["pitch"].astype(np.int64)
        order = stable_order(start, 127 - pitch)
        order = order[begins_run(start[order])]
        start = start[order]
        end = np.maximum(end[order], start + 1)
        end[:-1] = np.minimum(end[:-1], start[1:])
        return start, end, pitch[order]


class _Table(NamedTuple):
    """What the tokens of a profile mean.

    Fields:
        pitch: int array (token,), MIDI pitch, or `NO_ONSET`.
        fifths: int array (token,), place of the name on the line of fifths, C at 0, G at 1.
        hold, rest: int, their tokens.
    """

    pitch: np.ndarray
    fifths: np.ndarray
    hold: int
    rest: int

    def spell(self, pitch, key):
        """Tokens (note,) of pitches: of the names there are, those nearest to the key.

        In C major these are E flat to G sharp, in A minor B flat to D sharp.
        """
        tonic, mode = theory.parse_key(key).split()
        centre = _fifths(tonic) + (2.5 if mode == "major" else 0.5)
        distance = np.abs(self.fifths - centre)
        return np.where(self.pitch == pitch[:, None], distance, np.inf).argmin(axis=1)


@functools.cache
def _table(profile):
    names = _VOCABULARIES[profile]
    pitch, fifths = zip(
        *((NO_ONSET, 0) if name in _SYMBOLS else (_pitch(name), _fifths(name)) for name in names),
        strict=True,
    )
    return _Table(np.array(pitch), np.array(fifths), names.index(HOLD), names.index(REST))


def _pitch(name):
    """MIDI pitch of a name: 61 of C#4."""
    alteration = name.count("#") - name.count("-")
    return 12 * (int(name[-1]) + 1) + "C D EF G A B".index(name[0]) + alteration


def _fifths(name):
    """Place of a name on the line of fifths: F at -1, C at 0, G at 1, B flat at -2."""
    alteration = name.count("#") - name.count("-") - name.count("b")
    return "FCGDAEB".index(name[0]) - 1 + 7 * alteration


def _find_key(start, end, pitch):
    durations = np.zeros(12)
    np.add.at(durations, pitch % 12, _steps(end) - _steps(start))
    return theory.find_key(durations)[0]


def _steps(ticks):
    """Steps, `QUARTER` of them a quarter note, at which ticks lie."""
    return ticks // TICKS_PER_QUARTER * QUARTER + np.array(STEPS)[ticks % TICKS_PER_QUARTER]


def _ticks(time, ticks_per_quarter):
    """The nearest tick, halves up, of times in ticks of a score; in whole numbers, so exactly."""
    quarter, rest = np.divmod(time, ticks_per_quarter)
    within = np.searchsorted(_BORDERS * ticks_per_quarter, 24 * rest, side="right")
    return quarter * TICKS_PER_QUARTER + within
