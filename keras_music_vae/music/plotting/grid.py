"""Short pieces of music in a grid, to be seen at a glance: interpolations and samples."""

import numpy as np

from keras_music_vae.music.plotting.keyboard import (
    draw_bars,
    draw_keyboard,
    draw_rows,
    pitch_range,
)
from keras_music_vae.music.plotting.lanes import (
    draw_drums,
    draw_legend,
    draw_notes,
    drum_rows,
    parts,
)
from keras_music_vae.music.plotting.style import INK, TRACKS, new_figure, set_title

_LANES = (0.052, 0.11)  # inches a pitch and a row of drums
_QUARTERS = 4


def grid(panels, bars, *, dark=(), title=None):
    """Draws windows of music, to be read like text: three in a line, long ones alone.

    Each is drawn as `multitrack` draws a score: notes over a keyboard, hits of drums in a lane.
    All have the same rows, so that what two of them share is at the same place.

    Args:
        panels: dict, title -> `midi.Score` in 4/4. All with the same ticks and tracks.
        bars: int, the bars that each lasts.
        dark: collection of str, titles of those in the colour of ink, such as the music between
            which others were made.
        title: str or None, of the whole.

    Returns:
        matplotlib Figure; `figure.savefig("grid.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.

    Reference: Roberts, Engel and Eck 2017, figures 2 to 5.
    """
    scores = list(panels.values())
    every = np.concatenate([score.notes for score in scores])
    drums, notes = every[every["is_drum"]], every[~every["is_drum"]]
    low, high = pitch_range(notes["pitch"])
    # Of silence, an empty roll.
    drawn = np.array([notes.size or not drums.size, drums.size], bool)
    heights = (np.array([np.clip(high - low, 20, 48), drum_rows(drums)]) * _LANES)[drawn]
    columns = min(len(scores), 3 if bars <= 4 else 1)
    rows = -(-len(scores) // columns)
    figure = new_figure(
        1 + columns * np.clip(1.6 * bars, 3.2, 11), 1 + rows * (heights.sum() + 0.3)
    )
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.03, hspace=0.01, wspace=0.01)
    axes = _panels(figure, rows, columns, heights)
    labels, part = parts(notes, scores[0].names)
    # One more than there are parts, for the drums.
    colours = np.array(TRACKS)[: len(labels) + 1]
    part = np.split(part, np.cumsum([(~score.notes["is_drum"]).sum() for score in scores])[:-1])
    for number, (name, score) in enumerate(panels.items()):
        own, ticks = axes[number], score.ticks_per_quarter
        first, last = number % columns == 0, number + columns >= len(scores)
        hue = np.full(len(colours), INK) if name in dark else colours
        is_drum = score.notes["is_drum"]
        _draw_time(own, bars, numbered=last)
        if drawn[0]:
            (draw_keyboard if first else draw_rows)(own[0], low, high)
            draw_notes(own[0], score.notes[~is_drum], ticks, hue[part[number]])
        if drawn[1]:
            draw_drums(own[-1], score.notes[is_drum], ticks, drum_rows(drums), hue[-1])
            own[-1].tick_params(labelleft=first, labelsize=7)
        set_title(own[0], name, size=8)
    for lane in axes[len(scores) :].flat:
        lane.set_axis_off()
    if len(labels) > 1:
        draw_legend(figure, labels, colours[:-1])
    if title:
        figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=11, fontweight="bold")
    return figure


def _panels(figure, rows, columns, heights):
    """Array of Axes (panel, lane), the panels as they are read."""
    axes = figure.subplots(
        rows * len(heights), columns, squeeze=False, height_ratios=np.tile(heights, rows)
    )
    axes = axes.reshape(rows, len(heights), columns)
    return axes.swapaxes(1, 2).reshape(-1, len(heights))


def _draw_time(lanes, bars, numbered):
    quarters = np.arange(bars * _QUARTERS + 1)
    for lane in lanes:
        draw_bars(lane, quarters[::_QUARTERS], quarters)
        lane.set(xlabel=None)
        lane.tick_params(labelbottom=numbered and lane is lanes[-1])
