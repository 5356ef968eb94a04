"""What a latent code holds: where music of each key lies, and what each place decodes to."""

import numpy as np

from keras_music_vae.music import theory
from keras_music_vae.music.plotting.style import INK, LINE, PALE, new_figure, set_title

# Pale red and deep blue, as in the paper's figure 3, then colours for further groups.
_GROUPS = ("#e58e84", "#1d3f94", "#4b9b6e", "#c99a2e", "#8a6bb0", "#5aa9b8")


def latent_map(panels):
    """Draws two-dimensional encodings, coloured by group, over one and two sigma of N(0, I).

    Args:
        panels: dict, title -> (z, groups): float array (step, 2), and the name of the group (the
            key) of each step. One panel each, side by side on equal axes.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if encodings are not two-dimensional, or there are more groups than colours.

    Reference: Hennig et al. 2017, figure 3.
    """
    panels = {title: (np.asarray(z), np.asarray(groups)) for title, (z, groups) in panels.items()}
    for title, (z, groups) in panels.items():
        if z.ndim != 2 or z.shape[1] != 2 or len(z) != len(groups):
            raise ValueError(
                f"Expected encodings (step, 2) and a group for each step, received {z.shape} and "
                f"{groups.shape} for {title!r}. Train with latent_dim=2 to draw a map."
            )
    names = np.unique(np.concatenate([groups for _, groups in panels.values()])).tolist()
    if len(names) > len(_GROUPS):
        raise ValueError(
            f"Expected at most {len(_GROUPS)} groups, for so many colours there are, received "
            f"{len(names)}: {', '.join(names)}. Draw fewer."
        )
    figure = new_figure(0.6 + 4.4 * len(panels), 5)
    row = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (title, (z, groups)) in zip(row, panels.items(), strict=True):
        _draw_points(axes, z, np.searchsorted(names, groups))
        _draw_prior(axes)
        axes.set_aspect("equal")
        axes.set_xlabel("$z_1$", color=INK)
        axes.tick_params(length=0, colors=INK)
        axes.spines[:].set_color(LINE)
        set_title(axes, title)
    row[0].set_ylabel("$z_2$", color=INK)
    edge = 1.04 * max(2.5, *(np.abs(z).max(initial=0) for z, _ in panels.values()))
    row[0].set(xlim=(-edge, edge), ylim=(-edge, edge))
    for name, colour in zip(names, _GROUPS, strict=False):
        row[0].plot([], [], "o", color=colour, label=name)
    row[0].plot([], [], color=INK, linewidth=1, label="prior N(0, I)")
    figure.legend(
        *row[0].get_legend_handles_labels(),
        loc="outside lower center", ncols=8, frameon=False, labelcolor=INK,
    )  # fmt: skip
    return figure


def _draw_points(axes, z, group):
    # In random order, or the group drawn last would hide the others.
    order = np.random.default_rng(0).permutation(len(z))
    colours = np.array(_GROUPS)[group[order]]
    axes.scatter(*z[order].T, s=9, c=colours, alpha=0.6, linewidths=0, rasterized=True)


def _draw_prior(axes):
    angle = np.linspace(0, 2 * np.pi, 181)
    for sigma in (1, 2):
        axes.plot(sigma * np.cos(angle), sigma * np.sin(angle), color=INK, linewidth=1)
        axes.text(
            0, sigma, f"{sigma}σ", ha="center", va="center", color=INK, fontsize=9,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "linewidth": 0},
        )  # fmt: skip


def note_heatmaps(probabilities, keys, codes):
    """Draws the probability of every note as pitch class by octave, a panel for each w and z.

    Each panel names the chord that best matches its probabilities (`theory.name_chord`). Pitch
    classes outside the key of a row have pale names. Octaves below and above, in which no note
    reaches 0.1 in any panel, are left out.

    Args:
        probabilities: float array (key, code, pitch) with 88 pitches.
        keys: sequence of str, the keys that w stands for, one per row.
        codes: array (code, latent), the z of each column.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if the shapes do not fit together.

    Reference: Hennig et al. 2017, figure 4.
    """
    probabilities, codes = np.asarray(probabilities), np.asarray(codes)
    expected = (len(keys), len(codes), len(theory.PITCHES))
    if probabilities.shape != expected or codes.ndim != 2:
        raise ValueError(
            f"Expected probabilities (key, code, pitch) of shape {expected} and codes (code, "
            f"latent), received {probabilities.shape} and {codes.shape}."
        )
    octaves = _by_octave(probabilities)
    heard = np.flatnonzero((octaves >= 0.1).any(axis=(0, 1, 3)))
    shown = range(heard[0], heard[-1] + 1) if heard.size else range(9)
    height = 1.1 + len(keys) * (0.7 + 0.24 * (len(shown) + 1))
    figure = new_figure(1.6 + 2.7 * len(codes), height)
    grid = figure.subplots(len(keys), len(codes), sharey=True, squeeze=False)
    for row, key in enumerate(keys):
        for column, axes in enumerate(grid[row]):
            tiles = _draw_tiles(axes, octaves[row, column], shown)
            chord = theory.name_chord(probabilities[row, column])
            axes.text(
                0.2, shown.stop + 0.45, chord,
                va="center", color=INK, fontsize=12, fontweight="bold",
            )  # fmt: skip
            _label_pitch_classes(axes, key)
        _label_row(grid[row, 0], f"w: {key}", shown)
    for axes, code in zip(grid[0], codes, strict=True):
        place = ", ".join(f"{value:g}" for value in code).replace("-", "−")
        axes.set_title(f"z = ({place})", color=INK, fontsize=11)
    figure.supxlabel("pitch class (pale: not in the key)", color=INK, fontsize=10)
    bar = figure.colorbar(tiles, ax=grid, aspect=30, pad=0.015)
    bar.set_label("probability of the note", color=INK)
    bar.ax.tick_params(length=0, colors=INK)
    bar.outline.set_visible(False)
    return figure


def _draw_tiles(axes, panel, octaves):
    tiles = axes.pcolormesh(
        np.arange(13), np.arange(octaves.start, octaves.stop + 1), panel[octaves],
        cmap="Blues", vmin=0, vmax=1, edgecolor="white", linewidth=0.8,
    )  # fmt: skip
    # The band over the highest octave is for the chord.
    axes.set_ylim(octaves.start, octaves.stop + 1)
    return tiles


def _label_pitch_classes(axes, key):
    axes.set_xticks(np.arange(12) + 0.5, theory.PITCH_CLASSES, fontsize=8)
    inside = theory.key_pitch_classes(key)
    for label, pitch_class in zip(axes.get_xticklabels(), inside, strict=True):
        label.set_color(INK if pitch_class else PALE)
    axes.tick_params(length=0)
    axes.spines[:].set_color(LINE)


def _label_row(axes, title, octaves):
    axes.set_yticks([octave + 0.5 for octave in octaves], octaves, fontsize=8, color=INK)
    axes.set_ylabel("octave", color=INK)
    axes.annotate(
        title, (0, 0.5), (-8, 0), axes.yaxis.label, "offset points",
        rotation=90, ha="right", va="center", color=INK, fontsize=11, fontweight="bold",
    )  # fmt: skip


def _by_octave(probabilities):
    """Lays (..., pitch) out as (..., octave, pitch class), octaves 0 to 8, 0 where no piano is."""
    laid_out = np.zeros((*probabilities.shape[:-1], 9 * 12))
    first = theory.PITCHES[0] - 12
    laid_out[..., first : first + len(theory.PITCHES)] = probabilities
    return laid_out.reshape(*probabilities.shape[:-1], 9, 12)
