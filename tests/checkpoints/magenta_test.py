"""Magenta's variables in and out of a model."""

import numpy as np
import pytest

from keras_music_vae.checkpoints import magenta
from keras_music_vae.models.music_vae import MusicVAE

SIZES = {"num_classes": (6,), "latent_dim": 3, "encoder_units": (4,), "decoder_units": (5, 4)}


def test_what_is_assigned_is_read_back():
    rng = np.random.default_rng(0)
    for settings in ({}, {"subsequences": 2, "conductor_units": (7,)}):
        model = MusicVAE(**SIZES, **settings)
        given = {
            name: rng.normal(size=value.shape).astype("float32")
            for name, value in magenta.variables(model).items()
        }
        magenta.assign(model, given)
        found = magenta.variables(model)
        assert found.keys() == given.keys()
        for name, value in given.items():
            np.testing.assert_allclose(found[name], value, atol=1e-6)


def test_what_does_not_fit_is_named():
    model = MusicVAE(**SIZES)
    given = magenta.variables(model)
    before = magenta.variables(model)
    given["encoder/mu/kernel"] = given["encoder/mu/kernel"][:, :2]
    del given["decoder/output_projection/bias"]
    given["decoder/nade/w_enc"] = np.zeros(1)
    given["encoder/sigma/bias"] = given["encoder/sigma/bias"] + 1
    with pytest.raises(ValueError, match="not those of this model") as raised:
        magenta.assign(model, given)
    for part in (
        "encoder/mu/kernel has shape (8, 2), expected (8, 3)",
        "decoder/output_projection/bias is missing, expected with shape (6,)",
        "decoder/nade/w_enc belongs to no layer",
    ):
        assert part in str(raised.value)
    np.testing.assert_array_equal(
        magenta.variables(model)["encoder/sigma/bias"], before["encoder/sigma/bias"]
    )
