"""The metrics of AR-VAE against its authors' own numbers, and on codes whose numbers are known."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from keras_music_vae.evaluation import latent_space

# Two sets of codes and attributes in float32, as the authors pass them, the same values in float64,
# and one with a dimension that does not vary.
VARIANTS = ("a32", "a64", "b32", "b64", "const32")
SPREAD = {"spread20_interp_mean": "interpretability", "spread20_mig": "mig"}
SPREAD |= {"spread20_modularity": "modularity"}


@pytest.fixture(scope="module")
def metrics(golden):
    return golden("ar_vae/metrics")


@pytest.fixture(params=VARIANTS)
def expected(metrics, request):
    """The arrays of one variant."""
    start = f"{request.param}/"
    return {key.removeprefix(start): metrics[key] for key in metrics if key.startswith(start)}


def test_all_is_as_the_authors_compute_it(expected):
    codes, attributes = expected["latent"], expected["attributes"]
    random = np.random.RandomState(0)
    information = latent_space.mutual_information(codes, attributes, random)
    entropy = latent_space.entropies(attributes, random)
    lines = latent_space.interpretability(codes, attributes, information)
    found = latent_space.measure(codes, attributes, seed=0)
    of_arrays = {
        "mi": information,
        "entropy": entropy,
        "interp_r2": lines.scores,
        "scc_matrix": latent_space.rank_correlations(codes, attributes),
        "sap_matrix": latent_space.squared_correlations(codes, attributes),
        "interp_mean": found.pop("interpretability"),
        **found,
    }
    np.testing.assert_array_equal(lines.dimensions, expected["interp_dim"])
    for name, values in of_arrays.items():
        np.testing.assert_allclose(values, expected[name], rtol=0, atol=1e-6, err_msg=name)
    covered = {"latent", "attributes", "interp_dim", *of_arrays, *SPREAD}
    assert covered == expected.keys()


def test_seeds_spread_the_metrics_as_they_spread_the_authors(expected):
    codes, attributes = expected["latent"], expected["attributes"]
    runs = []
    for seed in range(20):
        random = np.random.RandomState(seed)
        information = latent_space.mutual_information(codes, attributes, random)
        lines = latent_space.interpretability(codes, attributes, information)
        entropy = latent_space.entropies(attributes, random)
        mig = latent_space.information_gap(information, entropy)
        runs.append((lines.scores.mean(), mig, latent_space.modularity(information)))
    runs = np.array(runs)
    spread = np.stack([runs.min(axis=0), runs.mean(axis=0), runs.max(axis=0)], axis=1)
    for name, values in zip(SPREAD, spread, strict=True):
        np.testing.assert_allclose(values, expected[name], rtol=0, atol=1e-6, err_msg=name)


def test_float32_keeps_attributes_tied():
    """The trap: with float64 the noise of the estimate tells equal attributes apart."""
    random = np.random.default_rng(0)
    attributes = random.integers(0, 4, (300, 2)).astype("float32") / 3
    codes = random.standard_normal((300, 3)).astype("float32")
    codes[:, :2] += attributes
    tied, broken = (
        latent_space.measure(codes, attributes.astype(dtype)) for dtype in ("float32", "float64")
    )
    assert abs(tied["modularity"] - broken["modularity"]) > 1e-3
    assert tied["sap"] == pytest.approx(broken["sap"])


@pytest.fixture
def ordered():
    """Codes (window, 3) of which the first two are monotone in an attribute, and those."""
    random = np.random.default_rng(1)
    attributes = random.random((400, 2)).astype("float32")
    noise = random.standard_normal(400)
    codes = np.stack([2 * attributes[:, 0] - 1, -(attributes[:, 1] ** 3), noise], axis=1)
    return codes.astype("float32"), attributes


def test_codes_that_are_the_attributes_score_high(ordered):
    codes, attributes = ordered
    names = "density", "range"
    found = latent_space.measure(codes, dict(zip(names, attributes.T, strict=True)))
    assert found["interpretability_density"] == pytest.approx(1)
    # A straight line through a cube: monotone is enough for ranks alone.
    line = np.corrcoef(attributes[:, 1], attributes[:, 1] ** 3)[0, 1] ** 2
    assert found["interpretability_range"] == pytest.approx(line, abs=1e-5)
    assert found["interpretability"] == pytest.approx((1 + line) / 2, abs=1e-5)
    assert (found["dimension_density"], found["dimension_range"]) == (0, 1)
    assert found["scc"] == pytest.approx(1)
    assert found["mig"] > 0.8
    assert found["sap"] == pytest.approx((1 + line) / 2, abs=0.05)


def test_codes_of_noise_score_low():
    random = np.random.default_rng(2)
    codes = random.standard_normal((400, 4)).astype("float32")
    found = latent_space.measure(codes, random.random((400, 3)).astype("float32"))
    assert found["interpretability"] < 0.05
    assert found["scc"] < 0.2
    assert found["mig"] < 0.1


def test_modularity_and_gap_of_known_information():
    information = np.array([[2.0, 0, 0], [1, 1, 1], [2, 1, 0], [0, 0, 0]])
    # One attribute alone; all alike; squares 4 and 1 of two others; nothing.
    assert latent_space.modularity(information) == pytest.approx((1 + 0 + 1 - 1 / 8 + 0) / 4)
    np.testing.assert_array_equal(latent_space.gap(information), [0, 0, 1])
    assert latent_space.information_gap(information, np.array([2, 2, 4])) == pytest.approx(1 / 12)


def test_what_does_not_vary_has_no_correlations():
    codes = np.stack([np.full(50, 3.0), np.arange(50)], axis=1)
    attributes = np.stack([np.arange(50), np.full(50, 0.5)], axis=1)
    expected = [[0, 0], [1, 0]]
    np.testing.assert_allclose(latent_space.rank_correlations(codes, attributes), expected)
    np.testing.assert_allclose(latent_space.squared_correlations(codes, attributes), expected)
    codes = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    attributes = np.stack([codes[:, 0], np.full(50, 0.5)], axis=1).astype("float32")
    metrics = latent_space.measure(codes, attributes)
    assert np.isfinite(list(metrics.values())).all()
    one = latent_space.measure(codes, np.stack([codes[:, 0], codes[:, 0]], axis=1))
    for name in ("mig", "sap", "scc"):
        assert metrics[name] == pytest.approx(one[name] / 2, rel=0.05)


@pytest.mark.parametrize(
    ("codes", "attributes", "message"),
    [
        ((5, 3), (6, 2), "of as many windows"),
        ((5,), (5, 2), "of as many windows"),
        ((5, 1), (5, 2), "two dimensions and two attributes"),
        ((3, 3), (3, 2), "four windows"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(codes, attributes, message):
    with pytest.raises(ValueError, match=message):
        latent_space.measure(np.zeros(codes), np.zeros(attributes))
