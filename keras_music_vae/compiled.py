"""One way to compile a function of arrays on every backend."""

import keras


def compiled(function, model, inputs):
    """`function` as a graph under TensorFlow and as a jitted function under JAX.

    Args:
        function: callable of arrays, which may use the variables of `model`.
        model: `keras.Model`; later changes of its variables count.
        inputs: list of (shape, dtype) of each array; None stands for any size, so that TensorFlow
            traces once.

    Returns:
        Callable of the arrays.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        graph = tf.function(function, [tf.TensorSpec(*each) for each in inputs])
        # Not the graph itself: TensorFlow would save that with a model that keeps it.
        return lambda *arrays: graph(*arrays)
    if keras.backend.backend() == "jax":
        import jax

        @jax.jit
        def of_values(values, *arrays):
            with keras.StatelessScope(zip(model.variables, values, strict=True)):
                return function(*arrays)

        return lambda *arrays: of_values([v.value for v in model.variables], *arrays)
    return function
