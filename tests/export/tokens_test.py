"""SavedModels of models of windows: without Keras, of any length or of their own."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_music_vae import export
from keras_music_vae.export.tokens import _slerp
from keras_music_vae.models import MusicVAE
from keras_music_vae.models.latent_space import slerp
from keras_music_vae.music.representations import Drums, Trio

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="SavedModels are written by TensorFlow"
)
SIZES = {"latent_dim": 3, "encoder_units": (4,), "decoder_units": (6, 4)}
HIERARCHY = {
    "num_classes": (90, 90, 512),
    "subsequences": 2,
    "split_parts": True,
    "encoder_units": (4, 3),
    "encoder_lengths": (4, 2),
}


def small(**settings):
    model = MusicVAE(**SIZES | settings)
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(0.5 * random.normal(size=weight.shape))
    return model


def tokens(model, count, time):
    random = np.random.default_rng(1)
    parts = [random.integers(0, classes, (count, time)) for classes in model.num_classes]
    return np.stack(parts, axis=-1).astype("int32")


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
encoded = run("encode", "tokens")
arguments["z"] = encoded["mean"]
results = {
    "mean": encoded["mean"],
    "stddev": encoded["stddev"],
    "decoded": run("decode", "z", "length", *how)["tokens"],
    "sampled": run("sample", "count", "length", *how)["tokens"],
    "reconstructed": run("reconstruct", "tokens", *how)["tokens"],
    "between": run("interpolate", "first", "second", "steps", *how)["tokens"],
    "swept": run("sweep", "z", "dim", "values", "length", *how)["tokens"],
}
np.savez(sys.argv[3], **results)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"num_classes": (512,), "encoder_input": "drum_roll"}, HIERARCHY], ids=str
)
def test_runs_where_keras_cannot_be_imported_and_without_a_gpu(settings, tmp_path):
    model = small(**settings)
    export.save(model, tmp_path / "saved_model")
    x = tokens(model, 3, 8)
    arguments = {
        "tokens": x,
        "first": x[0],
        "second": x[1],
        "temperature": np.float32(0.8),
        "seed": np.int32(7),
        "count": np.int32(2),
        "length": np.int32(12),
        "steps": np.int32(5),
        "dim": np.int32(1),
        "values": np.array([-4, 0, 4], "float32"),
    }
    np.savez(tmp_path / "in.npz", **arguments)
    paths = [str(tmp_path / name) for name in ("saved_model", "in.npz", "out.npz")]
    subprocess.run(
        [sys.executable, "-c", ALONE, *paths],
        check=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    results = np.load(tmp_path / "out.npz")
    posterior = model.encode(x)
    np.testing.assert_allclose(results["mean"], posterior.mean, atol=1e-6)
    np.testing.assert_allclose(results["stddev"], posterior.stddev, atol=1e-6)
    expected = {
        "decoded": model.decode(posterior.mean, 12, 0.8, 7),
        "sampled": model.sample(2, 12, 0.8, 7),
        "reconstructed": model.reconstruct(x, 0.8, 7),
        "between": model.interpolate(x[0], x[1], 5, 0.8, 7),
        "swept": model.sweep(posterior.mean, 1, (-4, 0, 4), 12, 0.8, 7),
    }
    for name, value in expected.items():
        np.testing.assert_array_equal(results[name], value, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_flat_model_takes_any_batch_and_length(jit_compile, tmp_path):
    import tensorflow as tf

    model = small(num_classes=(90,))
    export.save(model, tmp_path / "saved_model", jit_compile)
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    for count, time in ((1, 5), (3, 40)):
        x = tokens(model, count, time)
        how = {"temperature": tf.constant(0.5), "seed": tf.constant(2**31 - 4)}
        made = loaded.reconstruct({"tokens": x} | how)["tokens"]
        np.testing.assert_array_equal(made, model.reconstruct(x, 0.5, 2**31 - 4))
        how["seed"] = tf.constant(1)
        assert (made != loaded.reconstruct({"tokens": x} | how)["tokens"]).numpy().any()


@pytest.mark.slow
def test_lengths_that_a_hierarchy_cannot_read_or_make_are_refused(tmp_path):
    import tensorflow as tf

    model = small(**HIERARCHY)
    model.compile("sgd", attribute_dims={"notes": 2})
    export.save(model, tmp_path / "saved_model")
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    how = {"temperature": tf.constant(1.0), "seed": tf.constant(0), "count": tf.constant(1)}
    with pytest.raises(tf.errors.InvalidArgumentError, match="a multiple of 2, the length_unit"):
        loaded.sample(how | {"length": tf.constant(7)})
    assert loaded.signatures["encode"].structured_input_signature[1]["tokens"].shape[1] == 8
    configuration = json.loads((tmp_path / "saved_model" / export.CONFIGURATION).read_text())
    assert (configuration["length_unit"], configuration["encoded_length"]) == (2, 8)
    assert configuration["attribute_dims"] == {"notes": 2}


@pytest.mark.slow
def test_dimensions_that_are_not_there_are_refused(tmp_path):
    import tensorflow as tf

    export.save(small(num_classes=(90,)), tmp_path / "saved_model")
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    given = {"z": tf.zeros((1, 3)), "values": tf.zeros(2), "length": tf.constant(4)}
    given |= {"temperature": tf.constant(1.0), "seed": tf.constant(0)}
    assert loaded.sweep(given | {"dim": tf.constant(2)})["tokens"].shape == (1, 2, 4, 1)
    for dim in (-1, 3):
        with pytest.raises(tf.errors.InvalidArgumentError, match="must be from 0 to 2"):
            loaded.sweep(given | {"dim": tf.constant(dim)})


@pytest.mark.slow
def test_a_decoder_alone_samples_only(tmp_path):
    import tensorflow as tf

    model = small(num_classes=(90,), latent_dim=0)
    export.save(model, tmp_path / "saved_model")
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    assert set(loaded.signatures) == {"sample", "serving_default"}


@pytest.mark.slow
@pytest.mark.parametrize("representation", [None, Drums("2017"), Trio()], ids=str)
def test_the_configuration_says_how_tokens_become_notes(representation, tmp_path):
    model = small(num_classes=(2,), decoder_units=(2,))
    model.representation = representation
    export.save(model, tmp_path / "saved_model")
    configuration = json.loads((tmp_path / "saved_model" / export.CONFIGURATION).read_text())
    assert configuration["class"] == "MusicVAE"
    assert configuration["config"]["num_classes"] == [2]
    if representation is None:
        assert "representation" not in configuration
    else:
        described = configuration["representation"]
        assert described["class"] == type(representation).__name__
        assert type(representation)(**described["config"]) == representation


def test_the_way_between_codes_is_the_model_s():
    import tensorflow as tf

    random = np.random.default_rng(3)
    first, second = random.normal(size=(2, 4))
    ends = {
        "apart": (first, second),
        "parallel": (first, 2 * first),
        "opposite": (first, -first),
        "nothing": (np.zeros(4), second),
    }
    for name, (one, other) in ends.items():
        with np.errstate(invalid="ignore"):
            expected = slerp(one, other, np.linspace(0, 1, 6))
        found = _slerp(tf.constant(one), tf.constant(other), 6)
        np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=name)
