"""The decoder of measures: what it reads, makes and leaves out, and how tokens are looked up."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import MeasureDecoder, TokenEmbedding
from keras_music_vae.layers.decoders import NO_TOKEN, shift
from tests.gradients import gradients

CLASSES, TICKS = 5, 3


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def make(**settings):
    sizes = {"embedding_dim": 3, "units": 4, "depth": 2, "ticks_per_beat": TICKS}
    decoder = MeasureDecoder(CLASSES, **sizes | settings)
    decoder.build((None, 2))
    for i, weight in enumerate(decoder.trainable_weights):
        weight.assign(0.7 * normal(*weight.shape, seed=i))
    return decoder


def shifted(tokens):
    return shift(tokens[..., None])[..., 0]


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_what_is_made_is_what_is_read(depth, temperature):
    """One tick after the other, or all at once: also with the same dropout."""
    keras.utils.set_random_seed(1)
    decoder = make(depth=depth, dropout=0.5)
    z, uniforms = normal(6, 2), np.random.default_rng(1).random((6, 4 * TICKS))
    masks = decoder.draw_masks(6, 4)
    assert (masks is None) == (depth == 1)
    logits = {}
    for name, given in (("all", None), ("some", masks)):
        tokens, logits[name] = decoder.generate(z, uniforms, temperature, given)
        assert len(np.unique(tokens)) > 1
        read = decoder.logits(shifted(tokens), z, given)
        np.testing.assert_allclose(logits[name], read, atol=1e-5)
        if not temperature:
            np.testing.assert_array_equal(tokens, ops.argmax(logits[name], axis=-1))
    if masks is not None:
        assert np.abs(logits["all"] - logits["some"]).max() > 0.01


def test_a_beat_begins_anew_but_for_the_token_before_it():
    decoder, z = make(logit_activation=None), normal(1, 2)
    previous = np.array([[NO_TOKEN, 1, 2, 3, 4, 0]])
    logits = np.asarray(decoder.logits(previous, z))
    changed = previous.copy()
    changed[0, 1:3] = 4
    found = np.asarray(decoder.logits(changed, z))
    assert np.abs(found - logits)[0, 1:3].max() > 0.01
    np.testing.assert_array_equal(found[0, 3:], logits[0, 3:])
    assert logits.min() < 0


def test_logits_pass_through_an_activation():
    plain, relu = make(logit_activation=None), make()
    previous, z = np.array([[NO_TOKEN, 1, 2]]), normal(1, 2)
    np.testing.assert_allclose(
        relu.logits(previous, z), np.maximum(plain.logits(previous, z), 0), atol=1e-6
    )


def test_dropout_leaves_out_its_share_and_makes_up_for_it():
    keras.utils.set_random_seed(0)
    masks = np.asarray(make(dropout=0.25).draw_masks(50, 4))
    assert masks.shape == (50, 4, (1 + TICKS) * 4)
    np.testing.assert_allclose(np.unique(masks), [0, 1 / 0.75], rtol=1e-6)
    assert (masks == 0).mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / masks.size))
    assert make(dropout=0.0).draw_masks(50, 4) is None


def test_tokens_are_drawn_by_their_probabilities():
    decoder = make(logit_activation=None)
    uniforms = (np.arange(4000)[:, None] + 0.5) / 4000 * np.ones(TICKS)
    z = np.repeat(normal(1, 2), 4000, axis=0)
    tokens, logits = decoder.generate(z, uniforms, 0.7)
    expected = ops.convert_to_numpy(ops.softmax(logits[0, 0] / 0.7))
    found = np.bincount(ops.convert_to_numpy(tokens)[:, 0], minlength=CLASSES) / 4000
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_an_embedding_looks_tokens_up():
    layer = TokenEmbedding(CLASSES, 3, first=True)
    layer.table.assign(normal(CLASSES, 3))
    layer.first.assign([7.0, 8.0, 9.0])
    tokens = np.array([[NO_TOKEN, 2], [0, 2]])
    found = np.asarray(layer(tokens))
    np.testing.assert_allclose(found[0, 0], [7, 8, 9])
    np.testing.assert_allclose(found[1], normal(CLASSES, 3)[tokens[1]], atol=1e-6)
    none = TokenEmbedding(CLASSES, 3)(np.array([NO_TOKEN]))
    np.testing.assert_array_equal(none, np.zeros((1, 3)))


def test_the_gradient_of_a_table_is_dense():
    """Of sparse ones, Keras's Adam on TensorFlow adds up squares of parts, not the parts."""
    layer = TokenEmbedding(CLASSES, 3)
    (found,) = gradients(lambda: ops.sum(layer(np.array([2, 2, 4]))), [layer.table])
    np.testing.assert_array_equal(found[:, 0], [0, 0, 2, 0, 1])
    optimizer = keras.optimizers.Adam(0.1, epsilon=1e-8)
    before = np.asarray(layer.table)

    class Model(keras.Model):
        def call(self, tokens):
            return ops.sum(self.it(tokens), axis=1)

    model = Model()
    model.it = layer
    model.compile(optimizer, "mae")
    # Two rows of one batch with one token: a first step is the rate, whatever the gradient.
    model.fit(np.array([2, 2]), np.full(2, -100.0), batch_size=2, verbose=0)
    moved = before - np.asarray(layer.table)
    np.testing.assert_allclose(moved[2], 0.1, rtol=1e-4)
    np.testing.assert_array_equal(np.delete(moved, 2, axis=0), 0)
