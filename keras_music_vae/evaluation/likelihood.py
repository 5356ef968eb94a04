"""Importance-sampled log-likelihood, the estimator behind Table 1 of Hennig et al. 2017.

For one window x with history x_prev, and K draws of (w, z) from the posteriors,

    log p(x) ~ log mean_k p(x|z_k,w_k,x_prev) p(z_k) p(w_k) / (q(z_k|x,w_k) q(w_k|x)).

For MLP models a window is one step; for LSTM models it is as long as the training windows, with one
w. Densities of w are those of its free logits, where prior and posterior are Gaussian: the Jacobian
to probabilities is the same in both and cancels. Nats throughout.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from keras_music_vae.compiled import compiled
from keras_music_vae.losses import bernoulli_log_prob, gaussian_log_prob, softmax_centered

# Steps decoded at once, which bounds memory whatever K and the number of windows.
ROWS = 2**15
DRAWS = 20


@dataclass(frozen=True)
class Likelihood:
    """What `log_likelihood` measures; all means are per step of music.

    Attributes:
        log_likelihood: float. The estimate at K draws, a lower bound in expectation.
        standard_error: float. Of the mean over windows.
        at_tenth: float. The same at K/10 draws: the bound is loose where the two differ.
        elbo: float. The evidence lower bound, from the same draws.
        without_w_ratio: float. The estimate that leaves out p(w)/q(w). Not a bound: it uses what
            the label taught q(w|x) for free. Equal to `log_likelihood` for models without w.
        effective_sample_size: float. (sum of weights)^2 / sum of squares, mean over windows, of K.
        draws: int. K.
        steps: int. Steps of music.
    """

    log_likelihood: float
    standard_error: float
    at_tenth: float
    elbo: float
    without_w_ratio: float
    effective_sample_size: float
    draws: int
    steps: int


class LogMeanExp:
    """log mean exp over a stream of log-weights, for many estimates side by side.

    Keeps a running maximum and sums, so its size does not grow with the number of draws.
    """

    def __init__(self, size):
        self.count = 0
        self._max = np.full(size, -np.inf)
        self._sum = np.zeros(size)
        self._squares = np.zeros(size)
        self._plain = np.zeros(size)

    def update(self, log_weights):
        """Adds draws, `(estimate, draw)`."""
        log_weights = np.asarray(log_weights, "float64")
        top = np.maximum(self._max, log_weights.max(axis=1))
        weights = np.exp(log_weights - top[:, None])
        scale = np.exp(self._max - top)
        self._sum = self._sum * scale + weights.sum(axis=1)
        self._squares = self._squares * scale**2 + np.square(weights).sum(axis=1)
        self._plain += log_weights.sum(axis=1)
        self._max = top
        self.count += log_weights.shape[1]

    def result(self):
        """`(estimate,)`: log of the mean weight."""
        return self._max + np.log(self._sum / self.count)

    def mean(self):
        """`(estimate,)`: mean of the log-weights."""
        return self._plain / self.count

    def effective_sample_size(self):
        """`(estimate,)`: between 1 (one draw has all the weight) and the number of draws."""
        return np.square(self._sum) / self._squares


def log_likelihood(model, x, x_prev, mask=None, draws=100, seed=0):
    """Estimates the average log-likelihood of music under a model of Hennig et al. 2017.

    The draws depend on `seed` alone, and those of a smaller K are the first of a larger one when
    both are multiples of 200.

    Args:
        model: `VAE`, `ClassifyingVAE` or one of their LSTM forms.
        x, x_prev: `(window, time, pitch)` of 0 and 1, the steps and the steps before them. `time`
            is 1 for MLP models.
        mask: bool `(window, time)`, False where a short window was padded at its end; padded steps
            count neither as music nor as latents. None means no padding.
        draws: int, K.
        seed: int.

    Returns:
        `Likelihood`.

    Reference: Rezende et al. 2014, appendix E, as the paper says; Burda et al. 2016.
    """
    x, x_prev = np.asarray(x), np.asarray(x_prev)
    windows, time, _ = x.shape
    if not hasattr(model.encoder, "run") and time != 1:
        raise ValueError(
            "Expected windows of one step for a model without recurrence, so that every step has "
            f"draws of its own. Received: x of shape {x.shape}; reshape it to (window, 1, pitch)."
        )
    mask = np.ones((windows, time), bool) if mask is None else np.asarray(mask)
    roll, free_logits = (None, time, model.num_pitches), max(1, model.condition_dim - 1)
    noise = [(None, None, free_logits), (None, None, time, model.latent_dim)]
    shapes = [roll, roll, (None, time), *noise]
    inputs = [(shape, "float32") for shape in shapes]
    weigh = compiled(lambda *batch: _log_weights(model, *batch), model, inputs)
    size = max(1, ROWS // (min(DRAWS, draws) * time))
    parts = [
        _estimate_batch(weigh, model, batch, draws, (seed, start))
        for start in range(0, windows, size)
        for batch in [tuple(array[start : start + size] for array in (x, x_prev, mask))]
    ]
    estimates = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    steps = int(mask.sum())
    per_step = {key: float(value.sum() / steps) for key, value in estimates.items()}
    spread = np.std(estimates["log_likelihood"]) * np.sqrt(windows) / steps
    per_step["effective_sample_size"] = float(estimates["effective_sample_size"].mean())
    return Likelihood(**per_step, standard_error=float(spread), draws=draws, steps=steps)


def _estimate_batch(weigh, model, batch, draws, seed):
    """All draws for a batch of windows; each value `(window,)`."""
    windows, time = batch[2].shape
    batch = [ops.convert_to_tensor(array, "float32") for array in batch]
    full, without_w, tenth = LogMeanExp(windows), LogMeanExp(windows), None
    first = max(1, draws // 10)
    blocks = [
        min(DRAWS, stop - begin)
        for start, stop in ((0, first), (first, draws))
        for begin in range(start, stop, DRAWS)
    ]
    for index, block in enumerate(blocks):
        seeds = np.random.SeedSequence((*seed, index)).generate_state(2) >> 1
        eps_w = keras.random.normal(
            (windows, block, max(1, model.condition_dim - 1)), seed=int(seeds[0])
        )
        eps_z = keras.random.normal((windows, block, time, model.latent_dim), seed=int(seeds[1]))
        joint, plain = weigh(*batch, eps_w, eps_z)
        full.update(joint)
        without_w.update(plain)
        if tenth is None and full.count >= first:
            tenth = full.result()
    return {
        "log_likelihood": full.result(),
        "at_tenth": tenth,
        "elbo": full.mean(),
        "without_w_ratio": without_w.result(),
        "effective_sample_size": full.effective_sample_size(),
    }


def _log_weights(model, x, x_prev, mask, eps_w, eps_z):
    """Log importance weights, and the same without p(w)/q(w), each `(window, draw)`.

    Shapes: `x`, `x_prev` `(window, time, pitch)`, `mask` `(window, time)`, `eps_w`
    `(window, draw, classes - 1)`, `eps_z` `(window, draw, time, latent)`.
    """
    windows, draws, time, latent = ops.shape(eps_z)

    def per_draw(array):
        """Repeats `(window, ...)` to `(window * draw, ...)`."""
        return ops.repeat(array, draws, axis=0)

    w, w_ratio = None, 0.0
    if model.condition_dim:
        mean, log_var = (_windowed(a) for a in model.classify(x))
        mean, log_var = mean[:, None], log_var[:, None]
        u = mean + ops.exp(0.5 * log_var) * eps_w
        prior = ops.full_like(u, model.w_prior_log_var)
        w_ratio = gaussian_log_prob(u, ops.zeros_like(u), prior) - gaussian_log_prob(
            u, mean, log_var
        )
        w = ops.reshape(softmax_centered(u), (windows * draws, -1))
    flat = per_draw(x)
    mean, stddev = model.encode(flat, w)
    z = mean + stddev * ops.reshape(eps_z, (windows * draws, time, latent))
    log_ratio = gaussian_log_prob(z, ops.zeros_like(z), ops.zeros_like(z)) - gaussian_log_prob(
        z, mean, 2 * ops.log(stddev)
    )
    log_p = bernoulli_log_prob(flat, model.logits(per_draw(x_prev), z, w))
    per_window = ops.sum((log_p + log_ratio) * per_draw(mask), axis=-1)
    without_w = ops.reshape(per_window, (windows, draws))
    return without_w + w_ratio, without_w


def _windowed(array):
    """Drops the time axis of one step that an MLP's classifier keeps."""
    return array[:, 0] if len(array.shape) == 3 else array
