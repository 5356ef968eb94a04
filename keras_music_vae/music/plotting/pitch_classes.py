"""Which pitch classes a corpus of songs holds."""

import numpy as np

from keras_music_vae.music import theory
from keras_music_vae.music.plotting.style import (
    IN_KEY,
    INK,
    LINE,
    OFF_KEY,
    new_figure,
    set_title,
)


def pitch_class_distribution(rolls, keys, key="C major"):
    """Draws the shares of the pitch classes in all songs and, beside them, in those of one key.

    A note counts once for each step that it sounds.

    Args:
        rolls: sequence of arrays (time, pitch) of 0 and 1 with 88 pitches, one per song.
        keys: sequence of str, the key of each song.
        key: str, the key of the songs on the right.

    Returns:
        matplotlib Figure.

    Raises:
        ImportError: if matplotlib is not installed.
        ValueError: if no song has the key, or no note sounds.

    Reference: Hennig et al. 2017, figure 1.
    """
    keys = [theory.parse_key(name) for name in keys]
    key = theory.parse_key(key)
    counts = np.stack([theory.pitch_class_counts(roll) for roll in rolls])
    chosen = np.array([name == key for name in keys])
    if not counts[chosen].any():
        raise ValueError(
            f"Expected songs with notes in the key of {key}, received songs in "
            f"{', '.join(sorted(set(keys)))}. Choose another key."
        )
    figure = new_figure(9, 3.2)
    left, right = figure.subplots(1, 2, sharey=True)
    everything = _shares(counts)
    _draw_bars(left, everything, np.ones(12, bool), LINE)
    set_title(left, f"All songs ({len(keys)}, in {len(set(keys))} keys)")
    shares, inside = _shares(counts[chosen]), theory.key_pitch_classes(key)
    for group, colour, label in ((inside, IN_KEY, "in"), (~inside, OFF_KEY, "not in")):
        _draw_bars(right, shares, group, colour, f"{label} {key}: {shares[group].sum():.1%}")
    set_title(right, f"Songs in {key} ({chosen.sum()})")
    right.legend(loc="upper right", ncols=2, frameon=False, fontsize=9, labelcolor=INK)
    # Room for the legend over the highest bar.
    left.set_ylim(0, 1.27 * max(everything.max(), shares.max()))
    left.set_ylabel("share of notes", color=INK)
    left.locator_params(axis="y", steps=[1, 5, 10])
    left.yaxis.set_major_formatter("{x:.0%}")
    return figure


def _shares(counts):
    counts = counts.sum(axis=0)
    return counts / counts.sum()


def _draw_bars(axes, shares, group, colour, label=None):
    """Draws the bars of the pitch classes in `group`, a mask."""
    bars = axes.bar(np.flatnonzero(group), shares[group], 0.8, color=colour, label=label)
    axes.bar_label(bars, fmt="{:.1%}", fontsize=7, color=INK, padding=2)
    axes.set_xticks(range(12), theory.PITCH_CLASSES)
    axes.set_xlabel("pitch class", color=INK)
    axes.set_xlim(-0.6, 11.6)
    axes.tick_params(length=0, colors=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
