"""Key consistency against the authors' arrays, a plain loop and the paper's "Data" cells."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_music_vae.evaluation.key_consistency import key_consistency
from keras_music_vae.music import theory, windows


def test_shares_equal_the_authors(golden):
    arrays = golden("classifying_vae/key_consistency")
    rolls = arrays["rolls"]
    for column, key in enumerate(arrays["keys"]):
        expected = arrays["consistency"][:, column]
        for roll, share in zip(rolls, expected, strict=True):
            single = key_consistency(roll[None], [key])
            assert single.arithmetic_mean == pytest.approx(share, rel=1e-14)
        whole = key_consistency(rolls, [key] * len(rolls))
        hits = expected[expected > 0]
        assert whole.geometric_mean == pytest.approx(math.prod(hits) ** (1 / len(hits)), rel=1e-13)
        assert whole.standard_error == pytest.approx(hits.std() / len(hits) ** 0.5, rel=1e-13)


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_every_figure_equals_a_loop(seed, samples):
    rng = np.random.default_rng(seed)
    rolls = (rng.random((samples, 4, 88)) < rng.choice([0.0, 0.003, 0.1])).astype(np.uint8)
    keys = rng.choice(theory.KEY_CLASSES, samples)
    shares, spans, off_key, silent = [], [], 0, 0
    for roll, key in zip(rolls, keys, strict=True):
        pitches = [column + 21 for step in roll for column in np.flatnonzero(step)]
        tonic = theory.PITCH_CLASSES.index(key)
        scale = {(tonic + interval) % 12 for interval in (0, 2, 4, 5, 7, 9, 11)}
        hits = sum(pitch % 12 in scale for pitch in pitches)
        silent += not pitches
        off_key += bool(pitches) and not hits
        if pitches:
            shares.append(hits / len(pitches))
            spans.append(max(pitches) - min(pitches))
    result = key_consistency(rolls, keys)
    positive = [share for share in shares if share]
    nan = float("nan")
    geometric = math.exp(sum(map(math.log, positive)) / len(positive)) if positive else nan
    error = float(np.std(positive)) / len(positive) ** 0.5 if positive else nan
    assert result.geometric_mean == pytest.approx(geometric, nan_ok=True)
    assert result.standard_error == pytest.approx(error, nan_ok=True)
    assert result.arithmetic_mean == pytest.approx(np.mean(shares or [nan]), nan_ok=True)
    assert result.tone_span == pytest.approx(np.mean(spans or [nan]), nan_ok=True)
    assert result.notes_per_step == pytest.approx(rolls.sum() / rolls.shape[0] / rolls.shape[1])
    assert (result.off_key_samples, result.silent_samples) == (off_key, silent)
    assert result.samples == samples


def test_random_players_score_seven_twelfths():
    rolls = np.random.default_rng(0).integers(0, 2, (50, 16, 88))
    rolls[:, :, 84:] = 0  # seven whole octaves
    result = key_consistency(rolls, ["G"] * 50)
    assert result.arithmetic_mean == pytest.approx(7 / 12, abs=0.005)


@pytest.mark.parametrize(
    ("name", "samples", "off_key", "geometric_mean", "standard_error", "notes", "span", "printed"),
    [
        ("JSB_Chorales", 3416, 0, 0.94245, 0.00078, 3.881, 30.917, 94.2),
        ("Piano_midi", 18611, 40, 0.82595, 0.00118, 2.949, 36.654, 82.6),
    ],
)
def test_data_cells_of_the_paper(
    shared, name, samples, off_key, geometric_mean, standard_error, notes, span, printed
):
    """Table 2, row Data: 94.2 and 82.6 %; text: 3.9 notes, span 30.9. Windows as released."""
    scipy_io = pytest.importorskip("scipy.io")
    path = shared / "data" / "classifying_vae" / f"{name}.mat"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    rolls, classes = [], []
    for roll in scipy_io.loadmat(path)["testdata"][0]:
        key, _ = theory.find_key(roll)
        rolls.append(theory.transpose_roll(roll, theory.semitones_to_C(key)))
        classes.append(theory.key_class(f"C {key.split()[1]}"))
    assert set(classes) == {"C", "Eb"}
    cut = windows.compat_windows(rolls, 16)
    result = key_consistency(cut.x_prev, np.array(classes)[cut.song])
    assert (result.samples, result.off_key_samples) == (samples, off_key)
    assert result.geometric_mean == pytest.approx(geometric_mean, abs=5e-6)
    assert result.standard_error == pytest.approx(standard_error, abs=5e-6)
    assert result.notes_per_step == pytest.approx(notes, abs=5e-4)
    assert result.tone_span == pytest.approx(span, abs=5e-4)
    # The last window of each song, which the released code loses, changes no printed digit.
    x, song = windows.seed_windows(rolls, 16)
    whole = key_consistency(x, np.array(classes)[song])
    assert round(100 * whole.geometric_mean, 1) == printed


def test_bad_input_is_refused():
    rolls = np.zeros((2, 16, 88), np.uint8)
    with pytest.raises(ValueError, match="one key class for each sample"):
        key_consistency(rolls, ["C"])
    with pytest.raises(ValueError, match="Sample from probabilities"):
        key_consistency(rolls + 0.5, ["C", "G"])
    with pytest.raises(ValueError, match="Expected a key"):
        key_consistency(rolls, ["C", "H"])


def test_silence_has_no_mean():
    result = key_consistency(np.zeros((2, 16, 88), np.uint8), ["C", "G"])
    assert (result.silent_samples, result.notes_per_step) == (2, 0.0)
    assert math.isnan(result.geometric_mean)
    assert math.isnan(result.tone_span)
