"""Posteriors of two heads: their scales, and the KL with free nats by TensorFlow Probability."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import DiagonalPosterior, FreeNatsPosterior, LogStddevPosterior

tfp = pytest.importorskip("tensorflow_probability")


@pytest.mark.parametrize("scale", ["softplus", "exp"])
def test_the_kl_costs_what_exceeds_the_tolerance(scale):
    rng = np.random.default_rng(0)
    posterior = FreeNatsPosterior(4, free_nats=1.5, scale=scale)
    posterior.build((None, 5))
    for weight in posterior.trainable_weights:
        weight.assign(0.4 * rng.normal(size=weight.shape))
    h, noise = rng.normal(size=(6, 5)).astype("float32"), rng.normal(size=(6, 4))
    z, mean, stddev = posterior(h, kl_weight=0.5, noise=noise)
    pre = ops.convert_to_numpy(posterior.scale_head(h))
    expected = np.log1p(np.exp(pre)) if scale == "softplus" else np.exp(2 * pre)
    np.testing.assert_allclose(stddev, expected, rtol=1e-5)
    np.testing.assert_allclose(z, mean + stddev * noise.astype("float32"), rtol=1e-5)
    normal = tfp.distributions.MultivariateNormalDiag
    kl = normal(mean, stddev).kl_divergence(normal(np.zeros(4, "float32"), np.ones(4, "float32")))
    costs = np.maximum(kl.numpy() - 1.5, 0)
    assert 0 < (costs == 0).sum() < 6
    np.testing.assert_allclose(posterior.losses[0], 0.5 * costs.mean(), rtol=1e-5)


def test_without_a_tolerance_there_is_no_loss_and_the_second_head_is_a_log_variance():
    posterior = DiagonalPosterior(3)
    h, noise = np.ones((2, 4), "float32"), np.ones((2, 3), "float32")
    z, mean, stddev = posterior(h, noise=noise)
    np.testing.assert_allclose(2 * np.log(stddev), posterior.scale_head(h), atol=1e-6)
    np.testing.assert_allclose(z, mean + stddev, atol=1e-6)
    assert not posterior.losses


@pytest.mark.parametrize("scale", ["softplus", "exp", "log_var"])
def test_spread_codes_differ_more_than_their_noise(scale):
    h = 0.3 + 0.01 * np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    posterior = DiagonalPosterior(3, scale)
    posterior.build(h.shape)
    posterior.scale_head.kernel.assign(np.zeros((4, 3)))
    posterior.spread(h, spread=0.5, stddev=0.1)
    mean, stddev = map(ops.convert_to_numpy, posterior.distribution(h))
    np.testing.assert_allclose(mean.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(mean.std(axis=0).mean(), 0.5, rtol=1e-4)
    np.testing.assert_allclose(stddev, 0.1, rtol=1e-4)


def test_an_unknown_scale_is_refused():
    with pytest.raises(ValueError, match="scale must be one of"):
        FreeNatsPosterior(4, scale="sigmoid")


def test_heads_of_log_stddevs_are_two_layers_each():
    rng = np.random.default_rng(0)
    posterior = LogStddevPosterior(3)
    posterior.build((None, 8))
    for weight in posterior.trainable_weights:
        weight.assign(0.4 * rng.normal(size=weight.shape))
    h, noise = rng.normal(size=(5, 8)).astype("float32"), rng.normal(size=(5, 3))
    z, mean, stddev = posterior(h, kl_weight=0.5, noise=noise)
    told = []
    for hidden, last in (posterior.mean, posterior.log_stddev):
        assert hidden.units == 4
        x = keras.activations.selu(h @ np.asarray(hidden.kernel) + np.asarray(hidden.bias))
        told.append(np.asarray(x) @ np.asarray(last.kernel) + np.asarray(last.bias))
    np.testing.assert_allclose(mean, told[0], atol=1e-6)
    np.testing.assert_allclose(stddev, np.exp(told[1]), rtol=1e-5)
    np.testing.assert_allclose(z, told[0] + np.exp(told[1]) * noise, atol=1e-5)
    normal = tfp.distributions.MultivariateNormalDiag
    kl = normal(mean, stddev).kl_divergence(normal(np.zeros(3, "float32"), np.ones(3, "float32")))
    np.testing.assert_allclose(posterior.losses[0], 0.5 * np.mean(kl), rtol=1e-5)
