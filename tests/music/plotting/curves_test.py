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
