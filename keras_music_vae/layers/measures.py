"""The decoder of measures: a GRU over beats, and one over the ticks of each beat.

Pati and Lerch call it the hierarchical decoder of their MeasureVAE.
"""

import itertools

import keras
from keras import ops

from keras_music_vae.layers.decoders import NO_TOKEN
from keras_music_vae.layers.gru import StackedGRU
from keras_music_vae.layers.heads import likeliest_or_drawn
from keras_music_vae.layers.xavier import xavier_dense, xavier_normal


class TokenEmbedding(keras.layers.Layer):
    """Vectors of tokens, looked up by a product.

    A product with one-hot vectors costs little for a few dozen tokens, and its gradient is a
    matrix. That of a look-up is a list of rows, of which Keras's Adam on TensorFlow adds up the
    squares of the parts where it should square their sum.

    Args:
        num_classes: int, the number of tokens.
        size: int, of a vector.
        first: bool. Learn a vector, at first zeros, for the token before the first, `NO_TOKEN`.

    Input shape: int `(...)`. Output shape: `(..., size)`.
    """

    def __init__(self, num_classes, size, first=False, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.size = size
        self.first = None
        shape = num_classes, size
        initializer = xavier_normal(*shape)
        self.table = self.add_weight(shape=shape, initializer=initializer, name="table")
        if first:
            self.first = self.add_weight(shape=(size,), initializer="zeros", name="first")
        self.built = True

    def call(self, tokens):
        table = ops.cast(self.table, self.compute_dtype)
        # The vector of a token below 0 is zero.
        one_hot = ops.one_hot(tokens, self.num_classes, dtype=self.compute_dtype)
        vectors = ops.matmul(one_hot, table)
        if self.first is None:
            return vectors
        is_first = ops.cast(tokens == NO_TOKEN, self.compute_dtype)
        return vectors + is_first[..., None] * ops.cast(self.first, self.compute_dtype)


@keras.saving.register_keras_serializable("keras_music_vae")
class MeasureDecoder(keras.layers.Layer):
    """A GRU makes a vector of each beat, and another, begun anew in each, the ticks of the beat.

    The GRU over beats begins with a dense layer of the code and reads one learned number at every
    beat. The one over ticks begins with a dense layer of its beat's vector, and reads another and
    the token before. Dense layers are with SELU.

    Args:
        num_classes: int, the number of tokens.
        embedding_dim: int, the size of a token's vector.
        units: int, the size of all layers.
        depth: int, layers of each GRU.
        dropout: float. Share of what a layer of a GRU hands to the one above it that is left out.
        ticks_per_beat: int.
        logit_activation: Keras activation or None; "relu" as in the authors' code.

    Reference: the decoder of `MeasureVAE` in the code of Pati and Lerch 2020.
    """

    def __init__(
        self,
        num_classes,
        embedding_dim,
        units,
        depth=2,
        dropout=0.0,
        ticks_per_beat=6,
        logit_activation="relu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.embedding_dim = embedding_dim
        self.units = units
        self.depth = depth
        self.dropout = dropout
        self.ticks_per_beat = ticks_per_beat
        self.logit_activation = keras.activations.get(logit_activation)
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, code_shape):
        units, states, how = self.units, self.depth * self.units, {"dtype": self.dtype_policy}
        self.embedding = TokenEmbedding(
            self.num_classes, self.embedding_dim, first=True, name="embedding", **how
        )
        self.beat_input = self.add_weight(shape=(1,), initializer="zeros", name="beat_input")
        self.beat_states = xavier_dense(code_shape[-1], states, "selu", name="beat_states", **how)
        self.beats = StackedGRU(units, self.depth, name="beats", **how)
        self.beats.build((None, None, 1))
        self.tick_states = xavier_dense(units, states, "selu", name="tick_states", **how)
        self.tick_input = xavier_dense(units, units, "selu", name="tick_input", **how)
        self.ticks = StackedGRU(units, self.depth, name="ticks", **how)
        self.ticks.build((None, None, self.embedding_dim + units))
        self.head = xavier_dense(units, self.num_classes, self.logit_activation, name="head", **how)
        self.built = True

    def draw_masks(self, batch, beats):
        """Draws what dropout leaves of each step of both GRUs.

        It is drawn before any tick is made, so that two passes can share it.

        Returns:
            `(batch, beat, mask)`, of each beat first the mask of its own step, then those of its
            ticks, see `StackedGRU`; None where nothing is dropped.
        """
        size = (1 + self.ticks_per_beat) * self.ticks.mask_size
        if not self.dropout or not size:
            return None
        ones = ops.ones((batch, beats, size), self.compute_dtype)
        return keras.random.dropout(ones, self.dropout, seed=self.seed_generator)

    def beat_vectors(self, z, beats, masks=None):
        """The vectors of beats: `(batch, latent)` to `(batch, beat, units)`."""
        number = ops.cast(self.beat_input, self.compute_dtype)
        numbers = ops.broadcast_to(number, (ops.shape(z)[0], beats, 1))
        own = None if masks is None else masks[..., : self.beats.mask_size]
        return self.beats.run(self.beats.layers[0].project(numbers), self.beat_states(z), own)

    def logits(self, previous, z, masks=None):
        """Reads all ticks at once.

        Args:
            previous: int `(batch, time)`, the token before each tick, `NO_TOKEN` before the first.
            z: `(batch, latent)`.
            masks: see `draw_masks`.

        Returns:
            `(batch, time, num_classes)`.
        """
        shape = ops.shape(previous)
        states, of_beat, *within = self._begin(z, shape[1] // self.ticks_per_beat, masks)
        # Beats do not depend on each other, given the token before: one batch of all.
        states = ops.reshape(states, (-1, states.shape[-1]))
        of_beat = ops.reshape(of_beat, (-1, 1, of_beat.shape[-1]))
        projections = of_beat + self._fold(self._read(previous), of_beat.shape[-1])
        masks = self._fold(within[0], self.ticks.mask_size) if within else None
        logits = self.head(self.ticks.run(projections, states, masks))
        return ops.reshape(logits, (*shape, self.num_classes))

    def generate(self, z, uniforms, temperature, masks=None):
        """Makes tokens one after the other.

        Args:
            z: `(batch, latent)`.
            uniforms: `(batch, time)`, from 0 to below 1, by which tokens are drawn.
            temperature: scalar; at 0 the likeliest are taken.
            masks: see `draw_masks`.

        Returns:
            (tokens, logits): int32 `(batch, time)`, `(batch, time, num_classes)`.
        """
        ticks, (batch, length) = self.ticks_per_beat, ops.shape(uniforms)
        beats = length // ticks
        uniforms = ops.reshape(uniforms, (batch, beats, ticks))
        # One array: of an unknown length, `ops.scan` on TensorFlow cannot take several. In float32,
        # as half precision would round the uniforms.
        given = [uniforms, *self._begin(z, beats, masks)]
        ends = list(itertools.accumulate(x.shape[-1] for x in given))
        given = ops.concatenate([ops.cast(x, "float32") for x in given], axis=-1)

        def beat(carry, given):
            uniforms, *given = ops.split(given, ends[:-1], axis=-1)
            state, of_beat, *within = (ops.cast(x, self.compute_dtype) for x in given)
            within = ops.split(within[0], ticks, axis=-1) if within else [None] * ticks
            token, tokens, logits = carry["tokens"][:, -1], [], []
            for i, mask in enumerate(within):
                output, state = self.ticks.step(self._read(token) + of_beat, state, mask)
                logits.append(self.head(output))
                token = likeliest_or_drawn(
                    logits[-1], (self.num_classes,), uniforms[:, i, None], temperature
                )[:, 0]
                tokens.append(token)
            made = {"tokens": ops.stack(tokens, axis=1), "logits": ops.stack(logits, axis=1)}
            return made, made

        start = {
            "tokens": ops.full((batch, ticks), NO_TOKEN, "int32"),
            "logits": ops.zeros((batch, ticks, self.num_classes), self.compute_dtype),
        }
        _, made = ops.scan(beat, start, ops.swapaxes(given, 0, 1))
        tokens, logits = (ops.swapaxes(made[name], 0, 1) for name in ("tokens", "logits"))
        logits = ops.reshape(logits, (batch, length, self.num_classes))
        return ops.reshape(tokens, (batch, length)), logits

    def _begin(self, z, beats, masks):
        """What the ticks of each beat begin with and read, each `(batch, beat, ...)`.

        Returns:
            list of the first states, the projection of the beat's vector, and the masks, if any.
        """
        vectors = self.beat_vectors(z, beats, masks)
        first = self.ticks.layers[0]
        rows = ops.cast(first.kernel[self.embedding_dim :], self.compute_dtype)
        of_beat = ops.matmul(self.tick_input(vectors), rows)
        of_beat = of_beat + ops.cast(first.bias, self.compute_dtype)
        own = [] if masks is None else [masks[..., self.beats.mask_size :]]
        return [self.tick_states(vectors), of_beat, *own]

    def _read(self, tokens):
        """The projection of tokens, `(...)` to `(..., 3 * units)`; beats add theirs."""
        rows = ops.cast(self.ticks.layers[0].kernel[: self.embedding_dim], self.compute_dtype)
        return ops.matmul(self.embedding(tokens), rows)

    def _fold(self, x, size):
        """The vectors of ticks, of this size, to `(batch * beat, tick, size)`."""
        return ops.reshape(x, (-1, self.ticks_per_beat, size))

    def get_config(self):
        return super().get_config() | {
            "num_classes": self.num_classes,
            "embedding_dim": self.embedding_dim,
            "units": self.units,
            "depth": self.depth,
            "dropout": self.dropout,
            "ticks_per_beat": self.ticks_per_beat,
            "logit_activation": keras.activations.serialize(self.logit_activation),
        }
