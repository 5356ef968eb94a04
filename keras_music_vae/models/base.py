"""What all autoencoders here share: an update counter, KL metrics and the posterior they return."""

from typing import Any, NamedTuple

import keras
from keras import ops

from keras_music_vae.losses import gaussian_kl


class Posterior(NamedTuple):
    """q(z|x) as two arrays, each `(batch, [time,] latent)`."""

    mean: Any
    stddev: Any

    def sample(self, seed):
        """One draw; `seed` is an int or a `keras.random.SeedGenerator`."""
        noise = keras.random.normal(ops.shape(self.mean), dtype=self.mean.dtype, seed=seed)
        return self.mean + self.stddev * noise


class Autoencoder(keras.Model):
    """A Keras model whose `call` returns a dict and whose schedules follow the updates made.

    `call` gives the outputs that have a target and, beside them, `<name>_mean` and `<name>_log_var`
    of each posterior announced by `track_kl`, whose KL is reported as the metric `kl_<name>`.

    The counter is the model's own because an optimizer's is a constant inside a forward pass traced
    under JAX. Every replica counts for itself: an aggregation would make replicas wait for each
    other within `call`, and Keras would then mix up what they gave to `add_loss`.

    Attributes:
        own_temperature: float, at which music is made where no temperature is asked for.
    """

    own_temperature = 1.0

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.updates = self.add_weight(
            shape=(),
            dtype="int",
            initializer="zeros",
            trainable=False,
            aggregation="none",
            name="updates",
        )
        self.posteriors = {}
        self.kl_metrics = {}

    def track_kl(self, name, posterior):
        """Reports the KL of `posterior`, a layer, as `kl_<name>` while training and evaluating."""
        self.posteriors[name] = posterior
        self.kl_metrics[name] = keras.metrics.Mean(name=f"kl_{name}")

    def scheduled(self, weight, training):
        """The value of `weight` (a number or a schedule of the updates); 1 when not training.

        Losses are validated at their full weight, so that epochs can be compared.
        """
        if not training:
            return 1.0
        return weight(self.updates) if callable(weight) else weight

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, _with_target(y_pred, y), sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        for name, metric in self.kl_metrics.items():
            mean, log_var = y_pred[f"{name}_mean"], y_pred[f"{name}_log_var"]
            metric.update_state(gaussian_kl(mean, log_var, self.posteriors[name].prior_log_var))
        return super().compute_metrics(x, y, _with_target(y_pred, y), sample_weight)


def _with_target(y_pred, y):
    return {name: y_pred[name] for name in y}
