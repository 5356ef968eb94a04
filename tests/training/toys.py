"""A small model with every kind of state, data for it, and what tests compare of a run."""

import keras
import numpy as np
from keras import ops

PITCHES = 6


class Squares(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.sum(ops.square(y_pred - ops.cast(y_true, y_pred.dtype)), axis=-1)


class Toy(keras.Model):
    """An autoencoder with optional noise and dropout, a counter, and a loss of each kind.

    `bare_mean` adds the mistake that doubles gradients on two replicas; an `aggregation` of the
    counter makes replicas wait for each other between `add_loss` and the use of the loss.
    """

    def __init__(self, noise=0.0, bare_mean=False, aggregation="none"):
        super().__init__()
        self.noise = noise
        self.bare_mean = bare_mean
        self.encoder = keras.layers.Dense(4, "tanh")
        self.dropout = keras.layers.Dropout(0.5 if noise else 0.0)
        self.decoder = keras.layers.Dense(PITCHES)
        self.seeds = [keras.random.SeedGenerator(3), keras.random.SeedGenerator(4)]
        self.updates = self.add_weight(
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            aggregation=aggregation,
            name="updates",
        )

    def call(self, inputs, training=False):
        mean = self.encoder(ops.cast(inputs["x"], self.compute_dtype))
        z = self.dropout(mean, training=training)
        for seed in self.seeds:
            epsilon = keras.random.normal(ops.shape(mean), dtype=mean.dtype, seed=seed)
            z = z + self.noise * epsilon
        self.add_loss(0.1 * ops.mean(ops.sum(ops.square(ops.cast(mean, "float32")), axis=-1)))
        if training:
            self.updates.assign_add(1)
        return {"x": ops.cast(self.decoder(z), "float32")}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + ops.mean(ops.square(y_pred["x"])) if self.bare_mean else loss


def make_toy(optimizer="sgd", learning_rate=0.05, **arguments):
    """A factory for `train`."""

    def make():
        model = Toy(**arguments)
        model.compile(
            keras.optimizers.get(
                {"class_name": optimizer, "config": {"learning_rate": learning_rate}}
            ),
            loss={"x": Squares()},
            metrics={"x": ["mae"]},
        )
        return model

    return make


def toy_data(examples, seed=0, copies=1):
    x = (np.random.default_rng(seed).random((examples, PITCHES)) < 0.4).astype("uint8")
    x = np.repeat(x, copies, axis=0)
    return {"x": x}, {"x": x.astype("float32")}


def everything(result):
    """All that a run must repeat: weights, counters, seeds, optimizer and history, by name."""
    model = result.model
    state = [*model.variables, *model.optimizer.variables]
    arrays = {f"{i} {v.path}": v.numpy() for i, v in enumerate(state)}
    return arrays | {f"history {k}": np.array(v) for k, v in result.history.items()}


def assert_same_run(result, expected):
    """Bit for bit, whatever Keras called the variables."""
    measured, expected = everything(result), everything(expected)
    assert len(measured) == len(expected)
    for (name, value), other in zip(measured.items(), expected.values(), strict=True):
        np.testing.assert_array_equal(value, other, err_msg=name)
