"""Attributes of music and the dimensions of a code that stand for them."""

import numpy as np

from keras_music_vae.music.plotting.keyboard import draw_bars, draw_keyboard, pitch_range
from keras_music_vae.music.plotting.lanes import draw_notes
from keras_music_vae.music.plotting.style import IN_KEY, INK, LINE, OFF_KEY, new_figure, set_title

_QUARTERS = 4
_PITCH = 0.05  # inches


def attribute_scatter(panels):
    """Draws an attribute of windows against a dimension of their codes, with its straight line.

    Args:
        panels: dict, title -> (z, attribute): float arrays `(window,)`. One panel each, side by
            side.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.

    Reference: Pati and Lerch 2020, whose interpretability is R^2 of the line.
    """
    figure = new_figure(0.4 + 2.9 * len(panels), 3.2)
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, (z, attribute)) in zip(row, panels.items(), strict=True):
        z, attribute = (np.asarray(each, float) for each in (z, attribute))
        axes.scatter(z, attribute, s=6, color=IN_KEY, alpha=0.25, linewidths=0, rasterized=True)
        if np.ptp(z):
            ends = np.array([z.min(), z.max()])
            slope = np.cov(z, attribute)[0, 1] / z.var(ddof=1)
            line = attribute.mean() + slope * (ends - z.mean())
            axes.plot(ends, line, color=OFF_KEY, linewidth=1.2)
        axes.set_xlabel("z", color=INK)
        axes.grid(color=LINE, linewidth=0.35)
        axes.tick_params(length=0, colors=INK, labelsize=8)
        axes.spines[:].set_visible(False)
        set_title(axes, title, size=9)
    return figure


def sweeps(panels, values, bars=1, title=None):
    """Draws windows that were made while one dimension of a code rose, and what an attribute did.

    Args:
        panels: dict, attribute -> (score, found): `midi.Score` in 4/4 with a window for each value,
            and float array `(value,)`, the attribute of each window, or None where it was not
            measured. One row each, with the same pitches.
        values: sequence of float, what the dimension was set to.
        bars: int, of a window.
        title: str or None, of the whole.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.

    Reference: Pati and Lerch 2020, the piano rolls of interpolations along dimensions.
    """
    notes = np.concatenate([score.notes for score, _ in panels.values()])
    low, high = pitch_range(notes["pitch"])
    height = np.clip(_PITCH * (high - low), 1.1, 2.5)
    figure = new_figure(2.6 + 1.5 * bars * len(values), 0.9 + len(panels) * (height + 0.35))
    grid = figure.subplots(
        len(panels), 2, squeeze=False, sharex="col", width_ratios=[bars * len(values), 1.5]
    )
    window = _QUARTERS * bars
    begins = window * np.arange(len(values) + 1)
    ticks = [f"{value:g}" for value in values]
    for (roll, curve), (name, (score, found)) in zip(grid, panels.items(), strict=True):
        draw_bars(roll, begins, np.arange(begins[-1] + 1))
        draw_keyboard(roll, low, high)
        draw_notes(roll, score.notes, score.ticks_per_quarter, np.full(len(score.notes), IN_KEY))
        roll.set_xticks(begins[:-1] + window / 2, ticks)
        roll.set_xlabel(None)
        set_title(roll, name, size=9)
        if found is None:
            curve.set_axis_off()
            continue
        curve.plot(values, found, "o-", color=OFF_KEY, markersize=4, clip_on=False)
        curve.set_xticks(values, ticks)
        curve.grid(color=LINE, linewidth=0.35)
        curve.tick_params(length=0, colors=INK, labelsize=7)
        curve.spines[:].set_visible(False)
    grid[-1, 0].set_xlabel("z", color=INK, loc="left", fontsize=8)
    if title:
        figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=11, fontweight="bold")
    return figure
