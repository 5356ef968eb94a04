"""Figures are made, without a display, and show the notes they were given."""

import builtins
import io

import numpy as np
import pytest

from keras_music_vae.music import midi, plotting

pytest.importorskip("matplotlib")


def bars(axes):
    """Drawn notes as (pitch, start, end, colour), in quarters."""
    return sorted(
        (
            round(patch.get_y() + patch.get_height() / 2),
            patch.get_x(),
            patch.get_x() + patch.get_width(),
            tuple(patch.get_facecolor()[:3]),
        )
        for container in axes.containers
        for patch in container
    )


def make_roll():
    roll = np.zeros((20, 88), np.uint8)
    roll[4:8, 60 - 21] = 1
    roll[6, 66 - 21] = 1
    return roll


def test_a_roll_is_drawn_where_it_sounds():
    figure = plotting.piano_roll(make_roll(), steps_per_quarter=2, title="Two notes")
    (axes,) = figure.axes
    assert [bar[:3] for bar in bars(axes)] == [(60, 2.0, 4.0), (66, 3.0, 3.5)]
    assert axes.get_xlim() == (0, 12)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "3"]
    names = [tick.get_text() for tick in axes.child_axes[0].get_yticklabels()]
    assert {"C4", "F4"} <= set(names)
    assert axes.get_title(loc="left") == "Two notes"
    file = io.BytesIO()
    figure.savefig(file, format="png")
    assert file.getvalue().startswith(b"\x89PNG")


def test_notes_outside_the_key_have_another_colour():
    (axes,) = plotting.piano_roll(make_roll(), key="C major").axes
    inside, outside = (bar[3] for bar in bars(axes))
    assert inside != outside
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["in C major", "not in C major"]


def test_tracks_have_colours_and_drums_are_left_out():
    notes = midi.make_notes([60, 67, 36], [0, 0, 0], 2, track=[0, 1, 2], is_drum=[0, 0, 1])
    score = midi.Score(notes, 2, names=("Alto", "Soprano", "Kit"))
    (axes,) = plotting.piano_roll(score).axes
    drawn = bars(axes)
    assert [bar[:3] for bar in drawn] == [(60, 0.0, 1.0), (67, 0.0, 1.0)]
    assert drawn[0][3] != drawn[1][3]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Alto", "Soprano"]


def test_silence_and_given_axes_are_drawn():
    from matplotlib.figure import Figure

    figure = Figure()
    upper, lower = figure.subplots(2)
    assert plotting.piano_roll(np.zeros((8, 88)), axes=upper) is figure
    plotting.piano_roll(make_roll(), axes=lower)
    assert bars(upper) == []
    assert len(bars(lower)) == 2


def test_without_matplotlib_the_command_is_told(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"pip install 'keras-music-vae\[reproduce\]'"):
        plotting.piano_roll(make_roll())
