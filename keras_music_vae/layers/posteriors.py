"""Posteriors q(.|x): two heads, one sample, and the KL to the prior as a loss of the layer."""

import keras
from keras import ops

from keras_music_vae.layers.weight_norm import Dense
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


@keras.saving.register_keras_serializable("keras_music_vae")
class FreeNatsPosterior(keras.layers.Layer):
    """q(z|h) = N(mean(h), diag stddev(h)^2), whose KL to N(0, I) costs nothing up to a tolerance.

    The loss is `kl_weight * mean(max(KL - free_nats, 0))`, the KL of an example summed over z.

    Args:
        latent_dim: int. Size of z.
        free_nats: float. The tolerance, for the whole KL of an example.
        scale: str. stddev is "softplus" of the second head, or "exp" of twice the second head.

    Call arguments:
        h: `(batch, features)`.
        kl_weight: scalar.
        noise: `(batch, latent)` standard normal draws; None draws them here.

    Returns:
        `(sample, mean, stddev)`, each `(batch, latent)`.

    Reference: Roberts, Engel and Eck 2017, equations of mu and sigma ("exp"); `MusicVAE.encode` in
    magenta/models/music_vae/base_model.py ("softplus"); Kingma et al. 2016 (free bits).
    """

    prior_log_var = 0.0
    _SCALES = ("softplus", "exp")

    def __init__(self, latent_dim, free_nats=0.0, scale="softplus", **kwargs):
        super().__init__(**kwargs)
        if scale not in self._SCALES:
            raise ValueError(f"scale must be one of {self._SCALES}. Received: scale={scale!r}")
        self.latent_dim = latent_dim
        self.free_nats = free_nats
        self.scale = scale
        self.seed_generator = keras.random.SeedGenerator()
        self.mean_head, self.scale_head = (
            Dense(
                latent_dim,
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.001),
                weight_norm=False,
                dtype=self.dtype_policy,
                name=name,
            )
            for name in ("mean", "scale")
        )

    def build(self, input_shape):
        self.mean_head.build(input_shape)
        self.scale_head.build(input_shape)
        self.built = True

    def distribution(self, h):
        """`(mean, stddev)`, each `(batch, latent)`."""
        scale = self.scale_head(h)
        stddev = ops.softplus(scale) if self.scale == "softplus" else ops.exp(2 * scale)
        return self.mean_head(h), stddev

    def call(self, h, kl_weight=1.0, noise=None):
        mean, stddev = self.distribution(h)
        kl = gaussian_kl(mean, 2 * ops.log(stddev))
        self.add_loss(kl_weight * ops.mean(ops.maximum(kl - self.free_nats, 0)))
        if noise is None:
            noise = keras.random.normal(
                ops.shape(mean), dtype=self.compute_dtype, seed=self.seed_generator
            )
        return mean + stddev * ops.cast(noise, self.compute_dtype), mean, stddev

    def get_config(self):
        return super().get_config() | {
            "latent_dim": self.latent_dim,
            "free_nats": self.free_nats,
            "scale": self.scale,
        }
