"""Weight normalization (Salimans and Kingma 2016): kernels as a direction times a length."""

import contextlib

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_music_vae")
class NormalizedKernel(keras.layers.Layer):
    """A kernel stored as direction `v` and length `g`, one length per output column.

    Formula: `kernel = g * v / ||v||`, the norm taken over all axes but the last.
    `g` starts as `||v||`, so that the kernel starts as the initializer made it.

    Args:
        shape: tuple of int. Shape of the kernel; the last axis counts the outputs.
        initializer: Keras initializer of `v`.
        normalize: bool. False keeps one plain variable instead of `v` and `g`.

    Reference: Salimans and Kingma 2016, equation 2; in Hennig et al. 2017 every tensor with two or
    more axes is treated so (`utils/weightnorm.py` of the original).
    """

    def __init__(self, shape, initializer="glorot_uniform", normalize=True, **kwargs):
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.initializer = keras.initializers.get(initializer)
        self.normalize = normalize
        # Not cast by Keras: under mixed precision the norm is still that of the float32 values.
        self.v = self.add_weight(
            shape=self.shape, initializer=self.initializer, autocast=False, name="v"
        )
        if normalize:
            self.g = self.add_weight(
                shape=self.shape[-1:],
                initializer=lambda shape, dtype=None: ops.cast(self._norm(), dtype),
                autocast=False,
                name="g",
            )
        self.built = True

    def _norm(self):
        axes = tuple(range(len(self.shape) - 1))
        return ops.sqrt(ops.sum(ops.square(self.v), axis=axes))

    def value(self):
        """The kernel, shape `shape`, in the layer's compute dtype."""
        kernel = self.v * (self.g / self._norm()) if self.normalize else self.v
        return ops.cast(kernel, self.compute_dtype)

    def assign(self, kernel):
        """Sets the kernel to `kernel`; its columns become `v` and their norms `g`."""
        self.v.assign(kernel)
        if self.normalize:
            self.g.assign(self._norm())

    def get_config(self):
        return super().get_config() | {
            "shape": self.shape,
            "initializer": keras.initializers.serialize(self.initializer),
            "normalize": self.normalize,
        }


@keras.saving.register_keras_serializable("keras_music_vae")
class Dense(keras.layers.Layer):
    """A dense layer whose kernel is weight-normalized.

    Formula: `activation(x @ (g * v / ||v||) + bias)`.

    Args:
        units: int. Number of outputs.
        activation: Keras activation or None.
        kernel_initializer: Keras initializer of the kernel.
        weight_norm: bool. False makes it an ordinary dense layer.

    Input shape: `(..., features)`. Output shape: `(..., units)`.
    """

    def __init__(
        self,
        units,
        activation=None,
        kernel_initializer="glorot_uniform",
        weight_norm=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if units < 1:
            raise ValueError(f"units must be at least 1. Received: units={units}")
        self.units = units
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.weight_norm = weight_norm
        self.calibrating = False

    def build(self, input_shape):
        self.kernel = NormalizedKernel(
            (input_shape[-1], self.units),
            self.kernel_initializer,
            self.weight_norm,
            dtype=self.dtype_policy,
            name="kernel",
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.built = True

    def call(self, x):
        if self.calibrating:
            self._calibrate(x)
        return self.activation(ops.matmul(x, self.kernel.value()) + self.bias)

    def _calibrate(self, x):
        """Scales `g` and shifts the bias so that this batch has mean 0 and variance 1."""
        pre = ops.reshape(ops.matmul(x, self.kernel.value()), (-1, self.units))
        mean, stddev = ops.mean(pre, axis=0), ops.std(pre, axis=0)
        # An output that is constant over the batch cannot be scaled to variance 1.
        scale = ops.where(stddev > 1e-8, 1.0 / ops.maximum(stddev, 1e-8), 1.0)
        self.kernel.g.assign(self.kernel.g * scale)
        self.bias.assign(-mean * scale)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "weight_norm": self.weight_norm,
        }


@contextlib.contextmanager
def _calibrating(layers):
    for layer in layers:
        layer.calibrating = True
    try:
        yield
    finally:
        for layer in layers:
            layer.calibrating = False


def data_dependent_initialization(model, inputs):
    """Sets every weight-normalized `Dense` of `model` from one batch, layer by layer.

    After it, each pre-activation has mean 0 and variance 1 over `inputs`. Call it once, eagerly,
    before training: inside `call` a restore or a second replica would trigger it again.
    Recurrent kernels keep their initial values; the method is not defined for them.

    Args:
        model: a built Keras model that calls `Dense` layers of this module.
        inputs: one batch of what `model` takes.

    Returns:
        int, the number of layers that were set.

    Reference: Salimans and Kingma 2016, section 3 (`data_based_init` of the original, which touches
    no layer under Keras 2).
    """
    layers = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, Dense) and layer.weight_norm
    ]
    if not layers:
        raise ValueError(
            f"Expected a model with weight-normalized Dense layers. Received: {model.name!r}, "
            "which has none; build it with weight_norm=True."
        )
    with _calibrating(layers):
        model(inputs)
    return len(layers)
