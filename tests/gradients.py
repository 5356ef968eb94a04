"""Gradients of a scalar of Keras variables, on either backend."""

import keras
import numpy as np


def gradients(function, variables):
    """`function()` is a scalar computed from Keras `variables`; its gradients as arrays."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = function()
        return [np.asarray(g) for g in tape.gradient(value, [v.value for v in variables])]
    import jax

    def stateless(values):
        mapping = list(zip(variables, values, strict=True))
        with keras.StatelessScope(mapping, collect_losses=True):
            return function()

    # As one program: the loops of an LSTM, each compiled by itself, take several times as long.
    found = jax.jit(jax.grad(stateless))([v.value for v in variables])
    return [np.asarray(gradient) for gradient in found]
