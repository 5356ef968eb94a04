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


def grid(scores, titles, bars, *, dark=(), title=None):
    """Draws windows of music, to be read like text: three in a line, long ones alone.

    Each is drawn as `multitrack` draws a score: notes over a keyboard, hits of drums in a lane.
    All have the same rows, so that what two of them share is at the same place.

    Args:
        scores: sequence of `midi.Score` in 4/4, of one grid and with the same tracks.
        titles: sequence of str, one for each.
        bars: int, the bars that each lasts.
        dark: collection of int, the places in `scores` of those in the colour of ink, such as the
            music between which others were made.
        title: str or None, of the whole.

    Returns:
        matplotlib Figure; `figure.savefig("grid.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.

    Reference: Roberts, Engel and Eck 2017, figures 2 to 5.
    """
    every = np.concatenate([score.notes for score in scores])
    drums, notes = every[every["is_drum"]], every[~every["is_drum"]]
    low, high = pitch_range(notes["pitch"])
    heights = np.array([np.clip(high - low, 20, 36), drum_rows(drums)]) * _LANES
    # Of silence, an empty roll.
    drawn = np.array([notes.size or not drums.size, drums.size], bool)
    lanes = drawn.sum()
    columns = min(len(scores), 3 if bars <= 4 else 1)
    rows = -(-len(scores) // columns)
    figure = new_figure(
        1 + columns * np.clip(1.6 * bars, 3.2, 11), 1 + rows * (heights[drawn].sum() + 0.3)
    )
    figure.get_layout_engine().set(w_pad=0.06, h_pad=0.03, hspace=0.01, wspace=0.01)
    panels = figure.subplots(
        rows * lanes, columns, squeeze=False, height_ratios=np.tile(heights[drawn], rows)
    )
    panels = panels.reshape(rows, lanes, columns).swapaxes(1, 2).reshape(-1, lanes)
    labels, part = parts(notes, scores[0].names)
    colours = np.array(TRACKS)[: len(labels) + 1]
    part = np.split(part, np.cumsum([(~score.notes["is_drum"]).sum() for score in scores])[:-1])
    quarters = np.arange(bars * _QUARTERS + 1)
    for number, (score, axes) in enumerate(zip(scores, panels, strict=False)):
        first, last = number % columns == 0, number + columns >= len(scores)
        hue = np.full(len(colours), INK) if number in dark else colours
        is_drum, ticks = score.notes["is_drum"], score.ticks_per_quarter
        for lane in axes:
            draw_bars(lane, quarters[::_QUARTERS], quarters)
            lane.set(xlabel=None)
            lane.tick_params(labelbottom=last and lane is axes[-1])
        if drawn[0]:
            (draw_keyboard if first else draw_rows)(axes[0], low, high)
            draw_notes(axes[0], score.notes[~is_drum], ticks, hue[part[number]])
        if drawn[1]:
            draw_drums(axes[-1], score.notes[is_drum], ticks, drum_rows(drums), hue[-1])
            axes[-1].tick_params(labelleft=first, labelsize=7)
        set_title(axes[0], titles[number], size=8)
    for lane in panels[len(scores) :].flat:
        lane.set_axis_off()
    if len(labels) > 1:
        draw_legend(figure, labels, colours[:-1])
    if title:
        figure.suptitle(
            title, x=0.01, ha="left", color=INK, fontsize=11, fontweight="bold"
        )  # fmt: skip
    return figure
