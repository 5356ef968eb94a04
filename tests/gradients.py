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

    return [np.asarray(g) for g in jax.grad(stateless)([v.value for v in variables])]
