"""One way to compile a function of arrays on every backend."""

import keras


def compiled(function, shapes):
    """`function` as a graph under TensorFlow and as a jitted function under JAX.

    Variables that it closes over are constants under JAX: compile anew after training.

    Args:
        function: callable of float32 arrays.
        shapes: list of tuple, the shape of each array; None stands for any size, so that
            TensorFlow traces once.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, [tf.TensorSpec(shape, "float32") for shape in shapes])
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return function
