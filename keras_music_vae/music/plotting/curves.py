"""Curves: how far music between two windows is from each of them, and how a training went."""

from keras_music_vae.music.plotting.style import (
    IN_KEY,
    INK,
    LINE,
    OFF_KEY,
    TRACKS,
    new_figure,
    set_title,
)


def interpolation_curves(panels):
    """Draws the share of tokens that differ from the start and from the end, along the way.

    Args:
        panels: dict, title -> (shares, from_start, from_end, mixed_from_start, mixed_from_end):
            float arrays (share,) from 0 to 1, as of `evaluation.interpolation.Distances`. One panel
            each, side by side on equal axes; the last two are dashed.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    figure = new_figure(1 + 3.6 * len(panels), 3.9)
    row = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (title, (shares, *curves)) in zip(row, panels.items(), strict=True):
        for curve, colour, name in zip(curves, (IN_KEY, OFF_KEY), ("start", "end"), strict=False):
            axes.plot(
                shares, curve, "o-", color=colour, markersize=4, label=f"from the {name}",
                clip_on=False, zorder=3,
            )  # fmt: skip
        for curve, colour in zip(curves[2:], (IN_KEY, OFF_KEY), strict=True):
            axes.plot(shares, curve, "--", color=colour, linewidth=1, zorder=1)
        axes.set_xlabel("share of the way", color=INK)
        axes.xaxis.set_major_formatter("{x:.0%}")
        axes.yaxis.set_major_formatter("{x:.0%}")
        axes.grid(color=LINE, linewidth=0.35)
        axes.tick_params(length=0, colors=INK)
        axes.spines[:].set_visible(False)
        set_title(axes, title)
    row[0].set(xlim=(0, 1), ylim=(0, None))
    row[0].set_ylabel("tokens that differ", color=INK)
    row[0].plot([], [], "--", color=INK, linewidth=1, label="tokens of both, mixed at random")
    figure.legend(
        *row[0].get_legend_handles_labels(),
        # One panel is too narrow for all three beside each other.
        loc="outside lower center", ncols=min(2 * len(panels) - 1, 3), frameon=False,
        labelcolor=INK,
    )  # fmt: skip
    return figure


def training_curves(histories, metrics):
    """Draws how metrics of models went, epoch by epoch; what was validated is dashed.

    Args:
        histories: dict, name of a model -> dict, metric -> list of float, one for each epoch, with
            `val_<metric>` for validation, as `training.TrainResult.history` is.
        metrics: dict, metric -> title. One panel each, at most four in a row; a metric that no
            model has is left out.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    shown = [name for name in metrics if any(name in history for history in histories.values())]
    columns = min(len(shown), 4)
    rows = -(-len(shown) // columns)
    figure = new_figure(0.6 + 2.9 * columns, 0.6 + 2.4 * rows)
    grid = figure.subplots(rows, columns, sharex=True, squeeze=False).ravel()
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    for number, (axes, name) in enumerate(zip(grid, shown, strict=False)):
        for history, colour in zip(histories.values(), TRACKS, strict=False):
            for key, style in ((name, "-"), (f"val_{name}", "--")):
                curve = history.get(key, [])
                axes.plot(range(1, len(curve) + 1), curve, style, color=colour, linewidth=1.3)
        axes.grid(color=LINE, linewidth=0.35)
        axes.tick_params(length=0, colors=INK, labelsize=8, labelbottom=True)
        axes.spines[:].set_visible(False)
        set_title(axes, metrics[name], size=9)
        if number + columns >= len(shown):
            axes.set_xlabel("epoch", color=INK, fontsize=8)
    for model, colour in zip(histories, TRACKS, strict=False):
        grid[0].plot([], [], color=colour, label=model)
    grid[0].plot([], [], "--", color=INK, linewidth=1, label="validation")
    figure.legend(
        *grid[0].get_legend_handles_labels(),
        loc="outside lower center", ncols=6, frameon=False, labelcolor=INK,
    )  # fmt: skip
    return figure
