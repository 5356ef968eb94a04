"""Songs to windows, and windows to other keys."""

import numpy as np
import pytest

from keras_music_vae.music.representations import Melody, Trio

tf = pytest.importorskip("tensorflow")

from keras_music_vae.training.window_datasets import (  # noqa: E402
    augment,
    unbatch,
    window_batches,
)

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


def batches_of(make, seed=0, epochs=1):
    return [
        inputs["x"]
        for epoch in range(epochs)
        for inputs, _ in make(seed, epoch).as_numpy_iterator()
    ]


def test_epochs_go_through_all_windows_in_one_order_after_the_other():
    windows = np.arange(2, 12, dtype=np.uint8)[:, None] * np.ones(4, np.uint8)
    made = batches_of(window_batches(windows, Melody(), 3, updates=2), epochs=10)
    assert {batch.shape for batch in made} == {(3, 4, 1)}
    seen = np.concatenate(made)[:, 0, 0]
    passes = seen.reshape(6, 10)
    for one in passes:
        assert sorted(one) == list(range(2, 12))
    assert len({tuple(one) for one in passes}) == 6


def test_a_seed_and_an_epoch_give_the_same_batches_in_new_keys():
    windows = np.full((8, 4), 40, np.uint8)
    make = window_batches(windows, Melody(), 4, updates=30, semitones=(-5, 6))
    one, again, other = (np.concatenate(batches_of(make, seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert set(one[:, 0, 0]) == set(range(35, 47))
    following = np.concatenate([inputs["x"] for inputs, _ in make(1, 1).as_numpy_iterator()])
    assert (following != one).any()


def test_in_the_first_epochs_a_piece_is_all_that_there_is_of_a_window():
    windows = np.arange(2, 14, dtype=np.uint8) * np.ones((6, 1), np.uint8)
    make = window_batches(windows, Melody(), 3, updates=40, cut=(2, 4))
    assert make(0, 0).element_spec[0]["x"].shape == make(0, 2).element_spec[0]["x"].shape
    early, late = batches_of(make, epochs=2), batches_of(lambda *_: make(0, 2))
    assert {tuple(batch[0, :, 0]) for batch in early} == {
        (2, 3, 4, 5), (6, 7, 8, 9), (10, 11, 12, 13)
    }  # fmt: skip
    assert all((batch == batch[0]).all() for batch in early)
    assert {tuple(batch[0, :, 0]) for batch in late} == {tuple(range(2, 14))}
    np.testing.assert_array_equal(np.concatenate(early), np.concatenate(batches_of(make, epochs=2)))
    with pytest.raises(ValueError, match="1 to 12 steps to cut from windows, received 13"):
        window_batches(windows, Melody(), 3, 1, cut=(1, 13))


def test_parts_keep_their_axis_and_nothing_to_train_on_is_refused():
    windows = np.ones((5, 16, 3), np.uint16)
    inputs, targets = next(window_batches(windows, Trio(), 2, 1)(0, 0).as_numpy_iterator())
    assert inputs["x"].shape == targets["x"].shape == (2, 16, 3)
    assert inputs["x"].dtype == np.int32
    with pytest.raises(ValueError, match="received none"):
        window_batches(windows[:0], Trio(), 2, 1)


def test_features_stay_with_their_windows():
    windows = np.arange(2, 12, dtype=np.uint8)[:, None] * np.ones(4, np.uint8)
    genres = np.arange(10, dtype=np.uint8)[:, None] * np.ones(3, np.uint8)
    make = window_batches(windows, Melody(), 5, updates=2, genres=genres)
    for inputs, targets in make(0, 0).as_numpy_iterator():
        assert inputs.keys() == {"x", "genres"}
        assert targets.keys() == {"x"}
        np.testing.assert_array_equal(inputs["genres"][:, 0] + 2, inputs["x"][:, 0, 0])
    with pytest.raises(ValueError, match=r"features of 10 windows, received of {'genres': 9}"):
        window_batches(windows, Melody(), 5, 2, genres=genres[:9])
