"""Low-level metrics of bands, counted by hand and from the notes that bands decode to."""

import numpy as np
import pytest

pytest.importorskip("keras")

from keras_music_vae.evaluation import low_level
from keras_music_vae.music.representations import Band
from keras_music_vae.music.representations.band import HOLD, SILENCE

H, S = HOLD, SILENCE


def metrics_of(*lines):
    """One dict for each line of tokens, of a window with four times that part."""
    tokens = np.repeat(np.array(lines)[:, :, None], 4, axis=-1)
    values = low_level.low_level_metrics(tokens)
    np.testing.assert_array_equal(values[:, 0], values[:, 3])
    return [dict(zip(low_level.METRICS, row, strict=True)) for row in values[:, 0]]


def test_a_line_of_notes_by_hand():
    """C5 for two steps, silence for three, A4 for one, then C4 for two."""
    (found,) = metrics_of([72, H, S, H, S, 69, 60, H])
    assert found == {
        "notes": 3,
        "held steps": 2,
        "silent steps": 3,
        "note length": 5 / 3,
        "lowest pitch": 60,
        "mean pitch": 67,
        "highest pitch": 72,
        "pitch step": 6,
        **dict.fromkeys(("Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "Bb", "B"), 0),
        "C": 2,
        "A": 1,
    }


def test_what_is_not_there_is_no_number():
    silence, one = metrics_of([H, H, S, H], [0, H, H, H])
    assert silence["silent steps"] == 4
    assert silence["notes"] == silence["held steps"] == silence["C"] == 0
    for name in ("note length", "lowest pitch", "mean pitch", "highest pitch", "pitch step"):
        assert np.isnan(silence[name])
    assert (one["note length"], one["lowest pitch"], one["highest pitch"]) == (4, 0, 0)
    assert np.isnan(one["pitch step"])


def test_metrics_are_those_of_the_notes():
    random = np.random.default_rng(0)
    tokens = random.choice([H, H, H, S, 40, 47, 62], (5, 32, 4))
    found = low_level.low_level_metrics(tokens)
    for window, values in zip(tokens, found, strict=True):
        notes = Band().decode(window).notes
        for part, program in enumerate((0, 33, 25, 48)):
            own = np.sort(notes[notes["program"] == program], order="start")
            pitch, length = own["pitch"].astype(int), own["end"] - own["start"]
            expected = [
                len(own), (length - 1).sum(), 32 - length.sum(), length.mean(), pitch.min(),
                pitch.mean(), pitch.max(), np.abs(np.diff(pitch)).mean(),
                *np.bincount(pitch % 12, minlength=12),
            ]  # fmt: skip
            np.testing.assert_allclose(values[part], expected)


def test_changes_are_relative_to_the_mean_of_all():
    values = np.array([1.0, 3.0, 2.0, 6.0, np.nan, np.nan])[:, None, None]
    values = np.concatenate([values, 0 * values], axis=-1)
    found = low_level.relative_changes(values, [0, 0, 1, 1, 1, 2], 3)
    np.testing.assert_allclose(found[:2, 0], [[-1 / 3, 0], [1 / 3, 0]])
    assert np.isnan(found[2]).all()


class Player:
    """Decodes a code to as many notes of every part as its only number says."""

    def decode(self, z, length, temperature):
        notes = np.arange(length) < np.asarray(z)
        return np.repeat(np.where(notes, 60, S)[..., None], 4, axis=-1)


@pytest.mark.parametrize("batch_size", [3, 200])
def test_components_of_a_prior_are_compared(batch_size):
    codes = np.array([[1, 3], [4, 4], [6, 6]])[..., None]
    found = low_level.measure(Player(), codes, 8, batch_size)
    assert found.shape == (3, 4, len(low_level.METRICS))
    for name, changes in (("notes", [-0.5, 0, 0.5]), ("silent steps", [0.5, 0, -0.5])):
        column = found[:, :, low_level.METRICS.index(name)]
        np.testing.assert_allclose(column, np.repeat(np.array(changes)[:, None], 4, axis=1))
    assert (found[:, :, low_level.METRICS.index("mean pitch")] == 0).all()


def test_roughness_tells_a_gradual_order_from_a_random_one():
    angle = 2 * np.pi * np.arange(32) / 32
    wave = np.stack([np.cos(angle), np.sin(angle)], axis=-1)[:, None]
    assert low_level.roughness(wave) == pytest.approx(
        2 * (1 - np.cos(2 * np.pi / 32)) / (2 * 32 / 31)
    )
    random = np.random.default_rng(0)
    shuffled = [low_level.roughness(random.permutation(wave)) for _ in range(200)]
    assert np.mean(shuffled) == pytest.approx(1, abs=0.03)
    assert np.isnan(low_level.roughness(np.ones((4, 1, 1))))
