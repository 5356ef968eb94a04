"""Heads: their likelihoods and draws against brute force over all that a step can be."""

import itertools
import math

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import CategoricalHead, GrooveHead, LSTMDecoder, NADEHead
from keras_music_vae.layers.decoders import NO_TOKEN, shift
from keras_music_vae.losses import GrooveReconstruction, NADEReconstruction

DRUMS, UNITS = 4, 3


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.fixture
def nade():
    head = NADEHead(DRUMS, UNITS)
    head.build((None, 5))
    for i, weight in enumerate(head.trainable_weights):
        weight.assign(2 * normal(*weight.shape, seed=i))
    return head


def all_hits():
    return np.array(list(itertools.product((0, 1), repeat=DRUMS)))


def probabilities(head, outputs, temperature=1.0):
    """Of each row of `all_hits`, drum by drum in float64."""
    b_enc, b_dec = np.split(outputs.astype("float64"), [UNITS])
    w_enc, w_dec = (ops.convert_to_numpy(w).astype("float64") for w in (head.w_enc, head.w_dec))
    found = []
    for hits in all_hits():
        p = 1.0
        for i in range(DRUMS):
            hidden = sigmoid(b_enc + hits[:i] @ w_enc[:i])
            one = sigmoid((b_dec[i] + w_dec[i] @ hidden) / temperature)
            p *= one if hits[i] else 1 - one
        found.append(p)
    return np.array(found)


def test_a_nades_probabilities_are_those_of_brute_force_and_sum_to_one(nade):
    outputs, x = 2 * normal(3, UNITS + DRUMS), all_hits()
    told = nade.logits(
        np.broadcast_to(outputs[:, None], (3, 16, UNITS + DRUMS)), np.broadcast_to(x, (3, 16, 4))
    )
    assert told.shape == (3, 16, DRUMS)
    loss = NADEReconstruction(reduction=None)
    # One step for each row, as the loss sums over the steps.
    nats = loss(np.tile(x, (3, 1))[:, None], ops.reshape(told, (48, 1, DRUMS)))
    p = np.exp(-ops.convert_to_numpy(nats)).reshape(3, 16)
    np.testing.assert_allclose(p, [probabilities(nade, row) for row in outputs], atol=1e-5)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_a_nades_draws_follow_its_distribution(nade, temperature):
    outputs, count = normal(UNITS + DRUMS, seed=3), 40_000
    uniforms = np.random.default_rng(4).uniform(size=(count, DRUMS)).astype("float32")
    drawn = nade.draw(np.tile(outputs, (count, 1)), uniforms, temperature)
    codes = ops.convert_to_numpy(drawn) @ (1 << np.arange(DRUMS)[::-1])
    found = np.bincount(codes, minlength=16) / count
    # Four standard deviations of the rarest and of the likeliest alike.
    np.testing.assert_allclose(found, probabilities(nade, outputs, temperature), atol=0.01)


def test_a_nade_without_chance_takes_the_likelier_of_each_drum(nade):
    outputs = 2 * normal(50, UNITS + DRUMS, seed=5)
    middle = np.full((50, DRUMS), 0.5, "float32")
    greedy = ops.convert_to_numpy(nade.draw(outputs, middle, 1e-4))
    told = ops.convert_to_numpy(nade.logits(outputs[:, None], greedy[:, None]))[:, 0]
    np.testing.assert_array_equal(greedy, told > 0)
    # Scheduled sampling reads the same, whatever the random numbers.
    for uniform in (0.0, 0.999):
        read = nade.draw_to_read(outputs, np.full((50, DRUMS), uniform, "float32"))
        np.testing.assert_array_equal(read, greedy)


def test_a_drum_is_told_from_those_before_it_alone(nade):
    outputs = np.tile(normal(UNITS + DRUMS), (1, 2, 1))
    x = np.array([[[1, 0, 1, 1], [1, 1, 1, 1]]])
    first, second = ops.convert_to_numpy(nade.logits(outputs, x))[0]
    np.testing.assert_array_equal(first[:2], second[:2])
    assert (np.abs(first - second)[2:] > 1e-3).all()


def test_a_nade_begins_with_two_different_matrices_as_the_original_does():
    head = NADEHead(61, 128)
    head.build((None, 5))
    w_enc, w_dec = (ops.convert_to_numpy(w) for w in (head.w_enc, head.w_dec))
    assert np.abs(w_enc - w_dec).max() > 0.1
    for w in (w_enc, w_dec):
        assert np.abs(w).max() <= 2 / math.sqrt(61)
        # A normal distribution cut at two standard deviations keeps 0.88 of one.
        np.testing.assert_allclose(w.std(), 0.88 / math.sqrt(61), rtol=0.02)


def test_hits_are_read_with_a_sign_of_none(nade):
    x = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [-1, -1, -1, -1]])
    roll = ops.convert_to_numpy(nade.drum_roll(x, "float32"))
    assert roll.tolist() == [[0, 0, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 0, 0, 0]]
    same = CategoricalHead((1 << DRUMS,)).drum_roll(np.array([[0], [10], [-1]]), "float32")
    np.testing.assert_array_equal(roll, same)


