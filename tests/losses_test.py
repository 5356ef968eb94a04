"""Closed forms against TensorFlow Probability and the authors' own arrays."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae import losses
from keras_music_vae.layers import GaussianPosterior, LogisticNormalPosterior
from tests.gradients import gradients


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.fixture(scope="module")
def tfd():
    return pytest.importorskip("tensorflow_probability").distributions


@pytest.fixture
def softmax_centered(monkeypatch):
    """TensorFlow Probability's bijector; 0.25 calls NumPy with a keyword that 2.4 dropped."""
    reshape = np.reshape
    monkeypatch.setattr(np, "reshape", lambda array, newshape: reshape(array, newshape))
    return pytest.importorskip("tensorflow_probability").bijectors.SoftmaxCentered()


@pytest.mark.parametrize("prior_log_var", [0.0, 0.7])
def test_gaussian_kl(tfd, prior_log_var):
    mean, log_var = normal(5, 3), normal(5, 3, seed=1)
    q = tfd.MultivariateNormalDiag(mean, np.exp(log_var / 2))
    stddev = np.full(3, np.exp(prior_log_var / 2), "float32")
    p = tfd.MultivariateNormalDiag(np.zeros(3, "float32"), stddev)
    got = losses.gaussian_kl(mean, log_var, prior_log_var)
    np.testing.assert_allclose(got, q.kl_divergence(p), rtol=1e-5)


def test_gaussian_and_bernoulli_log_probabilities(tfd):
    x, mean, log_var = normal(4, 3), normal(4, 3, seed=1), normal(4, 3, seed=2)
    want = tfd.MultivariateNormalDiag(mean, np.exp(log_var / 2)).log_prob(x)
    np.testing.assert_allclose(losses.gaussian_log_prob(x, mean, log_var), want, rtol=1e-5)
    notes, logits = (x > 0).astype("float32"), 4 * mean
    want = np.sum(tfd.Bernoulli(logits=logits).log_prob(notes), axis=-1)
    np.testing.assert_allclose(losses.bernoulli_log_prob(notes, logits), want, rtol=1e-5)


def test_softmax_centered_is_that_of_tensorflow_probability(softmax_centered):
    u = 3 * normal(6, 4)
    np.testing.assert_allclose(losses.softmax_centered(u), softmax_centered.forward(u), atol=1e-6)


def test_ratios_of_logistic_normals_are_those_of_their_logits(tfd, softmax_centered):
    """The KL and the importance weight of w may be taken in logit space: the Jacobian cancels."""
    mean, log_var = normal(3), normal(3, seed=1)

    def logistic_normal(mean, stddev):
        gaussian = tfd.MultivariateNormalDiag(mean, stddev)
        return tfd.TransformedDistribution(gaussian, softmax_centered)

    q = logistic_normal(mean, np.exp(log_var / 2))
    p = logistic_normal(np.zeros(3, "float32"), np.ones(3, "float32"))
    u = mean + np.exp(log_var / 2) * normal(200_000, 3, seed=2)
    w = losses.softmax_centered(u)
    ratio = q.log_prob(w) - p.log_prob(w)
    zeros = np.zeros_like(u)
    want = losses.gaussian_log_prob(u, mean, log_var) - losses.gaussian_log_prob(u, zeros, zeros)
    np.testing.assert_allclose(ratio[:1000], want[:1000], atol=2e-3)
    # Monte Carlo: the standard error of this mean is below 0.01.
    np.testing.assert_allclose(np.mean(ratio), losses.gaussian_kl(mean, log_var), atol=0.03)


def test_clipped_reconstruction_equals_the_original(golden):
    arrays = golden("classifying_vae/callbacks_helpers")
    x, p = arrays["clip/x"], arrays["clip/p"].astype("float64")
    with np.errstate(divide="ignore"):
        logits = keras.Variable((np.log(p) - np.log1p(-p)).astype("float32"))
    loss = losses.BernoulliReconstruction(reduction="sum")
    np.testing.assert_allclose(loss.call(x, logits.value), arrays["clip/rec"], rtol=1e-5)
    (gradient,) = gradients(lambda: loss(x, logits.value), [logits])
    inside = (p > losses.CLIP) & (p < 1 - losses.CLIP)
    np.testing.assert_array_equal(gradient[~inside], 0)
    np.testing.assert_array_equal(arrays["clip/rec_grad_p"][~inside], 0)
    want = (arrays["clip/rec_grad_p"] * p * (1 - p))[inside]
    np.testing.assert_allclose(gradient[inside], want, atol=1e-5)


