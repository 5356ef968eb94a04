"""Bars of up to eight instruments as events: what begins and ends, how hard, and when.

The coding is that of Magenta's `MultiInstrumentPerformanceConverter` with eight bins of velocity,
for hier-multiperf (Simon et al. 2018, "Learning a Latent Space of Multitrack Measures", section 2).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keras_music_vae.music import midi, windows
from keras_music_vae.music.quantize import on_beats, quantize
from keras_music_vae.music.representations.grid import check_tokens

INSTRUMENTS = 8
EVENTS = 64
"""Of an instrument in a bar, its program first and the end last."""
BAR = 96
# The first token of each kind; pitches that begin come first.
NOTE_OFF, TIME_SHIFT, VELOCITY, PROGRAM = 128, 256, 352, 360
DRUMS = 488
END = 489
NOTHING = -1

_VELOCITIES = 16  # of a bin
_VELOCITY = 100  # before the first is told


@dataclass(frozen=True)
class Performance:
    """Tokens (time,), 8 x 64 for a bar of 24 steps per quarter: an instrument after the other.

    An instrument's 64 tokens are its program (360 to 487, of drums 488), its events, 489 and, from
    there on, -1. An event is a pitch that begins (0 to 127) or ends (128 to 255), the time to the
    next, 1 to 96 steps (256 to 351), or a velocity for what begins from here on, in eight bins (352
    to 359). The times of an instrument add up to the bar. Instruments are in order of their
    programs, drums last; those that are not there are 489 alone. Notes end with the bar.
    """

    steps_per_quarter: ClassVar[int] = BAR // 4
    dtype: ClassVar = np.dtype(np.int16)
    num_classes: ClassVar[int] = END + 1

    def window_shape(self, bars):
        """Tuple (time,), the shape of a window of so many bars."""
        return (bars * INSTRUMENTS * EVENTS,)

    def encode(self, score, length=None):
        """Writes a score from its beginning, bar by bar.

        Of more than eight instruments in a bar those of the most notes are kept, of more than 62
        events of an instrument the first.

        Args:
            score: `midi.Score`. Steps follow the written beats, whatever the tempo.
            length: int, tokens to return, 512 for each bar. None ends with the last bar with notes.

        Returns:
            int16 array (time,).
        """
        found = _instruments(on_beats(score, self.steps_per_quarter))
        per_bar, *_ = self.window_shape(1)
        bars = max((bar + 1 for _, bar in found), default=0)
        tokens = [_tokens(found.get((0, bar), [])) for bar in range(bars)]
        tokens = np.concatenate([np.empty(0, self.dtype), *tokens])
        if length is None:
            return tokens
        rest = np.tile(_tokens([]), max(0, -(-length // per_bar) - bars))
        return np.concatenate([tokens, rest])[:length]

    def decode(self, tokens):
        """Makes notes of bars.

        Args:
            tokens: int array (time,), whole bars of 512. What follows an end or a -1 in its 64 is
                not looked at. Of several programs of an instrument the first is taken, of none that
                is 0; an end of what did not begin is ignored, and what does not end lasts for the
                bar.

        Returns:
            `midi.Score` with 24 ticks per quarter, and a track for each program.

        Raises:
            ValueError: if the shape is another or a token is none of the classes.
        """
        tokens = check_tokens(tokens, (None,), self.num_classes, lowest=NOTHING)
        per_bar, *_ = self.window_shape(1)
        if len(tokens) % per_bar:
            raise ValueError(
                f"Expected whole bars of {per_bar} tokens, received {len(tokens)} tokens."
            )
        rows, tracks = [], {}
        for bar, instruments in enumerate(tokens.reshape(-1, INSTRUMENTS, EVENTS)):
            seen = Counter()
            for line in instruments:
                program, notes = _notes(line)
                if not notes:
                    continue
                # Two of a program in a bar are two tracks.
                track = tracks.setdefault((program, seen[program]), len(tracks))
                seen[program] += 1
                is_drum = PROGRAM + program == DRUMS
                told = (track, 0 if is_drum else program, is_drum)
                rows += [(bar * BAR + on, bar * BAR + off, *how, *told) for on, off, *how in notes]
        columns = np.array(rows, np.int64).reshape(-1, 7).T
        start, end, pitch, velocity, track, program, is_drum = columns
        notes = midi.make_notes(
            pitch, start, end, velocity=velocity, program=program, is_drum=is_drum, track=track
        )
        return midi.Score(notes, self.steps_per_quarter)

    def windows(self, score, bars, *, unique=True):
        """Cuts every window of bars of two to eight instruments, none of more than 62 events.

        Bars are counted from the beginning and from every change of tempo or metre.

        Args:
            score: `midi.Score`.
            bars: int, bars per window.
            unique: bool. Keep one of the equal windows of a span of equal tempo and metre.

        Returns:
            int16 array (window, time), never empty.

        Raises:
            midi.MidiError: if there is no window; `reason` says why.
        """
        quantized = quantize(score, self.steps_per_quarter)
        good = quantized.in_bars_of(BAR)
        if len(quantized.span) and not good[quantized.span].any():
            raise midi.MidiError("no_4_4")
        found = _instruments(quantized)
        kept = {place for place, heard in found.items() if good[place[0]] and _is_window(heard)}
        if not kept:
            raise midi.MidiError("no_ensemble")
        starts = [
            (span, bar)
            for span, bar in sorted(kept)
            if all((span, bar + later) in kept for later in range(bars))
        ]
        if not starts:
            raise midi.MidiError("too_short")
        tokens = {place: _tokens(found[place]) for place in kept}
        cut = np.stack(
            [np.concatenate([tokens[span, bar + n] for n in range(bars)]) for span, bar in starts]
        )
        spans = np.array([span for span, _ in starts])
        return cut[windows.first_of_equal(cut, spans)] if unique else cut


def _instruments(quantized):
    """What each instrument plays in each bar.

    Args:
        quantized: `Quantized` of 24 steps per quarter.

    Returns:
        dict, (span, bar) -> list of (program token, list of events, notes), in order.
    """
    columns = quantized.columns
    is_drum = columns["is_drum"]
    program = np.where(is_drum, DRUMS - PROGRAM, columns["program"])
    bar = columns["start"] // BAR
    start, end = columns["start"] - bar * BAR, np.minimum(columns["end"] - bar * BAR, BAR)
    velocity = VELOCITY + np.maximum(columns["velocity"].astype(int) - 1, 0) // _VELOCITIES
    heard = (columns["velocity"] > 0) & (columns["pitch"] < NOTE_OFF)
    notes = defaultdict(list)
    fields = quantized.span, bar, program, columns["track"], start, end, columns["pitch"], velocity
    for span, number, *instrument, on, off, pitch, force in zip(
        *(field[heard].tolist() for field in fields), strict=True
    ):
        notes[span, number, *instrument].append((on, off, pitch, force))
    found = defaultdict(list)
    for (span, number, played, _), own in sorted(notes.items()):
        found[span, number].append((PROGRAM + played, _events(own), len(own)))
    return dict(found)


def _events(notes):
    """List of int, the events of one instrument in one bar.

    Args:
        notes: list of (start, end, pitch, velocity token), steps within the bar.
    """
    notes = sorted(notes, key=lambda note: (note[0], note[2]))
    # The end of a pitch ends what began first of it.
    ends = defaultdict(list)
    for _, end, pitch, _ in notes:
        ends[pitch].append(end)
    queues = {pitch: iter(sorted(times)) for pitch, times in ends.items()}
    changes = []
    for number, (start, _, pitch, velocity) in enumerate(notes):
        changes.append((start, number, False, pitch, velocity))
        changes.append((next(queues[pitch]), number, True, pitch, velocity))
    events, now, last = [], 0, None
    for step, _, ends_here, pitch, velocity in sorted(changes):
        if step > now:
            events.append(TIME_SHIFT + step - now - 1)
            now = step
        if not ends_here and velocity != last:
            events.append(velocity)
            last = velocity
        events.append(NOTE_OFF + pitch if ends_here else pitch)
    if now < BAR:
        events.append(TIME_SHIFT + BAR - now - 1)
    return events


def _is_window(heard):
    counts = [len(events) for _, events, _ in heard]
    return 2 <= len(counts) <= INSTRUMENTS and max(counts) <= EVENTS - 2


def _tokens(heard):
    """int16 array (512,), a bar of instruments as `_instruments` lists them."""
    most = sorted(range(len(heard)), key=lambda number: -heard[number][2])[:INSTRUMENTS]
    tokens = np.full((INSTRUMENTS, EVENTS), NOTHING, Performance.dtype)
    tokens[:, 0] = END
    for row, number in zip(tokens, sorted(most), strict=False):
        program, events, _ = heard[number]
        line = [program, *events[: EVENTS - 2], END]
        row[: len(line)] = line
    return tokens.reshape(-1)


def _notes(line):
    """The program of one instrument's tokens, 128 of drums, and its notes in the bar.

    Returns:
        int, and list of (start, end, pitch, velocity).
    """
    past = np.flatnonzero((line == END) | (line == NOTHING))
    line = line[: past[0]] if past.size else line
    programs = line[line >= PROGRAM]
    notes, sounding, now, velocity = [], defaultdict(list), 0, _VELOCITY
    for token in line[line < PROGRAM].tolist():
        if token >= VELOCITY:
            velocity = 1 + _VELOCITIES * (token - VELOCITY)
        elif token >= TIME_SHIFT:
            now = min(now + token - TIME_SHIFT + 1, BAR)
        elif token >= NOTE_OFF:
            if began := sounding[token - NOTE_OFF]:
                start, force = began.pop(0)
                notes.append((start, now, token - NOTE_OFF, force))
        else:
            sounding[token].append((now, velocity))
    for pitch, began in sounding.items():
        notes += [(start, BAR, pitch, force) for start, force in began]
    kept = [note for note in notes if note[0] < note[1]]
    return int(programs[0]) - PROGRAM if programs.size else 0, kept
