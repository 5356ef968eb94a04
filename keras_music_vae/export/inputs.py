"""What all families share: inputs by name, Keras's streams of draws, the choice of a compiler."""


def spec(name, shape=(), dtype="int32"):
    """The one entry of a signature, as a dict; an int32 scalar if nothing else is said."""
    import tensorflow as tf

    return {name: tf.TensorSpec(shape, dtype, name)}


def how():
    """The entries of functions that draw: temperature and seed."""
    return spec("temperature", dtype="float32") | spec("seed")


def by_xla(function, jit_compile):
    """`function` of tensors, compiled by XLA or left to TensorFlow."""
    import tensorflow as tf

    return tf.function(function, jit_compile=True) if jit_compile else function


def draw_key(seed, number):
    """The key of draw `number` of Keras's stream `seed`, as `SeedGenerator` makes them."""
    import tensorflow as tf

    key = tf.stack([tf.cast(seed, tf.int64), number])
    return tf.cast(tf.math.floormod(key, tf.int32.max - 1), tf.int32)
