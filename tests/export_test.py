import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_music_vae import export
from keras_music_vae.models import VAE, ClassifyingVAE, ClassifyingVAELSTM

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="SavedModels are written by TensorFlow"
)
KEYS = ("C", "Eb", "G")


def small(kind, *arguments, **settings):
    return kind(*arguments, latent_dim=3, hidden_dim=8, **settings)


ALONE = """
import sys

for name in ("keras", "tf_keras", "keras_music_vae"):
    sys.modules[name] = None  # importing it fails

import numpy as np
import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
with np.load(sys.argv[2]) as file:
    arguments = {name: tf.constant(value) for name, value in file.items()}

def run(name, *keys):
    return model.signatures[name](**{key: arguments[key] for key in keys})

how = "temperature", "seed"
w = run("classify", "piano_roll")["w"]
arguments["w"] = w
encoded = run("encode", "piano_roll", "w")
arguments["z"] = encoded["mean"]
results = {
    "w": w,
    "mean": encoded["mean"],
    "stddev": encoded["stddev"],
    "decoded": run("decode", "z", "w", *how)["piano_roll"],
    "sampled": run("sample", "count", "steps", "w", *how)["piano_roll"],
    "reconstructed": run("reconstruct", "piano_roll", *how)["piano_roll"],
}
np.savez(sys.argv[3], **results)
"""


@pytest.mark.slow
@tensorflow_only
def test_runs_where_keras_cannot_be_imported_and_without_a_gpu(tmp_path):
    model = small(ClassifyingVAELSTM, KEYS, seq_length=4)
    export.save(model, tmp_path / "saved_model")
    x = np.random.default_rng(1).integers(0, 2, (2, 9, 88), dtype=np.uint8)
    arguments = {
        "piano_roll": x,
        "temperature": np.float32(0.8),
        "seed": np.int32(7),
        "count": np.int32(2),
        "steps": np.int32(5),
    }
    np.savez(tmp_path / "in.npz", **arguments)
    paths = [str(tmp_path / name) for name in ("saved_model", "in.npz", "out.npz")]
    subprocess.run(
        [sys.executable, "-c", ALONE, *paths],
        check=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    results = np.load(tmp_path / "out.npz")
    w = model.mean_w(x)
    posterior = model.encode(x, w)
    np.testing.assert_allclose(results["w"], w, atol=1e-6)
    np.testing.assert_allclose(results["mean"], posterior.mean, atol=1e-6)
    np.testing.assert_allclose(results["stddev"], posterior.stddev, atol=1e-6)
    np.testing.assert_array_equal(results["decoded"], model.decode(posterior.mean, w, 0.8, 7))
    np.testing.assert_array_equal(
        results["sampled"], model.sample(2, 5, w=w, temperature=0.8, seed=7)
    )
    np.testing.assert_array_equal(
        results["reconstructed"], model.reconstruct(x, temperature=0.8, seed=7)
    )


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "xla"])
def saved(request, tmp_path_factory):
    import tensorflow as tf

    model = small(ClassifyingVAE, KEYS)
    folder = tmp_path_factory.mktemp("export") / "saved_model"
    export.save(model, folder, jit_compile=request.param)
    return model, tf.saved_model.load(folder), folder


def scalars(tf, **values):
    kinds = {"temperature": tf.float32}
    return {name: tf.constant(v, kinds.get(name, tf.int32)) for name, v in values.items()}


@pytest.mark.slow
@tensorflow_only
def test_seed_temperature_count_and_steps_are_inputs(saved):
    import tensorflow as tf

    model, loaded, _ = saved
    w = {"w": tf.constant([[0.0, 1.0, 0.0]])}

    def sample(**how):
        how = {"count": 3, "steps": 16, "temperature": 1.0, "seed": 2**31 - 4} | how
        return loaded.sample(w | scalars(tf, **how))["piano_roll"].numpy()

    first = sample()
    np.testing.assert_array_equal(first, model.sample(3, 16, key="Eb major", seed=2**31 - 4))
    np.testing.assert_array_equal(first, sample())
    assert (first != sample(seed=1)).any()
    assert (first != sample(temperature=0.1)).any()
    assert sample(count=1, steps=30).shape == (1, 30, 88)


@pytest.mark.slow
@tensorflow_only
def test_every_piece_may_have_its_own_key(saved):
    import tensorflow as tf

    model, loaded, _ = saved
    w = np.eye(3, dtype="float32")
    how = scalars(tf, count=3, steps=5, temperature=1.0, seed=4)
    received = loaded.sample({"w": tf.constant(w)} | how)["piano_roll"]
    np.testing.assert_array_equal(received, model.sample(3, 5, w=w, seed=4))


@pytest.mark.slow
@tensorflow_only
def test_probabilities_are_those_the_notes_are_drawn_with(saved):
    import tensorflow as tf

    model, loaded, _ = saved
    z = np.random.default_rng(5).normal(size=(2, 6, 3)).astype("float32")
    w = np.eye(3, dtype="float32")[:2]
    inputs = {"z": tf.constant(z), "w": tf.constant(w)}
    made = loaded.decode(inputs | scalars(tf, temperature=0.5, seed=6))
    x = made["piano_roll"].numpy()
    history = np.concatenate([np.zeros((2, 1, 88)), x[:, :-1]], axis=1)
    logits = model.logits(history, z, w)
    np.testing.assert_allclose(
        made["probabilities"], keras.ops.sigmoid(2 * logits), rtol=1e-5, atol=1e-6
    )


@pytest.mark.slow
@tensorflow_only
def test_configuration_names_the_classes_in_the_order_of_w(saved):
    model, _, folder = saved
    configuration = json.loads((folder / export.CONFIGURATION).read_text())
    assert configuration["class"] == "ClassifyingVAE"
    assert tuple(configuration["config"]["classes"]) == model.classes


@pytest.mark.slow
@tensorflow_only
def test_music_too_short_to_tell_its_key_is_refused(tmp_path):
    import tensorflow as tf

    export.save(small(ClassifyingVAELSTM, KEYS, seq_length=4), tmp_path / "saved_model")
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least 4 steps"):
        loaded.classify({"piano_roll": tf.zeros((1, 3, 88), tf.uint8)})


@tensorflow_only
def test_a_full_disk_is_an_os_error_and_leaves_nothing(tmp_path, monkeypatch):
    import tensorflow as tf

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(type(keras.export.ExportArchive()), "write_out", full)
    with pytest.raises(OSError, match="No space left on device"):
        export.save(small(VAE), tmp_path / "saved_model")
    assert not any(tmp_path.iterdir())


@tensorflow_only
def test_a_model_of_no_family_is_told(tmp_path):
    with pytest.raises(export.ExportError, match="Expected a model of VAE, MusicVAE, MusAE"):
        export.save(keras.Sequential(), tmp_path / "saved_model")


def test_another_backend_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(export.ExportError, match="Received: jax"):
        export.save(small(VAE), tmp_path / "saved_model")
