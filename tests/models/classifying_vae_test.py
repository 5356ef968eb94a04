"""What the golden arrays do not show: class codes, conditions on input, errors."""

import keras
import numpy as np
import pytest

from keras_music_vae.models import VAE, ClassifyingVAE, ClassifyingVAELSTM


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


@pytest.mark.parametrize("recurrent", [False, True])
def test_class_codes_are_the_mean_of_q_w_over_music_of_the_class(recurrent):
    classes = ("C", "D", "G")
    if recurrent:
        model = ClassifyingVAELSTM(classes, 2, 4, seq_length=3)
    else:
        model = ClassifyingVAE(classes, 2, 4)
    np.testing.assert_array_equal(model.class_code("E minor"), [0, 0, 1])

    rng = np.random.default_rng(0)
    x = (rng.random((6, 3, 88) if recurrent else (6, 88)) < 0.3).astype("uint8")
    w = np.eye(3)[[0, 0, 2, 2, 2, 2]]
    model.learn_class_codes(x, w)
    inferred = np.asarray(model.infer_w(x if recurrent else x[:, None]))
    np.testing.assert_allclose(model.class_code("C"), inferred[:2].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(model.class_code("G"), inferred[2:].mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(model.class_code("D"), [0, 1, 0])  # no music in it
    by_key = model.sample(key="G", steps=4, seed=1)
    by_code = model.sample(w=model.class_code("G"), steps=4, seed=1)
    np.testing.assert_array_equal(by_key, by_code)


def test_a_class_that_no_song_had_is_refused():
    model = ClassifyingVAE(("C", "G"), 2, 4)
    with pytest.raises(ValueError, match=r"one of C, G. Received: 'F# major', of class Gb"):
        model.class_weights("F# major")


def test_a_key_is_needed_where_there_are_classes_and_refused_where_not():
    with pytest.raises(ValueError, match="Expected a key or w, not both"):
        ClassifyingVAE(("C", "G"), 2, 4).sample()
    with pytest.raises(ValueError, match="VAE has no classes"):
        VAE(2, 4).sample(key="C")


@pytest.mark.parametrize("classes", ["C", ("C",), ()])
def test_fewer_than_two_classes_are_refused(classes):
    with pytest.raises(ValueError, match="at least two classes"):
        ClassifyingVAE(classes, 2, 4)


def test_an_lstm_cannot_tell_the_key_of_less_than_a_window():
    model = ClassifyingVAELSTM(("C", "G"), 2, 4, seq_length=8)
    with pytest.raises(ValueError, match="Expected at least 8 steps to infer the key from"):
        model.infer_w(np.zeros((1, 7, 88), "float32"))


def test_elbo_of_the_sequence_divides_the_terms_of_w():
    losses = {}
    x = (np.random.default_rng(0).random((2, 4, 88)) < 0.1).astype("float32")
    inputs = {"x": x, "x_prev": x, "eps_z": np.zeros((2, 4, 2)), "eps_w": np.zeros((2, 1))}
    targets = {"x": x, "w": np.eye(2, dtype="float32")}
    for elbo in ("code", "sequence"):
        keras.utils.set_random_seed(0)
        model = ClassifyingVAELSTM(("C", "G"), 2, 4, seq_length=4, elbo=elbo)
        model.compile("sgd", kl_weight=0.0)
        outputs = model(inputs, training=True)
        losses[elbo] = float(model.compute_loss(inputs, targets, outputs))
        logs = {k: float(v) for k, v in model.compute_metrics(inputs, targets, outputs).items()}
        losses[f"{elbo} x"] = logs["x_loss"]
    assert losses["code x"] == losses["sequence x"]
    of_w = {elbo: losses[elbo] - losses[f"{elbo} x"] for elbo in ("code", "sequence")}
    assert of_w["sequence"] == pytest.approx(of_w["code"] / 4, rel=1e-4)


@pytest.mark.parametrize(
    ("model", "options"),
    [(VAE, {"init": "zeros"}), (ClassifyingVAELSTM, {"classes": ("C", "G"), "elbo": "page"})],
)
def test_unknown_options_are_refused(model, options):
    with pytest.raises(ValueError, match="must be"):
        model(latent_dim=2, hidden_dim=4, **options)
