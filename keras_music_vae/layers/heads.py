"""Output heads of the decoders: the distribution of a step, made of the last LSTM's output.

A head also knows what the values of a step look like, and so how encoder and decoder read them: as
one-hot tokens, as hits of drums, or as a groove. A value below 0 is none, such as beyond the end of
a sequence, and is read as zeros.
"""

import math

import keras
import numpy as np
from keras import ops

from keras_music_vae.layers.weight_norm import Dense


def one_hot(tokens, num_classes, dtype):
    """Makes vectors `(..., sum of num_classes)` of int tokens `(..., part)`."""
    parts = [
        ops.one_hot(tokens[..., part], classes, dtype=dtype)
        for part, classes in enumerate(num_classes)
    ]
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def choose(logits, num_classes, uniforms, temperature):
    """Draws a token of each part by inverting its distribution function.

    Args:
        logits: `(batch, sum of num_classes)`.
        num_classes: tuple of int.
        uniforms: `(batch, part)`, from 0 to below 1.
        temperature: scalar above 0; the smaller, the likelier the likeliest.

    Returns:
        int32 `(batch, part)`.
    """
    tokens, start = [], 0
    for part, classes in enumerate(num_classes):
        own = ops.cast(logits[:, start : start + classes], "float32")
        # Without its largest the exponential of no logit is infinite.
        own = (own - ops.max(own, axis=-1, keepdims=True)) / temperature
        below = ops.cumsum(ops.exp(own), axis=-1)
        drawn = ops.cast(uniforms[:, part, None], "float32") * below[:, -1:]
        tokens.append(ops.sum(ops.cast(below <= drawn, "int32"), axis=-1))
        start += classes
    return ops.minimum(ops.stack(tokens, axis=-1), ops.convert_to_tensor(num_classes) - 1)


def likeliest_or_drawn(logits, num_classes, uniforms, temperature):
    """As `choose`, but at a temperature of 0 takes the likeliest token of each part."""
    likeliest, start = [], 0
    for classes in num_classes:
        likeliest.append(ops.argmax(logits[:, start : start + classes], axis=-1))
        start += classes
    draws = temperature > 0
    drawn = choose(logits, num_classes, uniforms, ops.where(draws, temperature, 1.0))
    return ops.where(draws, drawn, ops.cast(ops.stack(likeliest, axis=-1), drawn.dtype))


class Head(keras.layers.Layer):
    """What all heads share: a dense layer that makes the parameters of a distribution.

    Attributes:
        parts: int, the values of a step.
        vector_size: int, the size of the vector that stands for a step.
        roll_size: int, the same as a drum roll; None where there is none.
        output_size: int, the number of parameters.
        token_dtype: str, the type of the values.

    Input shape: `(..., units)`. Output shape: `(..., output_size)`.
    """

    roll_size = None
    token_dtype = "int32"

    def build(self, input_shape):
        self.projection = Dense(
            self.output_size, weight_norm=False, name="projection", dtype=self.dtype_policy
        )
        self.projection.build(input_shape)
        self.built = True

    def call(self, x):
        return self.projection(x)

    def drum_roll(self, tokens, dtype):
        """Makes vectors `(..., roll_size)` of `(..., part)`: hits of drums, and one for none."""
        raise NotImplementedError

    def vectors(self, tokens, dtype):
        """Makes vectors `(..., vector_size)` of the values of steps `(..., part)`."""
        raise NotImplementedError

    def project(self, tokens, kernel):
        """`vectors` times a kernel: `(..., part)` and `(vector_size, units)` to `(..., units)`."""
        return ops.matmul(self.vectors(tokens, kernel.dtype), kernel)

    def logits(self, outputs, tokens):
        """What the loss reads, given the true values of the steps.

        Args:
            outputs: `(batch, time, output_size)`.
            tokens: `(batch, time, part)`.

        Returns:
            `(batch, time, logit)`.
        """
        return outputs

    def draw(self, outputs, uniforms, temperature):
        """Draws the values of a step.

        Args:
            outputs: `(batch, output_size)`.
            uniforms: `(batch, part)`, from 0 to below 1.
            temperature: scalar above 0; the smaller, the likelier the likeliest.

        Returns:
            `(batch, part)` of `token_dtype`.
        """
        raise NotImplementedError

    def draw_to_read(self, outputs, uniforms):
        """As `draw`, for the decoder to read while training with scheduled sampling."""
        return self.draw(outputs, uniforms, 1.0)


