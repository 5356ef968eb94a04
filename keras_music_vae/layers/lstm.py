"""An LSTM whose weight gradient is one matrix product.

Back-propagating through a loop adds a `(units, 4 * units)` matrix to the recurrent kernel's
gradient at every step. Here the reverse loop only finds the gradients of the gates; the kernel's
gradient is then one product over all steps. The kernels are arguments of `lstm`, so that whatever
makes them (weight normalization, say) runs once per forward pass and not once per step.
"""

import keras
from keras import ops, tree

from keras_music_vae.layers.weight_norm import NormalizedKernel

# name: (gate activation, its derivative as a function of the activation's own value)
GATES = {
    "sigmoid": (ops.sigmoid, lambda a: a * (1 - a)),
    # Keras 1 and 2's definition; `keras.activations.hard_sigmoid` is now another function.
    "hard_sigmoid": (
        lambda x: ops.clip(0.2 * x + 0.5, 0, 1),
        lambda a: 0.2 * ops.cast(ops.logical_and(a > 0, a < 1), a.dtype),
    ),
}


def lstm_step(projection, h, c, recurrent_kernel, gate="sigmoid"):
    """One step of an LSTM.

    Args:
        projection: `(batch, 4 * units)`, input times kernel plus bias, gates in the order input,
            forget, candidate, output.
        h, c: `(batch, units)`, the previous output and cell.
        recurrent_kernel: `(units, 4 * units)`.
        gate: str, "sigmoid" or "hard_sigmoid" (Keras 2's).

    Returns:
        `(h, c)`, each `(batch, units)`.
    """
    return _next_state(_gates(projection + ops.matmul(h, recurrent_kernel), gate), c)


def _next_state(gates, c):
    i, f, g, o = gates
    c = f * c + i * g
    return o * ops.tanh(c), c


def _gates(x, gate):
    """The four activations of `(..., 4 * units)`, each `(..., units)`."""
    activate, _ = GATES[gate]
    i, f, g, o = ops.split(x, 4, axis=-1)
    return activate(i), activate(f), ops.tanh(g), activate(o)


def lstm(projections, h, c, recurrent_kernel, gate="sigmoid"):
    """Runs an LSTM over a sequence.

    Args:
        projections: `(time, batch, 4 * units)`, inputs times kernel plus bias.
        h, c: `(batch, units)`, initial output and cell.
        recurrent_kernel: `(units, 4 * units)`.
        gate: str, "sigmoid" or "hard_sigmoid" (Keras 2's).

    Returns:
        `(outputs, cell)`: `(time, batch, units)` and the last cell, `(batch, units)`.
    """
    _, slope = GATES[gate]

    @ops.custom_gradient
    def run(projections, h0, c0, recurrent_kernel):
        def forward(carry, projection):
            h, c, _ = carry
            gates = _gates(projection + ops.matmul(h, recurrent_kernel), gate)
            # On TensorFlow `ops.scan` wants a step to emit what the carry looks like.
            carry = (*_next_state(gates, c), ops.concatenate(gates, axis=-1))
            return carry, carry

        no_gates = ops.zeros_like(projections[0])
        _, (hs, cs, gates) = ops.scan(forward, (h0, c0, no_gates), projections)

        def gradient(*upstream, **_):
            d_outputs, d_cell = tree.flatten(upstream)
            previous_cs = ops.concatenate([c0[None], cs[:-1]], axis=0)
            transposed = ops.transpose(recurrent_kernel)

            def backward(carry, step):
                dh, dc, _ = carry
                d_output, c, previous_c, i, f, g, o = ops.split(step, 7, axis=-1)
                dh, tanh_c = dh + d_output, ops.tanh(c)
                dc = dc + dh * o * (1 - ops.square(tanh_c))
                d_projection = ops.concatenate(
                    [
                        dc * g * slope(i),
                        dc * previous_c * slope(f),
                        dc * i * (1 - ops.square(g)),
                        dh * tanh_c * slope(o),
                    ],
                    axis=-1,
                )
                carry = (ops.matmul(d_projection, transposed), dc * f, d_projection)
                return carry, carry

            start = (ops.zeros_like(h0), d_cell, no_gates)
            # One array: on TensorFlow `ops.scan` takes several only where their length is known.
            steps = ops.concatenate([d_outputs, cs, previous_cs, gates], axis=-1)
            (dh, dc, _), (_, _, d_projections) = ops.scan(backward, start, steps, reverse=True)
            units = h0.shape[-1]
            previous_hs = ops.concatenate([h0[None], hs[:-1]], axis=0)
            d_kernel = ops.matmul(
                ops.transpose(ops.reshape(previous_hs, (-1, units))),
                ops.reshape(d_projections, (-1, 4 * units)),
            )
            return d_projections, dh, dc, d_kernel

        return (hs, cs[-1]), gradient

    return run(projections, h, c, recurrent_kernel)


