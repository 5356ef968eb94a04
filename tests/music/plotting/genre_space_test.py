"""Genres and metrics are where the numbers put them, in the colours that the legends name."""

import numpy as np
import pytest

from keras_music_vae.music import plotting
from keras_music_vae.music.plotting.style import IN_KEY, OFF_KEY

colors = pytest.importorskip("matplotlib.colors")


def points(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, 2))


def test_each_genre_has_its_points_and_the_second_of_two_is_crosses():
    panels = {
        "rock and punk": {"rock": points(5), "punk": points(3, 1)},
        "three": {"a": points(4), "b": points(2), "c": points(6)},
        "third": {"x": points(2)},
        "fourth": {"y": points(2)},
    }
    figure = plotting.genre_scatter(panels)
    figure.draw_without_rendering()
    shown = [axes for axes in figure.axes if axes.axison]
    for axes, (title, groups) in zip(shown, panels.items(), strict=True):
        assert axes.get_title(loc="left") == title
        legend = [text.get_text() for text in axes.get_legend().get_texts()]
        assert legend == list(groups)
        for drawn, own in zip(axes.collections, groups.values(), strict=True):
            np.testing.assert_array_equal(drawn.get_offsets(), own)
    first = shown[0].collections
    assert [colors.to_hex(each.get_edgecolor()[0]) for each in first] == [IN_KEY, OFF_KEY]
    corners = [len(each.get_paths()[0].vertices) for each in (*first, *shown[1].collections)]
    assert corners[1] == 4
    assert set(corners[:1] + corners[2:]) == {corners[0]} != {4}
    edges = {tuple(round(edge, 2) for edge in axes.get_position().extents) for axes in shown}
    assert len(edges) == 4


def test_more_genres_than_colours_are_refused():
    with pytest.raises(ValueError, match=r"at most 16 genres in a panel.* received 17"):
        plotting.genre_scatter({"all": {str(number): points(2) for number in range(17)}})


def test_metrics_are_rows_and_genres_columns_on_one_scale():
    drums = np.array([[0.1, -0.2], [0.3, np.nan], [-0.1, 0.2]])
    figure = plotting.metric_changes(
        {"drums": drums, "bass": 0 * drums}, ["pop", "rock", "jazz"], ["notes", "note length"]
    )
    figure.draw_without_rendering()
    left, right, bar = figure.axes
    tiles = left.collections[0]
    np.testing.assert_array_equal(np.ma.filled(tiles.get_array(), np.nan), drums.T)
    assert [label.get_text() for label in left.get_xticklabels()] == ["pop", "rock", "jazz"]
    assert [label.get_text() for label in left.get_yticklabels()] == ["notes", "note length"]
    assert left.get_ylim() == (2, 0)
    assert tiles.get_clim() == right.collections[0].get_clim()
    low, high = tiles.get_clim()
    assert 0 < high == -low < 0.3
    assert bar.get_ylabel() == "from the mean of all genres"
    red, _, _, _ = tiles.to_rgba(high)
    assert red > tiles.to_rgba(low)[0]


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"of shape \(2, 1\), received \(1, 2\) for 'drums'"):
        plotting.metric_changes({"drums": np.zeros((1, 2))}, ["pop", "rock"], ["notes"])
