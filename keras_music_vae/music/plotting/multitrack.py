"""Music of several tracks: a piano roll over a lane for the drums."""

import numpy as np

from keras_music_vae.music.plotting.keyboard import draw_bars, draw_keyboard, pitch_range
from keras_music_vae.music.plotting.lanes import (
    DRUM_ROW,
    draw_drums,
    draw_legend,
    draw_notes,
    drum_rows,
    parts,
)
from keras_music_vae.music.plotting.style import TRACKS, new_figure, set_title


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
    rows = drum_rows(drums)
    heights = []
    if notes.size or not drums.size:
        heights.append(np.clip((high - low) * 0.09, 2.3, 7))
    if drums.size:
        heights.append(rows * DRUM_ROW)
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
        labels, part = parts(notes, score.names)
        colours = [TRACKS[number % len(TRACKS)] for number in range(len(labels))]
        draw_notes(lanes[0], notes, score.ticks_per_quarter, np.array(colours)[part])
        if len(labels) > 1:
            draw_legend(figure, labels, colours)
    if drums.size:
        draw_drums(lanes[-1], drums, score.ticks_per_quarter, rows)
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
