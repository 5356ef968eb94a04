"""The lanes of music of several tracks: notes in the colours of their tracks, and drums."""

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.plotting.style import INK, LINE
from keras_music_vae.music.representations.drums import CLASS_NAMES, MAPS

DRUMS = "#5c646c"
DRUM_ROW = 0.17  # inches
_HIT = 0.2  # quarter notes
_OTHER = len(CLASS_NAMES)
_DRUM_OF = np.full(256, _OTHER)
for _drum, _pitches in enumerate(MAPS["2019"]):
    _DRUM_OF[list(_pitches)] = _drum


def drum_rows(drums):
    """Int, the rows of a lane of drums: one for each class and, if there are any, for others."""
    return _DRUM_OF[drums["pitch"]].max(initial=_OTHER - 1) + 1


def parts(notes, names):
    """Returns the labels of parts, and int array (note,), the part of each note."""
    families = np.array(midi.FAMILIES)[notes["program"] // 8]
    tracks, first, track = np.unique(notes["track"], return_index=True, return_inverse=True)
    named = [_plain(names[number]) if number < len(names) else "" for number in tracks]
    labels = np.array([name or families[i] for name, i in zip(named, first, strict=True)], object)
    labels = labels[track] if 1 < len(set(labels)) <= 8 else families
    # In the order in which the score has them.
    order = dict.fromkeys(labels[np.argsort(notes["track"], kind="stable")])
    number = {label: i for i, label in enumerate(order)}
    return list(order), np.array([number[label] for label in labels], int)


def _plain(name):
    """Makes a name fit a legend: short, and without what matplotlib takes as a command."""
    name = "".join(c for c in name if c.isprintable()).strip(" _")
    name = name if len(name) <= 24 else name[:23].rstrip() + "…"
    return name.replace("$", r"\$")


def draw_notes(axes, notes, ticks_per_quarter, colours):
    """Draws notes, array (note,), each in its colour, array (note,): long below short ones."""
    order = np.argsort(notes["start"] - notes["end"], kind="stable")
    notes, colours = notes[order], colours[order]
    start, end = notes["start"] / ticks_per_quarter, notes["end"] / ticks_per_quarter
    _draw_boxes(axes, start, end, notes["pitch"], 0.86 * _share_of_unison(notes), colours)


def _share_of_unison(notes):
    """Float array (note,): 1 for the first of n notes at a pitch and start, then (n - 1) / n."""
    _, group, count = np.unique(notes[["pitch", "start"]], return_inverse=True, return_counts=True)
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(notes), int)
    rank[order] = np.arange(len(notes)) - np.repeat(np.cumsum(count) - count, count)
    return 1 - rank / count[group]


def draw_drums(axes, drums, ticks_per_quarter, rows, colour=DRUMS):
    """Draws hits, array (note,), and the names of their `rows`."""
    for row in range(1, rows):
        axes.axhline(row - 0.5, color=LINE, linewidth=0.35, zorder=1)
    start = drums["start"] / ticks_per_quarter
    _draw_boxes(axes, start, start + _HIT, _DRUM_OF[drums["pitch"]], np.array(0.8), colour)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set_yticks(range(rows), [*CLASS_NAMES, "other"][:rows])


def _draw_boxes(axes, start, end, row, height, colours):
    from matplotlib.collections import PolyCollection

    low, high = row - height / 2, row + height / 2
    boxes = np.array([(start, low), (end, low), (end, high), (start, high)]).transpose(2, 0, 1)
    # White edges part notes, but would cover flat ones, and all where time is dense.
    quarters = axes.get_xlim()[1]
    edge = 0.6 if quarters <= 160 else 0.15 if quarters <= 320 else 0
    edges = np.where(height < 0.8, 0, edge)
    axes.add_collection(
        PolyCollection(boxes, facecolors=colours, edgecolors="white", linewidths=edges, zorder=3),
        autolim=False,
    )


def draw_legend(figure, labels, colours):
    """Writes below the figure which colour is whose."""
    from matplotlib.patches import Patch

    # As many columns as the longest label leaves room for.
    columns = int(figure.get_figwidth() / (0.6 + 0.065 * max(map(len, labels))))
    figure.legend(
        [Patch(color=colour) for colour in colours], labels,
        loc="outside lower center", ncols=max(1, min(columns, len(labels))),
        frameon=False, fontsize=8, labelcolor=INK, handlelength=1,
    )  # fmt: skip
