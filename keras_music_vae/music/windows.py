"""Windows of equal length cut from songs.

Of piano rolls, each step beside the step before it: the Classifying VAE's paper calls a window
X = {X_t | t = 1..T} and the step before it X_{t-1}. Of tokens, from bar line to bar line.
"""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


class Windows(NamedTuple):
    """Windows of one data split.

    Fields:
        x: uint8 array (window, time, pitch), the steps to predict.
        x_prev: uint8 array (window, time, pitch), the same steps one earlier.
        song: int32 array (window,), index of the song that each window is from.
    """

    x: np.ndarray
    x_prev: np.ndarray
    song: np.ndarray


class PaddedWindows(NamedTuple):
    """Windows that hold every predicted step of a split once.

    Fields:
        x, x_prev, song: as in `Windows`; silence where the song has ended.
        mask: bool array (window, time), False where the song has ended.
    """

    x: np.ndarray
    x_prev: np.ndarray
    mask: np.ndarray
    song: np.ndarray


def song_windows(rolls, length, stride=1):
    """Cuts overlapping windows for training.

    The first step of a song is history only, so n steps give n - length windows at stride 1.
    Windows are the same whether or not a model uses x_prev. Songs without a window are left out of
    the result but keep their number.

    Args:
        rolls: sequence of arrays (time, pitch) of 0 and 1, one per song.
        length: int, steps to predict per window (T of the paper).
        stride: int, steps between the starts of two windows.

    Returns:
        `Windows`.

    Raises:
        ValueError: if no song has more than `length` steps.
    """
    frames, starts, song = _starts(rolls, length + 1, stride)
    return Windows(_cut(frames, starts + 1, length), _cut(frames, starts, length), song)


def padded_windows(rolls, length):
    """Cuts windows side by side, the last of a song filled up with silence, for evaluation.

    Args:
        rolls: sequence of arrays (time, pitch) of 0 and 1, one per song.
        length: int, steps to predict per window.

    Returns:
        `PaddedWindows`. The steps under the mask are all steps of the songs but each first one, in
        order.

    Raises:
        ValueError: if no song has more than one step.
    """
    rolls = _check(rolls, length)
    steps = np.array([max(0, len(roll) - 1) for roll in rolls], int)
    if not steps.any():
        raise ValueError(
            f"Expected a song of at least 2 steps, since the first is history only, but none of "
            f"{len(rolls)} has them. Use longer songs."
        )
    padded = [
        np.pad(roll, ((0, -count % length), (0, 0)))
        for roll, count in zip(rolls, steps, strict=True)
    ]
    windows = song_windows(padded, length, stride=length)
    first = np.searchsorted(windows.song, windows.song)
    position = (np.arange(len(first)) - first)[:, None] * length + np.arange(length)
    mask = position < steps[windows.song][:, None]
    # The step after the last one has a history, but nothing is predicted there.
    windows.x_prev[~mask] = 0
    return PaddedWindows(windows.x, windows.x_prev, mask, windows.song)


def seed_windows(rolls, length, stride=1):
    """Cuts overlapping windows of plain steps, to seed generation and to measure the data itself.

    Args:
        rolls: sequence of arrays (time, pitch) of 0 and 1, one per song.
        length: int, steps per window; n steps give n - length + 1 windows at stride 1.
        stride: int, steps between the starts of two windows.

    Returns:
        (x, song): uint8 array (window, time, pitch) and int32 array (window,).

    Raises:
        ValueError: if no song has `length` steps.
    """
    frames, starts, song = _starts(rolls, length, stride)
    return _cut(frames, starts, length), song


def compat_windows(rolls, length, stride=1, batch_size=None, history=True):
    """Cuts windows as the released code does (`PianoData` in pianoroll.py), faults included.

    The last window of each song is lost, the tail of the split is cut to whole batches, and songs
    without a window are taken out before the rest are numbered, so that looking up a label by
    `song` gives the label of an earlier song. For comparison with the released code only.

    Args:
        rolls: sequence of arrays (time, pitch) of 0 and 1, one per song.
        length: int, steps to predict per window.
        stride: int, steps between the starts of two windows.
        batch_size: int or None to keep the tail.
        history: bool. Without, windows may start at the first step and `x_prev` is None.

    Returns:
        `Windows`.

    Raises:
        ValueError: if no song is long enough.
    """
    span = length + history
    frames, starts, song = _starts(rolls, span + 1, stride)
    kept = len(starts) // batch_size * batch_size if batch_size else len(starts)
    starts, song = starts[:kept], np.unique(song, return_inverse=True)[1][:kept]
    x_prev = _cut(frames, starts, length) if history else None
    return Windows(_cut(frames, starts + history, length), x_prev, song.astype(np.int32))


