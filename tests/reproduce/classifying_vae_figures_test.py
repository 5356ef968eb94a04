"""The figures show what the models say, and keys are told from encodings as they should be."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from keras_music_vae.losses import softmax_centered
from keras_music_vae.models import VAE, ClassifyingVAE
from keras_music_vae.models.base import Posterior
from reproduce import classifying_vae_figures as figures

pytest.importorskip("matplotlib")
pytest.importorskip("scipy")


def make_songs(rolls, keys):
    return SimpleNamespace(rolls=rolls, keys=keys)


@pytest.fixture(scope="module")
def songs():
    rng = np.random.default_rng(0)

    def split(keys):
        rolls = [rng.integers(0, 2, (6 + number, 88), np.uint8) for number in range(len(keys))]
        return make_songs(rolls, keys)

    both = ["C major", "C minor"]
    return {"train": split(both * 3), "validation": split(both), "test": split(both * 2)}


@pytest.fixture(scope="module")
def models():
    keras.utils.set_random_seed(0)
    sizes = {"latent_dim": 2, "hidden_dim": 5, "use_x_prev": False}
    return {
        "vae": VAE(**sizes),
        "classifying_vae": ClassifyingVAE(("C", "Eb"), classifier_dim=4, **sizes),
    }


class Columns:
    """Encodes a step as some of its columns."""

    def __init__(self, *columns):
        self.columns = list(columns)

    def encode(self, x, w=None):
        return Posterior(x[:, self.columns], None)


def test_the_figures_are_written_and_the_accuracies_printed(songs, models, tmp_path, capsys):
    paths = figures.draw(songs, models, tmp_path / "new" / "figures")
    assert [path.name for path in paths] == [
        "figure_1_pitch_classes.png",
        "figure_3_encodings.png",
        "figure_4_decoded_notes.png",
    ]
    for path in paths:
        assert path.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert printed == figures.describe(figures.key_accuracy(songs, models)) + "\n"


def test_encodings_are_means_given_the_inferred_w(songs, models):
    test = songs["test"]
    x = np.concatenate(test.rolls).astype("float32")
    z, keys = figures.encodings(models["vae"], test)
    np.testing.assert_allclose(z, models["vae"]({"x": x})["z_mean"], rtol=1e-5, atol=1e-6)
    assert keys.tolist() == [
        key for roll, key in zip(test.rolls, test.keys, strict=True) for _ in roll
    ]
    model = models["classifying_vae"]
    w = softmax_centered(model.classify(x)[0])
    expected = model.encode(x, w).mean
    np.testing.assert_allclose(figures.encodings(model, test)[0], expected, rtol=1e-5, atol=1e-6)


def test_rows_are_keys_and_columns_codes(models):
    model, codes = models["classifying_vae"], [(-1, 1), (0.5, 2), (1, 0)]
    found = figures.decoded(model, ("C major", "C minor"), codes)
    assert found.shape == (2, 3, 88)
    for row, w in enumerate(np.eye(2, dtype="float32")):
        for column, z in enumerate(np.array(codes, "float32")):
            logits = np.asarray(model.logits(None, z[None], w[None]))[0]
            np.testing.assert_allclose(found[row, column], 1 / (1 + np.exp(-logits)), rtol=1e-5)


def test_lines_part_halves_and_neighbours_find_clusters():
    rng = np.random.default_rng(1)
    rolls = [rng.integers(0, 2, (1, 88), np.uint8) for _ in range(400)]
    # Column 0 is the key; so is "column 1 differs from column 2", which no line can tell.
    for roll in rolls:
        roll[0, 0] = roll[0, 1] ^ roll[0, 2]
    keys = [("C major", "C minor")[roll[0, 0]] for roll in rolls]
    songs = {
        "train": make_songs(rolls[:300], keys[:300]),
        "test": make_songs(rolls[300:], keys[300:]),
    }
    found = figures.key_accuracy(songs, {"vae": Columns(0, 3), "classifying_vae": Columns(1, 2)})
    assert found["notes"] == {"line": 1}
    assert found["vae"] == {"line": 1, "neighbours": 1}
    assert found["classifying_vae"]["neighbours"] == 1
    assert 0.3 < found["classifying_vae"]["line"] < 0.7


def test_keys_weigh_the_same_however_often_they_occur():
    def song(low, high):
        roll = np.zeros((low + high, 88), np.uint8)
        roll[:high, 5] = 1
        return roll

    # Where column 5 is on, most steps are in C major, but a larger share of those in C minor.
    both = make_songs([song(60, 30), song(2, 8)], ["C major", "C minor"])
    models = {"vae": Columns(5, 6), "classifying_vae": Columns(6, 7)}
    found = figures.key_accuracy({"train": both, "test": both}, models)
    assert found["vae"]["line"] == pytest.approx((60 / 90 + 8 / 10) / 2)
    assert found["classifying_vae"]["line"] == pytest.approx(1 / 2)


def test_accuracies_are_set_out_in_columns():
    text = figures.describe(
        {
            "notes": {"line": 0.84},
            "vae": {"line": 0.7961, "neighbours": 0.829},
            "classifying_vae": {"line": 0.5, "neighbours": 1.0},
        }
    )
    assert text.splitlines()[1:] == [
        "                                line     25 neighbours",
        "  its 88 notes                84.0 %",
        "  z of the VAE                79.6 %            82.9 %",
        "  z of the Classifying VAE    50.0 %           100.0 %",
    ]
