"""LSTMs on top of each other, and the states they begin with."""

import keras
from keras import ops

from keras_music_vae.layers.encoders import make_lstm
from keras_music_vae.layers.weight_norm import Dense


class InitialState(keras.layers.Layer):
    """The first states of a stack of LSTMs, `tanh` of a dense layer.

    Args:
        units: tuple of int, the sizes of the layers.

    Input shape: `(batch, features)`. Returns a list of `(h, c)`, each `(batch, units)`.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = Dense(
            2 * sum(units),
            "tanh",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
            weight_norm=False,
            name="dense",
            dtype=self.dtype_policy,
        )

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.built = True

    def call(self, x):
        flat, states, start = self.dense(x), [], 0
        for units in self.units:
            c, h = flat[:, start : start + units], flat[:, start + units : start + 2 * units]
            states.append((h, c))
            start += 2 * units
        return states


class StackedLSTM(keras.layers.Layer):
    """LSTMs on top of each other.

    Args:
        units: sequence of int, the sizes of the layers.
        init: str. How kernels begin, see `BidirectionalEncoder`.
    """

    def __init__(self, units, init="joint_glorot", **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(units)
        self.init = init

    def build(self, input_shape):
        sizes = (input_shape[-1], *self.units)
        self.layers = [
            make_lstm(size, units, f"lstm_{i}", self.dtype_policy, self.init)
            for i, (size, units) in enumerate(zip(sizes, self.units, strict=False))
        ]
        self.built = True

    def masks(self, batch, time, drop):
        """Draws what to multiply the input of each layer by.

        Args:
            batch, time: int.
            drop: callable, drops values of an array and makes up for it in others.

        Returns:
            list of `(batch, time, features)`, one for each layer.
        """
        sizes = [layer.kernel.shape[0] for layer in self.layers]
        return [drop(ops.ones((batch, time, size), self.compute_dtype)) for size in sizes]

    def run(self, projections, states, masks=None):
        """Runs over all steps.

        Args:
            projections: `(batch, time, 4 * units)`, what the first layer's `project` gives.
            states: list of `(h, c)` for each layer.
            masks: what `masks` gives, None to drop nothing; that of the first layer is not used.

        Returns:
            (outputs, states): `(batch, time, units)` of the last layer, and the last states.
        """
        first, *others = self.layers
        x, state = first.run_projected(projections, states[0])
        last = [state]
        for i, layer in enumerate(others, 1):
            x, state = layer.run(x if masks is None else x * masks[i], states[i])
            last.append(state)
        return x, last

    def step(self, projection, states, masks=None):
        """As `run`, one step: `(batch, 4 * units)` to `(batch, units)`, and the next states."""
        first, *others = self.layers
        x, c = first.step_projected(projection, states[0])
        following = [(x, c)]
        for i, layer in enumerate(others, 1):
            x, c = layer.step(x if masks is None else x * masks[i], states[i])
            following.append((x, c))
        return x, following
