"""The example that all piano-roll datasets share."""

import numpy as np
import pytest

from keras_music_vae.music import theory

pytest.importorskip("tensorflow_datasets")
songs = pytest.importorskip("tfds_builders.songs")


def song(key, *pitches):
    roll = np.zeros((3, 88), np.uint8)
    roll[1, np.array(pitches) - theory.PITCHES[0]] = 1
    return songs.Song("a", roll, key)


@pytest.mark.parametrize(
    ("key", "pitches", "two_keys", "moved"),
    [
        ("C major", (60, 64), "C major", (60, 64)),
        ("g", (55, 58), "C minor", (48, 51)),
        ("B major", (40,), "C major", (29,)),
        ("B- major", (22, 90), "C major", (24, 92)),  # ten down leaves the piano, two up does not
    ],
)
def test_to_two_keys(key, pitches, two_keys, moved):
    result = songs.to_two_keys(song(key, *pitches))
    assert result.key == two_keys
    assert (np.flatnonzero(result.roll[1]) + theory.PITCHES[0]).tolist() == list(moved)


def test_example_fits_the_features():
    example = songs.to_example(song("e-", 60))
    assert (example["key"], example["key_class"]) == ("Eb minor", "Gb")
    features = songs.features()
    encoded = features.encode_example(example)
    assert features["key_class"].int2str(encoded["key_class"]) == "Gb"
    assert features["key_class"].names == list(theory.KEY_CLASSES)
    assert features["piano_roll"].shape == (None, 88)
