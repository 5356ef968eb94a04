"""VAE and Classifying VAE over piano rolls, each as an MLP and as an LSTM (Hennig et al. 2017).

The generative model is p(x_t | w, z_t, x_{t-1}) p(z_t) p(w): z_t for each step, w the key class of
the music. `VAE` and `VAELSTM` (STORN's form) are the same without w.
"""

import keras
import numpy as np
from keras import ops

from keras_music_vae.layers import LSTM, Dense, GaussianPosterior, LogisticNormalPosterior
from keras_music_vae.losses import BernoulliReconstruction, ClassLoss, softmax_centered
from keras_music_vae.models.base import Autoencoder, Posterior
from keras_music_vae.models.rollout import RecurrentRollout, Rollout
from keras_music_vae.music.theory import key_class

NUM_PITCHES = 88
INITS = ("normal_heads", "normal", "glorot")


@keras.saving.register_keras_serializable("keras_music_vae")
class VAE(Rollout, Autoencoder):
    """A VAE of single steps, whose decoder also sees the step before.

    Formula: `loss = -log p(x_t | z_t, x_{t-1}) + kl_weight * KL(q(z_t|x_t) || N(0, I))`, averaged
    over the batch (and time, where the input has it).

    Args:
        latent_dim: int. Size of z.
        hidden_dim: int. Width of the hidden layer of encoder and of decoder; 0 leaves them out.
        use_x_prev: bool. Give the decoder x_{t-1}; False as in the paper's figures 3 and 4.
        weight_norm: bool. Weight-normalize every kernel.
        init: str. "normal_heads": N(0, 0.1^2) for the heads of q(z) and of the decoder, Glorot
            elsewhere (the released LSTM); "normal": N(0, 0.1^2) everywhere (the paper's text, whose
            N(0, 0.01) states the variance); "glorot": Keras's defaults (the released MLP).
        num_pitches: int. Columns of the piano roll.

    Inputs: dict of `x` and `x_prev`, the steps and the steps before them, of 0 and 1,
    `(batch, [time,] pitch)`; optionally `eps_z`, standard normal noise `(batch, [time,] latent)`.

    Outputs: dict of `x` (logits), `z_mean` and `z_log_var`.

    Reference: Hennig et al. 2017, "Implementation"; the original's `cl_vae/model.py` without w.
    """

    condition_dim = 0

    def __init__(
        self,
        latent_dim=16,
        hidden_dim=256,
        use_x_prev=True,
        weight_norm=True,
        init="normal_heads",
        num_pitches=NUM_PITCHES,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if init not in INITS:
            raise ValueError(f"init must be one of {INITS}. Received: init={init!r}")
        self.latent_dim = latent_dim
        self.hidden_dim = hidden_dim
        self.use_x_prev = use_x_prev
        self.weight_norm = weight_norm
        self.init = init
        self.num_pitches = num_pitches
        self.kl_weight = 1.0

        self.encoder = self.hidden_layer("encoder")
        self.posterior = GaussianPosterior(latent_dim, name="posterior", **self.kernels(head=True))
        self.decoder = self.hidden_layer("decoder")
        self.head = Dense(num_pitches, name="head", **self.kernels(head=True))
        self.track_kl("z", self.posterior)
        self.build()

    def kernels(self, head=False):
        """How the kernels of one layer are made."""
        normal = self.init == "normal" or (head and self.init == "normal_heads")
        initializer = keras.initializers.RandomNormal(stddev=0.1) if normal else "glorot_uniform"
        return {
            "kernel_initializer": initializer,
            "weight_norm": self.weight_norm,
            "dtype": self.dtype_policy,
        }

    def hidden_layer(self, name):
        """The hidden layer of the encoder or of the decoder."""
        if self.hidden_dim == 0:
            return keras.layers.Identity(name=name)
        return Dense(self.hidden_dim, "relu", name=name, **self.kernels())

    def build(self, input_shape=None):
        encoder_in = self.num_pitches + self.condition_dim
        decoder_in = self.latent_dim + self.condition_dim
        if self.use_x_prev:
            decoder_in += self.num_pitches
        self.encoder.build((None, None, encoder_in))
        self.posterior.build((None, None, self.hidden_dim or encoder_in))
        self.decoder.build((None, None, decoder_in))
        self.head.build((None, None, self.hidden_dim or decoder_in))
        self.built = True

    def compile(self, optimizer="adam", kl_weight=1.0, loss=None, **kwargs):
        """Keras's `compile` with the paper's losses.

        Args:
            optimizer: Keras optimizer.
            kl_weight: float or schedule (updates -> weight) of the KL of z while training.
            loss: dict of losses by output; None for the paper's.
            **kwargs: see `Autoencoder.compile` and Keras's.
        """
        self.kl_weight = kl_weight
        super().compile(optimizer, loss=loss or {"x": BernoulliReconstruction()}, **kwargs)

    def call(self, inputs, training=False):
        x = ops.cast(inputs["x"], self.compute_dtype)
        x_prev = ops.cast(inputs["x_prev"], self.compute_dtype) if self.use_x_prev else None
        w, outputs = self.condition(x, inputs.get("eps_w"), training)
        z, z_mean, z_log_var = self.posterior(
            self.encoder(self.encoder_inputs(x, w)),
            kl_weight=self.scheduled(self.kl_weight, training),
            noise=inputs.get("eps_z"),
        )
        outputs |= self.attribute_outputs(z, inputs)
        logits = self.head(self.decoder(self.decoder_inputs(x_prev, z, w)))
        if training:
            self.updates.assign_add(1)
        return outputs | {"x": logits, "z_mean": z_mean, "z_log_var": z_log_var}

    def condition(self, x, noise, training):
        """What encoder and decoder are conditioned on, and the outputs that come with it."""
        return None, {}

    def encoder_inputs(self, x, w):
        return x if w is None else ops.concatenate([x, _along(w, x)], axis=-1)

    def decoder_inputs(self, x_prev, z, w):
        parts = [] if w is None else [_along(w, z)]
        if self.use_x_prev:
            parts.append(x_prev)
        return ops.concatenate([*parts, z], axis=-1)

    def encode(self, x, w=None):
        """q(z | x, w) of rolls `(batch, [time,] pitch)`, w of `(batch, [time,] classes)`."""
        h = self.encoder(self.encoder_inputs(ops.cast(x, self.compute_dtype), w))
        return Posterior(self.posterior.mean(h), ops.exp(0.5 * self.posterior.log_var(h)))

    def logits(self, x_prev, z, w=None):
        """Log-odds of every note, `(batch, [time,] pitch)`, given the step before, z and w."""
        x_prev = ops.cast(x_prev, self.compute_dtype) if self.use_x_prev else None
        return self.head(self.decoder(self.decoder_inputs(x_prev, z, w)))

    def get_config(self):
        return super().get_config() | {
            "latent_dim": self.latent_dim,
            "hidden_dim": self.hidden_dim,
            "use_x_prev": self.use_x_prev,
            "weight_norm": self.weight_norm,
            "init": self.init,
            "num_pitches": self.num_pitches,
        }


@keras.saving.register_keras_serializable("keras_music_vae")
class VAELSTM(RecurrentRollout, VAE):
    """VAE+LSTM: encoder and decoder are each one LSTM and a dense layer (STORN's form).

    The encoder reads x_1..x_t, the decoder x_0..x_{t-1} and z_1..z_t; the states start at zero for
    every window. Losses are means over time, as in the original.

    Args:
        gate: str. Activation of the LSTM's gates: "hard_sigmoid", as Keras 2 defined it and the
            original was trained with, or "sigmoid".
        **kwargs: see `VAE`.

    Inputs and outputs: as for `VAE`, with a time axis.

    Reference: Hennig et al. 2017, "Modeling sequences with a Classifying VAE+LSTM"; Bayer and
    Osendorfer 2014.
    """

    def __init__(self, *args, gate="hard_sigmoid", **kwargs):
        self.gate = gate
        super().__init__(*args, **kwargs)

    def hidden_layer(self, name):
        kernels = self.kernels()
        if self.init == "normal":
            kernels["recurrent_initializer"] = self.kernels()["kernel_initializer"]
        return LSTM(self.hidden_dim, self.gate, name=name, **kernels)

    def decoder_inputs(self, x_prev, z, w):
        parts = [x_prev] if self.use_x_prev else []
        parts.append(z)
        return ops.concatenate(parts if w is None else [*parts, _along(w, z)], axis=-1)

    def get_config(self):
        return super().get_config() | {"gate": self.gate}


class Classifying:
    """Adds w ~ q(w|x), a logistic normal over key classes, to a VAE.

    The loss gains `w_kl_weight * KL(q(w|x) || LN(0, I)) + alpha * CE(true class, w)`.

    Args:
        classes: sequence of str. Names of the classes, in the order of w; the last has the logit
            that is fixed at zero.
        classifier_dim: int. Width of the classifier's hidden layer.
        w_prior_log_var: float. Log-variance of the prior of the logits.
        **kwargs: see the class without w.

    Inputs: also `eps_w`, optional noise `(batch, [time,] classes - 1)`.

    Outputs: also `w`, `(batch, [time,] classes)`, `w_mean` and `w_log_var` in logit space.
    """

    w_scale = 1.0

    def __init__(self, classes, *args, classifier_dim=88, w_prior_log_var=0.0, **kwargs):
        if isinstance(classes, str) or len(classes) < 2:
            raise ValueError(
                "classes must name at least two classes, for example ('C', 'Eb'). "
                f"Received: classes={classes!r}"
            )
        self.classes = tuple(classes)
        self.condition_dim = len(self.classes)
        self.classifier_dim = classifier_dim
        self.w_prior_log_var = w_prior_log_var
        self.w_kl_weight = 1.0
        super().__init__(*args, **kwargs)

    def build(self, input_shape=None):
        self.classifier = Dense(self.classifier_dim, "relu", name="classifier", **self.kernels())
        self.w_posterior = LogisticNormalPosterior(
            self.condition_dim - 1,
            self.w_prior_log_var,
            name="w_posterior",
            **self.kernels(),
        )
        self.classifier.build((None, self.classifier_inputs))
        self.w_posterior.build((None, self.classifier_dim))
        self.track_kl("w", self.w_posterior)
        self.class_codes = self.add_weight(
            shape=(self.condition_dim, self.condition_dim),
            initializer="identity",
            trainable=False,
            name="class_codes",
        )
        super().build(input_shape)

    @property
    def classifier_inputs(self):
        return self.num_pitches

    def compile(
        self,
        optimizer="adam",
        kl_weight=1.0,
        w_kl_weight=1.0,
        class_weight=1.0,
        loss=None,
        metrics=None,
        **kwargs,
    ):
        """As `VAE.compile`, and for w:

        Args:
            w_kl_weight: float or schedule of the KL of w while training.
            class_weight: float; alpha of the paper is `class_weight * (classes - 1)`.
        """
        self.w_kl_weight = w_kl_weight
        class_loss = ClassLoss(self.w_scale * class_weight)
        loss = loss or {"x": BernoulliReconstruction(), "w": class_loss}
        metrics = metrics or {"w": [keras.metrics.CategoricalAccuracy(name="accuracy")]}
        super().compile(optimizer, kl_weight, loss, metrics=metrics, **kwargs)

    def condition(self, x, noise, training):
        w, mean, log_var = self.w_posterior(
            self.classifier(self.classifier_view(x)),
            kl_weight=self.w_scale * self.scheduled(self.w_kl_weight, training),
            noise=noise,
        )
        return w, {"w": w, "w_mean": mean, "w_log_var": log_var}

    def classifier_view(self, x):
        """What the classifier reads of a roll: here each step by itself."""
        return x

    def classify(self, x):
        """Mean and log-variance of q(w|x) in logit space, `(batch, [time,] classes - 1)`."""
        h = self.classifier(self.classifier_view(ops.cast(x, self.compute_dtype)))
        return self.w_posterior.mean(h), self.w_posterior.log_var(h)

    def w_draws(self, time):
        """How many draws of w music of `time` steps gives; the last step's alone here."""
        return 1

    def infer_w(self, x, noise=None):
        """w of music to go on from, `(batch, classes)`.

        Args:
            x: `(batch, time, pitch)`.
            noise: `(batch, w_draws(time), classes - 1)`; None takes the softmax of the mean.
        """
        mean, log_var = self.classify(ops.cast(x, self.compute_dtype)[:, -1])
        return _sample_w(mean, log_var, None if noise is None else noise[:, 0])

    def mean_w(self, x):
        """The mean of w over whole pieces `(batch, time, pitch)`, `(batch, classes)`."""
        mean, _ = self.classify(x)
        return ops.mean(softmax_centered(mean), axis=1)

    def learn_class_codes(self, x, w):
        """Sets what `class_code` gives to the mean of q(w|x) over music of each class.

        A classifier of short excerpts is rarely sure, so a one-hot w is far from any that the
        decoder was trained with: under it the models play two or three times too many notes.

        Args:
            x: `(batch, [time,] pitch)`, training inputs.
            w: `(batch, classes)`, their one-hot classes; a class without any keeps its code.
        """
        mean, _ = self.classify(x)
        w = ops.cast(w, "float32")
        total = ops.matmul(ops.transpose(w), ops.cast(softmax_centered(mean), "float32"))
        count = ops.sum(w, axis=0)[:, None]
        self.class_codes.assign(
            ops.where(count > 0, total / ops.maximum(count, 1), self.class_codes)
        )

    def class_code(self, key):
        """The w, `(classes,)`, with which `sample` plays in a key: one-hot until it is learned."""
        return ops.convert_to_numpy(self.class_codes)[self.class_weights(key).argmax()]

    def class_weights(self, key):
        """The one-hot w, `(classes,)`, of a key; "G major" and "E minor" are one class."""
        name = key if key in self.classes else key_class(key)
        if name not in self.classes:
            raise ValueError(
                f"Expected a key whose class is one of {', '.join(self.classes)}. "
                f"Received: {key!r}, of class {name}, which no training song had."
            )
        return np.eye(len(self.classes), dtype="float32")[self.classes.index(name)]

    def get_config(self):
        return super().get_config() | {
            "classes": list(self.classes),
            "classifier_dim": self.classifier_dim,
            "w_prior_log_var": self.w_prior_log_var,
        }


@keras.saving.register_keras_serializable("keras_music_vae")
class ClassifyingVAE(Classifying, VAE):
    """The Classifying VAE: a VAE of single steps with a class w for each step.

    Args: see `Classifying` and `VAE`.

    Reference: Hennig et al. 2017, "The Classifying Variational Autoencoder"; `cl_vae/model.py`.
    """


@keras.saving.register_keras_serializable("keras_music_vae")
class ClassifyingVAELSTM(Classifying, VAELSTM):
    """The Classifying VAE+LSTM: one w for a window, read from the whole window.

    Args:
        classes: see `Classifying`.
        seq_length: int. Steps in a window, which the classifier reads at once.
        elbo: str. "code": the terms of w count once beside means over time, as in the original, T
            times heavier than in a sequence's ELBO; "sequence" divides them by T.
        **kwargs: see `Classifying` and `VAELSTM`.

    Reference: Hennig et al. 2017, figure 2; `cl_vae/lstm_model.py` of the original.
    """

    def __init__(self, classes, *args, seq_length=16, elbo="code", **kwargs):
        if elbo not in ("code", "sequence"):
            raise ValueError(f"elbo must be 'code' or 'sequence'. Received: elbo={elbo!r}")
        self.seq_length = seq_length
        self.elbo = elbo
        super().__init__(classes, *args, **kwargs)

    @property
    def classifier_inputs(self):
        return self.seq_length * self.num_pitches

    @property
    def w_scale(self):
        return 1.0 if self.elbo == "code" else 1.0 / self.seq_length

    def classifier_view(self, x):
        return ops.reshape(x, (-1, self.seq_length * self.num_pitches))

    def w_draws(self, time):
        # The length is a tensor where a graph for music of any length is traced.
        if isinstance(time, int) and time < self.seq_length:
            raise ValueError(
                f"Expected at least {self.seq_length} steps to infer the key from. "
                f"Received: {time}; give w instead."
            )
        return time // self.seq_length

    def infer_w(self, x, noise=None):
        """As `Classifying.infer_w`; the mean of w over the whole windows of `x`."""
        x = ops.cast(x, self.compute_dtype)
        windows = self.w_draws(ops.shape(x)[1])
        x = x[:, : windows * self.seq_length]
        mean, log_var = self.classify(ops.reshape(x, (-1, self.seq_length, self.num_pitches)))
        if noise is not None:
            noise = ops.reshape(noise, (-1, self.condition_dim - 1))
        w = _sample_w(mean, log_var, noise)
        return ops.mean(ops.reshape(w, (-1, windows, self.condition_dim)), axis=1)

    def mean_w(self, x):
        return self.infer_w(x)

    def get_config(self):
        return super().get_config() | {"seq_length": self.seq_length, "elbo": self.elbo}


def _sample_w(mean, log_var, noise):
    if noise is None:
        return softmax_centered(mean)
    return softmax_centered(mean + ops.exp(0.5 * log_var) * ops.cast(noise, mean.dtype))


def _along(w, x):
    """Repeats w along the time axis of `x` where it has none."""
    if len(w.shape) == len(x.shape):
        return w
    return ops.repeat(w[:, None], ops.shape(x)[1], axis=1)
