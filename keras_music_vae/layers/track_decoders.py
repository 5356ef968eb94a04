"""Decoders that read a code and nothing else: one stack of LSTMs for each track."""

import keras
import numpy as np
from keras import ops

from keras_music_vae.layers.heads import CategoricalHead
from keras_music_vae.layers.stacked_lstm import StackedLSTM
from keras_music_vae.layers.weight_norm import Dense


@keras.saving.register_keras_serializable("keras_music_vae")
class TrackDecoder(keras.layers.Layer):
    """A stack of LSTMs for each track, which reads the code at every step and no token.

    A dense layer of the code, with tanh, is the first output and the first cell of every layer.

    Args:
        num_classes: sequence of int, the number of tokens of each track.
        units: sequence of int, the sizes of the layers, all equal.
        shared_initial_state: bool. One such dense layer for all tracks, not one for each.

    Call arguments:
        z: `(batch, latent)`.
        length: int, steps.

    Returns:
        logits `(batch, length, sum of num_classes)`, tracks side by side.

    Reference: Valenti, Carta and Bacciu 2020, section 3.2.2; the decoder of `MusAE_GM` in the
    released code, which shares the initial state.
    """

    def __init__(self, num_classes, units, shared_initial_state=False, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = tuple(num_classes)
        self.units = tuple(units)
        self.shared_initial_state = shared_initial_state
        if len(set(self.units)) != 1:
            raise ValueError(
                "units must be equal for all layers, which begin with the same state. "
                f"Received: {self.units}"
            )
        settings = {"dtype": self.dtype_policy}
        tracks = range(len(self.num_classes))
        self.initial_states = [
            Dense(self.units[0], "tanh", weight_norm=False, name=f"initial_state_{i}", **settings)
            for i in (tracks[:1] if shared_initial_state else tracks)
        ]
        self.lstms = [
            StackedLSTM(self.units, init="keras", name=f"lstms_{i}", **settings) for i in tracks
        ]
        self.heads = [
            CategoricalHead((classes,), name=f"head_{i}", **settings)
            for i, classes in enumerate(self.num_classes)
        ]

    def build(self, code_shape):
        for layer in self.initial_states:
            layer.build(code_shape)
        for lstms, head in zip(self.lstms, self.heads, strict=True):
            lstms.build((None, None, code_shape[-1]))
            head.build((None, None, self.units[-1]))
        self.built = True

    def call(self, z, length):
        first = [layer(z) for layer in self.initial_states]
        if self.shared_initial_state:
            first = first * len(self.heads)
        logits = []
        for h, lstms, head in zip(first, self.lstms, self.heads, strict=True):
            # The code is the same at every step, and so is its projection.
            projection = lstms.layers[0].project(z)
            projections = ops.repeat(projection[:, None], length, axis=1)
            outputs, _ = lstms.run(projections, [(h, h)] * len(self.units))
            logits.append(head(outputs))
        return ops.concatenate(logits, axis=-1)

    def expect_frequencies(self, x):
        """Sets biases to the logarithm of how often tokens are, one of each added.

        A decoder that has to learn that first learns it by its codes, which then move all alike.

        Args:
            x: int tokens `(batch, time, track)`.
        """
        for i, head in enumerate(self.heads):
            counts = 1 + np.bincount(np.ravel(x[..., i]), minlength=self.num_classes[i])
            head.projection.bias.assign(np.log(counts / counts.sum()))

    def get_config(self):
        return super().get_config() | {
            "num_classes": list(self.num_classes),
            "units": list(self.units),
            "shared_initial_state": self.shared_initial_state,
        }
