"""Codes in the order of attributes, whatever model they are of."""

import keras
import numpy as np
import pytest
from scipy.stats import spearmanr

from keras_music_vae.losses import attribute_disorder
from keras_music_vae.models import VAE, MusicVAE
from keras_music_vae.schedules import LinearWarmup

SIZES = {"num_classes": (5,), "latent_dim": 3, "encoder_units": (8,), "decoder_units": (8,)}
ORDER = {"attribute_dims": {"rests": 2}, "attribute_delta": 10.0}


def windows(count=128):
    x = np.random.default_rng(0).integers(0, 5, (count, 8, 1)).astype("int32")
    return {"x": x, "attributes": (x == 0).mean(axis=1, dtype="float32")}


def trained(**settings):
    keras.utils.set_random_seed(0)
    model, inputs = MusicVAE(**SIZES), windows()
    model.compile(keras.optimizers.Adam(0.01), kl_weight=0.1, **settings)
    history = model.fit(inputs, {"x": inputs["x"]}, epochs=30, verbose=0).history
    return model, history


def orders(model):
    """Rank correlations of the dimensions of mean codes with the attribute."""
    inputs = windows()
    codes = np.asarray(model.encode(inputs["x"]).mean)
    return np.array([spearmanr(each, inputs["attributes"][:, 0]).statistic for each in codes.T])


def test_a_dimension_follows_an_attribute_and_no_other_model_changes():
    model, history = trained(**ORDER)
    found = orders(model)
    assert found[2] > 0.9
    assert found[2] > np.abs(found[:2]).max() + 0.3
    assert history["attribute_rests"][-1] < 0.5 * history["attribute_rests"][0]
    plain, other = trained()
    assert np.abs(orders(plain)).max() < 0.8
    assert "attribute_rests" not in other
    # What is not asked for is not there.
    keras.utils.set_random_seed(0)
    model, inputs = MusicVAE(**SIZES), windows()
    model.compile(keras.optimizers.Adam(0.01), kl_weight=0.1)
    again = model.fit({"x": inputs["x"]}, {"x": inputs["x"]}, epochs=30, verbose=0).history
    assert again == other


def test_the_weight_may_follow_the_updates_and_counts_while_evaluating():
    inputs = windows(8) | {"eps_z": np.zeros((8, 3), "float32")}
    model = MusicVAE(**SIZES)
    losses = {}
    for weight in (0.0, 2.0, LinearWarmup(0.0, 2.0, 4)):
        model.compile("sgd", attribute_weight=weight, **ORDER)
        model.updates.assign(1)
        logs = model.evaluate(inputs, {"x": inputs["x"]}, return_dict=True, verbose=0)
        losses[weight if isinstance(weight, float) else "a quarter"] = logs["loss"]
    codes = np.asarray(model.encode(inputs["x"]).mean)[:, 2:]
    disorder = np.mean(attribute_disorder(codes, inputs["attributes"], 10.0))
    assert logs["attribute_rests"] == pytest.approx(disorder, rel=1e-5)
    assert losses[2.0] - losses[0.0] == pytest.approx(2 * disorder, rel=1e-4)
    assert losses["a quarter"] - losses[0.0] == pytest.approx(0.5 * disorder, rel=1e-4)


def test_compiling_again_leaves_no_metrics_behind():
    model, inputs = MusicVAE(**SIZES), windows(4)
    for dims in ({"rests": 2}, {"others": 0}):
        model.compile("sgd", attribute_dims=dims)
        logs = model.evaluate(inputs, {"x": inputs["x"]}, return_dict=True, verbose=0)
        assert [name for name in logs if "attribute" in name] == [f"attribute_{min(dims)}"]
    model.compile("sgd")
    logs = model.evaluate(inputs, {"x": inputs["x"]}, return_dict=True, verbose=0)
    assert not any("attribute" in name for name in logs)


@pytest.mark.parametrize("dims", [{"a": 3}, {"a": -1}, {"a": 1, "b": 1}])
def test_dimensions_that_are_not_there_or_taken_are_refused(dims):
    with pytest.raises(ValueError, match="a dimension of its own, from 0 to below latent_dim=3"):
        MusicVAE(**SIZES).compile("sgd", attribute_dims=dims)


def test_a_decoder_alone_has_no_codes_to_order():
    with pytest.raises(ValueError, match="below latent_dim=0"):
        MusicVAE(**SIZES | {"latent_dim": 0}).compile("sgd", attribute_dims={"a": 0})


def test_attributes_that_are_missing_or_of_another_shape_are_refused():
    model, inputs = MusicVAE(**SIZES), windows(4)
    model.compile("sgd", **ORDER)
    with pytest.raises(ValueError, match=r"a value of rests for each code.* Received: none"):
        model({"x": inputs["x"]})
    for wrong in (np.zeros((4, 2)), np.zeros(4)):
        with pytest.raises(ValueError, match=r"Received: shape \(4,"):
            model(inputs | {"attributes": wrong})


def test_codes_of_steps_have_an_attribute_each():
    random = np.random.default_rng(0)
    model = VAE(latent_dim=2, hidden_dim=4)
    model.compile("sgd", attribute_dims={"notes": 1})
    x = random.integers(0, 2, (3, 4, 88)).astype("float32")
    notes = x.sum(axis=-1, keepdims=True)
    eps = np.zeros((3, 4, 2), "float32")
    outputs = model({"x": x, "x_prev": x, "eps_z": eps, "attributes": notes}, training=True)
    codes = np.asarray(outputs["z_mean"])[..., 1:]
    expected = attribute_disorder(codes, notes)[..., 0]
    np.testing.assert_allclose(outputs["attribute_notes"], expected, atol=1e-6)
    assert expected.shape == (3, 4)
