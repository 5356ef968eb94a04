"""Accuracies of bands, against counting by hand and the paper's own averages."""

import numpy as np
import pytest

pytest.importorskip("keras")
from keras import ops

from keras_music_vae.evaluation import band_reconstruction
from keras_music_vae.models.base import Posterior
from keras_music_vae.music.representations.band import HOLD, PARTS, SILENCE

STEPS = 32


class Copier:
    """The code of a window is its tokens; drums come back as holds from step 16 on.

    Of a code that is drawn, every part is one token too high where its deviation is 1.
    """

    variables = ()

    def __init__(self, deviation=0.0):
        self.deviation = deviation
        self.batches = []

    def encode(self, x):
        mean = ops.reshape(ops.cast(x, "float32"), (-1, STEPS * 4))
        return Posterior(mean, self.deviation * ops.ones_like(mean))

    def decode(self, z, length, temperature):
        assert temperature < 0.01
        self.batches.append(len(z))
        tokens = np.ceil(z - 0.001).astype(int).reshape(len(z), length, 4)
        tokens[:, 16:, 0] = HOLD
        return tokens


def bands(count=6, seed=0):
    random = np.random.default_rng(seed)
    x = random.choice([HOLD, HOLD, SILENCE, 40, 41], (count, STEPS, 4))
    x[:, 0] = 60
    return x


@pytest.mark.parametrize("batch_size", [4, 200])
def test_parts_and_their_averages(batch_size):
    x, model = bands(), Copier()
    metrics = band_reconstruction.measure(model, x, batch_size)
    assert max(model.batches) == min(batch_size, 6)
    drums = x[:, :, 0]
    right = (np.arange(STEPS) < 16) | (drums == HOLD)
    onsets = drums < SILENCE
    expected = {"reconstruction_accuracy": right.mean(), "event_accuracy": right[onsets].mean()}
    for name, value in expected.items():
        assert 0 < value < 1
        for prefix in ("", "sampled_"):
            of_part = {part: metrics[f"{prefix}{name}_{part}"] for part in PARTS}
            assert of_part == pytest.approx({"drums": value, **dict.fromkeys(PARTS[1:], 1)})
            assert metrics[f"{prefix}{name}_dbgs"] == pytest.approx((value + 3) / 4)
            assert metrics[f"{prefix}{name}_dbg"] == pytest.approx((value + 2) / 3)
    assert len(metrics) == 4 * 6


def test_codes_are_drawn_by_the_seed():
    x, model = bands(20), Copier(deviation=0.3)
    first, again, other = (
        band_reconstruction.measure(model, x, seed=seed)["sampled_event_accuracy_bass"]
        for seed in (0, 0, 1)
    )
    assert first == again != other
    # Noise below 0 is rounded up to the token, if not more than one.
    assert first == pytest.approx(0.5, abs=0.05)


def test_what_needs_no_model():
    test, train = bands(seed=1), bands(seed=2)
    found = band_reconstruction.trivial(train, test)
    assert set(found) == {"hold", "mode", "previous_bar"}
    strings = test[:, :, 3]
    assert found["hold"]["reconstruction_accuracy_strings"] == np.mean(strings == HOLD)
    assert found["hold"]["event_accuracy_dbgs"] == 0
    # Only the first step, at which all windows have the same note, is told by its place.
    first = strings[:, 0] == 60
    assert found["mode"]["event_accuracy_strings"] >= first.sum() / (strings < SILENCE).sum()
    copied = np.mean(strings[:, 16:] == strings[:, :16])
    held = np.mean(strings[:, :16] == HOLD)
    assert found["previous_bar"]["reconstruction_accuracy_strings"] == (copied + held) / 2


def test_the_averages_are_those_that_the_paper_prints():
    printed = {
        "reconstruction_accuracy_drums": 0.911,
        "reconstruction_accuracy_bass": 0.880,
        "reconstruction_accuracy_guitar": 0.797,
        "reconstruction_accuracy_strings": 0.825,
    }
    found = band_reconstruction.with_averages(printed)
    assert round(found["reconstruction_accuracy_dbgs"], 3) == 0.853
    assert round(found["reconstruction_accuracy_dbg"], 3) == 0.863
