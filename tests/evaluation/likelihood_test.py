"""The importance sampler against models whose likelihood is known."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.evaluation.likelihood import LogMeanExp, log_likelihood
from keras_music_vae.losses import gaussian_log_prob
from keras_music_vae.models import VAE, VAELSTM, ClassifyingVAE, ClassifyingVAELSTM


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


def linear_gaussian(draws, rng, widen=1.2):
    """Log-weights and exact log p(x) of p(z)=N(0,1), p(x|z)=N(a z + b, s^2), with a wide q."""
    a, b, s = 1.7, -0.4, 0.6
    x = np.array([-3.0, -0.5, 0.3, 2.5])
    variance = 1 / (1 + (a / s) ** 2)
    mean = variance * a * (x - b) / s**2
    log_q_var = np.log(widen * variance) * np.ones_like(x)
    z = mean[:, None] + np.exp(log_q_var / 2)[:, None] * rng.normal(size=(x.size, draws))

    def log_normal(value, mean, log_var):
        return ops.convert_to_numpy(
            gaussian_log_prob(
                *(
                    ops.convert_to_tensor(v[..., None], "float64")
                    for v in np.broadcast_arrays(value, mean, log_var)
                )
            )
        )

    log_weights = (
        log_normal(x[:, None], a * z + b, 2 * np.log(s))
        + log_normal(z, 0.0, 0.0)
        - log_normal(z, mean[:, None], log_q_var[:, None])
    )
    return log_weights, log_normal(x, b, np.log(a**2 + s**2))


def test_equals_the_exact_likelihood_of_a_linear_gaussian_model():
    log_weights, exact = linear_gaussian(20000, np.random.default_rng(0))
    estimate = LogMeanExp(len(exact))
    for block in np.array_split(log_weights, 7, axis=1):
        estimate.update(block)
    np.testing.assert_allclose(estimate.result(), exact, atol=0.01)
    assert np.all(estimate.mean() < exact - 0.005)  # the ELBO is strictly below
    assert np.all(estimate.effective_sample_size() < 20000)


def test_an_exact_posterior_gives_the_likelihood_at_every_draw():
    log_weights, exact = linear_gaussian(3, np.random.default_rng(0), widen=1.0)
    estimate = LogMeanExp(len(exact))
    estimate.update(log_weights)
    np.testing.assert_allclose(estimate.result(), exact, atol=1e-9)
    np.testing.assert_allclose(estimate.effective_sample_size(), 3, atol=1e-6)


def test_stream_of_log_weights_survives_extremes():
    estimate = LogMeanExp(2)
    for block in ([[-1e4], [700.0]], [[-1e4 + 1], [-900.0]]):
        estimate.update(block)
    want = [-1e4 + np.log((1 + np.e) / 2), 700 - np.log(2)]
    np.testing.assert_allclose(estimate.result(), want)


def windows(time, pitches=4, count=3):
    rng = np.random.default_rng(1)
    return (rng.random((2, count, time, pitches)) < 0.5).astype("uint8")


CLASSES = ("A", "C", "D")
FACTORIES = {
    "vae": (lambda: VAE(1, 5, num_pitches=4), 1),
    "vae_lstm": (lambda: VAELSTM(1, 3, num_pitches=4), 2),
    "classifying_vae": (lambda: ClassifyingVAE(CLASSES, 1, 5, num_pitches=4), 1),
    "classifying_vae_lstm": (
        lambda: ClassifyingVAELSTM(CLASSES, 1, 3, num_pitches=4, seq_length=2),
        2,
    ),
}


@pytest.mark.parametrize("name", FACTORIES)
def test_is_a_distribution_over_all_music(name):
    """Probabilities of all windows of two pitches sum to one."""
    make, time = FACTORIES[name]
    config = make().get_config() | {"num_pitches": 2}
    model = type(make()).from_config(config)
    notes = 2 * time
    x = np.array(list(itertools.product([0, 1], repeat=notes))).reshape(-1, time, 2)
    x_prev = np.zeros_like(x)
    x_prev[:, 1:] = x[:, :-1]
    total = sum(
        np.exp(
            log_likelihood(
                model, x[i : i + 1], x_prev[i : i + 1], draws=4000, seed=i
            ).log_likelihood
            * time
        )
        for i in range(len(x))
    )
    assert total == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("name", FACTORIES)
def test_bounds_come_in_order_and_repeat(name):
    make, time = FACTORIES[name]
    model = make()
    x, x_prev = windows(time)
    few = log_likelihood(model, x, x_prev, draws=200)
    assert few.elbo <= few.at_tenth + 0.02
    assert few.at_tenth <= few.log_likelihood + 0.02
    assert 1 <= few.effective_sample_size <= 200
    assert few == log_likelihood(model, x, x_prev, draws=200)
    assert (few.without_w_ratio == few.log_likelihood) == (not model.condition_dim)


def test_the_first_draws_of_many_are_the_draws_of_few():
    model = FACTORIES["classifying_vae"][0]()
    x, x_prev = windows(1)
    assert log_likelihood(model, x, x_prev, draws=2000).at_tenth == pytest.approx(
        log_likelihood(model, x, x_prev, draws=200).log_likelihood, abs=1e-6
    )


def test_padding_counts_neither_as_music_nor_as_latents():
    model = FACTORIES["vae_lstm"][0]()
    x, x_prev = windows(2)
    padded = [np.concatenate([a, np.zeros_like(a)], axis=1) for a in (x, x_prev)]
    mask = np.arange(4)[None] < 2
    mask = np.broadcast_to(mask, (len(x), 4))
    long = log_likelihood(model, *padded, mask=mask, draws=4000)
    short = log_likelihood(model, x, x_prev, draws=4000)
    assert long.steps == short.steps == 6
    assert long.log_likelihood == pytest.approx(short.log_likelihood, abs=0.02)


def test_an_mlp_is_refused_windows_of_several_steps():
    with pytest.raises(ValueError, match=r"one step for a model without recurrence"):
        log_likelihood(FACTORIES["vae"][0](), *windows(2))


def test_log_mean_exp_equals_the_original(golden):
    arrays = golden("classifying_vae/callbacks_helpers")
    estimate = LogMeanExp(arrays["logmeanexp/in"].shape[1])
    for row in arrays["logmeanexp/in"]:
        estimate.update(row[:, None])
    np.testing.assert_allclose(estimate.result(), arrays["logmeanexp/out"], rtol=1e-12)
