"""Songs to windows, and windows to other keys."""

import numpy as np
import pytest

from keras_music_vae.music.representations import Melody

tf = pytest.importorskip("tensorflow")

from keras_music_vae.training.window_datasets import augment, unbatch  # noqa: E402

SONGS = [
    {"windows": np.full((3, 4), 40, np.uint8), "genres": np.array([1, 0], np.uint8)},
    {"windows": np.full((2, 4), 50, np.uint8), "genres": np.array([0, 1], np.uint8)},
]


@pytest.fixture
def songs():
    signature = {
        "windows": tf.TensorSpec((None, 4), tf.uint8),
        "genres": tf.TensorSpec((None,), tf.uint8),
    }
    return tf.data.Dataset.from_generator(lambda: iter(SONGS), output_signature=signature)


def windows(dataset):
    return [batch["window"] for batch in dataset.as_numpy_iterator()]


def test_every_window_comes_once(songs):
    assert [window[0] for window in windows(unbatch(songs))] == [40, 40, 40, 50, 50]
    assert unbatch(songs).element_spec == {"window": tf.TensorSpec((4,), tf.uint8)}


def test_what_is_kept_of_a_song_comes_with_each_of_its_windows(songs):
    found = [
        (int(each["window"][0]), each["genres"].tolist())
        for each in unbatch(songs, "genres").as_numpy_iterator()
    ]
    assert found == [(40, [1, 0])] * 3 + [(50, [0, 1])] * 2


def test_every_epoch_has_other_keys_and_a_seed_repeats_them(songs):
    batches = unbatch(songs).repeat(40).batch(50).cache()
    augmented = augment(batches, Melody(), seed=1)
    first, second = (np.concatenate(windows(augmented)) for _ in range(2))
    assert (first == first[:, :1]).all()
    assert (first != second).any()
    shifts = first[:, 0].astype(int) - np.concatenate(windows(batches))[:, 0]
    assert set(shifts) == set(range(-5, 7))
    np.testing.assert_array_equal(
        np.concatenate(windows(augment(batches, Melody(), seed=1))), first
    )
    up = np.concatenate(windows(augment(batches, Melody(), lowest=2, highest=2)))
    np.testing.assert_array_equal(up, np.concatenate(windows(batches)) + 2)


def test_an_empty_range_is_refused(songs):
    with pytest.raises(ValueError, match="lowest <= highest"):
        augment(unbatch(songs).batch(2), Melody(), lowest=1, highest=0)
