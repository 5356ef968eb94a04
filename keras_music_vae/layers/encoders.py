"""Encoders of sequences: stacked bidirectional LSTMs, over all steps or level by level."""

import math

import keras
from keras import ops

from keras_music_vae.layers.lstm import LSTM


def joint_glorot(input_dim, units):
    """The initializer of TensorFlow 1's LSTM cells, whose kernel is one matrix for input and state.

    Uniform with the limits of Glorot for `(input_dim + units, 4 * units)`, for both kernels.
    """
    limit = math.sqrt(6 / (input_dim + 5 * units))
    return keras.initializers.RandomUniform(-limit, limit)


def make_lstm(input_dim, units, name, dtype, init="joint_glorot"):
    """An `LSTM`, built, that begins as Magenta's cells do, or with `init="keras"` as Keras's."""
    initializers = {}
    if init == "joint_glorot":
        initializers = {
            "kernel_initializer": joint_glorot(input_dim, units),
            "recurrent_initializer": joint_glorot(input_dim, units),
        }
    layer = LSTM(units, **initializers, name=name, dtype=dtype)
    layer.build((None, None, input_dim))
    return layer


@keras.saving.register_keras_serializable("keras_music_vae")
class BidirectionalEncoder(keras.layers.Layer):
    """Stacked bidirectional LSTMs: the last outputs of both directions of the last layer.

    Each layer reads the outputs of both directions of the one before. The backward direction begins
    at the end of each sequence, and what lies beyond the end is zero for the layer above.

    Args:
        units: sequence of int, the size of each direction, layer by layer.
        init: str. How kernels begin: "joint_glorot", Magenta's, or "keras", Keras's defaults.

    Call arguments:
        x: `(batch, time, features)`.
        lengths: int `(batch,)`, the steps of each sequence that count; None for all.
        product: callable, multiplies x, then of any kind, by a kernel `(features, ...)`.
        drop: callable or None. Drops values of what a direction of a layer reads, an array.

    Returns:
        `(batch, 2 * units[-1])`.

    Reference: Roberts et al. 2018, "Bidirectional Encoder"; `BidirectionalLstmEncoder` in
    magenta/models/music_vae/lstm_models.py.
    """

    def __init__(self, units, init="joint_glorot", **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(units)
        self.init = init
        if not self.units:
            raise ValueError("units must have a size for at least one layer. Received: none")

    def build(self, input_shape):
        sizes = (input_shape[-1], *(2 * units for units in self.units))
        self.directions = [
            tuple(
                make_lstm(size, units, f"{direction}_{i}", self.dtype_policy, self.init)
                for direction in ("forward", "backward")
            )
            for i, (size, units) in enumerate(zip(sizes, self.units, strict=False))
        ]
        self.built = True

    def call(self, x, lengths=None, product=ops.matmul, drop=None):
        drop = drop or (lambda x: x)
        for forward, backward in self.directions:
            ahead = _run(forward, forward.project(drop(x), product))
            behind = reverse(backward.project(drop(x), product), lengths)
            behind = reverse(_run(backward, behind), lengths)
            product = ops.matmul  # of the layers above
            outputs = ops.concatenate([ahead, behind], axis=-1)
            if lengths is not None:
                outputs = outputs * _inside(outputs, lengths)
            x = outputs
        last = ahead[:, -1] if lengths is None else _last(x, lengths)[:, : self.units[-1]]
        return ops.concatenate([last, x[:, 0, self.units[-1] :]], axis=-1)

    def get_config(self):
        return super().get_config() | {"units": list(self.units), "init": self.init}


@keras.saving.register_keras_serializable("keras_music_vae")
class HierarchicalEncoder(keras.layers.Layer):
    """Encodes the steps of each segment, then the codes of the segments, and so on.

    Args:
        units: sequence of sequences of int, the `units` of the encoder of each level, lowest first.
        lengths: sequence of int, what each level reads at once: steps per segment, segments, ...

    Call arguments:
        x: `(batch, time, features)`, time the product of `lengths`.
        segment_lengths: int `(batch, segment)`, the steps that count at the beginning of each
            segment of the lowest level; None for all.
        product, drop: see `BidirectionalEncoder`.

    Returns:
        `(batch, 2 * units[-1][-1])`.

    Reference: `HierarchicalLstmEncoder` in magenta/models/music_vae/lstm_models.py.
    """

    def __init__(self, units, lengths, **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(tuple(level) for level in units)
        self.lengths = tuple(lengths)
        if len(self.units) != len(self.lengths):
            raise ValueError(
                "units and lengths must have one entry for each level. "
                f"Received: units={units!r}, lengths={lengths!r}"
            )
        self.levels = [
            BidirectionalEncoder(level, name=f"level_{i}", dtype=self.dtype_policy)
            for i, level in enumerate(self.units)
        ]

    def build(self, input_shape):
        size = input_shape[-1]
        for level in self.levels:
            level.build((None, None, size))
            size = 2 * level.units[-1]
        self.built = True

    def call(self, x, segment_lengths=None, product=ops.matmul, drop=None):
        batch = ops.shape(x)[0]
        how = {"product": product}
        if segment_lengths is not None:
            how["lengths"] = ops.reshape(segment_lengths, (-1,))
        for level, length in zip(self.levels, self.lengths, strict=True):
            x = level(ops.reshape(x, (-1, length, x.shape[-1])), drop=drop, **how)
            how = {}  # of the levels above
            x = ops.reshape(x, (batch, -1, x.shape[-1]))
        return x[:, 0]

    def get_config(self):
        return super().get_config() | {
            "units": [list(level) for level in self.units],
            "lengths": list(self.lengths),
        }


def _run(layer, projections):
    return layer.run_projected(projections, layer.zero_state(ops.shape(projections)[0]))[0]


def reverse(x, lengths=None):
    """Reverses `(batch, time, ...)` in time, each sequence within its length."""
    if lengths is None:
        return ops.flip(x, axis=1)
    step = ops.arange(ops.shape(x)[1])[None]
    lengths = ops.cast(lengths, step.dtype)[:, None]
    source = ops.where(step < lengths, lengths - 1 - step, step)
    return ops.take_along_axis(x, source[..., None], axis=1)


def _inside(x, lengths):
    step = ops.arange(ops.shape(x)[1])[None]
    return ops.cast(step < ops.cast(lengths, step.dtype)[:, None], x.dtype)[..., None]


def _last(x, lengths):
    index = ops.maximum(ops.cast(lengths, "int32") - 1, 0)
    return ops.take_along_axis(x, index[:, None, None], axis=1)[:, 0]