@keras.saving.register_keras_serializable("keras_music_vae")
class CategoricalHead(Head):
    """A softmax for each part of a step.

    Args:
        num_classes: tuple of int, the number of tokens of each part.

    Values: int tokens `(..., part)`. Outputs: logits `(..., sum of num_classes)`.

    Reference: `CategoricalLstmDecoder` and `MultiOutCategoricalLstmDecoder` in
    magenta/models/music_vae/lstm_models.py.
    """

    def __init__(self, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = tuple(num_classes)
        self.parts = len(self.num_classes)
        self.vector_size = self.output_size = sum(self.num_classes)
        self.roll_size = sum(_num_drums(classes) + 1 for classes in self.num_classes)

    def drum_roll(self, tokens, dtype):
        rolls = []
        for part, classes in enumerate(self.num_classes):
            drums = ops.arange(_num_drums(classes), dtype="int32")
            code = ops.cast(tokens[..., part, None], "int32")
            hits = ops.bitwise_and(ops.right_shift(ops.maximum(code, 0), drums), 1)
            rolls.append(ops.cast(hits, dtype))
            rolls.append(ops.cast(code == 0, dtype))
        return ops.concatenate(rolls, axis=-1)

    def vectors(self, tokens, dtype):
        return one_hot(tokens, self.num_classes, dtype)

    def project(self, tokens, kernel):
        """As of one-hot vectors, by taking rows, which spares the products with zeros."""
        total, start = 0.0, 0
        for part, classes in enumerate(self.num_classes):
            # A row of zeros for the value below 0.
            rows = ops.pad(kernel[start : start + classes], [[1, 0], [0, 0]])
            total = total + ops.take(rows, ops.cast(tokens[..., part], "int32") + 1, axis=0)
            start += classes
        return total

    def draw(self, outputs, uniforms, temperature):
        return choose(outputs, self.num_classes, uniforms, temperature)

    def get_config(self):
        return super().get_config() | {"num_classes": list(self.num_classes)}


@keras.saving.register_keras_serializable("keras_music_vae")
class NADEHead(Head):
    """A NADE of the drums hit in a step: each is told from those before it.

    Formula: `p(x_i = 1 | x_<i) = sigmoid(b_dec_i + w_dec_i . sigmoid(b_enc + sum_{j<i} x_j
    w_enc_j))`, with both biases made of the LSTM's output.

    Args:
        num_drums: int.
        units: int, the size of the hidden layer.

    Values: int `(..., drum)`, 1 where a drum is hit. Outputs: `b_enc` and `b_dec`,
    `(..., units + drum)`.

    Reference: Uria et al. 2016, "Neural Autoregressive Distribution Estimation";
    magenta/common/nade.py and `MultiLabelRnnNadeDecoder` in
    magenta/models/music_vae/lstm_models.py.
    """

    def __init__(self, num_drums, units=128, **kwargs):
        super().__init__(**kwargs)
        self.num_drums = num_drums
        self.units = units
        self.parts = self.vector_size = num_drums
        self.roll_size = num_drums + 1
        self.output_size = units + num_drums

    def build(self, input_shape):
        initializer = keras.initializers.TruncatedNormal(stddev=1 / math.sqrt(self.num_drums))
        self.w_enc, self.w_dec = (
            # A clone for each: an initializer without a seed gives the same values twice.
            self.add_weight(
                shape=(self.num_drums, self.units), initializer=initializer.clone(), name=name
            )
            for name in ("w_enc", "w_dec")
        )
        super().build(input_shape)

    def drum_roll(self, tokens, dtype):
        none = ops.all(tokens == 0, axis=-1, keepdims=True)
        return ops.concatenate([self.vectors(tokens, dtype), ops.cast(none, dtype)], axis=-1)

    def vectors(self, tokens, dtype):
        return ops.cast(ops.maximum(tokens, 0), dtype)

    def logits(self, outputs, tokens):
        """Log-odds of each drum given those before it, `(batch, time, drum)`."""
        b_enc, b_dec, w_enc, w_dec = self._weights(outputs)
        hits = self.vectors(tokens, "float32")
        # All drums at once, where each sees a copy of the hits with those before it alone.
        before = np.tril(np.ones((self.num_drums, self.num_drums), "float32"), -1)
        seen = ops.matmul(hits[..., None, :] * before, w_enc)
        return b_dec + ops.sum(ops.sigmoid(b_enc[..., None, :] + seen) * w_dec, axis=-1)

    def draw(self, outputs, uniforms, temperature):
        def hit(drum, logit):
            return uniforms[:, drum] < ops.sigmoid(logit / temperature)

        return self._in_turn(outputs, hit)

    def draw_to_read(self, outputs, uniforms):
        """Takes the likelier of each drum, as the original does, which gives no temperature."""
        return self._in_turn(outputs, lambda drum, logit: logit >= 0)

    def _in_turn(self, outputs, hit):
        """Goes through the drums; `hit` tells from index and log-odds `(batch,)` what is hit."""
        hidden, b_dec, w_enc, w_dec = self._weights(outputs)
        hits = []
        for drum in range(self.num_drums):
            told = ops.matmul(ops.sigmoid(hidden), w_dec[drum, :, None])[:, 0]
            hits.append(hit(drum, b_dec[:, drum] + told))
            hidden = hidden + ops.cast(hits[-1], "float32")[:, None] * w_enc[drum]
        return ops.cast(ops.stack(hits, axis=-1), self.token_dtype)

    def _weights(self, outputs):
        outputs, w_enc, w_dec = (
            ops.cast(each, "float32") for each in (outputs, self.w_enc, self.w_dec)
        )
        return outputs[..., : self.units], outputs[..., self.units :], w_enc, w_dec

    def get_config(self):
        return super().get_config() | {"num_drums": self.num_drums, "units": self.units}


@keras.saving.register_keras_serializable("keras_music_vae")
class GrooveHead(Head):
    """GrooVAE's head: which drums are hit, how hard, and how far from the step.

    Args:
        num_drums: int.

    Values: `(..., 3 * drum)`: hits, 0 or 1; velocities from 0 to 1; offsets from -1 to 1. Outputs:
    `(..., 3 * drum)`, before the sigmoid of hits and velocities and the tanh of offsets.

    Only hits are drawn; velocities and offsets follow from the outputs, also where no drum is hit.

    Reference: Gillick et al. 2019, "Learning to Groove with Inverse Sequence Transformations";
    `GrooveLstmDecoder` in magenta/models/music_vae/lstm_models.py.
    """

    token_dtype = "float32"

    def __init__(self, num_drums, **kwargs):
        super().__init__(**kwargs)
        self.num_drums = num_drums
        self.parts = self.vector_size = self.output_size = 3 * num_drums

    def vectors(self, tokens, dtype):
        hits = tokens[..., : self.num_drums]
        known = ops.concatenate([hits >= 0] * 3, axis=-1)
        return ops.cast(ops.where(known, tokens, ops.zeros_like(tokens)), dtype)

    def draw(self, outputs, uniforms, temperature):
        hits, velocities, offsets = ops.split(ops.cast(outputs, "float32"), 3, axis=-1)
        hits = uniforms[:, : self.num_drums] < ops.sigmoid(hits / temperature)
        parts = [ops.cast(hits, "float32"), ops.sigmoid(velocities), ops.tanh(offsets)]
        return ops.concatenate(parts, axis=-1)

    def get_config(self):
        return super().get_config() | {"num_drums": self.num_drums}


def _num_drums(classes):
    return int(math.log2(classes))
