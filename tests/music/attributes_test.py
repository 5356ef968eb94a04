"""Attributes of measures: by hand, against the authors' code, and against plain loops."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_music_vae.music.attributes import ATTRIBUTES, NO_ONSET, measure_attributes

MEASURES = st.lists(st.sampled_from([NO_ONSET] * 4 + [55, 60, 62, 84]), min_size=24, max_size=24)
WEIGHTS = [
    0.2,
    1,
    2,
    0.5,
    2,
    1,
    0.67,
    1,
    2,
    0.5,
    2,
    1,
    0.25,
    1,
    2,
    0.5,
    2,
    1,
    0.67,
    1,
    2,
    0.5,
    2,
    1,
]


def measure(*notes):
    """Pitches of a measure with notes (tick, pitch)."""
    pitches = np.full(24, NO_ONSET)
    for tick, pitch in notes:
        pitches[tick] = pitch
    return pitches


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([], (0, 0, 0, 0)),
        ([(0, 60)], (0.2 / 27.79, 0, 1 / 24, 0)),
        ([(0, 60), (6, 72), (9, 65)], ((0.2 + 0.67 + 0.5) / 27.79, 12 / 26, 3 / 24, 5 / 26)),
        ([(12, 70), (16, 64), (23, 64)], ((0.25 + 2 + 1) / 27.79, 6 / 26, 3 / 24, -6 / 26)),
        ([(tick, 60) for tick in range(24)], (1, 0, 1, 0)),
    ],
)
def test_attributes_of_small_measures(notes, expected):
    found = measure_attributes(measure(*notes))
    assert tuple(found) == ATTRIBUTES
    assert list(found.values()) == pytest.approx(expected, abs=1e-7)


def test_attributes_are_the_authors(golden):
    arrays = golden("ar_vae/attributes")
    np.testing.assert_allclose(arrays["rhythm_weights"], WEIGHTS, rtol=0, atol=0)
    found = measure_attributes(arrays["vocab_midi"][arrays["tokens"]])
    for index, values in enumerate(found.values()):
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, arrays["values64"][:, index].astype(np.float32))
        if index:
            np.testing.assert_array_equal(values, arrays["values"][:, index])
    # Their sums are in float32.
    complexity = arrays["values"][:, 0]
    np.testing.assert_allclose(found["rhythmic_complexity"], complexity, rtol=0, atol=1.5e-8)


def test_equal_complexities_are_equal():
    """2 = 1 + 1: in float32, sums of the authors' weights may differ in the last bit."""
    same = [[(0, 60), (2, 60)], [(0, 60), (1, 60), (5, 60)], [(0, 60), (7, 60), (3, 60), (9, 60)]]
    found = measure_attributes(np.stack([measure(*notes) for notes in same]))
    assert len(set(found["rhythmic_complexity"].tolist())) == 1


@given(st.lists(MEASURES, min_size=1, max_size=4))
def test_attributes_equal_plain_loops(measures):
    found = measure_attributes(np.array(measures))
    for index, ticks in enumerate(measures):
        notes = [pitch for pitch in ticks if pitch != NO_ONSET]
        weight = sum(w for w, pitch in zip(WEIGHTS, ticks, strict=True) if pitch != NO_ONSET)
        moves = [after - before for before, after in itertools.pairwise(notes)]
        expected = {
            "rhythmic_complexity": weight / sum(WEIGHTS),
            "pitch_range": (max(notes) - min(notes)) / 26 if moves else 0,
            "note_density": len(notes) / 24,
            "contour": sum(moves) / 26,
        }
        assert {name: values[index] for name, values in found.items()} == pytest.approx(
            expected, abs=1e-7
        )


@pytest.mark.parametrize("axes", [(), (2,), (2, 3), (0,)])
def test_leading_axes_are_kept(axes):
    found = measure_attributes(np.full((*axes, 24), 60))
    assert {values.shape for values in found.values()} == {axes}


def test_other_measures_are_refused():
    with pytest.raises(ValueError, match=r"\(\.\.\., 24\), received shape \(2, 16\)"):
        measure_attributes(np.zeros((2, 16), int))
