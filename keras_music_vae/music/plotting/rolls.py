"""Piano rolls: notes over a keyboard."""

import numpy as np

from keras_music_vae.music import midi, theory
from keras_music_vae.music.plotting.keyboard import draw_bars, draw_keyboard, pitch_range
from keras_music_vae.music.plotting.style import (
    IN_KEY,
    INK,
    OFF_KEY,
    TRACKS,
    new_figure,
    set_title,
)
from keras_music_vae.music.representations import PianoRoll


def piano_roll(music, *, steps_per_quarter=1, quarters_per_bar=4, key=None, title=None, axes=None):
    """Draws notes over a keyboard, with bars, beats and pitch names.

    Args:
        music: array (time, pitch) of 0 and 1 with 88 pitches, or a `midi.Score`, of which the drums
            are left out (`multitrack` draws them).
        steps_per_quarter: int, for a roll: its steps in a quarter note.
        quarters_per_bar: int, quarter notes from one bar line to the next.
        key: str, a key or key class; notes outside it are drawn in another colour. None colours by
            track.
        title: str or None.
        axes: matplotlib Axes to draw into; None makes a figure.

    Returns:
        matplotlib Figure; `figure.savefig("roll.png")` writes it.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    score = music if isinstance(music, midi.Score) else PianoRoll(steps_per_quarter).decode(music)
    notes = score.notes[~score.notes["is_drum"]]
    quarters = np.stack([notes["start"], notes["end"]]) / score.ticks_per_quarter
    if isinstance(music, midi.Score):
        length = quarters.max(initial=0)
    else:
        length = len(music) / steps_per_quarter
    bars = max(1, int(np.ceil(length / quarters_per_bar)))
    low, high = pitch_range(notes["pitch"])
    if axes is None:
        axes = _new_axes(
            width=2 + bars * quarters_per_bar * 0.26, height=1.2 + (high - low) * 0.085
        )
    quarter = np.arange(bars * quarters_per_bar + 1)
    draw_bars(axes, quarter[::quarters_per_bar], quarter)
    draw_keyboard(axes, low, high)
    for label, colour, chosen in _groups(notes, score.names, key):
        _draw_notes(axes, notes["pitch"][chosen], quarters[:, chosen], colour, label)
    if title:
        set_title(axes, title)
    return axes.figure


def _new_axes(width, height):
    size = float(np.clip(width, 6, 18)), float(np.clip(height, 2.8, 8))
    return new_figure(*size).add_subplot()


def _groups(notes, names, key):
    if key is not None:
        inside = theory.key_pitch_classes(key)[notes["pitch"] % 12]
        return (f"in {key}", IN_KEY, inside), (f"not in {key}", OFF_KEY, ~inside)
    tracks = np.unique(notes["track"])
    labels = [names[track] if track < len(names) else None for track in tracks]
    return [
        (
            label if len(tracks) > 1 else None,
            TRACKS[number % len(TRACKS)],
            notes["track"] == track,
        )
        for number, (track, label) in enumerate(zip(tracks, labels, strict=True))
    ]


def _draw_notes(axes, pitches, quarters, colour, label):
    if not pitches.size:
        return
    start, end = quarters
    axes.barh(
        pitches,
        end - start,
        left=start,
        height=0.86,
        color=colour,
        edgecolor="white",
        linewidth=0.6,
        zorder=3,
        label=label,
    )
    if label:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1, 1), ncols=6, frameon=False, fontsize=8,
            labelcolor=INK, handlelength=1, borderaxespad=0.2,
        )  # fmt: skip
