"""MeasureVAE's coin, what it learns, and the model as its users call it."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy.stats import spearmanr

from keras_music_vae.losses import gaussian_kl
from keras_music_vae.models import MeasureVAE
from keras_music_vae.models.latent_space import lerp

SIZES = {
    "num_classes": (5,),
    "embedding_dim": 3,
    "encoder_units": 8,
    "decoder_units": 8,
    "latent_dim": 3,
    "dropout": 0.0,
    "ticks_per_beat": 3,
}


def make(**settings):
    model = MeasureVAE(**SIZES | settings)
    random = np.random.default_rng(2)
    for weight in model.trainable_weights:
        weight.assign(random.normal(size=weight.shape))
    return model


def windows(count):
    x = np.random.default_rng(0).integers(0, 5, (count, 6, 1)).astype("int32")
    return {"x": x, "eps_z": np.zeros((count, 3), "float32")}


def test_a_coin_for_each_batch_says_whose_tokens_are_read():
    keras.utils.set_random_seed(0)
    model, inputs = make(), windows(3)
    found = {}
    for name, share in (("true", 1.0), ("own", 0.0)):
        model.compile("sgd", teacher_forcing=share)
        found[name] = np.asarray(model(inputs, training=True)["x"])
    assert np.abs(found["true"] - found["own"]).max() > 0.1
    z = model.encode(inputs["x"]).mean
    np.testing.assert_allclose(found["true"], model.logits(inputs["x"], z), atol=1e-5)
    made, logits = model.rollout(z, np.zeros((3, 6, 1)))
    np.testing.assert_allclose(found["own"], logits, atol=1e-5)
    np.testing.assert_array_equal(made, model.reconstruct(inputs["x"]))
    model.compile("sgd", teacher_forcing=0.5)
    forced = 0
    for _ in range(30):
        logits = np.asarray(model(inputs, training=True)["x"])
        is_true, is_own = (np.allclose(logits, found[name], atol=1e-5) for name in found)
        assert is_true != is_own
        forced += is_true
    assert 4 <= forced <= 26  # half of them, and four standard deviations to each side
    np.testing.assert_allclose(model(inputs, training=False)["x"], found["own"], atol=1e-5)


def test_the_coin_may_follow_the_updates():
    model, inputs = make(), windows(3)
    model.compile("sgd", teacher_forcing=lambda step: ops.where(step < 2, 1.0, 0.0))
    first, second, third = (np.asarray(model(inputs, training=True)["x"]) for _ in range(3))
    np.testing.assert_array_equal(first, second)
    assert np.abs(third - second).max() > 0.1
    assert int(model.updates.value) == 3


def test_the_loss_while_evaluating_has_all_weights():
    model, inputs = make(), windows(4)
    values = np.random.default_rng(1).normal(size=(4, 1)).astype("float32")
    dims = {"it": 0}
    model.compile("sgd", kl_weight=0.01, attribute_dims=dims, attribute_weight=3.0)
    given = inputs | {"attributes": values}
    logs = model.evaluate(given, {"x": inputs["x"]}, return_dict=True, verbose=0)
    mean, stddev = model.encode(inputs["x"])
    kl = float(ops.mean(gaussian_kl(mean, 2 * ops.log(stddev))))
    assert logs["kl_z"] == pytest.approx(kl, rel=1e-5)
    expected = logs["reconstruction"] + 0.01 * kl + 3 * logs["attribute_it"]
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)
    accuracy = np.mean(model.reconstruct(inputs["x"]) == inputs["x"])
    assert logs["accuracy"] == pytest.approx(accuracy, abs=1e-6)


def test_dropout_is_for_training_alone():
    keras.utils.set_random_seed(0)
    model, inputs = make(dropout=0.5), windows(3)
    model.compile("sgd", teacher_forcing=0.0)
    still = np.asarray(model(inputs)["x"])
    np.testing.assert_array_equal(still, model(inputs)["x"])
    assert np.abs(still - model(inputs, training=True)["x"]).max() > 0.1


def test_it_learns_measures_and_gives_their_codes_the_order_of_an_attribute():
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(0)
    # A beat twice, with a note more or less: something that can be learned in a moment.
    count = random.integers(0, 4, 64)
    x = np.tile(np.arange(3) < count[:, None], (1, 2))[..., None].astype("int32") * 2
    inputs = {"x": x, "attributes": (count[:, None] / 3).astype("float32")}
    model = MeasureVAE(**SIZES)
    model.compile(keras.optimizers.Adam(0.01), attribute_dims={"notes": 1}, attribute_delta=10.0)
    history = model.fit(inputs, {"x": x}, batch_size=32, epochs=60, verbose=0).history
    assert history["reconstruction"][-1] < 0.2 * history["reconstruction"][0]
    np.testing.assert_array_equal(model.reconstruct(x), x)
    codes = np.asarray(model.encode(x).mean)
    assert spearmanr(codes[:, 1], count).statistic > 0.95
    # And the music of a code follows that dimension of it.
    lowest, highest = codes[:, 1].min(), codes[:, 1].max()
    swept = model.sweep(codes[:1], "notes", np.linspace(lowest, highest, 9), 6)
    notes = (swept[0] == 2).sum(axis=(1, 2))
    assert (np.diff(notes) >= 0).all()
    assert notes[-1] > notes[0]


def test_codes_are_joined_by_straight_lines():
    model = make()
    first, second = windows(2)["x"]
    codes = lerp(*np.asarray(model.encode(np.stack([first, second])).mean), np.linspace(0, 1, 5))
    expected = model.decode(codes.astype("float32"), 6)
    np.testing.assert_array_equal(model.interpolate(first, second, 5), expected)


def test_windows_are_of_whole_beats():
    model = make()
    z = np.zeros((2, 3), "float32")
    for length in (3, 12):
        assert model.decode(z, length).shape == (2, length, 1)
    with pytest.raises(ValueError, match="a multiple of 3, the length_unit"):
        model.decode(z, 4)
    with pytest.raises(ValueError, match="temperature must be 0, for the likeliest, or above"):
        model.decode(z, 6, temperature=-1.0)


def test_samples_depend_on_the_seed():
    model = make()
    first, again, other = (model.sample(8, 6, 1.0, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.min() >= 0
    assert first.max() < 5


def test_tokens_of_several_parts_are_refused():
    with pytest.raises(ValueError, match="num_classes of one line"):
        MeasureVAE(num_classes=(5, 5))


def test_equal_seeds_train_alike():
    def trained(seed):
        keras.utils.set_random_seed(seed)
        model, x = MeasureVAE(**SIZES | {"dropout": 0.5}), windows(16)["x"]
        model.compile("adam", run_eagerly=True)
        model.fit({"x": x}, {"x": x}, batch_size=8, verbose=0)
        return model.get_weights()

    first, again, other = trained(1), trained(1), trained(2)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))
