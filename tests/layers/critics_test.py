"""The critic's closed gradient against automatic differentiation, and who its gradients reach."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import Critic
from keras_music_vae.losses import gradient_penalty
from tests.gradients import gradients


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture(params=[0, 2], ids=["alone", "told"])
def case(request):
    """A critic in float64, codes, and what it is told."""
    critic = Critic((5, 4), dtype="float64")
    critic.build((None, 3), request.param)
    for i, weight in enumerate(critic.trainable_variables):
        weight.assign(normal(*weight.shape, seed=i))
    told = ops.convert_to_tensor(normal(6, request.param, seed=9)) if request.param else None
    return critic, keras.Variable(normal(6, 3, seed=8), dtype="float64"), told


def test_the_input_gradient_is_that_of_automatic_differentiation(case):
    critic, z, told = case
    (expected,) = gradients(lambda: ops.sum(critic(z.value, told)), [z])
    np.testing.assert_allclose(critic.input_gradient(z.value, told), expected, atol=1e-12)


def test_the_gradient_of_the_penalty_is_that_of_finite_differences(case):
    critic, z, told = case

    def penalty():
        return ops.mean(gradient_penalty(critic.input_gradient(z.value, told)))

    weights = [w for w in critic.trainable_variables if w.name != "bias_2"]
    for weight, gradient in zip(weights, gradients(penalty, weights), strict=True):
        direction = normal(*weight.shape, seed=3)
        before, step = ops.convert_to_numpy(weight), 1e-5
        weight.assign(before + step * direction)
        above = float(penalty())
        weight.assign(before - step * direction)
        slope = (above - float(penalty())) / (2 * step)
        weight.assign(before)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, atol=1e-8)


def test_the_gradient_of_the_penalty_is_that_of_a_tape_within_a_tape(case):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("The comparison nests TensorFlow's tapes.")
    import tensorflow as tf

    critic, z, told = case

    def nested():
        with tf.GradientTape() as tape:
            point = tf.identity(z.value)
            tape.watch(point)
            score = tf.reduce_sum(critic(point, told))
        return ops.mean(gradient_penalty(tape.gradient(score, point)))

    def closed():
        return ops.mean(gradient_penalty(critic.input_gradient(z.value, told)))

    weights = [w for w in critic.trainable_variables if w.name != "bias_2"]
    for found, expected in zip(gradients(closed, weights), gradients(nested, weights), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_frozen_critic_gives_the_same_score_and_keeps_its_weights(case):
    critic, z, told = case
    np.testing.assert_array_equal(critic(z.value, told), critic(z.value, told, frozen=True))
    variables = [z, critic.kernels[0]]
    of_code, of_kernel = gradients(
        lambda: ops.sum(critic(z.value, told, frozen=True) + 0 * ops.sum(critic.kernels[0])),
        variables,
    )
    (expected,) = gradients(lambda: ops.sum(critic(z.value, told)), [z])
    np.testing.assert_allclose(of_code, expected, atol=1e-12)
    assert not of_kernel.any()


def test_at_ten_times_the_pace_the_same_critic_moves_ten_times_as_far():
    plain, quick = Critic((5, 4)), Critic((5, 4), pace=10.0)
    z, moved = normal(6, 3, seed=8).astype("float32"), []
    for critic in (plain, quick):
        critic.build((None, 3))
    for slow, fast in zip(plain.kernels, quick.kernels, strict=True):
        width = np.sqrt(6 / sum(slow.shape))  # of Glorot's uniform draws
        assert 0.5 * width < 10 * np.abs(ops.convert_to_numpy(fast)).max() <= width
        fast.assign(slow / 10)
    np.testing.assert_allclose(quick(z), plain(z), rtol=1e-5)
    np.testing.assert_allclose(quick.input_gradient(z), plain.input_gradient(z), rtol=1e-5)
    for critic in (plain, quick):
        before = critic.pace * ops.convert_to_numpy(critic.kernels[0])
        variables = critic.trainable_variables
        optimizer = keras.optimizers.Adam(1e-3, epsilon=1e-12)
        found = gradients(lambda critic=critic: ops.sum(critic(z)), variables)
        optimizer.apply([ops.convert_to_tensor(each) for each in found], variables)
        moved.append(critic.pace * ops.convert_to_numpy(critic.kernels[0]) - before)
    np.testing.assert_allclose(moved[1], 10 * moved[0], rtol=1e-3, atol=1e-7)


def test_a_slope_of_one_costs_nothing():
    rows = np.array([[0.6, 0.8], [3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(gradient_penalty(rows), [0, 16, 1], atol=1e-5)
