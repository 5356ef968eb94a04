"""The fast LSTM equals Keras's LSTM in value and gradient."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers.lstm import GATES, LSTM
from tests.gradients import gradients


def pair(gate="sigmoid", units=6, features=5, **options):
    """One of ours and one of Keras's with the same random weights, and an input variable."""
    rng = np.random.default_rng(0)
    ours = LSTM(units, gate=gate, **options)
    theirs = keras.layers.LSTM(
        units,
        return_sequences=True,
        recurrent_activation=GATES[gate][0],
        use_cudnn=False,
    )
    for layer in (ours, theirs):
        layer.build((None, None, features))
    kernel = rng.normal(size=(features, 4 * units))
    recurrent = rng.normal(size=(units, 4 * units))
    bias = rng.normal(size=4 * units)
    theirs.set_weights([kernel, recurrent, bias])
    ours.kernel.assign(kernel)
    ours.recurrent_kernel.assign(recurrent)
    ours.bias.assign(bias)
    return ours, theirs


@pytest.mark.parametrize("gate", sorted(GATES))
def test_equals_keras_in_value_and_gradient(gate):
    ours, theirs = pair(gate)
    rng = np.random.default_rng(1)
    x = keras.Variable(rng.normal(size=(3, 7, 5)), dtype="float32")
    weight = ops.convert_to_tensor(rng.normal(size=(3, 7, 6)), "float32")

    np.testing.assert_allclose(ours(x.value), theirs(x.value), atol=1e-6)

    def loss(layer):
        return lambda: ops.sum(layer(x.value) * weight)

    got = gradients(loss(ours), [x, ours.kernel.v, ours.recurrent_kernel.v, ours.bias])
    cell = theirs.cell
    want = gradients(loss(theirs), [x, cell.kernel, cell.recurrent_kernel, cell.bias])
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, atol=2e-5)


def test_gradient_reaches_the_initial_state_and_leaves_by_the_last():
    ours, theirs = pair()
    rng = np.random.default_rng(2)
    x = ops.convert_to_tensor(rng.normal(size=(3, 4, 5)), "float32")
    h = keras.Variable(rng.normal(size=(3, 6)), dtype="float32")
    c = keras.Variable(rng.normal(size=(3, 6)), dtype="float32")
    theirs.return_state = True

    def of_ours():
        outputs, (last_h, last_c) = ours.run(x, (h.value, c.value))
        return ops.sum(outputs**2) + ops.sum(last_h**3) + ops.sum(last_c**2)

    def of_theirs():
        outputs, last_h, last_c = theirs(x, initial_state=[h.value, c.value])
        return ops.sum(outputs**2) + ops.sum(last_h**3) + ops.sum(last_c**2)

    got, want = gradients(of_ours, [h, c]), gradients(of_theirs, [h, c])
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, atol=1e-5)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="JAX traces with known lengths only"
)
def test_gradient_of_sequences_of_unknown_length():
    import tensorflow as tf

    layer, _ = pair()
    x = np.random.default_rng(4).normal(size=(2, 5, 5)).astype("float32")
    variables = [layer.kernel.v.value, layer.recurrent_kernel.v.value, layer.bias.value]

    def gradient(x):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(value, variables)

    traced = tf.function(gradient, input_signature=[tf.TensorSpec((None, None, 5))])
    for got, want in zip(traced(x), gradient(x), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-5)


def test_steps_equal_the_whole_run():
    layer, _ = pair(weight_norm=True)
    x = ops.convert_to_tensor(np.random.default_rng(3).normal(size=(2, 5, 5)), "float32")
    state = layer.zero_state(2)
    outputs = []
    for t in range(5):
        state = layer.step(x[:, t], state)
        outputs.append(state[0])
    whole, last = layer.run(x, layer.zero_state(2))
    np.testing.assert_allclose(ops.stack(outputs, axis=1), whole, atol=1e-6)
    np.testing.assert_allclose(state[1], last[1], atol=1e-6)


def test_weight_norm_makes_columns_of_length_g():
    layer = LSTM(4, weight_norm=True)
    layer.build((None, None, 3))
    for kernel in (layer.kernel, layer.recurrent_kernel):
        kernel.g.assign(np.arange(1, 17, dtype="float32"))
        norms = np.linalg.norm(ops.convert_to_numpy(kernel.value()), axis=0)
        np.testing.assert_allclose(norms, np.arange(1, 17), rtol=1e-5)


def test_forget_bias_starts_at_one():
    layer = LSTM(2)
    layer.build((None, None, 3))
    np.testing.assert_array_equal(layer.bias, [0, 0, 1, 1, 0, 0, 0, 0])


def test_unknown_gate_is_refused():
    with pytest.raises(ValueError, match=r"must be one of .*Received: gate='relu'"):
        LSTM(2, gate="relu")
