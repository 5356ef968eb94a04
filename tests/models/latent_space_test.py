"""Attribute vectors and walks through codes."""

import keras
import numpy as np
import pytest

from keras_music_vae.models import MusicVAE
from keras_music_vae.models.latent_space import slerp, walk

SIZES = {"num_classes": (5,), "latent_dim": 3, "encoder_units": (4,), "decoder_units": (6, 4)}


@pytest.fixture(scope="module")
def model():
    model = MusicVAE(**SIZES)
    random = np.random.default_rng(2)
    for weight in model.trainable_weights:
        weight.assign(0.5 * random.normal(size=weight.shape))
    return model


def tokens(count):
    return np.random.default_rng(0).integers(0, 5, (count, 8, 1))


def test_an_attribute_vector_is_the_difference_of_mean_codes(model):
    x = tokens(7)
    vector = model.attribute_vector(x[:3], x[3:], batch_size=2)
    codes = np.asarray(model.encode(x).mean)
    np.testing.assert_allclose(vector, codes[:3].mean(0) - codes[3:].mean(0), atol=1e-6)
    assert np.abs(vector).max() > 1e-3
    np.testing.assert_allclose(model.attribute_vector(x, x), np.zeros(3), atol=1e-6)


def test_adding_an_attribute_vector_moves_one_mean_to_the_other(model):
    x = tokens(7)
    codes = np.asarray(model.encode(x).mean)
    moved = codes[3:] + model.attribute_vector(x[:3], x[3:])
    np.testing.assert_allclose(moved.mean(0), codes[:3].mean(0), atol=1e-6)


def test_a_walk_goes_from_code_to_code_in_equal_steps():
    random = np.random.default_rng(1)
    codes = random.normal(size=(3, 6))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    way = walk(codes, 9)
    np.testing.assert_allclose(way[[0, 4, 8]], codes, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1, atol=1e-6)
    for first in (0, 4):
        steps = np.linalg.norm(np.diff(way[first : first + 5], axis=0), axis=1)
        np.testing.assert_allclose(steps, steps[0], atol=1e-6)
    np.testing.assert_allclose(way[2], slerp(codes[0], codes[1], [0.5])[0], atol=1e-6)
    np.testing.assert_allclose(walk(codes, 1), codes[:1], atol=1e-6)
    np.testing.assert_allclose(walk(codes[:1], 3), codes[[0, 0, 0]], atol=1e-6)


@pytest.mark.parametrize(("codes", "count"), [(np.zeros((0, 3)), 2), (np.zeros((2, 3)), 0)])
def test_a_walk_needs_codes_and_steps(codes, count):
    with pytest.raises(ValueError, match="one or more, and a count of at least 1"):
        walk(codes, count)


def test_a_chain_is_its_windows_one_after_the_other(model):
    codes = np.random.default_rng(3).normal(size=(2, 3)).astype("float32")
    piece = model.chain(codes, 4, 8, temperature=0.8, seed=5)
    assert piece.shape == (32, 1)
    windows = model.decode(walk(codes, 4), 8, 0.8, 5)
    np.testing.assert_array_equal(piece, np.concatenate(windows))
    np.testing.assert_array_equal(piece, model.chain(codes, 4, 8, temperature=0.8, seed=5))
    assert (piece != model.chain(codes, 4, 8, temperature=0.8, seed=6)).any()


def test_a_continuation_leaves_the_window_for_a_drawn_code(model):
    x = tokens(1)[0]
    piece = model.continue_from(x, 3, seed=5)
    assert piece.shape == (24, 1)
    np.testing.assert_array_equal(piece, model.continue_from(x, 3, seed=5))
    assert (piece != model.continue_from(x, 3, seed=6)).any()
    seeds = keras.random.SeedGenerator(5)
    drawn = np.asarray(keras.random.normal((1, 3), seed=seeds))
    way = walk(np.concatenate([model.encode(x[None]).mean, drawn]), 4)
    np.testing.assert_array_equal(piece, np.concatenate(model.decode(way[1:], 8, 1.0, seeds)))


def test_a_sweep_changes_one_dimension_and_no_other(model):
    x = tokens(3)
    values = (-3, 0.5, 4)
    made = model.sweep(x, 1, values, temperature=0.8, seed=5)
    assert made.shape == (3, 3, 8, 1)
    codes = np.repeat(np.asarray(model.encode(x).mean)[:, None], 3, axis=1)
    codes[..., 1] = values
    expected = model.decode(codes.reshape(9, 3), 8, 0.8, 5)
    np.testing.assert_array_equal(made.reshape(9, 8, 1), expected)
    swept = model.sweep(model.encode(x).mean, 1, values, 8, 0.8, 5)
    np.testing.assert_array_equal(made, swept)
    assert model.sweep(x[:2], 0, [1.0], length=4).shape == (2, 1, 4, 1)


def test_a_dimension_goes_by_the_name_of_its_attribute(model):
    x = tokens(2)
    with pytest.raises(ValueError, match=r"an attribute that .* ordered by \(none\)"):
        model.sweep(x, "rests", (0, 1))
    model.compile("sgd", attribute_dims={"holds": 0, "rests": 2})
    found, expected = (model.sweep(x, dim, (0, 4), temperature=0.1) for dim in ("rests", 2))
    np.testing.assert_array_equal(found, expected)
    model.compile("sgd")  # without an order it can be trained on; its codes still are in one
    assert model.attribute_dims == {"holds": 0, "rests": 2}
    for wrong in ("notes", 3, -1):
        with pytest.raises(ValueError, match=r"from 0 to 2, .* \(holds, rests\). Received"):
            model.sweep(x, wrong, (0, 1))
    with pytest.raises(ValueError, match="a length in steps beside codes"):
        model.sweep(model.encode(x).mean, 0, (0, 1))


def test_without_windows_or_codes(model):
    with pytest.raises(ValueError, match="with and without the attribute"):
        model.attribute_vector(tokens(2), tokens(0))
    alone = MusicVAE(**SIZES | {"latent_dim": 0})
    with pytest.raises(ValueError, match="A decoder alone"):
        alone.chain(np.zeros((2, 1)), 2, 8)
    with pytest.raises(ValueError, match="A decoder alone"):
        alone.sweep(np.zeros((2, 1)), 0, (0, 1), 8)
