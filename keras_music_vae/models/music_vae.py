"""MusicVAE: recurrent VAEs of melodies, drums, trios and grooves, flat and hierarchical.

Roberts, Engel and Eck (2017), "Hierarchical Variational Autoencoders for Music", and the code and
models that Magenta published after it. One z for a whole window of tokens.
"""

import math

import keras
from keras import ops

from keras_music_vae.layers import (
    BidirectionalEncoder,
    CategoricalHead,
    FreeNatsPosterior,
    GrooveHead,
    HierarchicalDecoder,
    HierarchicalEncoder,
    LSTMDecoder,
    NADEHead,
)
from keras_music_vae.layers.decoders import NO_TOKEN, shift
from keras_music_vae.losses import (
    CategoricalReconstruction,
    GrooveReconstruction,
    NADEReconstruction,
)
from keras_music_vae.models.base import Autoencoder, Posterior
from keras_music_vae.models.latent_space import LatentSpace

ENCODER_INPUTS = ("one_hot", "drum_roll")
HEADS = ("categorical", "nade", "groove")


@keras.saving.register_keras_serializable("keras_music_vae")
class MusicVAE(LatentSpace, Autoencoder):
    """A recurrent VAE of windows of tokens.

    Formula: `loss = -log p(x | z) + kl_weight * max(KL(q(z|x) || N(0, I)) - free_nats, 0)`, the
    first summed over the steps of a window, both averaged over the batch.

    Args:
        num_classes: tuple of int, the number of tokens of each part: (90,) for melodies, (512,)
            for drums, (90, 90, 512) for trios; (2,) * 9 for nine drums that are hit or not.
        latent_dim: int. Size of z; 0 leaves the encoder out, the decoder-only baseline of Table 1.
        encoder_units: sequence of int, the size of each direction, layer by layer; with
            `encoder_lengths`, of the one layer of each level.
        decoder_units: sequence of int, the sizes of the layers that make tokens.
        encoder_lengths: sequence of int or None. What each level of a hierarchical encoder reads at
            once: steps per segment, segments.
        subsequences: int or None. How many codes the conductor of a hierarchical decoder makes.
        conductor_units: sequence of int or None, the conductor's layers; None is `decoder_units`.
        conductor_sees_decoder: bool. Give the conductor the decoder's last states.
        embedding_dim: int or None. Size of the conductor's codes, None for that of its last layer.
        split_parts: bool. Decode each part with a decoder of its own.
        encoder_input: str. "one_hot", or "drum_roll": the bits of drum codes and one for none.
        control_dim: int. Size of what encoder and decoder are told at each step, such as chords.
        free_nats: float. KL of an example that costs nothing.
        scale: str. See `FreeNatsPosterior`.
        head: str. The distribution of a step, which decides what its parts are: "categorical", a
            token of each part (`CategoricalHead`); "nade", for each drum whether it is hit, told
            from the drums before it (`NADEHead`); "groove", hits, velocities and offsets of the
            drums, GrooVAE's (`GrooveHead`).
        nade_units: int. The hidden layer of the NADE.
        dropout: float, from 0 to below 1. While training, the share of the values that each layer
            of LSTMs reads which are dropped, drawn anew at each step; the others grow by
            `1 / (1 - dropout)`. Of the decoder these are the token before, z and the controls; the
            states with which it begins are whole.
        end_token: int or None. The token that ends a window or, in a hierarchy, each of its
            segments, which so have lengths of their own: after it `x` is -1, which the encoder does
            not read, the loss does not count and `decode` makes.

    Inputs: dict of `x`, `(batch, time, part)`, int tokens or what `head` says; optionally `source`,
    what the encoder reads in place of `x`, of its shape; `lengths`, steps of it that count, int
    `(batch,)` or, of a hierarchical encoder, `(batch, segment)`; `controls`, `(batch, time,
    control)`; `eps_z`, noise `(batch, latent)`.

    Outputs: dict of `x` (logits, parts side by side) and, with an encoder, `z_mean` and
    `z_log_var`.

    Reference: Roberts, Engel and Eck 2017, section 2; Gillick et al. 2019, "Learning to Groove with
    Inverse Sequence Transformations"; magenta/models/music_vae.
    """

    def __init__(
        self,
        num_classes,
        latent_dim=256,
        encoder_units=(512,),
        decoder_units=(256, 256),
        encoder_lengths=None,
        subsequences=None,
        conductor_units=None,
        conductor_sees_decoder=False,
        embedding_dim=None,
        split_parts=False,
        encoder_input="one_hot",
        control_dim=0,
        free_nats=0.0,
        scale="softplus",
        head="categorical",
        nade_units=128,
        dropout=0.0,
        end_token=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if encoder_input not in ENCODER_INPUTS:
            raise ValueError(
                f"encoder_input must be one of {ENCODER_INPUTS}. Received: {encoder_input!r}"
            )
        if head not in HEADS:
            raise ValueError(f"head must be one of {HEADS}. Received: {head!r}")
        if head != "categorical" and set(num_classes) != {2}:
            raise ValueError(
                f"num_classes must be 2 for each drum with head={head!r}. Received: {num_classes}"
            )
        if head != "categorical" and split_parts:
            raise ValueError(
                f"A decoder makes all drums with head={head!r}: leave split_parts out."
            )
        if head == "groove" and encoder_input == "drum_roll":
            raise ValueError("The encoder reads grooves as they are: leave encoder_input out.")
        if not 0 <= dropout < 1:
            raise ValueError(
                f"dropout must be from 0, which drops nothing, to below 1. Received: {dropout}"
            )
        if end_token is not None and (
            head != "categorical"
            or len(num_classes) > 1
            or end_token not in range(num_classes[0])
            or conductor_sees_decoder
        ):
            raise ValueError(
                "end_token is a token of one part, for a conductor that does not see the decoder. "
                f"Received: end_token={end_token}, num_classes={num_classes}, head={head!r}, "
                f"conductor_sees_decoder={conductor_sees_decoder}"
            )
        self.num_classes = tuple(num_classes)
        self.latent_dim = latent_dim
        self.encoder_units = tuple(encoder_units)
        self.decoder_units = tuple(decoder_units)
        self.encoder_lengths = encoder_lengths and tuple(encoder_lengths)
        self.subsequences = subsequences
        self.conductor_units = tuple(conductor_units or decoder_units)
        self.conductor_sees_decoder = conductor_sees_decoder
        self.embedding_dim = embedding_dim
        self.split_parts = split_parts
        self.encoder_input = encoder_input
        self.control_dim = control_dim
        self.free_nats = free_nats
        self.scale = scale
        self.head = head
        self.nade_units = nade_units
        self.dropout = dropout
        self.end_token = end_token
        self.kl_weight = 1.0
        self.sampling_probability = 0.0
        self.seed_generator = keras.random.SeedGenerator()

        self.decoder = self._make_decoder()
        if latent_dim:
            self.encoder = self._make_encoder()
            self.posterior = FreeNatsPosterior(
                latent_dim, free_nats, scale, name="posterior", dtype=self.dtype_policy
            )
            self.track_kl("z", self.posterior)
        self.build()

    def _make_encoder(self):
        settings = {"name": "encoder", "dtype": self.dtype_policy}
        if self.encoder_lengths:
            levels = [(units,) for units in self.encoder_units]
            return HierarchicalEncoder(levels, self.encoder_lengths, **settings)
        return BidirectionalEncoder(self.encoder_units, **settings)

    def _make_decoder(self):
        settings = {"dtype": self.dtype_policy}
        if not self.subsequences:
            head = self._make_head(self.num_classes)
            return LSTMDecoder(self.decoder_units, head, self.end_token, name="decoder", **settings)
        groups = [(classes,) for classes in self.num_classes]
        decoders = [
            LSTMDecoder(
                self.decoder_units,
                self._make_head(classes),
                self.end_token,
                name=f"decoder_{i}",
                **settings,
            )
            for i, classes in enumerate(groups if self.split_parts else [self.num_classes])
        ]
        return HierarchicalDecoder(
            self.conductor_units,
            decoders,
            self.subsequences,
            self.conductor_sees_decoder,
            self.embedding_dim,
            name="decoder",
            **settings,
        )

    def _make_head(self, num_classes):
        settings = {"name": "head", "dtype": self.dtype_policy}
        if self.head == "nade":
            return NADEHead(len(num_classes), self.nade_units, **settings)
        if self.head == "groove":
            return GrooveHead(len(num_classes), **settings)
        return CategoricalHead(num_classes, **settings)

    def build(self, input_shape=None):
        if self.latent_dim:
            roll = self.encoder_input == "drum_roll"
            size = sum(head.roll_size if roll else head.vector_size for head in self.decoder.heads)
            self.encoder.build((None, None, size + self.control_dim))
            self.posterior.build((None, 2 * self.encoder_units[-1]))
        self.decoder.build((None, self.latent_dim or 1), self.control_dim)
        self.built = True

    def compile(
        self, optimizer="adam", kl_weight=1.0, sampling_probability=0.0, loss=None, **kwargs
    ):
        """Keras's `compile` with the paper's loss.

        Args:
            optimizer: Keras optimizer.
            kl_weight: float or schedule (updates -> weight) of the KL while training.
            sampling_probability: float or schedule (updates -> probability) with which the decoder
                reads, while training, the token it made in place of the true one before.
            loss: dict of losses by output; None for the paper's.
            **kwargs: see `Autoencoder.compile` and Keras's.
        """
        self.kl_weight = kl_weight
        self.sampling_probability = sampling_probability
        loss = loss or {"x": self.reconstruction_loss()}
        super().compile(optimizer, loss=loss, **kwargs)

    def reconstruction_loss(self, **kwargs):
        """The Keras loss of logits and what was played; `kwargs` such as `reduction` are its."""
        if self.head == "nade":
            return NADEReconstruction(**kwargs)
        if self.head == "groove":
            return GrooveReconstruction(**kwargs)
        return CategoricalReconstruction(self.num_classes, **kwargs)

    def call(self, inputs, training=False):
        x, controls = self._tokens(inputs["x"]), self._controls(inputs.get("controls"))
        drop = self._drop if training and self.dropout else None
        posterior = {}
        if self.latent_dim:
            source = self._tokens(inputs["source"]) if "source" in inputs else x
            z, mean, stddev = self.posterior(
                self._encoding(source, controls, inputs.get("lengths"), drop),
                kl_weight=self.scheduled(self.kl_weight, training),
                noise=inputs.get("eps_z"),
            )
            posterior = {"z_mean": mean, "z_log_var": 2 * ops.log(stddev)}
            posterior |= self.attribute_outputs(z, inputs)
        else:
            z = self._no_code(ops.shape(x)[0])
        previous = shift(x)
        masks = drop and self.decoder.masks(*ops.shape(x)[:2], drop)
        if training and self.sampling_probability:
            previous = self._sample_previous(z, previous, controls, masks)
        outputs, _ = self.decoder.logits(previous, z, controls, masks)
        logits = self._logits(outputs, x)
        if training:
            self.updates.assign_add(1)
        return {"x": logits, **posterior}

    def _drop(self, x):
        return keras.random.dropout(x, self.dropout, seed=self.seed_generator)

    def _sample_previous(self, z, previous, controls, masks):
        """Scheduled sampling: first what each step reads, then as with true tokens."""
        probability = self.scheduled(self.sampling_probability, training=True)
        shape = ops.shape(previous)
        coins = keras.random.uniform(shape[:2], seed=self.seed_generator) < probability
        coins = ops.logical_and(coins, ops.arange(shape[1])[None] > 0)
        uniforms = keras.random.uniform(shape, seed=self.seed_generator)
        return self.decoder.sample_previous(
            ops.stop_gradient(z), previous, coins, uniforms, controls, masks
        )

    def encode(self, x, controls=None, lengths=None):
        """q(z | x) of tokens `(batch, time, part)`; zeros for a decoder alone.

        Raises:
            ValueError: if `x` is not of the `encoded_length` of a hierarchical encoder, or
                `lengths` are not of its segments.
        """
        x = self._tokens(x)
        if self.encoded_length and x.shape[1] not in (None, self.encoded_length):
            raise ValueError(
                f"This encoder reads windows of {self.encoded_length} steps "
                f"({' x '.join(map(str, self.encoder_lengths))}). Received: {x.shape[1]} steps."
            )
        if not self.latent_dim:
            nothing = self._no_code(ops.shape(x)[0])
            return Posterior(nothing, nothing)
        encoding = self._encoding(x, self._controls(controls), lengths)
        return Posterior(*self.posterior.distribution(encoding))

    def logits(self, x, z, controls=None):
        """Logits of each step, given z and the token before.

        Returns:
            `(batch, time, sum of num_classes)`; with a NADE log-odds of each drum, given also the
            drums before it, `(batch, time, drum)`; with a groove `(batch, time, 3 * drum)`, see
            `GrooveHead`.
        """
        x, z = self._tokens(x), ops.cast(z, self.compute_dtype)
        outputs, _ = self.decoder.logits(shift(x), z, self._controls(controls))
        return self._logits(outputs, x)

    def rollout(self, z, uniforms, temperature=1.0, controls=None):
        """Makes tokens from given random numbers.

        Args:
            z: `(batch, latent)`.
            uniforms: `(batch, time, part)`, from 0 to below 1.
            temperature: scalar above 0.
            controls: `(batch, time, control)` or None.

        Returns:
            (tokens, logits): `(batch, time, part)`, and their `logits`.
        """
        z = ops.cast(z, self.compute_dtype)
        first = ops.full((ops.shape(z)[0], self.parts), NO_TOKEN, self.token_dtype)
        tokens, outputs, _ = self.decoder.generate(
            z, first, uniforms, temperature, self._controls(controls)
        )
        return tokens, self._logits(outputs, tokens)

    def draw_codes(self, count, seed):
        """Codes of the prior `(count, latent)`; `(count, 1)` of zeros for a decoder alone."""
        return super().draw_codes(count, seed) if self.latent_dim else self._no_code(count)

    @property
    def encoded_length(self):
        """Int, the steps that a hierarchical encoder reads; None where any number will do."""
        return math.prod(self.encoder_lengths) if self.encoder_lengths else None

    @property
    def length_unit(self):
        """Int, of which the steps to decode are a multiple: the subsequences, or 1."""
        return self.subsequences or 1

    def _no_code(self, batch):
        # Of size 1, as TensorFlow's oneDNN multiplies no matrices without columns.
        return ops.zeros((batch, 1), self.compute_dtype)

    @property
    def parts(self):
        """Int, the values of a step: one for each of `num_classes`, in a groove three."""
        return sum(head.parts for head in self.decoder.heads)

    @property
    def token_dtype(self):
        return self.decoder.heads[0].token_dtype

    def _tokens(self, x):
        return ops.convert_to_tensor(x, self.token_dtype)

    def _split(self, x, size):
        """Pairs each head with its slice of the last axis, whose size is an attribute of heads."""
        start = 0
        for head in self.decoder.heads:
            end = start + getattr(head, size)
            yield head, x[..., start:end]
            start = end

    def _logits(self, outputs, x):
        pairs = zip(self._split(outputs, "output_size"), self._split(x, "parts"), strict=True)
        logits = [head.logits(told, own) for (head, told), (_, own) in pairs]
        return ops.concatenate(logits, axis=-1)

    def _encoding(self, x, controls, lengths, drop=None):
        how = {"product": self._times}
        if lengths is None and self.end_token is not None:
            lengths = self._lengths(x)
        if self.encoder_input == "drum_roll" or controls is not None or drop:
            x, how = self._seen(x, controls), {}
        if drop:
            how["drop"] = drop
        if not self.encoder_lengths:
            how["lengths"] = lengths
        elif lengths is not None:
            if len(lengths.shape) != 2:
                raise ValueError(
                    "A hierarchical encoder takes lengths of its segments (batch, segment), or "
                    f"none, to read whole windows. Received: shape {tuple(lengths.shape)}"
                )
            how["segment_lengths"] = lengths
        return self.encoder(x, **how)

    def _lengths(self, x):
        """The steps before -1 of windows, or of their segments."""
        inside = ops.cast(x[..., 0] >= 0, "int32")
        if self.encoder_lengths:
            segments = self.encoded_length // self.encoder_lengths[0]
            inside = ops.reshape(inside, (-1, segments, self.encoder_lengths[0]))
        return ops.sum(inside, axis=-1)

    def _seen(self, x, controls):
        """What the encoder reads, as vectors `(batch, time, features)`."""
        roll = self.encoder_input == "drum_roll"
        seen = [
            (head.drum_roll if roll else head.vectors)(own, self.compute_dtype)
            for head, own in self._split(x, "parts")
        ]
        return ops.concatenate(seen if controls is None else [*seen, controls], axis=-1)

    def _times(self, x, kernel):
        """The vectors of `_seen` times a kernel, without making them."""
        total, start = 0.0, 0
        for head, own in self._split(x, "parts"):
            total = total + head.project(own, kernel[start : start + head.vector_size])
            start += head.vector_size
        return total

    def _controls(self, controls):
        self._check_controls(controls)
        return None if controls is None else ops.cast(controls, self.compute_dtype)

    def get_config(self):
        return super().get_config() | {
            "num_classes": list(self.num_classes),
            "latent_dim": self.latent_dim,
            "encoder_units": list(self.encoder_units),
            "decoder_units": list(self.decoder_units),
            "encoder_lengths": self.encoder_lengths and list(self.encoder_lengths),
            "subsequences": self.subsequences,
            "conductor_units": list(self.conductor_units),
            "conductor_sees_decoder": self.conductor_sees_decoder,
            "embedding_dim": self.embedding_dim,
            "split_parts": self.split_parts,
            "encoder_input": self.encoder_input,
            "control_dim": self.control_dim,
            "free_nats": self.free_nats,
            "scale": self.scale,
            "head": self.head,
            "nade_units": self.nade_units,
            "dropout": self.dropout,
            "end_token": self.end_token,
        }
