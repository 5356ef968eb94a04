"""The two sides of a roll: a keyboard with pitch names on the left, bars and beats along time."""

from keras_music_vae.music import theory
from keras_music_vae.music.plotting.style import INK, LINE

_BLACK_ROW = "#f1f2f4"
_BLACK_KEYS = (1, 3, 6, 8, 10)


def pitch_range(pitches):
    """Returns the lowest and highest pitch to show, at least an octave and a half apart."""
    low, high = (int(pitches.min()), int(pitches.max())) if pitches.size else (60, 72)
    missing = max(0, 14 - (high - low))
    return max(0, low - 2 - missing // 2), min(127, high + 2 + missing - missing // 2)


def draw_bars(axes, bars, beats):
    """Draws and numbers bar lines, in long music every second, fourth, and so on.

    Args:
        axes: matplotlib Axes with time in quarter notes from left to right.
        bars: array (bar + 1,), where each bar begins, and the end of the last.
        beats: array (beat,), where fainter lines go; left out above 32 bars.
    """
    # Phrases have two, four or eight bars.
    every = 1
    while (len(bars) - 1) / every > 16:
        every *= 2
    lines = [(bars[::every], 1.1)]
    if every <= 8:
        lines.append((bars, 1.1 if every <= 2 else 0.35))
    if every <= 2:
        lines.append((beats, 0.35))
    for quarters, width in lines:
        across = axes.get_xaxis_transform()
        axes.vlines(quarters, 0, 1, LINE, linewidth=width, zorder=1, transform=across)
    axes.set_xlim(bars[0], bars[-1])
    shown = range(0, len(bars) - 1, every)
    axes.set_xticks([bars[bar] for bar in shown], [f"{bar + 1}" for bar in shown])
    axes.set_xlabel("bar", color=INK, loc="left", fontsize=8)
    axes.tick_params(length=0, colors=INK, labelsize=8)
    axes.spines[:].set_visible(False)


def draw_rows(axes, low, high):
    """Draws rows for the pitches from `low` to `high`."""
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=_BLACK_ROW, linewidth=0, zorder=0)
        elif pitch % 12 in (0, 5):  # only here do two white rows touch
            axes.axhline(pitch - 0.5, color=LINE, linewidth=0.5, zorder=1)
    axes.set(ylim=(low - 0.5, high + 0.5), yticks=[])


def draw_keyboard(axes, low, high):
    """Draws rows for the pitches from `low` to `high`, and keys with names to their left."""
    draw_rows(axes, low, high)
    pitches = range(low, high + 1)
    width, height = axes.get_position().size * axes.figure.get_size_inches()
    keyboard = axes.inset_axes((-0.32 / width, 0, 0.32 / width, 1), sharey=axes)
    keyboard.set(xlim=(0, 1), xticks=[], facecolor="white")
    for pitch in pitches:
        if pitch % 12 in _BLACK_KEYS:
            keyboard.plot([0, 1], [pitch, pitch], color=LINE, linewidth=0.5, zorder=1)
            keyboard.barh(pitch, 0.62, height=0.8, color=INK, zorder=2)
        elif pitch % 12 in (0, 5):
            keyboard.axhline(pitch - 0.5, color=LINE, linewidth=0.5, zorder=1)
    # Every white key has a name where there is room, else C, E and G, or only each C.
    row = height / len(pitches)
    named = (0, 2, 4, 5, 7, 9, 11) if row >= 0.11 else (0, 4, 7) if row >= 0.05 else (0,)
    shown = [pitch for pitch in pitches if pitch % 12 in named]
    keyboard.set_yticks(shown, [_pitch_name(pitch) for pitch in shown])
    for pitch, label in zip(shown, keyboard.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if pitch % 12 == 0 else "normal")
    axes.tick_params(labelleft=False)  # shared, they would peep out from behind the keys
    keyboard.tick_params(length=0, labelleft=True, colors=INK, labelsize=8, pad=4)
    keyboard.spines[:].set_color(LINE)


def _pitch_name(pitch):
    return f"{theory.PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"
