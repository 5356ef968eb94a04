"""The curves are those given, on equal axes."""

import numpy as np
import pytest

from keras_music_vae.music import plotting

pytest.importorskip("matplotlib")


def test_each_panel_has_its_curves_and_the_dashed_ones_of_the_mix():
    shares = np.linspace(0, 1, 3)
    curves = np.array([[0, 0.4, 0.5], [0.5, 0.3, 0], [0, 0.25, 0.5], [0.5, 0.25, 0]])
    figure = plotting.interpolation_curves({"A": (shares, *curves), "B": (shares, *curves / 2)})
    figure.draw_without_rendering()
    for axes, title, scale in zip(figure.axes, "AB", (1, 0.5), strict=True):
        assert axes.get_title(loc="left") == title
        lines = axes.lines[:4]
        np.testing.assert_allclose([line.get_ydata() for line in lines], curves * scale)
        assert [line.get_linestyle() for line in lines] == ["-", "-", "--", "--"]
        assert lines[0].get_color() == lines[2].get_color() != lines[1].get_color()
        assert axes.get_ylim() == figure.axes[0].get_ylim()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["from the start", "from the end", "tokens of both, mixed at random"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_the_curves_are_is_told_within_the_figure(count):
    curves = np.zeros((5, 3))
    figure = plotting.interpolation_curves({str(i): curves for i in range(count)})
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert 0 <= legend.x0 < legend.x1 <= figure.bbox.x1
    assert 0 <= legend.y0 < legend.y1 <= figure.axes[0].bbox.y0


def test_a_training_has_a_panel_for_each_metric_and_a_colour_for_each_model():
    histories = {
        "A": {"loss": [3.0, 2.0], "val_loss": [4.0, 3.0], "order": [0.5, 0.4]},
        "B": {"loss": [5.0, 4.0, 3.0]},
    }
    metrics = {"loss": "Loss", "missing": "Not there", "order": "Order"}
    figure = plotting.training_curves(histories, metrics)
    figure.draw_without_rendering()
    loss, order = figure.axes
    assert [axes.get_title(loc="left") for axes in (loss, order)] == ["Loss", "Order"]
    drawn = [line.get_ydata().tolist() for line in loss.lines[:4]]
    assert drawn == [[3.0, 2.0], [4.0, 3.0], [5.0, 4.0, 3.0], []]
    assert [line.get_linestyle() for line in loss.lines[:2]] == ["-", "--"]
    assert loss.lines[0].get_color() == loss.lines[1].get_color() != loss.lines[2].get_color()
    assert loss.lines[2].get_xdata().tolist() == [1, 2, 3]
    assert order.lines[0].get_ydata().tolist() == [0.5, 0.4]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["A", "B", "validation"]
