"""AR-VAE on two replicas: each compares the codes of its own share of a batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="Replicas need the TensorFlow backend."
    ),
]

PROGRAM = """
import json

import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

import keras
import numpy as np

from keras_music_vae.losses import attribute_disorder
from keras_music_vae.models import MeasureVAE
from keras_music_vae.training import train

random = np.random.default_rng(0)
x = random.integers(0, 5, (8, 6, 1)).astype("int32")
inputs = {
    "x": x,
    "attributes": random.normal(size=(8, 1)).astype("float32"),
    "eps_z": random.normal(size=(8, 3)).astype("float32"),
}


def make_model(teacher_forcing, dropout):
    model = MeasureVAE((5,), 3, 4, 4, latent_dim=3, dropout=dropout, ticks_per_beat=3)
    # Adam would hide a loss that is counted twice.
    model.compile(
        keras.optimizers.SGD(0.02),
        teacher_forcing=teacher_forcing,
        attribute_dims={"it": 1},
        attribute_weight=5.0,
    )
    return model


def on_two(*settings):
    arguments = {"epochs": 2, "batch_size": 8, "seed": 3, "verbose": 0, "strategy": "mirrored"}
    return train(lambda: make_model(*settings), (inputs, {"x": x}), **arguments)


def by_shares(*settings):
    keras.utils.set_random_seed(3)
    model = make_model(*settings)
    terms = []
    for epoch in range(2):
        order = np.random.default_rng((3, epoch)).permutation(8)  # of `train`
        with tf.GradientTape() as tape:
            losses = []
            for share in (order[:4], order[4:]):
                given = {name: value[share] for name, value in inputs.items()}
                outputs = model(given, training=True)
                losses.append(model.compute_loss(given, {"x": given["x"]}, outputs))
                terms.append(float(tf.reduce_mean(outputs["attribute_it"])))
            loss = tf.reduce_mean(tf.stack(losses))
        variables = model.trainable_variables
        model.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
    return model, [np.mean(terms[:2]), np.mean(terms[2:])]


two, (one, terms) = on_two(1.0, 0.0), by_shares(1.0, 0.0)
pairs = zip(one.trainable_variables, two.model.trainable_variables, strict=True)
tossed = on_two(0.5, 0.5)  # each replica tosses its own coin and draws its own masks
states = [v.value for v in tossed.model.variables if v.path.endswith("seed_generator_state")]
print(json.dumps({
    "weights": max(float(np.abs(a.numpy() - b.numpy()).max()) for a, b in pairs),
    "terms": [terms, two.history["attribute_it"]],
    "tossed": tossed.history["loss"],
    "seeds": [[int(copy[0]) for copy in state.values] for state in states],
}))
"""


def test_two_replicas_are_two_shares_of_a_batch():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["weights"] < 1e-6
    expected, terms = found["terms"]
    assert terms == pytest.approx(expected, abs=1e-5)
    assert all(0 < loss < 20 for loss in found["tossed"])
    assert len(found["seeds"]) >= 4  # posterior, decoder, dropout of the encoder, and the coin
    for first, second in found["seeds"]:
        assert first != second
