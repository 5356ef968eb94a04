"""Accuracies, against counting by hand."""

import numpy as np
import pytest

pytest.importorskip("keras")

from keras_music_vae.evaluation import reconstruction
from keras_music_vae.models import MusicVAE


def windows(count=6, time=32, parts=1, seed=0):
    return np.random.default_rng(seed).integers(0, 5, (count, time, parts))


def accuracy(prediction, x):
    return np.mean([p == t for p, t in zip(prediction.ravel(), x.ravel(), strict=True)])


@pytest.mark.parametrize("sizes", [{}, {"subsequences": 2}, {"latent_dim": 0}])
def test_a_model_is_measured_as_by_its_own_methods(sizes):
    model = MusicVAE(
        (5,), **{"latent_dim": 3, "encoder_units": (4,), "decoder_units": (4,)} | sizes
    )
    random = np.random.default_rng(1)
    for variable in model.trainable_variables:  # larger than at first, so that no two logits tie
        variable.assign(random.normal(size=variable.shape))
    x = windows()
    metrics = reconstruction.measure(model, x, batch_size=4)
    mean = model.encode(x).mean
    following = np.asarray(model.logits(x, mean)).argmax(axis=-1)
    made = model.reconstruct(x, temperature=reconstruction.GREEDY)
    assert metrics["next_accuracy"] == pytest.approx(accuracy(following, x))
    assert metrics["reconstruction_accuracy"] == pytest.approx(accuracy(made, x))
    happens = x != 0
    assert metrics["event_accuracy"] == pytest.approx(accuracy(made[happens], x[happens]))
    assert ("kl" in metrics) == (model.latent_dim > 0)
    assert 0 <= metrics["sampled_accuracy"] <= 1


def test_a_perfect_model_has_accuracy_one_whatever_the_batches():
    """Forced by a bias of the head: the likeliest token is always 2."""
    model = MusicVAE((5,), 3, (4,), (4,))
    head = model.decoder.head
    getattr(head, "projection", head).bias.assign([0, 0, 50.0, 0, 0])
    x = np.full((5, 8, 1), 2)
    for batch_size in (2, 100):
        metrics = reconstruction.measure(model, x, batch_size=batch_size)
        for name in ("next", "reconstruction", "event", "sampled"):
            assert metrics[f"{name}_accuracy"] == 1


def test_the_accuracy_of_codes_is_that_of_what_they_decode_to():
    class Counting:
        """Decodes a code to its number at every step."""

        def decode(self, codes, length):
            return np.repeat(codes.astype(int)[:, None], length, axis=1)

    codes = np.array([[1.0], [2.0], [3.0]])
    x = np.array([[1, 1, 0, 1], [2, 2, 2, 2], [0, 0, 0, 3]])[..., None]
    for batch_size in (2, 256):
        found = reconstruction.decoded_accuracy(Counting(), codes, x, batch_size)
        assert found == pytest.approx(8 / 12)


def test_parts_are_measured_apart():
    model = MusicVAE((5, 5), 3, (4,), (4,))
    metrics = reconstruction.measure(model, windows(parts=2), ("lead", "bass"))
    assert {"next_accuracy_lead", "next_accuracy_bass", "kl"} <= metrics.keys()
    assert "next_accuracy" not in metrics


def test_what_needs_no_model():
    bar = np.arange(16) % 4
    test = np.concatenate([bar, bar, bar + 1])[None, :, None]
    train = np.concatenate([np.zeros(16), np.ones(32)]).astype(int)[None, :, None]
    found = reconstruction.trivial(np.concatenate([train] * 3 + [test]), test)
    zeros = np.mean(test == 0)
    assert found["hold"] == {"reconstruction_accuracy": zeros, "event_accuracy": 0}
    assert found["mode"]["reconstruction_accuracy"] == pytest.approx(accuracy(train, test))
    # The first bar is told by nothing, the second is right, of the third nothing.
    previous = found["previous_bar"]["reconstruction_accuracy"]
    assert previous == pytest.approx((4 + 16 + 0) / 48)
