"""GRUs whose reset gate acts on the product with the state: alone, stacked, in both directions.

What AR-VAE is made of: PyTorch's GRU, or Keras's with `reset_after`. The gradient is the backend's:
over the 24 ticks of a measure, one by hand as that of `LSTM` saves nothing.
"""

import keras
from keras import ops

from keras_music_vae.layers.encoders import reverse
from keras_music_vae.layers.xavier import uniform_bias, xavier_normal


@keras.saving.register_keras_serializable("keras_music_vae")
class GRU(keras.layers.Layer):
    """A GRU layer.

    Formula: with `W x` and `U h` the input's and the state's products, biases included,
    `r = sigmoid(W_r x + U_r h)`, `u = sigmoid(W_u x + U_u h)`, `n = tanh(W_n x + r * U_n h)`,
    `h' = (1 - u) * n + u * h`.

    The kernels' columns are those of r, u and n, in this order, which is PyTorch's.

    Args:
        units: int. Size of the state.

    Reference: Cho et al. 2014, as cuDNN computes it.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        size = 3 * self.units
        for name, rows in (("kernel", input_shape[-1]), ("recurrent_kernel", self.units)):
            shape, initializer = (rows, size), xavier_normal(rows, size)
            setattr(self, name, self.add_weight(shape=shape, initializer=initializer, name=name))
        for name in ("bias", "recurrent_bias"):
            initializer = uniform_bias(self.units)
            setattr(self, name, self.add_weight(shape=(size,), initializer=initializer, name=name))
        self.built = True

    def project(self, x):
        """`W x` and its bias: `(..., features)` to `(..., 3 * units)`."""
        # Cast here, because outside `call` Keras does not cast variables.
        kernel, bias = (ops.cast(w, self.compute_dtype) for w in (self.kernel, self.bias))
        return ops.matmul(x, kernel) + bias

    def step(self, projection, h):
        """One step: what `project` gives, `(batch, 3 * units)`, and the state to the next state."""
        return _step(projection, h, *self._recurrence())

    def run(self, projections, h):
        """Runs over a sequence.

        Args:
            projections: `(batch, time, 3 * units)`, what `project` gives.
            h: `(batch, units)`, the first state.

        Returns:
            (states, last): `(batch, time, units)` and `(batch, units)`.
        """
        recurrence = self._recurrence()

        def step(h, projection):
            h = _step(projection, h, *recurrence)
            return h, h

        last, states = ops.scan(step, h, ops.transpose(projections, (1, 0, 2)))
        return ops.transpose(states, (1, 0, 2)), last

    def call(self, x):
        """The states of a sequence that begins with a state of zeros."""
        zeros = ops.zeros((ops.shape(x)[0], self.units), self.compute_dtype)
        return self.run(self.project(x), zeros)[0]

    def _recurrence(self):
        return [
            ops.cast(w, self.compute_dtype) for w in (self.recurrent_kernel, self.recurrent_bias)
        ]

    def get_config(self):
        return super().get_config() | {"units": self.units}


def _step(projection, h, recurrent_kernel, recurrent_bias):
    of_input = ops.split(projection, 3, axis=-1)
    of_state = ops.split(ops.matmul(h, recurrent_kernel) + recurrent_bias, 3, axis=-1)
    reset, update = (ops.sigmoid(a + b) for a, b in zip(of_input[:2], of_state[:2], strict=True))
    new = ops.tanh(of_input[2] + reset * of_state[2])
    return (1 - update) * new + update * h


class StackedGRU(keras.layers.Layer):
    """GRUs on top of each other.

    Args:
        units: int. Size of each layer.
        depth: int. How many there are.

    The `masks` of its methods, `(batch, [time,] (depth - 1) * units)`, multiply what a layer hands
    to the one above it, layers side by side; None for no dropout.
    """

    def __init__(self, units, depth, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.depth = depth

    def build(self, input_shape):
        sizes = (input_shape[-1], *[self.units] * (self.depth - 1))
        self.layers = []
        for i, size in enumerate(sizes):
            layer = GRU(self.units, name=f"gru_{i}", dtype=self.dtype_policy)
            layer.build((None, None, size))
            self.layers.append(layer)
        self.built = True

    @property
    def mask_size(self):
        """Int, the size of the masks of a step."""
        return (self.depth - 1) * self.units

    def run(self, projections, states, masks=None):
        """Runs over a sequence.

        Args:
            projections: `(batch, time, 3 * units)`, what the first layer's `project` gives.
            states: `(batch, depth * units)`, the first states of the layers, side by side.
            masks: see above.

        Returns:
            `(batch, time, units)`, the states of the last layer.
        """
        return self._climb(GRU.run, projections, states, masks)[0]

    def step(self, projection, states, masks=None):
        """As `run`, one step.

        Returns:
            (output, states): `(batch, units)`, and the next `(batch, depth * units)`.
        """

        def step(layer, projection, h):
            h = layer.step(projection, h)
            return h, h

        output, following = self._climb(step, projection, states, masks)
        return output, ops.concatenate(following, axis=-1)

    def _climb(self, advance, projection, states, masks):
        """Goes from layer to layer; `advance` gives what a layer hands up, and its last state."""
        output, lasts = None, []
        for i, state in enumerate(ops.split(states, self.depth, axis=-1)):
            if i:
                if masks is not None:
                    output = output * masks[..., (i - 1) * self.units : i * self.units]
                projection = self.layers[i].project(output)
            output, last = advance(self.layers[i], projection, state)
            lasts.append(last)
        return output, lasts


@keras.saving.register_keras_serializable("keras_music_vae")
class GRUEncoder(keras.layers.Layer):
    """Stacked bidirectional GRUs: the last states of both directions of all layers.

    Args:
        units: int. Size of each direction of each layer.
        depth: int. How many layers there are.
        dropout: float. Share of what a layer hands to the one above it that is left out.

    Input shape: `(batch, time, features)`. Output shape: `(batch, 2 * depth * units)`, layer by
    layer, of each first the direction that goes forward.

    Reference: the encoder of `MeasureVAE` in the code of Pati and Lerch 2020.
    """

    def __init__(self, units, depth=2, dropout=0.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.depth = depth
        self.dropout = dropout
        self.dropouts = [
            keras.layers.Dropout(dropout, name=f"dropout_{i}", dtype=self.dtype_policy)
            for i in range(depth - 1)
        ]

    def build(self, input_shape):
        sizes = (input_shape[-1], *[2 * self.units] * (self.depth - 1))
        self.directions = []
        for i, size in enumerate(sizes):
            pair = tuple(
                GRU(self.units, name=f"{direction}_{i}", dtype=self.dtype_policy)
                for direction in ("forward", "backward")
            )
            for layer in pair:
                layer.build((None, None, size))
            self.directions.append(pair)
        self.built = True

    def call(self, x, training=False):
        zeros = ops.zeros((ops.shape(x)[0], self.units), self.compute_dtype)
        lasts = []
        for i, (forward, backward) in enumerate(self.directions):
            if i:
                x = self.dropouts[i - 1](x, training=training)
            ahead, last = forward.run(forward.project(x), zeros)
            behind, first = backward.run(reverse(backward.project(x)), zeros)
            x = ops.concatenate([ahead, reverse(behind)], axis=-1)
            lasts += [last, first]
        return ops.concatenate(lasts, axis=-1)

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "depth": self.depth,
            "dropout": self.dropout,
        }
