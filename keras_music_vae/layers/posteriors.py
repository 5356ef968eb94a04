"""Posteriors q(.|x): two heads, one sample, and the KL to the prior as a loss of the layer."""

import math

import keras
from keras import ops

from keras_music_vae.layers.weight_norm import Dense
from keras_music_vae.layers.xavier import xavier_dense
from keras_music_vae.losses import gaussian_kl, softmax_centered


@keras.saving.register_keras_serializable("keras_music_vae")
class GaussianPosterior(keras.layers.Layer):
    """q(z|h) = N(mean(h), diag exp(log_var(h))), with the KL to N(0, exp(prior_log_var)) as a loss.

    The loss is `kl_weight * mean(KL)`: summed over the latent axis, averaged over all others.

    Args:
        latent_dim: int. Size of z.
        prior_log_var: float. Log-variance of the prior.
        kernel_initializer: Keras initializer of both heads.
        weight_norm: bool. Weight-normalize both heads.

    Call arguments:
        h: `(batch, [time,] features)`.
        kl_weight: scalar.
        noise: `(batch, [time,] latent)` standard normal draws; None draws them here.

    Returns:
        `(sample, mean, log_var)`, each `(batch, [time,] latent)`.

    Reference: Kingma and Welling 2014; Hennig et al. 2017, "Architecture".
    """

    def __init__(
        self,
        latent_dim,
        prior_log_var=0.0,
        kernel_initializer="glorot_uniform",
        weight_norm=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim
        self.prior_log_var = prior_log_var
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.weight_norm = weight_norm
        self.seed_generator = keras.random.SeedGenerator()
        self.mean, self.log_var = (
            Dense(
                latent_dim,
                kernel_initializer=self.kernel_initializer.clone(),
                weight_norm=weight_norm,
                dtype=self.dtype_policy,
                name=name,
            )
            for name in ("mean", "log_var")
        )

    def build(self, input_shape):
        self.mean.build(input_shape)
        self.log_var.build(input_shape)
        self.built = True

    def sample(self, mean, log_var, noise=None):
        """One reparameterized sample, `mean + exp(log_var / 2) * noise`."""
        if noise is None:
            noise = keras.random.normal(
                ops.shape(mean), dtype=self.compute_dtype, seed=self.seed_generator
            )
        return mean + ops.exp(0.5 * log_var) * ops.cast(noise, self.compute_dtype)

    def call(self, h, kl_weight=1.0, noise=None):
        mean, log_var = self.mean(h), self.log_var(h)
        self.add_loss(kl_weight * ops.mean(gaussian_kl(mean, log_var, self.prior_log_var)))
        return self.sample(mean, log_var, noise), mean, log_var

    def get_config(self):
        return super().get_config() | {
            "latent_dim": self.latent_dim,
            "prior_log_var": self.prior_log_var,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "weight_norm": self.weight_norm,
        }


@keras.saving.register_keras_serializable("keras_music_vae")
class LogisticNormalPosterior(GaussianPosterior):
    """q(w|h): a Gaussian over d-1 free logits, mapped to d class probabilities.

    Takes what `GaussianPosterior` takes, with `latent_dim = classes - 1`; the sample it returns is
    w, `(batch, [time,] classes)`, while mean and log-variance stay in logit space.

    Reference: Hennig et al. 2017, "The Classifying Variational Autoencoder".
    """

    def sample(self, mean, log_var, noise=None):
        return softmax_centered(super().sample(mean, log_var, noise))


SCALES = {
    "softplus": ops.softplus,
    "exp": lambda head: ops.exp(2 * head),
    "log_var": lambda head: ops.exp(0.5 * head),
}
# What the second head is where stddev is that.
_HEADS = {
    "softplus": lambda stddev: math.log(math.expm1(stddev)),
    "exp": lambda stddev: math.log(stddev) / 2,
    "log_var": lambda stddev: 2 * math.log(stddev),
}


@keras.saving.register_keras_serializable("keras_music_vae")
class DiagonalPosterior(keras.layers.Layer):
    """q(z|h) = N(mean(h), diag stddev(h)^2), without a loss: something else holds it to the prior.

    Args:
        latent_dim: int. Size of z.
        scale: str. stddev is "softplus" of the second head, "exp" of twice the second head, or the
            second head is its "log_var".
        kernel_initializer: Keras initializer of both heads.

    Call arguments:
        h: `(batch, features)`.
        noise: `(batch, latent)` standard normal draws; None draws them here.

    Returns:
        `(sample, mean, stddev)`, each `(batch, latent)`.

    Reference: Roberts, Engel and Eck 2017, equations of mu and sigma, and Valenti, Carta and Bacciu
    2020, equation 10 ("exp"); `MusicVAE.encode` in magenta/models/music_vae/base_model.py
    ("softplus").
    """

    def __init__(self, latent_dim, scale="log_var", kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        if scale not in SCALES:
            raise ValueError(f"scale must be one of {sorted(SCALES)}. Received: scale={scale!r}")
        self.latent_dim = latent_dim
        self.scale = scale
        self.seed_generator = keras.random.SeedGenerator()
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.mean_head, self.scale_head = (
            Dense(
                latent_dim,
                kernel_initializer=initializer,
                weight_norm=False,
                dtype=self.dtype_policy,
                name=name,
            )
            for name, initializer in (
                ("mean", self.kernel_initializer),
                ("scale", self.kernel_initializer.clone()),
            )
        )

    def build(self, input_shape):
        self.mean_head.build(input_shape)
        self.scale_head.build(input_shape)
        self.built = True

    def distribution(self, h):
        """`(mean, stddev)`, each `(batch, latent)`."""
        return self.mean_head(h), SCALES[self.scale](self.scale_head(h))

    def call(self, h, noise=None):
        mean, stddev = self.distribution(h)
        if noise is None:
            noise = keras.random.normal(
                ops.shape(mean), dtype=self.compute_dtype, seed=self.seed_generator
            )
        return mean + stddev * ops.cast(noise, self.compute_dtype), mean, stddev

    def spread(self, h, spread, stddev):
        """Sets the heads so that codes differ more than their noise, for the start of training.

        The last outputs of a stack of LSTMs hardly differ at first, and with a noise of 1 a decoder
        learns to do without codes before it has learned to read them.

        Args:
            h: `(batch, features)`, of examples to train on.
            spread: float. What the standard deviation of their means is to be, averaged over the
                latent axis; the average of their means will be 0.
            stddev: float, about what stddev is to be.

        Reference: the start of Salimans and Kingma 2016, section 3, for the mean head alone.
        """
        head = self.mean_head
        head.bias.assign(ops.zeros(head.bias.shape))
        kernel = ops.cast(head.kernel.value(), "float32")
        head.kernel.assign(kernel * (spread / ops.mean(ops.std(head(h), axis=0))))
        head.bias.assign(-ops.mean(head(h), axis=0))
        self.scale_head.bias.assign(ops.full(head.bias.shape, _HEADS[self.scale](stddev)))

    def get_config(self):
        return super().get_config() | {
            "latent_dim": self.latent_dim,
            "scale": self.scale,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


@keras.saving.register_keras_serializable("keras_music_vae")
class FreeNatsPosterior(DiagonalPosterior):
    """A `DiagonalPosterior` whose KL to N(0, I) costs nothing up to a tolerance.

    The loss is `kl_weight * mean(max(KL - free_nats, 0))`, the KL of an example summed over z.

    Args:
        latent_dim: int. Size of z.
        free_nats: float. The tolerance, for the whole KL of an example.
        scale: str. See `DiagonalPosterior`.

    Call arguments:
        h: `(batch, features)`.
        kl_weight: scalar.
        noise: `(batch, latent)` standard normal draws; None draws them here.

    Returns:
        `(sample, mean, stddev)`, each `(batch, latent)`.

    Reference: Kingma et al. 2016 (free bits); `MusicVAE` in
    magenta/models/music_vae/base_model.py.
    """

    prior_log_var = 0.0

    def __init__(self, latent_dim, free_nats=0.0, scale="softplus", **kwargs):
        small = {"class_name": "RandomNormal", "config": {"stddev": 0.001}}
        kwargs.setdefault("kernel_initializer", small)
        super().__init__(latent_dim, scale, **kwargs)
        self.free_nats = free_nats

    def call(self, h, kl_weight=1.0, noise=None):
        sample, mean, stddev = super().call(h, noise)
        kl = gaussian_kl(mean, 2 * ops.log(stddev))
        self.add_loss(kl_weight * ops.mean(ops.maximum(kl - self.free_nats, 0)))
        return sample, mean, stddev

    def get_config(self):
        return super().get_config() | {"free_nats": self.free_nats}


@keras.saving.register_keras_serializable("keras_music_vae")
class LogStddevPosterior(keras.layers.Layer):
    """q(z|h) = N(mean(h), diag exp(log_stddev(h))^2), with the KL to N(0, I) as a loss.

    Mean and log-stddev are each a dense layer with SELU, half as wide as h, and a linear one.

    Args:
        latent_dim: int. Size of z.

    Call arguments:
        h: `(batch, features)`.
        kl_weight: scalar. The loss is `kl_weight * mean(KL)`.
        noise: `(batch, latent)` standard normal draws; None draws them here.

    Returns:
        `(sample, mean, stddev)`, each `(batch, latent)`.

    Reference: Pati and Lerch 2020; the encoder of `MeasureVAE` in their code.
    """

    prior_log_var = 0.0

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, input_shape):
        features, how = input_shape[-1], {"dtype": self.dtype_policy}
        self.mean, self.log_stddev = (
            (
                xavier_dense(features, features // 2, "selu", name=f"{name}_hidden", **how),
                xavier_dense(features // 2, self.latent_dim, name=name, **how),
            )
            for name in ("mean", "log_stddev")
        )
        self.built = True

    def distribution(self, h):
        """`(mean, stddev)`, each `(batch, latent)`."""
        mean, log_stddev = (last(hidden(h)) for hidden, last in (self.mean, self.log_stddev))
        return mean, ops.exp(log_stddev)

    def call(self, h, kl_weight=1.0, noise=None):
        mean, stddev = self.distribution(h)
        if noise is None:
            noise = keras.random.normal(
                ops.shape(mean), dtype=self.compute_dtype, seed=self.seed_generator
            )
        self.add_loss(kl_weight * ops.mean(gaussian_kl(mean, 2 * ops.log(stddev))))
        return mean + stddev * ops.cast(noise, self.compute_dtype), mean, stddev

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim}
