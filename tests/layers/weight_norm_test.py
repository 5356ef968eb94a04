"""Weight normalization: the (V, g) form, its updates as in the authors' optimizers, its set-up."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import Dense, NormalizedKernel, data_dependent_initialization
from keras_music_vae.models import ClassifyingVAE
from tests.gradients import gradients

VARIANTS = ["adam", "adam_lr", "adam_decay", "sgd", "sgd_momentum", "sgd_nesterov", "sgd_decay"]


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


def optimizer_of(config):
    rate = config["lr"]
    if config["decay"]:
        rate = keras.optimizers.schedules.InverseTimeDecay(rate, 1, config["decay"])
    if "momentum" in config:
        return keras.optimizers.SGD(rate, config["momentum"], config["nesterov"])
    return keras.optimizers.Adam(rate, config["beta_1"], config["beta_2"], config["epsilon"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_updates_equal_the_authors_optimizers(golden, variant):
    arrays = golden("classifying_vae/weightnorm_only")
    x, y, target = (arrays[f"in/{name}"] for name in ("x", "y", "tensor3_target"))
    kernel, tensor3 = (NormalizedKernel(arrays[f"in/{n}"].shape) for n in ("kernel", "tensor3"))
    kernel.assign(arrays["in/kernel"])
    tensor3.assign(arrays["in/tensor3"])
    bias = keras.Variable(arrays["in/bias"])

    def loss():
        residual = ops.matmul(x, kernel.value()) + bias - y
        return ops.mean(ops.square(residual)) + 0.5 * ops.mean(ops.square(tensor3.value() - target))

    variables = [kernel.v, kernel.g, tensor3.v, tensor3.g, bias]
    optimizer = optimizer_of(json.loads(str(arrays[f"{variant}/config"])))
    optimizer.build(variables)
    for step in (1, 2, 3):
        np.testing.assert_allclose(loss(), arrays[f"{variant}/step{step}/loss_before"], atol=2e-5)
        optimizer.apply(gradients(loss, variables))
        for name, normalized in (("kernel", kernel), ("tensor3", tensor3)):
            for what, value in (
                ("W", normalized.value()),
                ("V", normalized.v),
                ("g", normalized.g),
            ):
                want = arrays[f"{variant}/step{step}/{name}/{what}"]
                np.testing.assert_allclose(value, want, atol=3e-6, err_msg=f"{name} {what}")
        np.testing.assert_allclose(bias, arrays[f"{variant}/step{step}/bias/W"], atol=3e-6)


def test_one_adam_step_equals_the_v_g_form_written_out():
    rng = np.random.default_rng(0)
    layer = Dense(3)
    layer.build((None, 5))
    x, weight = rng.normal(size=(4, 5)).astype("float32"), rng.normal(size=(4, 3))
    v = np.asarray(layer.kernel.v).astype("float64")
    g = np.linalg.norm(v, axis=0)
    optimizer = keras.optimizers.Adam(0.01, epsilon=1e-8)
    variables = layer.trainable_variables
    optimizer.build(variables)
    optimizer.apply(gradients(lambda: ops.sum(layer(x) * weight.astype("float32")), variables))

    d_kernel = x.T @ weight
    direction = v / np.linalg.norm(v, axis=0)
    d_g = np.sum(d_kernel * direction, axis=0)
    d_v = g / np.linalg.norm(v, axis=0) * (d_kernel - d_g * direction)
    # The first step of Adam is the learning rate times the sign, but for epsilon.
    scale = np.sqrt(1 - 0.999) / (1 - 0.9)

    def adam(value, gradient):
        m, s = 0.1 * gradient, 0.001 * gradient**2
        return value - 0.01 * scale * m / (np.sqrt(s) + 1e-8)

    new_v, new_g = adam(v, d_v), adam(g, d_g)
    want = new_g * new_v / np.linalg.norm(new_v, axis=0)
    np.testing.assert_allclose(layer.kernel.value(), want, atol=1e-5)
    plain = adam(v, d_kernel)
    assert np.abs(plain - want).max() > 1e-3  # normalization matters in this very step


def test_starts_as_the_initializer_made_it():
    kernel = NormalizedKernel((6, 4))
    np.testing.assert_allclose(kernel.value(), kernel.v, rtol=1e-6)
    np.testing.assert_allclose(kernel.g, np.linalg.norm(np.asarray(kernel.v), axis=0), rtol=1e-6)


def test_the_norm_is_taken_in_float32_under_mixed_precision():
    layer = Dense(4, dtype="mixed_bfloat16")
    layer.build((None, 300))
    plain = Dense(4)
    plain.build((None, 300))
    plain.kernel.assign(layer.kernel.v)

    class Reading(keras.layers.Layer):
        """Reads the kernel where Keras casts variables."""

        def call(self, x):
            return layer.kernel.value()

    read = Reading(dtype="mixed_bfloat16")(np.ones((1, 1)))
    assert keras.backend.standardize_dtype(read.dtype) == "bfloat16"
    want = ops.cast(plain.kernel.value(), "bfloat16")
    np.testing.assert_array_equal(ops.cast(read, "float32"), ops.cast(want, "float32"))


def test_the_gradient_of_v_is_orthogonal_to_v():
    kernel = NormalizedKernel((6, 4))
    kernel.g.assign(np.array([0.5, 1, 2, 3]))
    (d_v,) = gradients(lambda: ops.sum(ops.sin(kernel.value())), [kernel.v])
    np.testing.assert_allclose(np.sum(d_v * np.asarray(kernel.v), axis=0), 0, atol=1e-6)


def test_data_dependent_initialization_standardizes_every_layer():
    model = ClassifyingVAE(("C", "Eb", "G"), 3, 7, classifier_dim=5, num_pitches=10)
    rng = np.random.default_rng(0)
    x, x_prev = (rng.random((2, 400, 10)) < 0.3).astype("float32")
    noise = {"eps_z": rng.normal(size=(400, 3)), "eps_w": rng.normal(size=(400, 2))}
    inputs = {"x": x, "x_prev": x_prev, **noise}
    assert data_dependent_initialization(model, inputs) == 8
    outputs = model(inputs)
    for name in ("x", "z_mean", "z_log_var", "w_mean", "w_log_var"):
        values = ops.convert_to_numpy(outputs[name])
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
        np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-3)


def test_data_dependent_initialization_is_off_afterwards_and_needs_normalized_layers():
    layer = Dense(2)
    model = keras.Sequential([keras.Input((3,)), layer])
    x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    data_dependent_initialization(model, x)
    before = [np.asarray(v) for v in layer.trainable_variables]
    model(5 * x)
    for old, new in zip(before, layer.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(ValueError, match="weight_norm=True"):
        data_dependent_initialization(
            keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), x
        )


def test_without_normalization_it_is_keras_dense():
    ours, theirs = Dense(4, "relu", weight_norm=False), keras.layers.Dense(4, "relu")
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    ours.build(x.shape)
    theirs.build(x.shape)
    theirs.set_weights([ours.kernel.v, ours.bias])
    np.testing.assert_allclose(ours(x), theirs(x), atol=1e-6)


def test_no_units_are_refused():
    with pytest.raises(ValueError, match="units must be at least 1"):
        Dense(0)