def test_clipped_class_loss_equals_the_original(golden):
    arrays = golden("classifying_vae/callbacks_helpers")
    w_true, w = arrays["clip/w_true"], keras.Variable(arrays["clip/w"])
    loss = losses.ClassLoss(reduction="sum")
    np.testing.assert_allclose(loss.call(w_true, w.value), arrays["clip/ce"], rtol=1e-5, atol=1e-6)
    (gradient,) = gradients(lambda: loss(w_true, w.value), [w])
    np.testing.assert_allclose(gradient, arrays["clip/ce_grad_w"], rtol=1e-4, atol=1e-5)


def test_bernoulli_log_likelihood_of_the_original(golden):
    arrays = golden("classifying_vae/callbacks_helpers")
    x, p = arrays["bernoulli_ll/x"], arrays["bernoulli_ll/p"]
    kept = (p > 1e-6) & (p < 1 - 1e-6)  # float32 logits cannot follow its clip at 1e-15
    logits = np.log(p[kept] / (1 - p[kept]))
    got = losses.bernoulli_log_prob(x[kept][:, None].astype("float32"), logits[:, None])
    np.testing.assert_allclose(got, arrays["bernoulli_ll/out"][kept], rtol=1e-5, atol=1e-6)


def test_samples_of_w_and_z_equal_the_original(golden):
    arrays = golden("classifying_vae/callbacks_helpers")

    def read(name):
        return ops.convert_to_tensor(arrays[f"multi/{name}"], "float32")

    u = read("w_mean") + ops.exp(0.5 * read("w_log_var")) * read("eps_w")
    np.testing.assert_allclose(u, arrays["multi/w_gauss"], atol=1e-6)
    w = LogisticNormalPosterior(4).sample(read("w_mean"), read("w_log_var"), read("eps_w"))
    np.testing.assert_allclose(w, arrays["multi/w"], atol=1e-6)
    z = GaussianPosterior(5).sample(read("z_mean"), read("z_log_var"), read("eps_z"))
    np.testing.assert_allclose(z, arrays["multi/z"], atol=1e-6)


def test_reconstruction_per_step_is_the_mean_over_time_of_each_part():
    x = np.random.default_rng(0).integers(0, 3, (2, 5, 2))
    logits = normal(2, 5, 7)
    loss = losses.CategoricalReconstruction((3, 4), per_step=True, reduction=None)
    terms = loss.of_parts(x, logits)
    for part, own in enumerate((logits[..., :3], logits[..., 3:])):
        crossentropy = keras.losses.sparse_categorical_crossentropy(
            x[..., part], own, from_logits=True
        )
        np.testing.assert_allclose(terms[part], np.mean(crossentropy, axis=-1), rtol=1e-5)
    np.testing.assert_allclose(loss(x, logits), terms[0] + terms[1], rtol=1e-6)
    summed = losses.CategoricalReconstruction((3, 4), reduction=None)(x, logits)
    np.testing.assert_allclose(summed, 5 * loss(x, logits), rtol=1e-5)


def test_losses_survive_a_config_round_trip():
    for loss in (
        losses.BernoulliReconstruction(),
        losses.ClassLoss(0.5),
        losses.CategoricalReconstruction((3, 4), per_step=True),
        losses.NADEReconstruction(),
        losses.GrooveReconstruction(),
    ):
        again = keras.losses.deserialize(keras.losses.serialize(loss))
        assert again.get_config() == loss.get_config()


def test_attribute_disorder_by_its_definition():
    z, a = normal(2, 5, 3), np.round(normal(2, 5, 3, seed=1))  # with ties
    codes, values = z.reshape(10, 3).astype("float64"), a.reshape(10, 3)
    expected = np.zeros((10, 3))
    for i in range(10):
        for j in range(10):
            distance = np.tanh(3 * (codes[i] - codes[j]))
            expected[i] += np.abs(distance - np.sign(values[i] - values[j])) / 10
    found = losses.attribute_disorder(z, a, 3.0)
    np.testing.assert_allclose(found, expected.reshape(2, 5, 3), atol=1e-6)


def test_attribute_disorder_sees_order_alone():
    a = np.arange(6, dtype="float32")[:, None]
    np.testing.assert_allclose(losses.attribute_disorder(a, np.exp(a), 50.0), 0, atol=1e-6)
    np.testing.assert_allclose(losses.attribute_disorder(-a, a, 50.0), 2 * 5 / 6, atol=1e-6)
    np.testing.assert_allclose(losses.attribute_disorder(0 * a, a), 5 / 6, atol=1e-6)
