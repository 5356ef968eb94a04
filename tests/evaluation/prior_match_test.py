"""The energy test: its distance against SciPy's, its p-values against what they promise."""

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("scipy")

from keras_music_vae.evaluation import prior_match


def normal(count, latent=3, seed=0):
    return np.random.default_rng(seed).standard_normal((count, latent))


def test_the_distance_is_that_of_scipy():
    from scipy import stats

    first, second = normal(40, 1, seed=1), 1 + 2 * normal(60, 1, seed=2)
    found = prior_match.compare(first, second, permutations=9)
    # SciPy's is the root of the integral of (F - G)^2, twice which is the energy distance.
    expected = stats.energy_distance(first[:, 0], second[:, 0]) ** 2
    between = np.abs(first - second.T).mean()
    assert found.distance == pytest.approx(expected / (2 * between))


def test_p_values_of_equal_distributions_are_uniform():
    found = []
    for i in range(400):
        samples = normal(12, seed=2 * i), normal(15, seed=2 * i + 1)
        found.append(prior_match.compare(*samples, permutations=19, seed=i).p_value)
    # Multiples of 1 / 20, each as likely.
    for level in (0.05, 0.25, 0.5):
        spread = np.sqrt(level * (1 - level) / 400)
        assert np.mean(np.array(found) <= level + 1e-9) == pytest.approx(level, abs=3 * spread)
    assert min(found) == 0.05


@pytest.mark.parametrize("other", ["moved", "wider", "another shape"])
def test_other_distributions_are_told(other):
    """The third has the same mean and covariance: two points in each dimension."""
    codes = normal(200)
    codes = {"moved": codes + 0.6, "wider": 2 * codes, "another shape": np.sign(codes)}[other]
    prior = normal(200, seed=1)
    found = prior_match.compare(codes, prior)
    assert found.p_value == 0.001
    assert 0 < found.distance < 1
    spread = {"moved": 1, "wider": 2, "another shape": 1}[other]
    assert found.spread == pytest.approx(spread, rel=0.1)
    same = prior_match.compare(normal(200, seed=2), prior)
    assert same.p_value > 0.05
    assert same.distance < found.distance


def test_p_values_within_strata_are_uniform_where_strata_are_far_apart():
    """Exchanged across strata, as it must not be, nearly all would be large."""
    found = []
    for i in range(400):
        strata = np.repeat([0, 1, 2], [8, 2, 2])
        codes, draws = (50 * strata[:, None] + normal(12, seed=2 * i + j) for j in (0, 1))
        found.append(prior_match.compare(codes, draws, (strata, strata), None, 19, i).p_value)
    for level in (0.05, 0.25, 0.5):
        spread = np.sqrt(level * (1 - level) / 400)
        assert np.mean(np.array(found) <= level + 1e-9) == pytest.approx(level, abs=3 * spread)


def test_codes_near_their_own_stratum_but_not_of_it_are_told():
    strata = np.repeat(np.arange(10), 20)
    draws = 50 * strata[:, None] + normal(200)
    codes = 50 * strata[:, None] + normal(200, seed=1) + 0.6
    assert prior_match.compare(codes, draws, (strata, strata)).p_value == 0.001
    assert prior_match.compare(codes, draws).p_value > 0.9


def test_the_means_are_compared_in_widths_of_the_prior():
    prior = np.array([[1.0, 0], [-1, 0], [0, 2], [0, -2]])
    codes = 2 * prior + np.array([3.0, 4.0])
    found = prior_match.compare(codes, prior, permutations=1)
    assert found.codes == 4
    assert found.mean_distance == pytest.approx(5 / np.sqrt(10 / 3))
    assert found.spread == pytest.approx(2)
    found = prior_match.compare(codes, prior, reference=np.tile(3 * prior, (100, 1)))
    assert found.mean_distance == pytest.approx(5 / np.sqrt(22.5), rel=0.01)
    assert found.spread == pytest.approx(2 / 3, rel=0.2)


def test_far_apart_is_near_one_and_equal_samples_are_zero():
    sample = normal(30)
    equal = prior_match.compare(sample, sample)
    assert equal.distance == pytest.approx(0, abs=1e-12)
    assert equal.p_value == 1
    assert prior_match.compare(sample, sample + 1000).distance == pytest.approx(1, abs=0.01)
    with pytest.raises(ValueError, match="received 1 and 30"):
        prior_match.compare(sample[:1], sample)


def test_one_window_of_each_song():
    song = np.repeat([b"c", b"a", b"b"], [50, 1, 20])
    found = prior_match.one_of_each(song)
    assert song[found].tolist() == [b"a", b"b", b"c"]
    draws = {tuple(prior_match.one_of_each(song, seed)) for seed in range(30)}
    assert len(draws) > 20
