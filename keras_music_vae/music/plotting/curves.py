"""How far the music between two windows is from each of them."""

from keras_music_vae.music.plotting.style import IN_KEY, INK, LINE, OFF_KEY, new_figure, set_title


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
        loc="outside lower center", ncols=3, frameon=False, labelcolor=INK,
    )  # fmt: skip
    return figure
