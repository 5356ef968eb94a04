"""How AR-VAE's networks begin: Xavier-normal kernels, and PyTorch's own biases.

Pati and Lerch draw every array whose name has "weight" in it from N(0, 2 / (rows + columns)), also
embeddings and the kernels of all three gates of a GRU as one matrix, and leave biases as they are.
"""

import math

import keras


def xavier_normal(rows, columns):
    """The initializer of a matrix of this shape; unlike Keras's Glorot-normal not truncated."""
    return keras.initializers.RandomNormal(stddev=math.sqrt(2 / (rows + columns)))


def uniform_bias(size):
    """The initializer of biases, uniform in +-1 / sqrt(size): a GRU's units, a layer's inputs."""
    limit = 1 / math.sqrt(size)
    return keras.initializers.RandomUniform(-limit, limit)


def xavier_dense(features, units, activation=None, **kwargs):
    """A `keras.layers.Dense`, built, that begins so.

    Args:
        features, units: ints, sizes of input and output.
        activation: Keras activation or None.
        **kwargs: of the layer, such as its name.
    """
    layer = keras.layers.Dense(
        units,
        activation,
        kernel_initializer=xavier_normal(features, units),
        bias_initializer=uniform_bias(features),
        **kwargs,
    )
    layer.build((None, features))
    return layer
