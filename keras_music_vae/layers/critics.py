"""Critics of codes: networks whose score tells a prior's draws from an encoder's."""

import itertools

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_music_vae")
class Critic(keras.layers.Layer):
    """A score of codes: layers of tanh and a linear one, which may be told a condition too.

    Args:
        units: sequence of int, the sizes of the layers of tanh.
        pace: float. What kernels are multiplied by before use. They begin as much smaller, so that
            the critic is the same at first; an optimizer whose steps do not depend on the size of
            gradients, such as Adam, then changes them so many times as quickly.

    Call arguments:
        z: `(batch, latent)`.
        condition: `(batch, features)` or None, read beside z.
        frozen: bool. Let gradients reach z and not the critic's own weights.

    Returns:
        `(batch,)`.

    Reference: Valenti, Carta and Bacciu 2020, section 3.2.3; the conditional discriminator of
    `MusAE_GM` in the released code. Karras et al. 2018, section 4.1, for a factor that a kernel is
    multiplied by; Heusel et al. 2017 for critics that learn quicker than what they judge.
    """

    def __init__(self, units, pace=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(units)
        self.pace = pace

    def build(self, code_shape, condition_dim=0):
        """Makes the weights for codes `(batch, latent)`."""
        sizes = (code_shape[-1] + condition_dim, *self.units, 1)
        pairs = list(enumerate(itertools.pairwise(sizes)))
        glorot = {"mode": "fan_avg", "distribution": "uniform"}
        self.kernels = [
            self.add_weight(
                shape=shape,
                initializer=keras.initializers.VarianceScaling(1 / self.pace**2, **glorot),
                name=f"kernel_{i}",
            )
            for i, shape in pairs
        ]
        self.biases = [
            self.add_weight(shape=shape[1:], initializer="zeros", name=f"bias_{i}")
            for i, shape in pairs
        ]
        self.built = True

    def call(self, z, condition=None, frozen=False):
        kernels, biases = self._weights(frozen)
        last = self._hidden(z, condition, kernels, biases)[-1]
        return (ops.matmul(last, kernels[-1]) + biases[-1])[:, 0]

    def input_gradient(self, z, condition=None):
        """The gradient of the score by z, `(batch, latent)`.

        In closed form, so that its own gradient by the weights takes no tape within a tape.
        """
        kernels, biases = self._weights()
        gradient = ops.transpose(kernels[-1])
        hidden = self._hidden(z, condition, kernels, biases)
        for kernel, h in zip(reversed(kernels[:-1]), reversed(hidden), strict=True):
            gradient = ops.matmul(gradient * (1 - ops.square(h)), ops.transpose(kernel))
        return gradient[:, : z.shape[-1]]

    def _weights(self, frozen=False):
        """Kernels and biases, each a list of tensors."""
        keep = ops.stop_gradient if frozen else lambda tensor: tensor
        kernels, biases = (
            [keep(ops.cast(weight, self.compute_dtype)) for weight in weights]
            for weights in (self.kernels, self.biases)
        )
        return [self.pace * kernel for kernel in kernels], biases

    def _hidden(self, z, condition, kernels, biases):
        """What the layers of tanh give, a list of `(batch, units)`."""
        x = z if condition is None else ops.concatenate([z, condition], axis=-1)
        outputs = []
        for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
            x = ops.tanh(ops.matmul(x, kernel) + bias)
            outputs.append(x)
        return outputs

    def get_config(self):
        return super().get_config() | {"units": list(self.units), "pace": self.pace}
