"""Our GRUs equal Keras's, alone, stacked and in both directions, in value and gradient."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers.gru import GRU, GRUEncoder, StackedGRU
from tests.gradients import gradients


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def theirs(ours, features, **options):
    """Keras's GRU with the weights of ours, whose gates are in another order."""
    layer = keras.layers.GRU(ours.units, return_sequences=True, use_cudnn=False, **options)
    layer.build((None, None, features))

    def reordered(weight):
        reset, update, new = np.split(ops.convert_to_numpy(weight), 3, axis=-1)
        return np.concatenate([update, reset, new], axis=-1)

    bias = np.stack([reordered(ours.bias), reordered(ours.recurrent_bias)])
    layer.set_weights([reordered(ours.kernel), reordered(ours.recurrent_kernel), bias])
    return layer


def built(layer, features):
    layer.build((None, None, features))
    for i, weight in enumerate(layer.trainable_weights):
        weight.assign(0.7 * normal(*weight.shape, seed=i))
    return layer


def test_equals_keras_in_value_and_gradient():
    ours = built(GRU(4), 3)
    other = theirs(ours, 3)
    x, first = (keras.Variable(normal(*shape)) for shape in ((2, 5, 3), (2, 4)))
    weight = normal(2, 5, 4, seed=9)
    np.testing.assert_allclose(ours(x.value), other(x.value), atol=1e-6)

    def of_ours():
        states, last = ours.run(ours.project(x.value), first.value)
        return ops.sum(weight * states) + ops.sum(last**2)

    def of_theirs():
        states = other(x.value, initial_state=first.value)
        return ops.sum(weight * states) + ops.sum(states[:, -1] ** 2)

    variables = [x, first, ours.kernel, ours.recurrent_kernel, ours.bias, ours.recurrent_bias]
    found = gradients(of_ours, variables)
    cell = other.cell
    expected = gradients(of_theirs, [x, first, cell.kernel, cell.recurrent_kernel, cell.bias])
    for f, e in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_allclose(f, e, atol=1e-5)
    expected = [*expected[2:4], *expected[4]]
    for f, e in zip(found[2:], expected, strict=True):
        update, reset, new = np.split(e, 3, axis=-1)
        np.testing.assert_allclose(f, np.concatenate([reset, update, new], axis=-1), atol=1e-5)


def test_a_run_is_its_steps():
    layer = built(GRU(4), 3)
    projections, h = layer.project(normal(2, 5, 3)), normal(2, 4, seed=1)
    states, last = layer.run(projections, h)
    for i in range(5):
        h = layer.step(projections[:, i], h)
        np.testing.assert_allclose(states[:, i], h, atol=1e-6)
    np.testing.assert_allclose(last, h, atol=1e-6)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_stack_is_layer_on_layer_with_masks_between(depth):
    stack = built(StackedGRU(4, depth), 3)
    x, states = normal(2, 5, 3), normal(2, depth * 4, seed=1)
    masks = np.random.default_rng(2).integers(0, 2, (2, 5, stack.mask_size)) * np.float32(2)
    assert stack.mask_size == 4 * (depth - 1)
    for given in (None, masks):
        output, lasts = x, []
        for i, layer in enumerate(stack.layers):
            if i and given is not None:
                output = output * given[..., 4 * i - 4 : 4 * i]
            first = states[:, 4 * i : 4 * i + 4]
            output = theirs(layer, output.shape[-1])(output, initial_state=first)
            lasts.append(output[:, -1])
        projections = stack.layers[0].project(x)
        np.testing.assert_allclose(stack.run(projections, states, given), output, atol=1e-6)
        following = states
        for i in range(5):
            mask = None if given is None else given[:, i]
            made, following = stack.step(projections[:, i], following, mask)
            np.testing.assert_allclose(made, output[:, i], atol=1e-6)
        np.testing.assert_allclose(following, np.concatenate(lasts, axis=-1), atol=1e-6)


def test_an_encoder_gives_the_last_states_of_all_layers():
    encoder = built(GRUEncoder(4, depth=2), 3)
    x = output = normal(2, 5, 3)
    lasts = []
    for forward, backward in encoder.directions:
        ahead = theirs(forward, output.shape[-1])(output)
        behind = theirs(backward, output.shape[-1], go_backwards=True)(output)
        lasts += [ahead[:, -1], behind[:, -1]]
        output = np.concatenate([ahead, ops.flip(behind, axis=1)], axis=-1)
    np.testing.assert_allclose(encoder(x), np.concatenate(lasts, axis=-1), atol=1e-6)


def test_an_encoder_drops_what_a_layer_hands_up_while_training_alone():
    keras.utils.set_random_seed(0)
    encoder = built(GRUEncoder(4, depth=2, dropout=0.5), 3)
    x = normal(6, 5, 3)
    still, trained, again = (np.asarray(encoder(x, training=t)) for t in (False, True, True))
    np.testing.assert_array_equal(still, encoder(x))
    np.testing.assert_array_equal(trained[:, :8], still[:, :8])  # the first layer's own states
    assert np.abs(trained[:, 8:] - still[:, 8:]).max() > 0.01
    assert np.abs(trained[:, 8:] - again[:, 8:]).max() > 0.01
    one = built(GRUEncoder(4, depth=1, dropout=0.5), 3)
    np.testing.assert_array_equal(one(x, training=True), one(x))
