"""Piano rolls: notes over a keyboard."""

import numpy as np

from keras_music_vae.music import midi, theory
from keras_music_vae.music.plotting.style import IN_KEY, INK, LINE, OFF_KEY, new_figure, set_title
from keras_music_vae.music.representations import PianoRoll

_TRACKS = (IN_KEY, "#c9543b", "#4b9b6e", "#8a6bb0", "#c99a2e", "#5aa9b8")
_BLACK_ROW = "#f1f2f4"
_BLACK_KEYS = (1, 3, 6, 8, 10)


def piano_roll(music, *, steps_per_quarter=1, quarters_per_bar=4, key=None, title=None, axes=None):
    """Draws notes over a keyboard, with bars, beats and pitch names.

    Args:
        music: array (time, pitch) of 0 and 1 with 88 pitches, or a `midi.Score`, of which the drums
            are left out.
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
    low, high = _pitch_range(notes["pitch"])
    if axes is None:
        axes = _new_axes(
            width=2 + bars * quarters_per_bar * 0.26, height=1.2 + (high - low) * 0.085
        )
    _draw_grid(axes, low, high, bars, quarters_per_bar)
    _draw_keyboard(axes, low, high)
    for label, colour, chosen in _groups(notes, score.names, key):
        _draw_notes(axes, notes["pitch"][chosen], quarters[:, chosen], colour, label)
    if title:
        set_title(axes, title)
    return axes.figure


def _new_axes(width, height):
    size = float(np.clip(width, 6, 18)), float(np.clip(height, 2.8, 8))
    return new_figure(*size).add_subplot()


def _pitch_range(pitches):
    """Returns the lowest and highest pitch to show, at least an octave and a half apart."""
    low, high = (int(pitches.min()), int(pitches.max())) if pitches.size else (60, 72)
    missing = max(0, 14 - (high - low))
    return max(0, low - 2 - missing // 2), min(127, high + 2 + missing - missing // 2)


def _groups(notes, names, key):
    if key is not None:
        inside = theory.key_pitch_classes(key)[notes["pitch"] % 12]
        return (f"in {key}", IN_KEY, inside), (f"not in {key}", OFF_KEY, ~inside)
    tracks = np.unique(notes["track"])
    labels = [names[track] if track < len(names) else None for track in tracks]
    return [
        (
            label if len(tracks) > 1 else None,
            _TRACKS[number % len(_TRACKS)],
            notes["track"] == track,
        )
        for number, (track, label) in enumerate(zip(tracks, labels, strict=True))
    ]


def _draw_grid(axes, low, high, bars, quarters_per_bar):
    end = bars * quarters_per_bar
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=_BLACK_ROW, linewidth=0, zorder=0)
        elif pitch % 12 in (0, 5):  # only here do two white rows touch
            axes.axhline(pitch - 0.5, color=LINE, linewidth=0.5, zorder=1)
    for quarter in range(0, end + 1, 1 if bars <= 40 else quarters_per_bar):
        is_bar = quarter % quarters_per_bar == 0
        axes.axvline(quarter, color=LINE, linewidth=1.1 if is_bar else 0.35, zorder=1)
    axes.set(xlim=(0, end), ylim=(low - 0.5, high + 0.5))
    shown = range(0, bars, -(-bars // 16))
    axes.set_xticks([bar * quarters_per_bar for bar in shown], [f"{bar + 1}" for bar in shown])
    axes.set_xlabel("bar", color=INK, loc="left", fontsize=8)
    axes.set_yticks([])
    axes.tick_params(length=0, colors=INK, labelsize=8)
    axes.spines[:].set_visible(False)


def _draw_keyboard(axes, low, high):
    inches = axes.get_position().width * axes.figure.get_figwidth()
    keyboard = axes.inset_axes((-0.32 / inches, 0, 0.32 / inches, 1), sharey=axes)
    keyboard.set(xlim=(0, 1), xticks=[], facecolor="white")
    pitches = range(low, high + 1)
    for pitch in pitches:
        if pitch % 12 in _BLACK_KEYS:
            keyboard.plot([0, 1], [pitch, pitch], color=LINE, linewidth=0.5, zorder=1)
            keyboard.barh(pitch, 0.62, height=0.8, color=INK, zorder=2)
        elif pitch % 12 in (0, 5):
            keyboard.axhline(pitch - 0.5, color=LINE, linewidth=0.5, zorder=1)
    # Every white key has a name where there is room, else only each C.
    named = (
        (0, 2, 4, 5, 7, 9, 11) if len(pitches) <= 26 else (0, 4, 7) if len(pitches) < 60 else (0,)
    )
    shown = [pitch for pitch in pitches if pitch % 12 in named]
    keyboard.set_yticks(shown, [_pitch_name(pitch) for pitch in shown])
    for pitch, label in zip(shown, keyboard.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if pitch % 12 == 0 else "normal")
    keyboard.tick_params(length=0, labelleft=True, colors=INK, labelsize=8, pad=4)
    keyboard.spines[:].set_color(LINE)


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


def _pitch_name(pitch):
    return f"{theory.PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"
