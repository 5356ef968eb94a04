"""Codes are those of the model, whatever the size of a batch."""

import numpy as np
import pytest

pytest.importorskip("keras")

from keras_music_vae.evaluation import codes
from keras_music_vae.models import MusicVAE


@pytest.mark.parametrize("batch_size", [2, 200])
def test_codes_are_those_of_the_model(batch_size):
    model = MusicVAE((5,), 3, (4,), (4,))
    x = np.random.default_rng(0).integers(0, 5, (5, 8, 1))
    found = codes.encode(model, x, batch_size)
    for made, expected in zip(found, model.encode(x), strict=True):
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, expected, atol=1e-6)
    assert len(codes.encode(model, x[:0]).mean) == 0
