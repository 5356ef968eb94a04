"""Piano rolls: for each time step t the vector X_t of 88 bits, one a piano key."""

from dataclasses import dataclass

import numpy as np

from keras_music_vae.music import midi, theory
from keras_music_vae.music.quantize import round_to_grid


@dataclass(frozen=True)
class PianoRoll:
    """Piano roll (time, pitch): uint8, 1 where one of the 88 piano keys sounds.

    A roll does not tell a held note from a repeated one, so `decode` has to choose.

    Attributes:
        steps_per_quarter: int, steps in a quarter note.
        join_repeats: bool. A pitch that sounds in neighbouring steps is decoded as one held note
            (True) or as a new note in every step (False).
        program: int, MIDI program of decoded notes; 0 is a piano, 19 a church organ.
    """

    steps_per_quarter: int = 1
    join_repeats: bool = True
    program: int = 0

    def encode(self, score, length=None):
        """Marks the sounding pitches of every step.

        The notes are rounded to the grid as in `round_to_grid`. Drums, and notes outside the piano
        (below A0 or above C8), are left out.

        Args:
            score: `midi.Score`, such as `midi.read` returns.
            length: int, steps to return: a longer score is cut, a shorter one ends in silence.
                None ends with the last note.

        Returns:
            uint8 array (time, pitch) with 88 pitches.
        """
        notes = round_to_grid(score, self.steps_per_quarter).notes
        on_piano = (notes["pitch"] >= theory.PITCHES[0]) & (notes["pitch"] <= theory.PITCHES[-1])
        notes = notes[on_piano & ~notes["is_drum"]]
        steps = int(notes["end"].max(initial=0))
        column = notes["pitch"].astype(int) - theory.PITCHES[0]
        changes = np.zeros((steps + 1, len(theory.PITCHES)), np.int32)
        np.add.at(changes, (notes["start"], column), 1)
        np.add.at(changes, (notes["end"], column), -1)
        roll = (np.cumsum(changes, axis=0)[:-1] > 0).astype(np.uint8)
        if length is None:
            return roll
        return np.pad(roll[:length], ((0, max(0, length - steps)), (0, 0)))

    def decode(self, roll):
        """Makes notes of a roll.

        Args:
            roll: array (time, pitch) of 0 and 1 with 88 pitches.

        Returns:
            `midi.Score` with one tick per step. Encoding it gives the roll back, up to silence at
            the end.

        Raises:
            ValueError: if the shape is another or the values are probabilities.
        """
        roll = np.asarray(roll)
        sounds = roll.astype(bool)
        if roll.ndim != 2 or roll.shape[1] != len(theory.PITCHES) or (roll != sounds).any():
            raise ValueError(
                f"Expected one roll (time, 88) of 0 and 1, received shape {roll.shape} with values "
                f"up to {roll.max(initial=0)}. Decode songs one by one, and sample from "
                "probabilities first."
            )
        if self.join_repeats:
            edges = np.diff(np.pad(sounds.T.astype(np.int8), ((0, 0), (1, 1))))
            column, start = np.nonzero(edges == 1)
            end = np.nonzero(edges == -1)[1]
        else:
            start, column = np.nonzero(sounds)
            end = start + 1
        notes = midi.make_notes(column + theory.PITCHES[0], start, end, program=self.program)
        return midi.Score(notes, self.steps_per_quarter)
