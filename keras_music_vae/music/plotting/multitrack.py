"""Music of several tracks: a piano roll over a lane for the drums."""

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.plotting.keyboard import draw_bars, draw_keyboard, pitch_range
from keras_music_vae.music.plotting.style import INK, LINE, TRACKS, new_figure, set_title
from keras_music_vae.music.representations.drums import CLASS_NAMES, MAPS

_DRUMS = "#5c646c"
_DRUM_ROW = 0.17  # inches
_HIT = 0.2  # quarter notes
_OTHER = len(CLASS_NAMES)
_DRUM_OF = np.full(256, _OTHER)
for _drum, _pitches in enumerate(MAPS["2019"]):
    _DRUM_OF[list(_pitches)] = _drum


def multitrack(score, *, title=None):
    """Draws all tracks of a score over a keyboard, and its drums in a lane below.

    Bars are those of the score's metres. Short notes lie over long ones, and those that begin in
    unison are drawn ever flatter, so that all are seen. Each name of a track has a colour; a track
    without one has that of its family of instruments, as have all if there are more than eight
    names or one alone. The lane has a row for each of the nine classes of drums (`Drums`, the map
    of 2019) and, if there are any, one for all other drums. Hits are drawn short, whatever their
    length.

    Args:
        score: `midi.Score`. A lane is drawn if it has drums, a keyboard if it has other notes.
        title: str or None.

    Returns:
        matplotlib Figure of one or two Axes; `figure.savefig("band.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    is_drum = score.notes["is_drum"]
    drums, notes = score.notes[is_drum], score.notes[~is_drum]
    bars, beats = _bars(score)
    low, high = pitch_range(notes["pitch"])
    rows = _DRUM_OF[drums["pitch"]].max(initial=_OTHER - 1) + 1
    heights = []
    if notes.size or not drums.size:
        heights.append(np.clip((high - low) * 0.09, 2.3, 7))
    if drums.size:
        heights.append(rows * _DRUM_ROW)
    width = np.clip(2 + bars[-1] * 0.26, 6, 20)
    figure = new_figure(width, 1 + sum(heights))
    figure.get_layout_engine().set(h_pad=0.06, hspace=0.02)
    lanes = figure.subplots(len(heights), height_ratios=heights, squeeze=False)[:, 0]
    for axes in lanes:
        draw_bars(axes, bars, beats)
    for axes in lanes[:-1]:
        axes.set(xticklabels=[], xlabel=None)
    if notes.size or not drums.size:
        draw_keyboard(lanes[0], low, high)
        labels, part = _parts(notes, score.names)
        colours = [TRACKS[number % len(TRACKS)] for number in range(len(labels))]
        _draw_notes(lanes[0], notes, score.ticks_per_quarter, np.array(colours)[part])
        if len(labels) > 1:
            _draw_legend(figure, labels, colours)
    if drums.size:
        _draw_drums(lanes[-1], drums, score.ticks_per_quarter, rows)
    if title:
        set_title(lanes[0], title)
    return figure


def _bars(score):
    """Returns where bars and beats begin, in quarters; the last bar's end is among both."""
    notes = score.notes
    last = np.where(notes["is_drum"], notes["start"] + 1, notes["end"]).max(initial=1)
    metres = {0: (4, 4)}
    for start, *metre in score.time_signatures.tolist():
        if start < last and min(metre) > 0:
            metres[start] = metre
    starts = np.array(sorted(metres)) / score.ticks_per_quarter
    bars, beats = [], []
    for i, (numerator, denominator) in enumerate(metres[start] for start in sorted(metres)):
        beat = 4 / denominator
        bar = numerator * beat
        # Up to the next metre, or in whole bars to the end of the music.
        end = starts[i] + np.ceil((last / score.ticks_per_quarter - starts[i]) / bar) * bar
        end = starts[i + 1] if i + 1 < len(starts) else end
        bars.append(np.arange(starts[i], end, bar))
        beats.append(np.arange(starts[i], end, beat))
    return np.append(np.concatenate(bars), end), np.append(np.concatenate(beats), end)


def _parts(notes, names):
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


def _draw_notes(axes, notes, ticks_per_quarter, colours):
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


def _draw_drums(axes, drums, ticks_per_quarter, rows):
    for row in range(1, rows):
        axes.axhline(row - 0.5, color=LINE, linewidth=0.35, zorder=1)
    start = drums["start"] / ticks_per_quarter
    _draw_boxes(axes, start, start + _HIT, _DRUM_OF[drums["pitch"]], np.array(0.8), _DRUMS)
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


def _draw_legend(figure, labels, colours):
    from matplotlib.patches import Patch

    # As many columns as the longest label leaves room for.
    columns = int(figure.get_figwidth() / (0.6 + 0.065 * max(map(len, labels))))
    figure.legend(
        [Patch(color=colour) for colour in colours], labels,
        loc="outside lower center", ncols=max(1, min(columns, len(labels))),
        frameon=False, fontsize=8, labelcolor=INK, handlelength=1,
    )  # fmt: skip
