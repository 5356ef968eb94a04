"""The models train, generate and are measured on JAX where TensorFlow cannot be imported."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys

sys.modules["tensorflow"] = None  # as if it were not installed

import json

import keras
import numpy as np

from keras_music_vae import models
from keras_music_vae.evaluation.generation import measure
from keras_music_vae.music.windows import song_windows
from keras_music_vae.schedules import LinearWarmup
from keras_music_vae.training import train

CLASSES = ("C", "G")
rng = np.random.default_rng(0)
# Two songs in each key, each of a few chords: something that can be learned in a moment.
chords = (rng.random((4, 3, 88)) < 0.05).astype("uint8")
songs = [np.tile(chords[i], (14, 1)) for i in range(4)]
names = ["C", "G", "C", "G"]
found = {"backend": keras.backend.backend()}
for name in ("ClassifyingVAE", "ClassifyingVAELSTM"):
    recurrent, classifying = name.endswith("LSTM"), name.startswith("Classifying")
    x, x_prev, song = song_windows(songs, 4 if recurrent else 1)
    if not recurrent:
        x, x_prev = x[:, 0], x_prev[:, 0]
    y = {"x": x}
    options = {}
    if classifying:
        y["w"] = np.eye(2, dtype="float32")[song % 2]
        options["classes"] = CLASSES
        if recurrent:
            options["seq_length"] = 4

    def make_model():
        model = getattr(models, name)(latent_dim=2, hidden_dim=8, **options)
        model.compile(keras.optimizers.Adam(0.02), kl_weight=LinearWarmup(0.1, 1.0, 20))
        return model

    data = ({"x": x, "x_prev": x_prev}, y)
    result = train(make_model, data, data, epochs=6, batch_size=20, seed=0, verbose=0)
    metrics = measure(result.model, songs, names, draws=20, seed_steps=4, sample_steps=4)
    found[name] = {
        "first": result.history["val_loss"][0],
        "last": result.history["val_loss"][-1],
        "updates": int(result.model.updates),
        "log_likelihood": metrics["log_likelihood"],
        "notes_per_step": metrics["notes_per_step"],
    }
found["tensorflow"] = sys.modules["tensorflow"] is not None
print(json.dumps(found))
"""


@pytest.mark.slow
def test_without_tensorflow():
    pytest.importorskip("jax", reason="the second backend is not installed")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("backend") == "jax"
    assert found.pop("tensorflow") is False
    assert len(found) == 2
    for name, measured in found.items():
        assert measured["last"] < measured["first"], name
        assert measured["updates"] > 20, name
        assert -88 < measured["log_likelihood"] < 0, name
        assert measured["notes_per_step"] > 0, name
