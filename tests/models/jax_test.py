"""JAX as the backend: models train where TensorFlow cannot be imported, and equal the originals."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.models.music_vae import MusicVAE

FOLDER = Path(__file__).parent
SIZES = {
    "num_classes": (90,),
    "latent_dim": 4,
    "encoder_units": (8,),
    "decoder_units": (8, 8),
    "subsequences": 2,
}

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


WEIGHTS_PROGRAM = """
import sys

sys.modules["tensorflow"] = None

import json

import numpy as np

from keras_music_vae.models.music_vae import MusicVAE

sizes, weights, windows, moved = sys.argv[1:]
model = MusicVAE(**json.loads(sizes))
x = np.load(windows)
model.compile("adam")
model.load_weights(weights)
found = model.decode(model.encode(x).mean, x.shape[1], 1e-6)
model.fit({"x": x}, {"x": x}, verbose=0)
model.save_weights(moved)
print(json.dumps({"tokens": found.tolist(), "mean": np.asarray(model.encode(x).mean).tolist()}))
"""

pytestmark = pytest.mark.slow


def run(*arguments):
    """Runs Python with JAX as the backend; returns what it printed."""
    pytest.importorskip("jax", reason="the second backend is not installed")
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=FOLDER.parents[1],
        env=os.environ | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_weights_move_to_jax_and_back(tmp_path):
    x = np.random.default_rng(0).integers(0, 90, (3, 8, 1)).astype("int32")
    np.save(tmp_path / "windows.npy", x)
    model = MusicVAE(**SIZES)
    model.encode(x)
    for variable in model.trainable_variables:
        variable.assign(np.random.default_rng(1).normal(0, 0.5, variable.shape))
    model.save_weights(tmp_path / "here.weights.h5")
    files = tmp_path / "here.weights.h5", tmp_path / "windows.npy", tmp_path / "back.weights.h5"
    found = json.loads(run("-c", WEIGHTS_PROGRAM, json.dumps(SIZES), *files))
    np.testing.assert_array_equal(found["tokens"], model.decode(model.encode(x).mean, 8, 1e-6))
    before = model.encode(x).mean
    model.load_weights(files[-1])
    after = model.encode(x).mean
    np.testing.assert_allclose(after, found["mean"], atol=1e-5)
    assert np.abs(after - before).max() > 1e-5  # it was trained there


def test_magentas_numbers(golden):
    golden("magenta/hierdec-mel/golden")  # skips where they are not
    printed = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", FOLDER / "music_vae_golden_test.py"),
        *("-k", "hierdec-mel]"),
    )
    assert "4 passed, 1 skipped" in printed  # its models take no lengths


def test_dropout_with_scheduled_sampling():
    printed = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", FOLDER / "music_vae_test.py"),
        *("-k", "dropout_and_scheduled_sampling"),
    )
    assert "2 passed" in printed


def test_mus_ae_s_gradients_and_its_game(golden):
    golden("mus_ae/model")  # skips where it is not
    tests = [FOLDER / f"mus_ae_{name}.py" for name in ("golden_test", "test")]
    printed = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests),
        *("-k", "gradients_of_all_networks or codes_come_to_the_prior or codes_are_spread"),
    )
    assert "3 passed" in printed


def test_ar_vae_s_gradients_and_what_it_learns(golden):
    golden("ar_vae/model")  # skips where it is not
    tests = [FOLDER / f"ar_vae_{name}.py" for name in ("golden_test", "test")]
    tests.append(FOLDER / "base_test.py")
    printed = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests),
        *("-k", "gradients_of_all or it_learns_measures or a_dimension_follows"),
    )
    assert "4 passed" in printed


def test_without_tensorflow():
    found = json.loads(run("-c", PROGRAM).splitlines()[-1])
    assert found.pop("backend") == "jax"
    assert found.pop("tensorflow") is False
    assert len(found) == 2
    for name, measured in found.items():
        assert measured["last"] < measured["first"], name
        assert measured["updates"] > 20, name
        assert -88 < measured["log_likelihood"] < 0, name
        assert measured["notes_per_step"] > 0, name
