"""Songs that nobody has written, for builds of the Lakh datasets."""

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Melody, Trio


def song(number):
    """A MIDI file of twenty bars of a trio and strings, as bytes; every song is another."""
    rng = np.random.default_rng(number)
    steps = 20 * 16
    trio = Trio().decode(
        np.stack([rng.integers(2, high, steps) for high in (90, 40, 512)], axis=-1)
    )
    strings = Melody(first_program=48).decode(rng.integers(2, 90, steps))
    notes = strings.notes.copy()
    notes["track"] = 3
    both = np.sort(np.concatenate([trio.notes, notes]), order=["start", "pitch", "track"])
    return midi.to_bytes(midi.Score(both, trio.ticks_per_quarter))
