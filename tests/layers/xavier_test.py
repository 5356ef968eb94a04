"""The spread of what networks of AR-VAE begin with."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import GRU
from keras_music_vae.layers.xavier import xavier_dense


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


def check(kernel, bias, size):
    """A normal kernel by its own shape, beyond where Keras cuts, and a uniform bias by `size`."""
    kernel, bias = map(ops.convert_to_numpy, (kernel, bias))
    stddev, limit = np.sqrt(2 / sum(kernel.shape)), 1 / np.sqrt(size)
    assert kernel.std() == pytest.approx(stddev, rel=4 / np.sqrt(2 * kernel.size))
    assert abs(kernel.mean()) < 4 * stddev / np.sqrt(kernel.size)
    assert np.abs(kernel).max() > 2.5 * stddev
    assert 0.9 * limit < np.abs(bias).max() <= limit
    assert bias.std() == pytest.approx(limit / np.sqrt(3), rel=0.15)
    assert bias.min() < 0 < bias.max()


def test_dense_layers():
    layer = xavier_dense(50, 200, "selu", name="it")
    assert layer.built
    assert layer.name == "it"
    check(layer.kernel, layer.bias, 50)
    x = np.ones((1, 50), "float32")
    expected = keras.activations.selu(x @ ops.convert_to_numpy(layer.kernel) + layer.bias)
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_a_gru_s_kernels_are_those_of_all_gates_as_one():
    layer = GRU(64)
    layer.build((None, None, 20))
    check(layer.kernel, layer.bias, 64)
    check(layer.recurrent_kernel, layer.recurrent_bias, 64)
    assert np.abs(np.asarray(layer.bias) - np.asarray(layer.recurrent_bias)).max() > 0.01
