"""Distances along the way between windows, of ways that are known."""

import numpy as np
import pytest

pytest.importorskip("keras")
from keras import ops

from keras_music_vae.evaluation import interpolation
from keras_music_vae.models import MusicVAE
from keras_music_vae.models.base import Posterior
from keras_music_vae.models.latent_space import lerp, slerp

LENGTH = 10


class Arc:
    """Windows whose first token is 0 have a code a quarter of a circle from those with another.

    A tenth of this way changes one token of ten: from 3 to 4, in both parts.
    """

    variables = ()
    between = staticmethod(slerp)

    def __init__(self):
        self.sizes = []

    def encode(self, x):
        end = ops.cast(x[:, 0, :1] > 0, "float32")
        mean = ops.concatenate([2 - 2 * end, 2 * end], axis=1)
        return Posterior(mean, ops.ones_like(mean))

    def decode(self, z, length, temperature):
        self.sizes.append(len(z))
        done = np.arctan2(z[:, 1], z[:, 0]) / (np.pi / 2)
        changed = done[:, None] > (np.arange(length) + 0.5) / length
        return np.repeat(np.where(changed, 4, 3)[..., None], 2, axis=-1)


def ends(count):
    return np.zeros((count, LENGTH, 2), int), np.ones((count, LENGTH, 2), int)


@pytest.mark.parametrize("batch_size", [1, 25, 200])
def test_equal_steps_on_the_circle_change_as_many_tokens_each(batch_size):
    model = Arc()
    found = interpolation.measure(model, *ends(7), batch_size=batch_size)
    np.testing.assert_allclose(found.shares, np.arange(11) / 10)
    np.testing.assert_allclose(found.from_start, found.shares)
    np.testing.assert_allclose(found.from_end, 1 - found.shares)
    assert found.rising == 1
    assert max(model.sizes) <= max(batch_size, 11)
    assert sum(model.sizes) == 7 * 11


def test_the_mean_is_of_all_pairs():
    """A pair that moves and one that stays: its tokens count as much."""
    start, end = ends(2)
    end[1] = 0
    found = interpolation.measure(Arc(), start, end, steps=3)
    np.testing.assert_allclose(found.from_start, [0, 0.25, 0.5])
    np.testing.assert_allclose(found.from_end, [0.5, 0.25, 0])
    # Of what does not move nothing rises.
    assert interpolation.measure(Arc(), start, start).rising == 0


def test_the_mix_is_what_drawn_tokens_come_to():
    start, end = ends(4)
    end[:2] = 0
    found = interpolation.measure(Arc(), start, end, steps=4)
    model, random = Arc(), np.random.default_rng(0)
    first, last = (
        model.decode(np.asarray(model.encode(x).mean), LENGTH, 1.0) for x in (start, end)
    )
    for i, share in enumerate(found.shares):
        mixed = np.where(random.random((500, *first.shape)) < share, last, first)
        assert found.mixed_from_start[i] == pytest.approx((mixed != first).mean(), abs=0.01)
        assert found.mixed_from_end[i] == pytest.approx((mixed != last).mean(), abs=0.01)


def test_the_windows_as_they_are_may_be_what_is_compared_with():
    """Each third token of the way is that of the end: the start's 0 is 3, and the end's 1 is 4."""

    def seen(tokens):
        return np.asarray(tokens) % 3

    start, end = ends(4)
    end[0] = 0
    found = interpolation.measure(Arc(), start, end, steps=3, seen=seen, against="windows")
    np.testing.assert_allclose(found.from_start, [0, 3 / 8, 3 / 4])
    # Of the pair that stays, nothing differs.
    np.testing.assert_allclose(found.from_end, [3 / 4, 3 / 8, 0])
    np.testing.assert_allclose(found.mixed_from_start, [0, 3 / 8, 3 / 4])
    # Without seeing, no token is that of a window.
    found = interpolation.measure(Arc(), start, end, steps=3, against="windows")
    np.testing.assert_allclose([found.from_start, found.from_end], 1)
    np.testing.assert_allclose(found.mixed_from_end, [3 / 4, 3 / 8, 0])
    with pytest.raises(ValueError, match="'decoded' or 'windows', received 'first'"):
        interpolation.measure(Arc(), start, end, against="first")


def test_the_way_may_be_straight():
    """At a quarter of the way, the line is at less than a quarter of the arc."""
    shares = np.linspace(0, 1, 5)
    expected = np.arctan2(shares, 1 - shares) / (np.pi / 2)

    model = Arc()
    model.between = lerp
    found = interpolation.measure(model, *ends(3), steps=5)
    np.testing.assert_allclose(found.from_start, np.ceil(10 * expected - 0.5) / 10)
    assert found.from_start[1] < shares[1]


@pytest.mark.parametrize("sizes", [{}, {"subsequences": 2}])
def test_a_model_is_measured_as_by_its_own_methods(sizes):
    model = MusicVAE((5, 4), 3, (4,), (4,), **sizes)
    random = np.random.default_rng(1)
    for variable in model.trainable_variables:  # larger than at first, so that windows differ
        variable.assign(random.normal(size=variable.shape))
    first, second = random.integers(0, 4, (2, 3, 8, 2))
    found = interpolation.measure(model, first, second, steps=6, batch_size=12)
    ways = np.stack(
        [
            model.interpolate(*pair, 6, interpolation.GREEDY)
            for pair in zip(first, second, strict=True)
        ]
    )
    for name, end in (("from_start", ways[:, :1]), ("from_end", ways[:, -1:])):
        expected = (ways != end).mean(axis=(0, 2, 3))
        np.testing.assert_allclose(getattr(found, name), expected)
        assert expected.max() > 0.2
    assert found.from_start[0] == found.from_end[-1] == 0
    assert found.from_start[-1] == found.from_end[0]
