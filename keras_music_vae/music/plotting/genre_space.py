"""What a space of codes knows of genres: where each lies, and how the music changes around them."""

import numpy as np

from keras_music_vae.music.plotting.style import (
    IN_KEY,
    INK,
    LINE,
    OFF_KEY,
    TRACKS,
    new_figure,
    set_title,
)

_PANELS_IN_A_ROW = 3


def genre_scatter(panels):
    """Draws codes in a plane, in the colour of their genre.

    Args:
        panels: dict, title -> dict, genre -> float array (window, 2), such as the first two
            principal components. One panel each, at most three in a row, each with its own axes.
            Of two genres the second is of crosses, as in the paper.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if there are more genres in a panel than colours.

    Reference: Valenti et al. 2020, figure 5.
    """
    most = max(len(groups) for groups in panels.values())
    if most > len(TRACKS):
        raise ValueError(
            f"Expected at most {len(TRACKS)} genres in a panel, for so many colours there are, "
            f"received {most}. Draw fewer."
        )
    columns = min(len(panels), _PANELS_IN_A_ROW)
    rows = -(-len(panels) // columns)
    figure = new_figure(0.4 + 3.7 * columns, 0.3 + 4.1 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, (title, groups) in zip(grid, panels.items(), strict=False):
        is_pair = len(groups) == 2
        colours, markers = ((IN_KEY, OFF_KEY), "ox") if is_pair else (TRACKS, "o" * most)
        for genre, colour, marker in zip(groups, colours, markers, strict=False):
            axes.scatter(
                *np.asarray(groups[genre]).T, s=14, color=colour, marker=marker, alpha=0.7,
                linewidths=float(marker == "x"), label=genre, rasterized=True,
            )  # fmt: skip
        axes.tick_params(length=0, colors=INK, labelsize=8)
        axes.spines[:].set_color(LINE)
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.06), ncols=3, frameon=False, labelcolor=INK
        )
        set_title(axes, title)
    return figure


def metric_changes(changes, genres, metrics):
    """Draws how metrics of music change from genre to genre around a circle.

    Args:
        changes: dict, title (of a part) -> float array (genre, metric), the relative changes from
            the mean of all genres; NaN is left grey.
        genres: sequence of str, in the order of the circle, of which the last is the first's
            neighbour.
        metrics: sequence of str.

    Returns:
        matplotlib Figure. All panels have one scale, which ends where nine tenths of the changes
        do, so that few large ones do not hide the others.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if the shapes do not fit together.

    Reference: Valenti et al. 2020, figure 3.
    """
    changes = {title: np.asarray(values, float) for title, values in changes.items()}
    for title, values in changes.items():
        if values.shape != (len(genres), len(metrics)):
            raise ValueError(
                f"Expected changes (genre, metric) of shape {(len(genres), len(metrics))}, "
                f"received {values.shape} for {title!r}."
            )
    sizes = np.abs(np.concatenate([values.ravel() for values in changes.values()]))
    limit = max(float(np.nanquantile(sizes, 0.9)), 1e-6) if np.isfinite(sizes).any() else 1.0
    figure = new_figure(2 + len(changes) * (0.3 + 0.24 * len(genres)), 1.6 + 0.2 * len(metrics))
    row = figure.subplots(1, len(changes), sharey=True, squeeze=False)[0]
    for axes, (title, values) in zip(row, changes.items(), strict=True):
        tiles = axes.pcolormesh(
            values.T, cmap="RdBu_r", vmin=-limit, vmax=limit, edgecolor="white", linewidth=0.5
        )
        axes.set_facecolor(LINE)
        axes.set_xticks(np.arange(len(genres)) + 0.5, genres, rotation=90, fontsize=8)
        axes.set_yticks(np.arange(len(metrics)) + 0.5, metrics, fontsize=8)
        axes.tick_params(length=0, colors=INK)
        axes.spines[:].set_visible(False)
        set_title(axes, title)
    row[0].invert_yaxis()
    bar = figure.colorbar(tiles, ax=row, aspect=30, pad=0.015, extend="both", format="{x:+.0%}")
    bar.set_label("from the mean of all genres", color=INK)
    bar.ax.tick_params(length=0, colors=INK)
    bar.outline.set_visible(False)
    return figure