def groove(*shape, seed=0):
    rng = np.random.default_rng(seed)
    hits = rng.integers(0, 2, (*shape, DRUMS))
    shape = (*shape, DRUMS)
    return np.concatenate([hits, rng.random(shape), rng.uniform(-1, 1, shape)], axis=-1).astype(
        "float32"
    )


def test_the_loss_of_a_groove():
    x, outputs = groove(2, 3), normal(2, 3, 3 * DRUMS)
    x[1, 2, :DRUMS] = -1
    hits, velocities, offsets = np.split(x.astype("float64"), 3, axis=-1)
    told = np.split(outputs.astype("float64"), 3, axis=-1)
    p = sigmoid(told[0])
    each = (
        -(hits * np.log(p + 1e-7) + (1 - hits) * np.log(1 - p + 1e-7))
        + (velocities - sigmoid(told[1])) ** 2
        + (offsets - np.tanh(told[2])) ** 2
    )
    each[1, 2] = 0
    found = GrooveReconstruction(reduction=None)(x, outputs)
    np.testing.assert_allclose(found, each.sum(axis=(1, 2)), rtol=1e-5)


def test_a_grooves_hits_are_drawn_and_its_velocities_and_offsets_follow():
    head, count = GrooveHead(DRUMS), 20_000
    outputs = normal(3 * DRUMS)
    uniforms = np.random.default_rng(1).uniform(size=(count, 3 * DRUMS)).astype("float32")
    drawn = ops.convert_to_numpy(head.draw(np.tile(outputs, (count, 1)), uniforms, 0.5))
    hits, velocities, offsets = np.split(drawn, 3, axis=-1)
    assert set(np.unique(hits)) == {0, 1}
    np.testing.assert_allclose(hits.mean(axis=0), sigmoid(2 * outputs[:DRUMS]), atol=0.015)
    expected = sigmoid(outputs[DRUMS : 2 * DRUMS]), np.tanh(outputs[2 * DRUMS :])
    np.testing.assert_allclose(velocities, np.tile(expected[0], (count, 1)), atol=1e-6)
    np.testing.assert_allclose(offsets, np.tile(expected[1], (count, 1)), atol=1e-6)


def test_a_groove_is_read_as_it_is_but_nothing_where_it_has_ended():
    x = groove(2, 3)
    x[0, 1, :DRUMS] = -1
    vectors = ops.convert_to_numpy(GrooveHead(DRUMS).vectors(x, "float32"))
    assert not vectors[0, 1].any()
    x[0, 1] = 0
    np.testing.assert_array_equal(vectors, x)


@pytest.mark.parametrize("make", [lambda: NADEHead(DRUMS, UNITS), lambda: GrooveHead(DRUMS)])
def test_what_a_decoder_makes_is_what_it_would_tell(make):
    decoder = LSTMDecoder([5, 4], make())
    decoder.build((None, 6))
    for i, weight in enumerate(decoder.trainable_weights):
        weight.assign(0.7 * normal(*weight.shape, seed=i))
    z, parts = ops.convert_to_tensor(normal(3, 6)), decoder.head.parts
    uniforms = np.random.default_rng(2).uniform(size=(3, 8, parts)).astype("float32")
    first = np.full((3, parts), NO_TOKEN, decoder.head.token_dtype)
    tokens, made, _ = decoder.generate(z, first, uniforms, 1.0)
    told, _ = decoder.logits(shift(tokens), z)
    np.testing.assert_allclose(made, told, atol=1e-5)
    flat = ops.reshape(made, (24, -1)), uniforms.reshape(24, parts)
    np.testing.assert_allclose(
        ops.reshape(tokens, (24, parts)), decoder.head.draw(*flat, 1.0), atol=1e-6
    )

    # What it reads for itself, everywhere but in the first step.
    true = shift(tokens)
    coins = np.broadcast_to(np.arange(8) > 0, (3, 8))
    read = decoder.sample_previous(z, true, ops.convert_to_tensor(coins), uniforms)
    assert keras.backend.standardize_dtype(read.dtype) == decoder.head.token_dtype
    outputs, _ = decoder.logits(read, z)
    flat = ops.reshape(outputs, (24, -1)), uniforms.reshape(24, parts)
    made = ops.reshape(decoder.head.draw_to_read(*flat), (3, 8, parts))
    np.testing.assert_allclose(read[:, 1:], made[:, :-1], atol=1e-5)
    never = ops.convert_to_tensor(np.zeros((3, 8), bool))
    np.testing.assert_array_equal(decoder.sample_previous(z, true, never, uniforms), true)


@pytest.mark.parametrize("head", [CategoricalHead((3, 4)), NADEHead(4, 3), GrooveHead(4)])
def test_configurations_come_back(head):
    again = type(head).from_config(head.get_config())
    assert again.get_config() == head.get_config()
    assert again.output_size == head.output_size
