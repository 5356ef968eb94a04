"""MeasureVAE: a VAE of single measures, whose codes AR-VAE gives the order of attributes.

Pati and Lerch (2020), "Attribute-based Regularization of Latent Spaces for Variational
Auto-Encoders", and their abstract of 2019. AR-VAE is how a network is trained: any model here is
one with `attribute_dims` in `compile`. MeasureVAE is the authors' name of the network.
"""

import keras
from keras import ops

from keras_music_vae.layers import GRUEncoder, LogStddevPosterior, MeasureDecoder, TokenEmbedding
from keras_music_vae.layers.decoders import shift
from keras_music_vae.losses import CategoricalReconstruction
from keras_music_vae.models.base import Autoencoder, Posterior
from keras_music_vae.models.latent_space import LatentSpace, lerp


@keras.saving.register_keras_serializable("keras_music_vae")
class MeasureVAE(LatentSpace, Autoencoder):
    """A recurrent VAE of measures of one line of tokens.

    Formula: `loss = -log p(x | z) + kl_weight * KL(q(z|x) || N(0, I))`, the first the mean over
    ticks, both averaged over the batch; and what attributes add, see `Autoencoder.compile`.

    While training, one coin for each batch says whether the decoder reads the true tokens or those
    that it finds the likeliest itself; several replicas toss one each. While evaluating it always
    reads its own.

    Args:
        num_classes: sequence of one int, the number of tokens.
        embedding_dim: int. Size of a token's vector; encoder and decoder have tables of their own.
        encoder_units: int. Size of each direction of each layer of the encoder.
        decoder_units: int. Size of the decoder's layers.
        depth: int. Layers of all GRUs.
        latent_dim: int. Size of z.
        dropout: float. Share of what a layer of a GRU hands to the one above it that is left out.
        ticks_per_beat: int. Windows are of any number of beats; the authors' of four.
        logit_activation: str or None. Keras activation of the logits; theirs is "relu".

    Inputs: dict of `x`, int tokens `(batch, time, 1)`; `attributes`, see `Autoencoder.compile`;
    optionally `eps_z`, standard normal noise `(batch, latent)`.

    Outputs: dict of `x` (logits), `z_mean`, `z_log_var`, and `attribute_<name>`.

    Metrics: `reconstruction`, nats per tick; `accuracy`, the share of ticks whose likeliest token
    is the true one; `kl_z` and `attribute_<name>`, without their weights.

    Reference: Pati and Lerch 2020; `MeasureVAE` in their code.
    """

    parts = 1
    between = staticmethod(lerp)
    # The decoder takes its likeliest tokens in the released code.
    own_temperature = 0.0

    def __init__(
        self,
        num_classes=(77,),
        embedding_dim=10,
        encoder_units=128,
        decoder_units=128,
        depth=2,
        latent_dim=32,
        dropout=0.5,
        ticks_per_beat=6,
        logit_activation="relu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_classes = tuple(num_classes)
        if len(self.num_classes) != 1:
            raise ValueError(
                f"Expected num_classes of one line, such as (77,). Received: {self.num_classes}"
            )
        self.embedding_dim = embedding_dim
        self.encoder_units = encoder_units
        self.decoder_units = decoder_units
        self.depth = depth
        self.latent_dim = latent_dim
        self.dropout = dropout
        self.ticks_per_beat = ticks_per_beat
        self.logit_activation = logit_activation
        self.kl_weight, self.teacher_forcing = 0.001, 0.5
        self.seed_generator = keras.random.SeedGenerator()

        (classes,), how = self.num_classes, {"dtype": self.dtype_policy}
        self.embedding = TokenEmbedding(classes, embedding_dim, name="embedding", **how)
        self.encoder = GRUEncoder(encoder_units, depth, dropout, name="encoder", **how)
        self.posterior = LogStddevPosterior(latent_dim, name="posterior", **how)
        self.decoder = MeasureDecoder(
            classes,
            embedding_dim,
            decoder_units,
            depth,
            dropout,
            ticks_per_beat,
            logit_activation,
            name="decoder",
            **how,
        )
        self.track_kl("z", self.posterior)
        self.reconstruction = CategoricalReconstruction(
            self.num_classes, per_step=True, reduction=None
        )
        names = "reconstruction", "accuracy"
        self.term_metrics = {name: keras.metrics.Mean(name=name) for name in names}
        self.build()

    def build(self, input_shape=None):
        self.encoder.build((None, None, self.embedding_dim))
        self.posterior.build((None, 2 * self.depth * self.encoder_units))
        self.decoder.build((None, self.latent_dim))
        self.built = True

    def compile(self, optimizer="adam", kl_weight=0.001, teacher_forcing=0.5, loss=None, **kwargs):
        """Keras's `compile` with the paper's loss.

        Args:
            optimizer: Keras optimizer.
            kl_weight: float or schedule (updates -> weight), the paper's beta. Unlike that of other
                models it counts while evaluating too, as the reconstruction is a mean over ticks.
            teacher_forcing: float or schedule, the probability that a batch is trained with the
                true tokens before each tick; a float of 0 or 1 leaves nothing to chance.
            loss: dict of losses by output; None for the paper's.
            **kwargs: see `Autoencoder.compile` and Keras's.
        """
        self.kl_weight = kl_weight
        self.teacher_forcing = teacher_forcing
        loss = loss or {"x": CategoricalReconstruction(self.num_classes, per_step=True)}
        super().compile(optimizer, loss=loss, **kwargs)

    def call(self, inputs, training=False):
        x = ops.cast(inputs["x"], "int32")
        z, mean, stddev = self.posterior(
            self._encoding(x, training),
            kl_weight=self.current(self.kl_weight),
            noise=inputs.get("eps_z"),
        )
        attributes = self.attribute_outputs(z, inputs)
        masks = None
        if training:
            masks = self.decoder.draw_masks(ops.shape(x)[0], ops.shape(x)[1] // self.ticks_per_beat)
        logits = self.decoder.logits(self._previous(x, z, masks, training), z, masks)
        if training:
            self.updates.assign_add(1)
        return {"x": logits, "z_mean": mean, "z_log_var": 2 * ops.log(stddev)} | attributes

    def _previous(self, x, z, masks, training):
        """The token before each tick that the decoder reads, int `(batch, time)`.

        No gradient goes through a token, so a decoder that reads what it made is one that makes
        tokens first and then reads all of them at once, with the same dropout.
        """
        true, z = shift(x)[..., 0], ops.stop_gradient(z)

        def own():
            uniforms = ops.zeros(ops.shape(x)[:2], "float32")
            made, _ = self.decoder.generate(z, uniforms, 0.0, masks)
            return shift(made[..., None])[..., 0]

        if not training or self.teacher_forcing == 0:
            return own()
        if self.teacher_forcing == 1:
            return true
        coin = keras.random.uniform((), seed=self.seed_generator)
        return ops.cond(coin < self.current(self.teacher_forcing), lambda: true, own)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        logits, tokens = y_pred["x"], ops.cast(y["x"], "int32")
        told = ops.cast(ops.argmax(logits, axis=-1), "int32")
        values = {
            "reconstruction": self.reconstruction(tokens, logits),
            "accuracy": ops.cast(told == tokens[..., 0], "float32"),
        }
        for name, value in values.items():
            self.term_metrics[name].update_state(value)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def encode(self, x):
        """q(z | x) of tokens `(batch, time, 1)`."""
        x = ops.convert_to_tensor(x, "int32")
        return Posterior(*self.posterior.distribution(self._encoding(x)))

    def logits(self, x, z):
        """Logits of each tick, `(batch, time, num_classes)`, given z and the token before."""
        x, z = ops.convert_to_tensor(x, "int32"), ops.convert_to_tensor(z, self.compute_dtype)
        return self.decoder.logits(shift(x)[..., 0], z)

    def rollout(self, z, uniforms, temperature=0.0):
        """Makes tokens from given random numbers, each after the one made before it.

        Args:
            z: `(batch, latent)`.
            uniforms: `(batch, time, 1)`, from 0 to below 1.
            temperature: scalar, see `decode`.

        Returns:
            (tokens, logits): int `(batch, time, 1)`, `(batch, time, num_classes)`.
        """
        z = ops.convert_to_tensor(z, self.compute_dtype)
        uniforms = ops.convert_to_tensor(uniforms, "float32")
        tokens, logits = self.decoder.generate(z, uniforms[..., 0], temperature)
        return tokens[..., None], logits

    @property
    def length_unit(self):
        """Int, of which the steps to decode are a multiple: the ticks of a beat."""
        return self.ticks_per_beat

    def _encoding(self, x, training=False):
        return self.encoder(self.embedding(x[..., 0]), training=training)

    def get_config(self):
        return super().get_config() | {
            "num_classes": list(self.num_classes),
            "embedding_dim": self.embedding_dim,
            "encoder_units": self.encoder_units,
            "decoder_units": self.decoder_units,
            "depth": self.depth,
            "latent_dim": self.latent_dim,
            "dropout": self.dropout,
            "ticks_per_beat": self.ticks_per_beat,
            "logit_activation": self.logit_activation,
        }
