"""The importance sampler against a loop over every step of music and every draw.

    python benchmarks/log_likelihood.py

Prints one line of JSON: samples a second of both on one core, and their ratio. The loop is what
one writes first: one datum, one draw, eager calls of the model. Both estimate the same likelihoods,
which is checked before anything is timed; compiling counts for neither.
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import ops

from keras_music_vae.evaluation.likelihood import log_likelihood
from keras_music_vae.losses import bernoulli_log_prob, gaussian_log_prob, softmax_centered
from keras_music_vae.models import ClassifyingVAE

ROUNDS = 5


def naive(model, x, x_prev, draws, rng):
    """Mean log-likelihood, nats per step, by one eager pass for each datum and draw."""
    total = 0.0
    for datum, history in zip(x, x_prev, strict=True):
        datum, history = (ops.convert_to_tensor(a, "float32") for a in (datum, history))
        weights = []
        for _ in range(draws):
            w_mean, w_log_var = model.classify(datum)
            eps = rng.normal(size=w_mean.shape).astype("float32")
            u = w_mean + ops.exp(0.5 * w_log_var) * eps
            w = softmax_centered(u)
            mean, stddev = model.encode(datum, w)
            z = mean + stddev * rng.normal(size=mean.shape).astype("float32")
            zeros_u, zeros_z = ops.zeros_like(u), ops.zeros_like(z)
            log_weight = (
                bernoulli_log_prob(datum, model.logits(history, z, w))
                + gaussian_log_prob(z, zeros_z, zeros_z)
                + gaussian_log_prob(u, zeros_u, zeros_u)
                - gaussian_log_prob(z, mean, 2 * ops.log(stddev))
                - gaussian_log_prob(u, w_mean, w_log_var)
            )
            weights.append(float(log_weight[0]))
        total += np.logaddexp.reduce(weights) - np.log(draws)
    return total / len(x)


def timed(function):
    """What it returns, and the processor's seconds it took."""
    start = time.process_time()
    value = function()
    return value, time.process_time() - start


def main():
    """Times both and prints the line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hidden-dim", type=int, default=256)
    parser.add_argument("--steps", type=int, default=4232, help="steps of music")
    parser.add_argument("--draws", type=int, default=1000)
    options = parser.parse_args()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = ClassifyingVAE([str(i) for i in range(10)], 16, options.hidden_dim)
    x, x_prev = (rng.random((2, options.steps, 1, 88)) < 0.05).astype("uint8")

    few = slice(0, 4)
    slow = naive(model, x[few], x_prev[few], 200, rng)
    fast = log_likelihood(model, x[few], x_prev[few], draws=20000).log_likelihood
    if abs(slow - fast) > 0.5:
        raise SystemExit(f"The two disagree: {slow:.3f} by the loop, {fast:.3f} batched")

    ratios, rates = [], []
    log_likelihood(model, x, x_prev, draws=200)
    for _ in range(ROUNDS):
        _, slow_seconds = timed(lambda: naive(model, x[:2], x_prev[:2], 20, rng))
        _, fast_seconds = timed(lambda: log_likelihood(model, x, x_prev, draws=options.draws))
        slow_rate = 2 * 20 / slow_seconds
        fast_rate = options.steps * options.draws / fast_seconds
        rates.append((slow_rate, fast_rate))
        ratios.append(fast_rate / slow_rate)
    print(
        json.dumps(
            {
                "benchmark": "log_likelihood",
                "hidden_dim": options.hidden_dim,
                "draws": options.draws,
                "loop_samples_per_cpu_second": round(statistics.median(r[0] for r in rates)),
                "batched_samples_per_cpu_second": round(statistics.median(r[1] for r in rates)),
                "ratio_median": round(statistics.median(ratios)),
                "ratio_min": round(min(ratios)),
                "loop_value": round(slow, 3),
                "batched_value": round(fast, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
