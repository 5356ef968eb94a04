"""Autoregressive decoders of tokens: one stack of LSTMs, or stacks under a conductor.

What a token is, and how it is read and drawn, is the matter of a head. A step has tokens of one or
several parts, side by side in the last axis. The token before the first is a vector of zeros, which
is what a head makes of -1.

With dropout, masks say what each layer of LSTMs reads of its input at each step. They are drawn
before the loops, so that the two passes of scheduled sampling drop the same values.
"""

import keras
import numpy as np
from keras import ops

from keras_music_vae.layers.stacked_lstm import InitialState, StackedLSTM
from keras_music_vae.layers.weight_norm import Dense

NO_TOKEN = -1


def shift(tokens):
    """The token before each step, `(batch, time, part)`."""
    return ops.pad(tokens[:, :-1], [[0, 0], [1, 0], [0, 0]], constant_values=NO_TOKEN)


@keras.saving.register_keras_serializable("keras_music_vae")
class LSTMDecoder(keras.layers.Layer):
    """A stack of LSTMs that reads the token before, a code and controls, and tells the token.

    The code is in the first state too.

    Args:
        units: sequence of int, the sizes of the layers.
        head: `Head`, the distribution of a step.
        end_token: int or None. The token after which `generate` makes none; of one part.

    Reference: `BaseLstmDecoder` in magenta/models/music_vae/lstm_models.py.
    """

    def __init__(self, units, head, end_token=None, **kwargs):
        super().__init__(**kwargs)
        self.units = tuple(units)
        self.head = head
        self.end_token = end_token
        self.initial_state = InitialState(self.units, name="initial_state", dtype=self.dtype_policy)
        self.lstms = StackedLSTM(self.units, name="lstms", dtype=self.dtype_policy)

    @property
    def heads(self):
        """The heads of all parts, here one."""
        return [self.head]

    def build(self, code_shape, control_dim=0):
        """Makes the weights for codes `(batch, features)`."""
        self.initial_state.build(code_shape)
        self.lstms.build((None, None, self.head.vector_size + code_shape[-1] + control_dim))
        if not self.head.built:  # as it is where Keras made it of a configuration
            self.head.build((None, self.units[-1]))
        self.built = True

    def masks(self, batch, time, drop):
        """See `StackedLSTM`; of the first layer token, code and controls are dropped from."""
        return self.lstms.masks(batch, time, drop)

    def logits(self, previous, code, controls=None, masks=None):
        """Reads all steps at once.

        Args:
            previous: `(batch, time, part)`, the token before each step.
            code: `(batch, features)`.
            controls: `(batch, time, features)` or None.
            masks: what `masks` gives, or None to drop nothing.

        Returns:
            (logits, states): outputs of the head, `(batch, time, output)`; of each layer the last
            `(h, c)`.
        """
        if masks is None:
            projections = self._read(previous, self._read_code(code)[:, None], controls)
        else:
            shape = (*ops.shape(previous)[:2], code.shape[-1])
            codes = ops.broadcast_to(code[:, None], shape)
            projections = self._read_masked(previous, codes, controls, masks[0])
        outputs, states = self.lstms.run(projections, self.initial_state(code), masks)
        return self.head(outputs), states

    def _read_code(self, code):
        """What a code adds to the projection of every step of its sequence, `(batch, 4 * units)`.

        The first layer's kernel has rows for the token, then for the code, then for the controls.
        """
        first, start = self.lstms.layers[0], self.head.vector_size
        rows = first.kernel.value()[start : start + code.shape[-1]]
        return ops.matmul(code, rows) + ops.cast(first.bias, code.dtype)

    def _read(self, previous, of_code, controls):
        """The projections of steps `(..., 4 * units)`, as of tokens, code and controls in one."""
        kernel = self.lstms.layers[0].kernel.value()
        projection = self.head.project(previous, kernel[: self.head.vector_size]) + of_code
        if controls is None:
            return projection
        return projection + ops.matmul(
            ops.cast(controls, kernel.dtype), kernel[-controls.shape[-1] :]
        )

    def _read_masked(self, previous, code, controls, mask):
        """As `_read`, of the values that a mask leaves, `(..., features)`."""
        seen = [self.head.vectors(previous, code.dtype), code]
        if controls is not None:
            seen.append(ops.cast(controls, code.dtype))
        return self.lstms.layers[0].project(ops.concatenate(seen, axis=-1) * mask)

    def generate(self, code, previous, uniforms, temperature, controls=None):
        """Makes tokens one after the other.

        Args:
            code: `(batch, features)`.
            previous: `(batch, part)`, the token before the first.
            uniforms: `(batch, time, part)`, see `Head.draw`.
            temperature: scalar above 0.
            controls: `(batch, time, features)` or None.

        Returns:
            (tokens, logits, states): `(batch, time, part)`; outputs of the head, `(batch, time,
            output)`; list of the last `(h, c)`.
        """
        parts, of_code = self.head.parts, self._read_code(code)

        def step(carry, inputs):
            control = None if controls is None else inputs[:, parts:]
            projection = self._read(carry["tokens"], of_code, control)
            output, states = self.lstms.step(projection, carry["states"])
            logits = self.head(output)
            tokens = self.head.draw(logits, inputs[:, :parts], temperature)
            carry = {"tokens": tokens, "states": states, "logits": logits}
            return carry, carry

        start = {
            "tokens": previous,
            "states": self.initial_state(code),
            "logits": ops.zeros((ops.shape(code)[0], self.head.output_size), code.dtype),
        }
        inputs = uniforms
        if controls is not None:
            inputs = ops.concatenate([uniforms, ops.cast(controls, uniforms.dtype)], axis=-1)
        last, made = ops.scan(step, start, ops.transpose(inputs, (1, 0, 2)))
        tokens, logits = (ops.transpose(made[key], (1, 0, 2)) for key in ("tokens", "logits"))
        if self.end_token is not None:
            ends = ops.cast(tokens == self.end_token, "int32")
            tokens = ops.where(ops.cumsum(ends, axis=1) > ends, NO_TOKEN, tokens)
        return tokens, logits, last["states"]

    def sample_previous(self, code, previous, coins, uniforms, controls=None, masks=None):
        """Replaces tokens to read by tokens that the decoder makes itself, for scheduled sampling.

        Training on what this returns is scheduled sampling, as no gradient goes through a token.

        Args:
            code: `(batch, features)`.
            previous: `(batch, time, part)`, the true token before each step.
            coins: bool `(batch, time)`, where to read the token that was made; never in the first
                step.
            uniforms: `(batch, time, part)`, see `Head.draw`.
            controls: `(batch, time, features)` or None.
            masks: what `masks` gives, or None to drop nothing.

        Returns:
            `(batch, time, part)`, the token to read before each step.
        """
        of_code = self._read_code(code)
        inputs = [uniforms, previous, coins[..., None]]
        inputs += [] if controls is None else [controls]
        inputs += masks or []
        ends = np.cumsum([each.shape[-1] for each in inputs])[:-1].tolist()

        def step(carry, inputs):
            uniform, true, coin, *others = ops.split(inputs, ends, axis=-1)
            read = ops.where(coin > 0, carry["made"], ops.cast(true, self.head.token_dtype))
            control = None if controls is None else others[0]
            if masks is None:
                own, projection = None, self._read(read, of_code, control)
            else:
                own = [ops.cast(mask, code.dtype) for mask in others[-len(masks) :]]
                projection = self._read_masked(read, code, control, own[0])
            output, states = self.lstms.step(projection, carry["states"], own)
            made = self.head.draw_to_read(self.head(output), uniform)
            carry = {"made": made, "read": read, "states": states}
            return carry, carry

        first = ops.cast(previous[:, 0], self.head.token_dtype)
        start = {"made": first, "read": first, "states": self.initial_state(code)}
        # One array, as `ops.scan` needs on TensorFlow; the numbers of tokens are exact in it.
        inputs = ops.concatenate([ops.cast(each, "float32") for each in inputs], axis=-1)
        _, steps = ops.scan(step, start, ops.transpose(inputs, (1, 0, 2)))
        return ops.transpose(steps["read"], (1, 0, 2))

    def get_config(self):
        return super().get_config() | {
            "units": list(self.units),
            "head": keras.saving.serialize_keras_object(self.head),
            "end_token": self.end_token,
        }

    @classmethod
    def from_config(cls, config):
        return cls(head=keras.saving.deserialize_keras_object(config.pop("head")), **config)


