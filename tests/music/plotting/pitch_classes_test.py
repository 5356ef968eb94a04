"""Figure 1: the shares are those of the songs, and what is written does not overlap."""

import numpy as np
import pytest

from keras_music_vae.music import plotting

pytest.importorskip("matplotlib")

C4 = 60 - 21


def song(*steps):
    """A roll of one step per argument, which names the semitones over C4 that sound."""
    roll = np.zeros((len(steps), 88), np.uint8)
    for step, notes in enumerate(steps):
        roll[step, [C4 + note for note in notes]] = 1
    return roll


@pytest.fixture
def figure():
    major = song([0, 4, 7], [0, 5, 12], [7, 11, 14], [6])
    minor = song([0, 3, 7], [8], [8])
    return plotting.pitch_class_distribution([major, minor, major], ["C", "C minor", "C major"])


def heights(axes):
    """Drawn shares by pitch class."""
    bars = [bar for container in axes.containers for bar in container]
    return {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in bars}


def test_bars_are_shares_of_notes(figure):
    left, right = figure.axes
    major = np.array([3, 0, 1, 0, 1, 1, 1, 2, 0, 0, 0, 1])
    minor = np.array([1, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0])
    for axes, counts in ((left, 2 * major + minor), (right, major)):
        drawn = heights(axes)
        assert sorted(drawn) == list(range(12))
        np.testing.assert_allclose([drawn[i] for i in range(12)], counts / counts.sum())


def test_songs_and_keys_are_named(figure):
    left, right = figure.axes
    assert left.get_title(loc="left") == "All songs (3, in 2 keys)"
    assert right.get_title(loc="left") == "Songs in C major (2)"
    assert [label.get_text() for label in right.get_xticklabels()][:4] == ["C", "Db", "D", "Eb"]
    assert left.get_ylabel() == "share of notes"
    legend = [text.get_text() for text in right.get_legend().get_texts()]
    assert legend == ["in C major: 90.0%", "not in C major: 10.0%"]


def test_the_legend_is_clear_of_the_bars():
    # All bars are as high as the highest, so the legend is over some, wherever it is.
    figure = plotting.pitch_class_distribution([song(range(12))], ["C major"])
    figure.draw_without_rendering()
    right = figure.axes[1]
    legend = right.get_legend().get_window_extent()
    drawn = [bar for container in right.containers for bar in container] + list(right.texts)
    assert len(drawn) == 24
    assert not any(legend.overlaps(artist.get_window_extent()) for artist in drawn)


def test_other_keys_can_be_shown():
    figure = plotting.pitch_class_distribution([song([0], [3])], ["c"], key="C minor")
    assert figure.axes[1].get_title(loc="left") == "Songs in C minor (1)"
    assert figure.axes[1].get_legend().get_texts()[0].get_text() == "in C minor: 100.0%"


def test_a_key_that_no_song_has_is_refused():
    with pytest.raises(ValueError, match="in the key of G major, received songs in C minor"):
        plotting.pitch_class_distribution([song([0])], ["C minor"], key="G")
