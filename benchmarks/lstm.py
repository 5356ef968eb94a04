"""Our LSTM against Keras's: forward and backward pass of one layer, with equal weights.

    python benchmarks/lstm.py

Prints one line of JSON for each size: milliseconds of both and their ratio, taken pair by pair in
turn. Values and gradients are checked to be equal before anything is timed; compiling counts for
neither.
"""

import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from keras_music_vae.layers import LSTM

# (time, batch, features, units)
SIZES = [(16, 200, 98, 88), (32, 64, 512, 512), (256, 64, 512, 512)]
ROUNDS = 7


def step(layer, x, variables):
    """A compiled function of no arguments: the gradients of the sum of squares."""
    variables = [variable.value for variable in variables]

    @tf.function
    def run():
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(tf.square(layer(x)))
        return tape.gradient(value, variables)

    return run


def milliseconds(function):
    """How long one call takes, results fetched."""
    start = time.perf_counter()
    [np.asarray(gradient) for gradient in function()]
    return 1e3 * (time.perf_counter() - start)


def main():
    """Times every size and prints its line."""
    for steps, batch, features, units in SIZES:
        rng = np.random.default_rng(0)
        x = tf.constant(rng.normal(size=(batch, steps, features)), tf.float32)
        ours = LSTM(units)
        theirs = keras.layers.LSTM(units, return_sequences=True, use_cudnn=False)
        ours.build(x.shape)
        theirs.build(x.shape)
        weights = [ours.kernel.v, ours.recurrent_kernel.v, ours.bias]
        theirs.set_weights(weights)
        run_ours = step(ours, x, weights)
        run_theirs = step(theirs, x, theirs.trainable_variables)
        for got, want in zip(run_ours(), run_theirs(), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-2)

        pairs = [(milliseconds(run_ours), milliseconds(run_theirs)) for _ in range(ROUNDS)]
        print(
            json.dumps(
                {
                    "benchmark": "lstm",
                    "time": steps,
                    "batch": batch,
                    "features": features,
                    "units": units,
                    "ours_ms": round(statistics.median(a for a, _ in pairs), 1),
                    "keras_ms": round(statistics.median(b for _, b in pairs), 1),
                    "ratio_median": round(statistics.median(a / b for a, b in pairs), 3),
                }
            )
        )


if __name__ == "__main__":
    main()
