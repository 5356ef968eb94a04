"""Grooves of sixteenths: which drums are hit in a step, how hard, and how far from the step.

The values are those of Magenta's `GrooveConverter` for GrooVAE (Gillick et al. 2019, "Learning to
Groove with Inverse Sequence Transformations").
"""

import dataclasses
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import quantize
from keras_music_vae.music.representations.drums import CLASS_NAMES, MAPS
from keras_music_vae.music.representations.grid import BAR, STEPS_PER_QUARTER, pad_to_bar

DRUMS = len(CLASS_NAMES)
SOURCES = ("groove", "hits", "taps", "no_closed_hi_hat")
TICKS_PER_QUARTER = 480
_STEP = TICKS_PER_QUARTER // STEPS_PER_QUARTER
_CLOSED_HI_HAT, _OPEN_HI_HAT = CLASS_NAMES.index("closed hi-hat"), CLASS_NAMES.index("open hi-hat")


@dataclass(frozen=True)
class Groove:
    """Values (time, 27) of nine drums (`drums.CLASS_NAMES`): hits, then velocities, then offsets.

    A hit is 1, where there is none all three are 0. A velocity is MIDI's divided by 127. An offset
    is twice the distance from the hit to its step, in steps: 1 is half a step early, -1 half a step
    late. Of several hits of a drum in a step the hardest is kept, the first of equals.

    Attributes:
        drum_map: str, "2019", "2017" or "roland". Magenta trains by the last, on the Groove MIDI
            Dataset, and reads and writes other files by the first.
        source: str. What an encoder is told of a groove, see `source_of`: "groove", all; "hits",
            to make their velocities and offsets (GrooVAE's humanize); "taps", to make a groove of
            a rhythm; "no_closed_hi_hat", to add that drum.
    """

    drum_map: str = "2019"
    source: str = "groove"

    steps_per_quarter: ClassVar[int] = STEPS_PER_QUARTER
    dtype: ClassVar[np.dtype] = np.dtype(np.float32)
    num_classes: ClassVar[tuple[int, ...]] = (2,) * DRUMS

    def __post_init__(self):
        known = [name for name, classes in MAPS.items() if len(classes) == DRUMS]
        if self.drum_map not in known:
            raise ValueError(f"Expected one of the drum maps {known}, got {self.drum_map!r}.")
        if self.source not in SOURCES:
            raise ValueError(f"Expected a source of {SOURCES}, got {self.source!r}.")

    def window_shape(self, bars):
        """Tuple (time, value), the shape of a window of so many bars."""
        return bars * BAR, 3 * DRUMS

    def encode(self, score, length=None):
        """Writes the drums of a score from its beginning.

        Args:
            score: `midi.Score`. Steps follow the written beats, whatever the tempo.
            length: int, steps to return. None ends with the bar of the last hit.

        Returns:
            float32 array (time, 27).
        """
        # In seconds of its first tempo, as Magenta's: many hits are halfway between two steps.
        beats = dataclasses.replace(
            score, tempos=score.tempos[:1], time_signatures=score.time_signatures[:0]
        )
        steps = quantize(beats, STEPS_PER_QUARTER).columns["start"]
        drum = _TABLES[self.drum_map].take(score.notes["pitch"])
        chosen = np.flatnonzero(score.notes["is_drum"] & (drum >= 0))
        # From soft to hard and from last to first, so that the one to keep is written last.
        chosen = chosen[::-1][np.argsort(score.notes["velocity"][chosen[::-1]], kind="stable")]
        notes, drum, step = score.notes[chosen], drum[chosen], steps[chosen]
        if length is None:
            length = int(pad_to_bar(step.max(initial=-1) + 1))
        values = np.zeros((max(length, step.max(initial=-1) + 1), 3, DRUMS))
        early = step - notes["start"] * (STEPS_PER_QUARTER / score.ticks_per_quarter)
        values[step, 0, drum] = 1
        values[step, 1, drum] = notes["velocity"] / 127
        values[step, 2, drum] = 2 * early
        return values[:length].reshape(length, 3 * DRUMS).astype(self.dtype)

    def decode(self, values):
        """Makes hits of values, each one step long or until the drum is hit again.

        A hit stays in its step and after the beginning, and has a velocity of at least 1, as in
        MIDI 0 ends a note.

        Args:
            values: array (time, 27), such as a model makes: above 0.5 a drum is hit.

        Returns:
            `midi.Score` with 480 ticks per quarter.

        Raises:
            ValueError: if the shape is another or a value is no number.
        """
        values = np.asarray(values, np.float64)
        if values.ndim != 2 or values.shape[1] != 3 * DRUMS or not np.isfinite(values).all():
            raise ValueError(
                f"Expected the values of one groove (time, {3 * DRUMS}), received shape "
                f"{values.shape}. Decode the grooves of a batch one by one."
            )
        hits, velocities, offsets = values.T.reshape(3, DRUMS, -1)
        drum, step = np.nonzero(hits > 0.5)
        late = np.rint(offsets[drum, step] * (-_STEP / 2)).astype(np.int64)
        # Half a step late is half a step early of the next.
        start = np.maximum(step * _STEP + late.clip(-_STEP // 2, _STEP // 2 - 1), 0)
        end = start + _STEP
        again = drum[1:] == drum[:-1]
        end[:-1][again] = np.minimum(end[:-1], start[1:])[again]
        velocity = np.rint(velocities[drum, step] * 127).clip(1, 127)
        pitch = np.array([pitches[0] for pitches in MAPS[self.drum_map]])[drum]
        notes = midi.make_notes(pitch, start, end, velocity=velocity, is_drum=True)
        return midi.Score(notes, TICKS_PER_QUARTER)

    def windows(self, score, bars, *, hop_bars=None):
        """Cuts windows out of the drums of a score, all its drum tracks taken together.

        Bars are counted from the beginning. Windows without a hit are left out, as is a last one
        that is not full. Magenta's converter takes no score whose tempo changes.

        Args:
            score: `midi.Score` in 4/4.
            bars: int, bars per window.
            hop_bars: int, bars from one window to the next; None is `bars`, so that none overlap.

        Returns:
            float32 array (window, time, 27), never empty.

        Raises:
            midi.MidiError: if there is no window; `reason` says why.
        """
        metres = score.time_signatures
        if (metres["numerator"] != metres["denominator"]).any():
            raise midi.MidiError("not_4_4")
        values = self.encode(score)
        if not len(values):
            raise midi.MidiError("no_drums")
        starts = range(0, len(values) - bars * BAR + 1, BAR * (hop_bars or bars))
        found = [values[start : start + bars * BAR] for start in starts]
        found = [window for window in found if window.any()]
        if not found:
            raise midi.MidiError("too_short")
        return np.stack(found)

    def source_of(self, values):
        """What an encoder is told of grooves, as `source` says.

        Of hits, velocities and offsets are 0. Of taps, the hardest hit of each step is one of the
        open hi-hat with its offset and without a velocity. These are `humanize`, `tapify` with
        `fixed_velocities`, and `add_instruments` of Magenta's converter.

        Args:
            values: array (..., time, 27).

        Returns:
            array of the same shape and type.
        """
        told = np.array(values, order="C")
        parts = told.reshape(*told.shape[:-1], 3, DRUMS)
        if self.source == "hits":
            parts[..., 1:, :] = 0
        elif self.source == "taps":
            hardest = parts[..., 1, :].argmax(axis=-1)[..., None, None]
            taps = np.take_along_axis(parts, hardest, axis=-1)[..., 0]
            parts[:] = 0
            parts[..., _OPEN_HI_HAT] = taps
            parts[..., 1, :] = 0
        elif self.source == "no_closed_hi_hat":
            parts[..., _CLOSED_HI_HAT] = 0
        return told


def tells_hits(representation, control_dim):
    """Whether what a model is told at each step, besides its code, are the drums to be hit.

    So is Magenta's one model of whole grooves with controls.
    """
    whole = isinstance(representation, Groove) and representation.source == "groove"
    return whole and control_dim == DRUMS


def _table(pitches_of_classes):
    """Returns the class of each pitch, an array (256,), -1 for none."""
    table = np.full(256, -1)
    for drum, pitches in enumerate(pitches_of_classes):
        table[list(pitches)] = drum
    return table


_TABLES = {name: _table(pitches) for name, pitches in MAPS.items()}
