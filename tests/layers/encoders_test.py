"""Bidirectional encoders against Keras's own layers, and lengths against cut sequences."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import BidirectionalEncoder, HierarchicalEncoder
from keras_music_vae.layers.encoders import reverse


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_one_layer_is_kerass_bidirectional():
    ours = BidirectionalEncoder([4])
    ours.build((None, None, 3))
    theirs = keras.layers.Bidirectional(keras.layers.LSTM(4))
    theirs.build((None, 5, 3))
    theirs.set_weights(
        [
            ops.convert_to_numpy(weight)
            for layer in ours.directions[0]
            for weight in (layer.kernel.v, layer.recurrent_kernel.v, layer.bias)
        ]
    )
    x = random(2, 5, 3)
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-6)


def test_kernels_begin_as_keras_s_where_that_is_asked_for():
    encoder = BidirectionalEncoder((4,), init="keras")
    encoder.build((None, None, 3))
    kernel = ops.convert_to_numpy(encoder.directions[0][0].recurrent_kernel.v)
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(4), atol=1e-6)  # orthogonal


def test_what_lies_beyond_the_end_changes_nothing():
    encoder = BidirectionalEncoder([4, 3])
    x, other = random(3, 6, 2), -random(3, 6, 2)
    lengths = np.array([6, 4, 1])
    inside = np.arange(6)[:, None] < lengths[:, None, None]
    codes = ops.convert_to_numpy(encoder(x, lengths=lengths))
    np.testing.assert_allclose(
        encoder(np.where(inside, x, other), lengths=lengths), codes, atol=1e-6
    )
    for row, length in enumerate(lengths):
        alone = encoder(x[row : row + 1, :length])
        np.testing.assert_allclose(alone[0], codes[row], atol=1e-6)
    np.testing.assert_allclose(encoder(x)[0], codes[0], atol=1e-6)


def test_sequences_are_reversed_within_their_length():
    x = np.arange(8).reshape(2, 4, 1)
    found = ops.convert_to_numpy(reverse(ops.convert_to_tensor(x), np.array([3, 0])))
    assert found[..., 0].tolist() == [[2, 1, 0, 3], [4, 5, 6, 7]]


def test_a_hierarchy_reads_segments_and_then_their_codes():
    encoder = HierarchicalEncoder([[4], [3]], [2, 3])
    x = random(2, 6, 5)
    found = encoder(x)
    segments = [encoder.levels[0](x[:, first : first + 2]) for first in (0, 2, 4)]
    np.testing.assert_allclose(found, encoder.levels[1](ops.stack(segments, axis=1)), atol=1e-6)
    assert found.shape == (2, 6)


def test_what_each_direction_of_each_layer_reads_is_dropped_apart():
    encoder = BidirectionalEncoder([4, 3])
    x = ops.convert_to_tensor(random(2, 6, 5))
    plain = encoder(x)
    masks = [ops.convert_to_tensor(random(*shape)) for shape in [(2, 6, 5)] * 2 + [(2, 6, 8)] * 2]
    left = list(masks)
    found = encoder(x, drop=lambda x: x * left.pop(0))
    assert not left
    for i, (forward, backward) in enumerate(encoder.directions):
        ahead = forward(x * masks[2 * i])
        behind = ops.flip(backward(ops.flip(x * masks[2 * i + 1], axis=1)), axis=1)
        x = ops.concatenate([ahead, behind], axis=-1)
    np.testing.assert_allclose(
        found, ops.concatenate([ahead[:, -1], behind[:, 0]], axis=-1), atol=1e-6
    )
    assert np.abs(ops.convert_to_numpy(found - plain)).max() > 1e-3


def test_segments_that_end_early_are_read_as_if_they_were_alone():
    encoder = HierarchicalEncoder([[4], [3]], [5, 3])
    x, lengths = random(2, 15, 6), np.array([[5, 1, 3], [2, 4, 5]])
    found = encoder(x, segment_lengths=lengths)
    for i in range(2):
        codes = [encoder.levels[0](x[i : i + 1, 5 * j : 5 * j + lengths[i, j]]) for j in range(3)]
        expected = encoder.levels[1](ops.stack(codes, axis=1))
        np.testing.assert_allclose(found[i : i + 1], expected, atol=1e-6)
    whole = encoder(x, segment_lengths=np.full((2, 3), 5))
    np.testing.assert_allclose(whole, encoder(x), atol=1e-6)
    assert np.abs(ops.convert_to_numpy(found - whole)).max() > 1e-3


def test_a_hierarchy_drops_at_every_level():
    encoder, seen = HierarchicalEncoder([[4], [3]], [2, 3]), []
    encoder(random(2, 6, 5), drop=lambda x: seen.append(tuple(x.shape)) or x)
    assert seen == [(6, 2, 5)] * 2 + [(2, 3, 8)] * 2


@pytest.mark.parametrize(
    "make", [lambda: BidirectionalEncoder([]), lambda: HierarchicalEncoder([[4]], [2, 3])]
)
def test_sizes_that_make_no_encoder_are_refused(make):
    with pytest.raises(ValueError, match="Received"):
        make()


def test_configurations_come_back():
    for layer in (BidirectionalEncoder([4, 3]), HierarchicalEncoder([[4], [3]], [2, 3])):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
