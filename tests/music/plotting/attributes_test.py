"""Points, lines and bars are those given."""

import numpy as np
import pytest

from keras_music_vae.music import midi, plotting

pytest.importorskip("matplotlib")


def test_each_panel_has_its_points_and_their_least_squares_line():
    random = np.random.default_rng(0)
    z = random.standard_normal(50)
    attribute = 0.3 * z + 0.5 + 0.01 * random.standard_normal(50)
    figure = plotting.attribute_scatter({"A": (z, attribute), "flat": (np.ones(3), np.arange(3))})
    figure.draw_without_rendering()
    first, second = figure.axes
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("A", "flat")
    points = first.collections[0].get_offsets()
    np.testing.assert_allclose(points, np.stack([z, attribute], axis=1))
    line = first.lines[0]
    expected = np.polyval(np.polyfit(z, attribute, 1), line.get_xdata())
    np.testing.assert_allclose(line.get_ydata(), expected)
    assert not second.lines


def test_a_sweep_has_a_bar_for_each_value_and_the_curve_of_its_attribute():
    notes = midi.make_notes([60, 72, 67], [0, 12, 96], [12, 24, 144])
    score = midi.Score(notes, 12)
    values, found = (-4.0, 0.0, 4.0), [0.1, 0.2, 0.4]
    panels = {"density": (score, found), "range": (midi.Score(notes[:0], 12), found[::-1])}
    figure = plotting.sweeps(panels, values, title="all")
    figure.draw_without_rendering()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title for title in titles if title] == list(panels)
    roll = figure.axes[0]
    assert roll.get_xlim() == (0, 12)
    below = figure.axes[2].get_xticklabels()
    assert [text.get_text() for text in below] == ["-4", "0", "4"]
    curve = figure.axes[1]
    np.testing.assert_array_equal(curve.lines[0].get_xydata().T, [values, found])


def test_a_sweep_of_longer_windows_whose_attribute_is_not_known():
    score = midi.Score(midi.make_notes([60], [0], [24]), 12)
    figure = plotting.sweeps({"mood": (score, None)}, (0.0, 1.0), bars=2)
    figure.draw_without_rendering()
    roll, curve = figure.axes
    assert roll.get_xlim() == (0, 16)
    assert not curve.axison
