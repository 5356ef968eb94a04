"""Every window is where it is to be read, on the same rows as all others."""

import numpy as np
import pytest

from keras_music_vae.music import midi, plotting
from keras_music_vae.music.plotting.style import INK
from keras_music_vae.music.representations import Drums, Melody, Trio

colors = pytest.importorskip("matplotlib.colors")


def boxes(axes):
    """Drawn boxes as (row, start), and their colours."""
    (collection,) = (c for c in axes.collections if type(c).__name__ == "PolyCollection")
    places = [path.get_extents() for path in collection.get_paths()]
    places = [(round((box.y0 + box.y1) / 2, 2), box.x0) for box in places]
    return places, {colors.to_hex(colour) for colour in collection.get_facecolors()}


def melody(pitch):
    return midi.Score(midi.make_notes(pitch, 8, 16), 4)


def test_windows_are_read_like_text_on_one_keyboard():
    pitches = [60, 72, 62, 84]
    figure = plotting.grid(
        dict(zip("abcd", map(melody, pitches), strict=True)), 2, dark=("a", "d"), title="Four"
    )
    figure.draw_without_rendering()
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in shown] == list("abcd")
    for axes, pitch, dark in zip(shown, pitches, (True, False, False, True), strict=True):
        places, colour = boxes(axes)
        assert places == [(pitch, 2)]
        assert (colour == {INK}) == dark
        assert axes.get_ylim() == shown[0].get_ylim()
        assert axes.get_xlim() == (0, 8)
    left = [round(axes.get_position().x0, 3) for axes in shown]
    top = [round(axes.get_position().y1, 3) for axes in shown]
    assert left[0] == left[3] < left[1] < left[2]
    assert top[0] == top[1] == top[2] > top[3]
    # Names of keys to the left of each line and nowhere else, bars below what nothing follows.
    assert [bool(axes.child_axes) for axes in shown] == [True, False, False, True]
    named = [label for axes in shown for label in axes.get_yticklabels() if label.get_visible()]
    assert not [label.get_text() for label in named if label.get_text()]
    below = [axes.xaxis.get_tick_params()["labelbottom"] for axes in shown]
    assert below == [False, True, True, True]
    assert figure.get_suptitle() == "Four"


def test_drums_alone_have_a_lane_each():
    codes = np.zeros((2, 32), int)
    codes[1, 4] = 0b10
    figure = plotting.grid(dict(zip("ab", map(Drums().decode, codes), strict=True)), 2)
    silence, snare = figure.axes
    assert boxes(silence)[0] == []
    assert boxes(snare)[0] == [(1, 1)]


def test_long_windows_of_several_parts_lie_below_each_other():
    tokens = np.zeros((3, 256, 3), int)
    tokens[:, 0] = 40, 20, 1
    tokens[1, :, 1] = 0  # without a bass: the others' colours stay
    figure = plotting.grid(dict(zip("abc", map(Trio().decode, tokens), strict=True)), 16)
    figure.draw_without_rendering()
    rolls, lanes = figure.axes[::2], figure.axes[1::2]
    assert len({round(axes.get_position().x0, 3) for axes in figure.axes}) == 1
    assert [len(boxes(axes)[0]) for axes in rolls] == [2, 1, 2]
    assert boxes(rolls[1])[1] < boxes(rolls[0])[1]
    assert all(boxes(lane) == boxes(lanes[0]) for lane in lanes)
    assert not boxes(lanes[0])[1] & boxes(rolls[0])[1]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["Melody", "Bass"]


def test_silence_is_an_empty_roll():
    figure = plotting.grid(dict.fromkeys("ab", Melody().decode(np.zeros(32, int))), 2)
    assert [boxes(axes)[0] for axes in figure.axes] == [[], []]