@keras.saving.register_keras_serializable("keras_music_vae")
class HierarchicalDecoder(keras.layers.Layer):
    """A conductor that makes a code for each subsequence, and decoders that play from these.

    A decoder begins each subsequence anew, from its code; of what came before it sees only the
    token before. The conductor reads nothing, or with `autoregressive` z and the decoder's states
    at the end of the subsequence before.

    Args:
        conductor_units: sequence of int, the sizes of the conductor's layers.
        decoders: list of `LSTMDecoder`, one for all parts or one for each.
        subsequences: int, how many there are.
        autoregressive: bool.
        embedding_dim: int or None, the size of a code, made of the conductor's output by a dense
            layer as in the paper of 2017; None takes the output itself, as Magenta's code does.

    Reference: Roberts et al. 2018, "Hierarchical Decoder"; `HierarchicalLstmDecoder` and
    `SplitMultiOutLstmDecoder` in magenta/models/music_vae/lstm_models.py.
    """

    def __init__(
        self,
        conductor_units,
        decoders,
        subsequences,
        autoregressive=False,
        embedding_dim=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.conductor_units = tuple(conductor_units)
        self.decoders = list(decoders)
        self.subsequences = subsequences
        self.autoregressive = autoregressive
        self.embedding = None
        if embedding_dim:
            self.embedding = Dense(
                embedding_dim, weight_norm=False, name="embedding", dtype=self.dtype_policy
            )
        if autoregressive and len(self.decoders) > 1:
            raise ValueError("autoregressive takes one decoder for all parts, not one for each.")
        self.initial_state = InitialState(
            self.conductor_units, name="initial_state", dtype=self.dtype_policy
        )
        self.conductor = StackedLSTM(
            self.conductor_units, name="conductor", dtype=self.dtype_policy
        )

    @property
    def heads(self):
        """The heads of all parts, one for each decoder."""
        return [decoder.head for decoder in self.decoders]

    def build(self, code_shape, control_dim=0):
        """Makes the weights for z `(batch, features)`."""
        self.initial_state.build(code_shape)
        size = 1
        if self.autoregressive:
            size = 2 * sum(self.decoders[0].units) + code_shape[-1]
        self.conductor.build((None, None, size))
        size = self.conductor_units[-1]
        if self.embedding:
            self.embedding.build((None, size))
            size = self.embedding.units
        for decoder in self.decoders:
            decoder.build((None, size), control_dim)
        self.built = True

    def masks(self, batch, time, drop):
        """The masks of the conductor, then those of each decoder; see `LSTMDecoder`."""
        conductor = self.conductor.masks(batch, self.subsequences, drop)
        return [conductor, *(decoder.masks(batch, time, drop) for decoder in self.decoders)]

    def codes(self, z, masks=None):
        """The codes of all subsequences, `(batch, subsequence, features)`."""
        nothing = ops.zeros((ops.shape(z)[0], self.subsequences, 1), z.dtype)
        projections = self.conductor.layers[0].project(nothing)
        states = self.initial_state(z)
        return self._embed(self.conductor.run(projections, states, masks and masks[0])[0])

    def logits(self, previous, z, controls=None, masks=None):
        """As `LSTMDecoder.logits`, without states."""
        if self.autoregressive:
            return self._logits_in_turn(previous, z, controls, masks)
        codes = self.codes(z, masks)
        # Subsequences do not depend on each other, given the token before: one batch of all.
        code = ops.reshape(codes, (-1, codes.shape[-1]))
        made, part = [], 0
        for i, decoder in enumerate(self.decoders):
            own = previous[..., part : part + decoder.head.parts]
            logits, _ = decoder.logits(
                self._fold(own), code, self._fold(controls), self._fold_masks(masks, i)
            )
            made.append(self._unfold(logits))
            part += decoder.head.parts
        return ops.concatenate(made, axis=-1), None

    def generate(self, z, previous, uniforms, temperature, controls=None):
        """As `LSTMDecoder.generate`, without states."""
        codes = None if self.autoregressive else self.codes(z)
        uniforms, controls = (self._segments(x) for x in (uniforms, controls))
        states, core = self.initial_state(z), None
        tokens, logits = [], []
        for i in range(self.subsequences):
            if self.autoregressive:
                code, states = self._conduct(z, core, states)
            else:
                code = codes[:, i]
            control = None if controls is None else controls[:, i]
            made, part = [], 0
            for decoder in self.decoders:
                own = slice(part, part + decoder.head.parts)
                *result, core = decoder.generate(
                    code, previous[:, own], uniforms[:, i, :, own], temperature, control
                )
                made.append(result)
                part = own.stop
            tokens.append(ops.concatenate([each for each, _ in made], axis=-1))
            logits.append(ops.concatenate([each for _, each in made], axis=-1))
            previous = tokens[-1][:, -1]
        return ops.concatenate(tokens, axis=1), ops.concatenate(logits, axis=1), None

    def sample_previous(self, z, previous, coins, uniforms, controls=None, masks=None):
        """As `LSTMDecoder.sample_previous`; a subsequence begins with the true token before it."""
        if self.autoregressive:
            raise ValueError("A conductor that sees the decoder takes no scheduled sampling.")
        codes = self.codes(z, masks)
        code = ops.reshape(codes, (-1, codes.shape[-1]))
        coins = self._fold(coins[..., None])[..., 0]
        coins = ops.concatenate([ops.zeros_like(coins[:, :1]), coins[:, 1:]], axis=1)
        read, part = [], 0
        for i, decoder in enumerate(self.decoders):
            own = slice(part, part + decoder.head.parts)
            read.append(
                decoder.sample_previous(
                    code,
                    self._fold(previous[..., own]),
                    coins,
                    self._fold(uniforms[..., own]),
                    self._fold(controls),
                    self._fold_masks(masks, i),
                )
            )
            part = own.stop
        return self._unfold(ops.concatenate(read, axis=-1))

    def _logits_in_turn(self, previous, z, controls, masks):
        previous, controls = self._segments(previous), self._segments(controls)
        states, core = self.initial_state(z), None
        conductor = own = None
        if masks is not None:
            masks = masks[0], [self._segments(mask) for mask in masks[1]]
        made = []
        for i in range(self.subsequences):
            if masks is not None:
                conductor, own = ([mask[:, i] for mask in each] for each in masks)
            code, states = self._conduct(z, core, states, conductor)
            control = None if controls is None else controls[:, i]
            logits, core = self.decoders[0].logits(previous[:, i], code, control, own)
            made.append(logits)
        return ops.concatenate(made, axis=1), None

    def _embed(self, output):
        return self.embedding(output) if self.embedding else output

    def _conduct(self, z, core, states, masks=None):
        """One step of a conductor that reads the decoder's last states, None at first, and z."""
        if core is None:
            size = 2 * sum(self.decoders[0].units)
            seen = [ops.zeros((ops.shape(z)[0], size), z.dtype)]
        else:
            seen = [part for h, c in core for part in (c, h)]
        seen = ops.concatenate([*seen, z], axis=-1)
        seen = seen if masks is None else seen * masks[0]
        projection = self.conductor.layers[0].project(seen)
        output, states = self.conductor.step(projection, states, masks)
        return self._embed(output), states

    def _segments(self, x):
        """`(batch, time, ...)` to `(batch, subsequence, time, ...)`."""
        if x is None:
            return None
        return ops.reshape(x, (ops.shape(x)[0], self.subsequences, -1, x.shape[-1]))

    def _fold(self, x):
        if x is None:
            return None
        return ops.reshape(x, (ops.shape(x)[0] * self.subsequences, -1, x.shape[-1]))

    def _fold_masks(self, masks, decoder):
        return masks and [self._fold(mask) for mask in masks[1 + decoder]]

    def _unfold(self, x):
        return ops.reshape(x, (ops.shape(x)[0] // self.subsequences, -1, x.shape[-1]))

    def get_config(self):
        return super().get_config() | {
            "conductor_units": list(self.conductor_units),
            "decoders": [keras.saving.serialize_keras_object(each) for each in self.decoders],
            "subsequences": self.subsequences,
            "autoregressive": self.autoregressive,
            "embedding_dim": self.embedding and self.embedding.units,
        }

    @classmethod
    def from_config(cls, config):
        decoders = map(keras.saving.deserialize_keras_object, config.pop("decoders"))
        return cls(decoders=list(decoders), **config)
