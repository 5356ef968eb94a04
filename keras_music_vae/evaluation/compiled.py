"""One way to compile a function of arrays on every backend."""

import keras


def compiled(function):
    """`function` as a graph under TensorFlow and as a jitted function under JAX.

    Variables that it closes over are constants under JAX: compile anew after training.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, reduce_retracing=True)
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return function
