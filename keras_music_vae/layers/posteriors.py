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