@keras.saving.register_keras_serializable("keras_music_vae")
class LSTM(keras.layers.Layer):
    """An LSTM layer with optional weight normalization of both kernels.

    Equal to `keras.layers.LSTM` in value and gradient (without weight normalization).

    Args:
        units: int. Size of output and cell.
        gate: str. "sigmoid", or "hard_sigmoid" as Keras 2 defined it, `clip(0.2 x + 0.5, 0, 1)`.
        weight_norm: bool. Normalize kernel and recurrent kernel, each column of `4 * units`.
        kernel_initializer: Keras initializer of the kernel; the recurrent kernel is orthogonal and
            the forget gate's bias 1, unless `recurrent_initializer` says otherwise.
        recurrent_initializer: Keras initializer of the recurrent kernel.

    Input shape: `(batch, time, features)`. Output shape: `(batch, time, units)`.
    """

    def __init__(
        self,
        units,
        gate="sigmoid",
        weight_norm=False,
        kernel_initializer="glorot_uniform",
        recurrent_initializer="orthogonal",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if gate not in GATES:
            raise ValueError(f"gate must be one of {sorted(GATES)}. Received: gate={gate!r}")
        self.units = units
        self.gate = gate
        self.weight_norm = weight_norm
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.recurrent_initializer = keras.initializers.get(recurrent_initializer)

    def build(self, input_shape):
        self.kernel = NormalizedKernel(
            (input_shape[-1], 4 * self.units),
            self.kernel_initializer,
            self.weight_norm,
            dtype=self.dtype_policy,
            name="kernel",
        )
        self.recurrent_kernel = NormalizedKernel(
            (self.units, 4 * self.units),
            self.recurrent_initializer,
            self.weight_norm,
            dtype=self.dtype_policy,
            name="recurrent_kernel",
        )
        self.bias = self.add_weight(
            shape=(4 * self.units,),
            initializer=_unit_forget_bias,
            name="bias",
        )
        self.built = True

    def zero_state(self, batch_size):
        """`(h, c)` of zeros, each `(batch, units)`."""
        zeros = ops.zeros((batch_size, self.units), dtype=self.compute_dtype)
        return zeros, zeros

    def step(self, x, state):
        """One step from `state`: `(batch, features)`, `(h, c)` -> the next `(h, c)`."""
        return self.step_projected(self.project(x), state)

    def step_projected(self, projection, state):
        """As `step`, of what `project` gives."""
        return lstm_step(projection, *state, self.recurrent_kernel.value(), self.gate)

    def run(self, x, state):
        """Runs from `state`: `(batch, time, features)` -> outputs and the last `(h, c)`."""
        return self.run_projected(self.project(x), state)

    def run_projected(self, projections, state):
        """As `run`, of what `project` gives."""
        outputs, cell = lstm(
            ops.transpose(projections, (1, 0, 2)),
            *state,
            self.recurrent_kernel.value(),
            self.gate,
        )
        return ops.transpose(outputs, (1, 0, 2)), (outputs[-1], cell)

    def project(self, x, product=ops.matmul):
        """`product` of input and kernel plus bias: `(..., features)` -> `(..., 4 * units)`."""
        # Cast here, because outside `call` Keras does not cast variables.
        bias = ops.cast(self.bias, self.compute_dtype)
        return product(x, self.kernel.value()) + bias

    def call(self, x):
        outputs, _ = self.run(x, self.zero_state(ops.shape(x)[0]))
        return outputs

    def get_config(self):
        return super().get_config() | {
            "units": self.units,
            "gate": self.gate,
            "weight_norm": self.weight_norm,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": keras.initializers.serialize(self.recurrent_initializer),
        }


def _unit_forget_bias(shape, dtype=None):
    units = shape[0] // 4
    return ops.concatenate(
        [ops.zeros(units, dtype), ops.ones(units, dtype), ops.zeros(2 * units, dtype)]
    )