def bar_starts(begin, length, window, bar):
    """Finds where windows start that lie within lines of tokens, one at each bar line.

    Args:
        begin: int array (line,), where each line begins in the tokens of all.
        length: int array (line,), its steps.
        window: int, steps per window.
        bar: int, steps per bar; lines begin on a bar line.

    Returns:
        (starts, line): int arrays (window,), positions in the tokens and the line of each.
    """
    counts = np.maximum(0, (length - window) // bar + 1)
    line = np.repeat(np.arange(len(counts)), counts)
    # Where each line would have begun if its first window were the first of all.
    origin = begin - (np.cumsum(counts) - counts) * bar
    return origin[line] + np.arange(len(line)) * bar, line


def cut(tokens, starts, length):
    """Copies windows `(window, length, ...)` out of tokens `(time, ...)`."""
    if not len(starts):
        return np.empty((0, length, *tokens.shape[1:]), tokens.dtype)
    tokens = np.ascontiguousarray(tokens)
    # What `sliding_window_view` does, without its checks, which cost more than the copy.
    shape = len(tokens) - length + 1, length, *tokens.shape[1:]
    return np.ndarray(shape, tokens.dtype, tokens, strides=tokens.strides[:1] + tokens.strides)[
        starts
    ]


def first_of_equal(windows, group=None):
    """Finds the first window of all that are equal.

    Args:
        windows: array `(window, ...)`.
        group: int array (window,) or None: windows of different groups are never equal.

    Returns:
        int array of indices, ascending.
    """
    count = len(windows)
    if count < 2:
        return np.arange(count)
    rows = np.ascontiguousarray(windows).reshape(count, -1)
    # Each window as bytes, in a dict: several times as quick as NumPy's sorting, for a song.
    keys = rows.view(np.dtype((np.void, rows.strides[0]))).ravel().tolist()
    if group is not None and (group != group[0]).any():
        keys = list(zip(group.tolist(), keys, strict=True))
    # From the last to the first, so that the first of equals stays.
    keys.reverse()
    first = dict(zip(keys, range(count - 1, -1, -1), strict=True))
    if len(first) == count:
        return np.arange(count)
    return np.sort(np.fromiter(first.values(), np.int64, len(first)))


def _starts(rolls, span, stride):
    """Joins the songs and finds where windows of `span` steps start.

    Returns:
        uint8 array (time, pitch) of all songs, int array (window,) into it, int32 array (window,).
    """
    rolls = _check(rolls, span)
    if stride < 1:
        raise ValueError(f"Expected a stride of at least 1, received {stride}.")
    lengths = np.array([len(roll) for roll in rolls])
    counts = np.maximum(0, (lengths - span) // stride + 1)
    if not counts.any():
        raise ValueError(
            f"Expected a song of at least {span} steps, the longest of {len(rolls)} has "
            f"{max(lengths, default=0)}. Use shorter windows or longer songs."
        )
    song = np.repeat(np.arange(len(rolls), dtype=np.int32), counts)
    within = np.arange(len(song)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.repeat(np.cumsum(lengths) - lengths, counts) + within * stride
    return np.concatenate(rolls), starts, song


def _cut(frames, starts, length):
    """Copies windows (window, time, pitch) out of frames (time, pitch)."""
    return sliding_window_view(frames, (length, frames.shape[1]))[starts, 0]


def _check(rolls, span):
    if span < 1:
        raise ValueError(f"Expected windows of at least 1 step, received {span}.")
    # Columns of a .mat file lie in Fortran order, which would make every window a slow one.
    checked = [np.asarray(roll).astype(np.uint8, order="C") for roll in rolls]
    for number, (roll, original) in enumerate(zip(checked, rolls, strict=True)):
        if roll.ndim != 2 or not np.array_equal(roll, original) or roll.max(initial=0) > 1:
            raise ValueError(
                f"Expected rolls (time, pitch) of 0 and 1, received shape {roll.shape} with values "
                f"up to {np.max(original, initial=0)} as song {number}. Binarize it first."
            )
    return checked
