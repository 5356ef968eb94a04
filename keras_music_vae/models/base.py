"""What all autoencoders here share: an update counter, KL metrics and the posterior they return.

And AR-VAE's regulariser, which gives dimensions of any model's codes the order of attributes.
"""

from typing import Any, NamedTuple

import keras
from keras import ops

from keras_music_vae.losses import attribute_disorder, gaussian_kl


class Posterior(NamedTuple):
    """q(z|x) as two arrays, each `(batch, [time,] latent)`."""

    mean: Any
    stddev: Any

    def sample(self, seed):
        """One draw; `seed` is an int or a `keras.random.SeedGenerator`."""
        noise = keras.random.normal(ops.shape(self.mean), dtype=self.mean.dtype, seed=seed)
        return self.mean + self.stddev * noise


class AttributeOrder:
    """Which dimension of the codes is to follow which attribute, and how strictly.

    A plain object, because Keras lets no model that is built gain metrics as its attributes.

    Args:
        dims: mapping of str to int, attribute -> dimension; in the order of the inputs' columns.
        weight: float or schedule.
        delta: float, see `attribute_disorder`.
    """

    def __init__(self, dims=None, weight=1.0, delta=1.0):
        self.dims = dict(dims or {})
        self.weight = weight
        self.delta = delta
        self.metrics = {name: keras.metrics.Mean(name=f"attribute_{name}") for name in self.dims}

    def check(self, latent_dim):
        """Raises a `ValueError` if a dimension is not of the code, or two attributes share one."""
        dims = list(self.dims.values())
        if len(set(dims)) < len(dims) or not all(0 <= dim < latent_dim for dim in dims):
            raise ValueError(
                f"Expected attribute_dims to give each attribute a dimension of its own, from 0 to "
                f"below latent_dim={latent_dim}. Received: {self.dims}"
            )


class Autoencoder(keras.Model):
    """A Keras model whose `call` returns a dict and whose schedules follow the updates made.

    `call` gives the outputs that have a target and, beside them, `<name>_mean` and `<name>_log_var`
    of each posterior announced by `track_kl`, whose KL is reported as the metric `kl_<name>`.

    The counter is the model's own because an optimizer's is a constant inside a forward pass traced
    under JAX. Every replica counts for itself: an aggregation would make replicas wait for each
    other within `call`, and Keras would then mix up what they gave to `add_loss`.

    Attributes:
        own_temperature: float, at which music is made where no temperature is asked for.
        attribute_dims: dict of str to int, attribute -> the dimension of z that follows it: of the
            last `compile` that gave any, or of the preset.
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
        self.attribute_order = AttributeOrder()
        self.attribute_dims = {}

    def compile(
        self,
        optimizer="adam",
        *,
        attribute_dims=None,
        attribute_weight=1.0,
        attribute_delta=1.0,
        **kwargs,
    ):
        """Keras's `compile`, and AR-VAE's regulariser.

        With `attribute_dims` the inputs have, beside what the model takes, `attributes`, float
        `(batch, [time,] attribute)`, a value for each code, and the loss gains
        `attribute_weight * sum of attribute_disorder` of the sampled codes. The metrics
        `attribute_<name>` are the terms without their weight.

        Codes are compared with all others of a batch; with several replicas, of the share of the
        batch that a replica has.

        Args:
            optimizer: Keras optimizer.
            attribute_dims: mapping of str to int, attribute -> the dimension of z that is to follow
                it, in the order of the columns of `attributes`; None for no regulariser.
            attribute_weight: float or schedule (updates -> weight), the paper's gamma; counts while
                evaluating too.
            attribute_delta: float, see `attribute_disorder`; 10 in the authors' music.

        Raises:
            ValueError: if z has no such dimension, or two attributes share one.

        Reference: Pati and Lerch 2020, "Attribute-based Regularization of Latent Spaces for
        Variational Auto-Encoders".
        """
        order = AttributeOrder(attribute_dims, attribute_weight, attribute_delta)
        if order.dims:
            order.check(self.latent_dim)
            self.attribute_dims = order.dims
        self.attribute_order = order
        super().compile(optimizer, **kwargs)

    @property
    def metrics(self):
        return super().metrics + list(self.attribute_order.metrics.values())

    def attribute_outputs(self, z, inputs):
        """Adds the regulariser of `compile` to the loss.

        Args:
            z: sampled codes, `(batch, [time,] latent)`.
            inputs: dict that `call` was given.

        Returns:
            dict of `attribute_<name>`, `(batch, [time])`, the disorder of each code; empty without
            `attribute_dims`.

        Raises:
            ValueError: if `inputs` has no `attributes` of the right shape.
        """
        order = self.attribute_order
        if not order.dims:
            return {}
        attributes = inputs.get("attributes")
        shape = None if attributes is None else tuple(attributes.shape)
        if shape is None or len(shape) != len(z.shape) or shape[-1] != len(order.dims):
            raise ValueError(
                f"Expected `attributes` in the inputs, a value of {', '.join(order.dims)} for each "
                f"code, codes first. Received: {'none' if shape is None else f'shape {shape}'}"
            )
        codes = ops.stack([z[..., dim] for dim in order.dims.values()], axis=-1)
        disorder = attribute_disorder(codes, attributes, order.delta)
        terms = {f"attribute_{name}": disorder[..., i] for i, name in enumerate(order.dims)}
        self.add_loss(self.current(order.weight) * sum(map(ops.mean, terms.values())))
        return terms

    def track_kl(self, name, posterior):
        """Reports the KL of `posterior`, a layer, as `kl_<name>` while training and evaluating."""
        self.posteriors[name] = posterior
        self.kl_metrics[name] = keras.metrics.Mean(name=f"kl_{name}")

    def scheduled(self, weight, training):
        """The value of `weight` (a number or a schedule of the updates); 1 when not training.

        Losses are validated at their full weight, so that epochs can be compared.
        """
        return self.current(weight) if training else 1.0

    def current(self, weight):
        """The value of `weight` (a number or a schedule of the updates) at the updates made."""
        return weight(self.updates) if callable(weight) else weight

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, _with_target(y_pred, y), sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        for name, metric in self.kl_metrics.items():
            mean, log_var = y_pred[f"{name}_mean"], y_pred[f"{name}_log_var"]
            metric.update_state(gaussian_kl(mean, log_var, self.posteriors[name].prior_log_var))
        for name, metric in self.attribute_order.metrics.items():
            metric.update_state(y_pred[f"attribute_{name}"])
        return super().compute_metrics(x, y, _with_target(y_pred, y), sample_weight)


def _with_target(y_pred, y):
    return {name: y_pred[name] for name in y}
