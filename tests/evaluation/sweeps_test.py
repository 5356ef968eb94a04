"""How attributes follow sweeps, of stand-ins for models whose music is known."""

import numpy as np
import pytest

pytest.importorskip("scipy")

from keras_music_vae.evaluation import sweeps

VALUES = (-4.0, -2.0, 0.0, 2.0, 4.0)


def test_following_is_the_mean_of_spearmans_rho():
    from scipy import stats

    random = np.random.default_rng(0)
    attributes = random.integers(0, 4, (20, 5)) / 3
    expected = [stats.spearmanr(VALUES, row)[0] for row in attributes]
    assert sweeps.following(VALUES, attributes) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    ("row", "rho"),
    [([0, 1, 2, 3, 9], 1), ([9, 3, 2, 1, 0], -1), ([5, 5, 5, 5, 5], 0), ([0, 1, 0, 1, 0], 0)],
)
def test_a_window_that_does_not_change_does_not_follow(row, rho):
    assert sweeps.following(VALUES, np.array([row])) == pytest.approx(rho)


class Sweeping:
    """Decodes a code to tokens: the first dimension, then minus the second, in whole numbers."""

    def sweep(self, codes, dim, values, length):
        codes = np.repeat(codes[:, None], len(values), axis=1)
        codes[..., dim] = values
        tokens = np.stack([codes[..., 0], -codes[..., 1]], axis=-1).astype(int)
        return tokens[..., :length, None]


def test_each_attribute_is_that_of_the_sweep_of_its_dimension():
    def attributes_of(windows):
        assert windows.ndim == 3
        return {"rises": windows[:, 0, 0], "falls": windows[:, 1, 0]}

    codes = np.zeros((3, 2), "float32")
    found = sweeps.measure(Sweeping(), codes, {"rises": 0, "falls": 1}, VALUES, 2, attributes_of)
    assert found == {"sweep_rises": pytest.approx(1), "sweep_falls": pytest.approx(-1)}
    others = sweeps.measure(Sweeping(), codes, {"rises": 1}, VALUES, 2, attributes_of)
    assert others == {"sweep_rises": 0}
