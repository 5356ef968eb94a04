"""One example of the piano-roll datasets: a song, its roll and its key."""

from typing import NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from keras_music_vae.music import theory


class Song(NamedTuple):
    """A song before it is written.

    Fields:
        id: str, where the song is from.
        roll: uint8 array (time, pitch) of 0 and 1 with 88 pitches.
        key: str, a key in any form that `theory.parse_key` takes.
    """

    id: str
    roll: np.ndarray
    key: str


def features():
    """Returns the features that every piano-roll dataset has.

    `id`, a text; `piano_roll`, uint8 (time, 88), column 0 is A0; `key`, such as "G minor"; and
    `key_class`, the relative major as a label out of `theory.KEY_CLASSES`.
    """
    return tfds.features.FeaturesDict(
        {
            "id": tfds.features.Text(doc="Where the song is from."),
            "piano_roll": tfds.features.Tensor(
                shape=(None, len(theory.PITCHES)),
                dtype=np.uint8,
                encoding=tfds.features.Encoding.ZLIB,
                doc="1 where a pitch sounds: (time, pitch), pitches A0 to C8.",
            ),
            "key": tfds.features.Text(doc='Key of the song, such as "G minor".'),
            "key_class": tfds.features.ClassLabel(
                names=theory.KEY_CLASSES, doc="Major key with the same pitch classes."
            ),
        }
    )


def to_example(song):
    """Turns a `Song` into the dict that `features` encodes."""
    return {
        "id": song.id,
        "piano_roll": song.roll,
        "key": theory.parse_key(song.key),
        "key_class": theory.key_class(song.key),
    }


def to_two_keys(song):
    """Transposes a `Song` to C major or C minor, whichever has its mode, as the paper does.

    The song moves down by 0 to 11 semitones, and from there up an octave if it left the piano.
    """
    mode = theory.parse_key(song.key).split()[1]
    roll = theory.transpose_roll(song.roll, theory.semitones_to_C(song.key))
    return Song(song.id, roll, f"C {mode}")
