"""Formulas and losses, in nats: KL terms, reconstruction, class loss of a sampled w, penalties."""

import math

import keras
from keras import ops

# Keras 2 clips probabilities here; beyond it the loss is constant and its gradient zero.
CLIP = 1e-7


def gaussian_kl(mean, log_var, prior_log_var=0.0):
    """KL(N(mean, exp(log_var)) || N(0, exp(prior_log_var))), summed over the last axis.

    The KL of two logistic normals is that of their Gaussians, because the map between them is a
    bijection: for w this is taken in the space of the d-1 free logits.

    Args:
        mean, log_var: `(..., latent)`.
        prior_log_var: float.

    Returns:
        float32, `(...)`, nats.
    """
    mean, log_var = ops.cast(mean, "float32"), ops.cast(log_var, "float32")
    log_ratio = log_var - prior_log_var
    square = ops.square(mean) * math.exp(-prior_log_var)
    return 0.5 * ops.sum(ops.exp(log_ratio) + square - 1 - log_ratio, axis=-1)


def gaussian_log_prob(x, mean, log_var):
    """log N(x; mean, exp(log_var)), summed over the last axis of `(..., latent)`, nats."""
    square = ops.square(x - mean) * ops.exp(-log_var)
    return -0.5 * ops.sum(square + log_var + math.log(2 * math.pi), axis=-1)


def bernoulli_log_prob(x, logits):
    """log p(x) of independent Bernoulli variables, summed over the last axis, nats.

    Args:
        x: 0 or 1, `(..., pitch)`.
        logits: `(..., pitch)`, log-odds of a one.
    """
    return ops.sum(x * logits - ops.softplus(logits), axis=-1)


def gradient_penalty(gradient):
    """How far a critic is from a slope of one, `(||gradient|| - 1)^2`.

    Args:
        gradient: `(..., latent)`, of the critic's score by its input.

    Returns:
        `(...)`.

    Reference: Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", equation 3.
    """
    # The slope of a root is infinite at 0.
    norm = ops.sqrt(ops.sum(ops.square(gradient), axis=-1) + 1e-12)
    return ops.square(norm - 1)


def attribute_disorder(z, attributes, delta=1.0):
    """How far the order of codes along a dimension is from the order of their attribute.

    Formula: `mean_j |tanh(delta * (z_i - z_j)) - sign(a_i - a_j)|` for each code i, over all j; 0
    where all codes are far apart and in order, 1 where all are equal and no two attributes are.

    Args:
        z: `(..., attribute)`, of each attribute the dimension that is to follow it.
        attributes: `(..., attribute)`. Only their order counts; codes whose attributes are equal
            are drawn together.
        delta: float. The larger, the nearer codes may be to each other.

    Returns:
        float32, `(..., attribute)`, the mean over all codes but the last axis's.

    Reference: Pati and Lerch 2020, "Attribute-based Regularization of Latent Spaces for Variational
    Auto-Encoders", whose code of both this and the abstract of 2019 takes absolute errors.
    """
    shape, size = ops.shape(z), z.shape[-1]
    z, attributes = (ops.reshape(ops.cast(x, "float32"), (-1, size)) for x in (z, attributes))
    distance, order = (x[:, None] - x[None] for x in (z, attributes))
    error = ops.abs(ops.tanh(delta * distance) - ops.sign(order))
    return ops.reshape(ops.mean(error, axis=1), shape)


def softmax_centered(u):
    """Maps d-1 free logits to d class probabilities by appending a logit fixed at zero.

    Formula: `w_j = exp(u_j) / (1 + sum exp(u))`, `w_d = 1 / (1 + sum exp(u))`.

    Args:
        u: `(..., classes - 1)`.

    Returns:
        `(..., classes)`, positive and summing to 1.

    Reference: Hennig et al. 2017, "The Classifying Variational Autoencoder".
    """
    return ops.softmax(ops.concatenate([u, ops.zeros_like(u[..., :1])], axis=-1))


@keras.saving.register_keras_serializable("keras_music_vae")
class BernoulliReconstruction(keras.losses.Loss):
    """-log p(x | logits), summed over pitches; means over batch and time.

    Probabilities count as clipped to `[1e-7, 1 - 1e-7]`, which bounds the loss and stops the
    gradient beyond, as in the original (`88 * binary_crossentropy` of Keras 2).

    Inputs: `y_true` of 0 and 1, `y_pred` logits, both `(batch, [time,] pitch)`.
    """

    def __init__(self, name="reconstruction", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        bound = math.log((1 - CLIP) / CLIP)
        logits = ops.clip(ops.cast(y_pred, "float32"), -bound, bound)
        return -bernoulli_log_prob(ops.cast(y_true, "float32"), logits)


@keras.saving.register_keras_serializable("keras_music_vae")
class ClassLoss(keras.losses.Loss):
    """alpha times the cross-entropy of the true class and one sample w ~ q(w|X).

    Formula: `alpha = class_weight * (classes - 1)`, as in the original's code (`cl_vae/model.py`,
    `w_rec_loss`): for two keys alpha is `class_weight`, for ten it is nine times that.

    Args:
        class_weight: float.

    Inputs: `y_true` one-hot, `y_pred` the sample w, both `(batch, [time,] classes)`.

    Reference: Hennig et al. 2017, the objective L(X), last term.
    """

    def __init__(self, class_weight=1.0, name="class", **kwargs):
        super().__init__(name=name, **kwargs)
        self.class_weight = class_weight

    def call(self, y_true, y_pred):
        # The original adds 1e-10 to w; Keras then renormalizes and clips at 1e-7.
        w = ops.cast(y_pred, "float32") + 1e-10
        cross_entropy = ops.categorical_crossentropy(ops.cast(y_true, "float32"), w)
        return self.class_weight * (y_pred.shape[-1] - 1) * cross_entropy

    def get_config(self):
        return super().get_config() | {"class_weight": self.class_weight}


@keras.saving.register_keras_serializable("keras_music_vae")
class CategoricalReconstruction(keras.losses.Loss):
    """-log p(x | logits) of tokens, summed over time and parts; means over the batch.

    Args:
        num_classes: tuple of int, the number of tokens of each part.
        per_step: bool. Take the mean over time, not the sum.

    Inputs: `y_true` int tokens `(batch, time, part)`, below 0 where a sequence has ended and
    nothing counts; `y_pred` logits `(batch, time, sum of num_classes)`, parts side by side.

    Reference: Roberts, Engel and Eck 2017, section 2; `_flat_reconstruction_loss` in
    magenta/models/music_vae/lstm_models.py. Per step: `categorical_crossentropy` of Keras 2.
    """

    def __init__(self, num_classes, per_step=False, name="reconstruction", **kwargs):
        super().__init__(name=name, **kwargs)
        self.num_classes = tuple(num_classes)
        self.per_step = per_step

    def call(self, y_true, y_pred):
        return sum(self.of_parts(y_true, y_pred))

    def of_parts(self, y_true, y_pred):
        """The terms of the parts, a list of `(batch,)`."""
        y_true = ops.cast(y_true, "int32")
        over_time = ops.mean if self.per_step else ops.sum
        terms, start = [], 0
        for part, classes in enumerate(self.num_classes):
            log_p = ops.log_softmax(ops.cast(y_pred[..., start : start + classes], "float32"))
            # The vector of a token below 0 is zero.
            one_hot = ops.one_hot(y_true[..., part], classes, dtype="float32")
            terms.append(-over_time(ops.sum(one_hot * log_p, axis=-1), axis=-1))
            start += classes
        return terms

    def get_config(self):
        config = {"num_classes": list(self.num_classes), "per_step": self.per_step}
        return super().get_config() | config


@keras.saving.register_keras_serializable("keras_music_vae")
class NADEReconstruction(keras.losses.Loss):
    """-log p(x) of the drums hit, summed over time and drums; means over the batch.

    Each probability counts 1e-6 more, as in the original.

    Inputs: `y_true` of 0 and 1 `(batch, time, drum)`, below 0 where a sequence has ended and
    nothing counts; `y_pred` log-odds of each drum given those before it, of the same shape.

    Reference: `Nade.log_prob` in magenta/common/nade.py.
    """

    def __init__(self, name="reconstruction", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        hits = ops.cast(y_true, "float32")
        loss = _log_loss(hits, ops.cast(y_pred, "float32"), 1e-6)
        return ops.sum(ops.where(hits >= 0, loss, 0.0), axis=(-2, -1))


@keras.saving.register_keras_serializable("keras_music_vae")
class GrooveReconstruction(keras.losses.Loss):
    """-log p of the hits, and squares of what velocities and offsets miss; means over the batch.

    Formula: the sum over time and drums of `-log p(hit) + (velocity - sigmoid(v))^2 + (offset -
    tanh(o))^2`. Each probability counts 1e-7 more, as in the original.

    Inputs: `y_true` `(batch, time, 3 * drum)`, hits of 0 and 1, velocities and offsets, hits below
    0 where a sequence has ended and nothing counts; `y_pred` of the same shape, log-odds of the
    hits, `v` and `o`.

    Reference: `GrooveLstmDecoder` in magenta/models/music_vae/lstm_models.py.
    """

    def __init__(self, name="reconstruction", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        hits, velocities, offsets = ops.split(ops.cast(y_true, "float32"), 3, axis=-1)
        told = ops.split(ops.cast(y_pred, "float32"), 3, axis=-1)
        loss = (
            _log_loss(hits, told[0], CLIP)
            + ops.square(velocities - ops.sigmoid(told[1]))
            + ops.square(offsets - ops.tanh(told[2]))
        )
        return ops.sum(ops.where(hits >= 0, loss, 0.0), axis=(-2, -1))


def _log_loss(x, logits, epsilon):
    """-log p(x) of single bits, with `epsilon` added to each probability."""
    one, zero = ops.sigmoid(logits), ops.sigmoid(-logits)
    return -(x * ops.log(one + epsilon) + (1 - x) * ops.log(zero + epsilon))
