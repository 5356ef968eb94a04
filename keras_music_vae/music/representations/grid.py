"""What the representations in sixteenths share: bars of sixteen steps, and checks."""

import math

import numpy as np

from keras_music_vae.music.midi import MidiError

STEPS_PER_QUARTER = 4
BAR = 16
# A line ends at this many bars; what follows in it is lost (`max_bars` of Magenta's converters).
MAX_BARS = 100
# Of combined parts, what lies beyond this many bars is lost (`max_num_bars` of its trio converter).
MAX_BARS_TOGETHER = 1024
# Combinations of parts multiply: 30 melodies, 10 basses and 10 drum tracks are 3,000 songs. A file
# that would give more windows than this is left out, so that its size stays bounded.
MAX_WINDOWS = 50_000
# So is one with more combinations than this, whether or not they play together: songs have up to a
# few hundred, and a damaged file may have millions to look through.
MAX_COMBINATIONS = 20_000


def pad_to_bar(steps):
    """Rounds a number of steps, or an array of them, up to whole bars."""
    return -(-steps // BAR) * BAR


def check_tokens(tokens, shape, num_classes, *, lowest=0):
    """Returns tokens as an int64 array.

    Args:
        tokens: array.
        shape: tuple of the expected shape, None where any length will do.
        num_classes: int or tuple of int, one for each entry of the last axis.
        lowest: int, the lowest token.

    Raises:
        ValueError: if the shape is another or a token is none of the classes.
    """
    tokens = np.asarray(tokens)
    fits = tokens.ndim == len(shape) and all(
        expected in (None, size) for expected, size in zip(shape, tokens.shape, strict=True)
    )
    axes = ", ".join("time" if size is None else str(size) for size in shape)
    if not fits:
        raise ValueError(
            f"Expected one song of tokens ({axes}), received shape {tokens.shape}. Decode the "
            "songs of a batch one by one."
        )
    if not np.issubdtype(tokens.dtype, np.integer) or (
        tokens.size and ((tokens < lowest) | (tokens >= np.array(num_classes))).any()
    ):
        raise ValueError(
            f"Expected whole tokens from {lowest} to below {num_classes}, received {tokens.dtype} "
            f"from {tokens.min()} to {tokens.max()}. Sample from probabilities first."
        )
    return tokens.astype(np.int64)


def count_combinations(parts, track):
    """Returns in how many ways tracks of each part go together.

    Args:
        parts: sequence of bool arrays (note,), the notes of each part.
        track: int array (note,).
    """
    return math.prod(len(np.unique(track[part])) for part in parts)


def no_windows(quantized, accepted, reason, bars, *, polyphonic=False):
    """Returns the `MidiError` that says why a score gives no window.

    Args:
        quantized: `Quantized`.
        accepted: bool array (note,), the notes that the representation can hold.
        reason: str, where there are none.
        bars: int, bars per window.
        polyphonic: bool, whether chords are the reason when all else is well.
    """
    if not accepted.any():
        return MidiError(reason)
    good = quantized.in_bars_of(BAR)
    if not good[quantized.span[accepted]].any():
        return MidiError("no_4_4")
    steps = quantized.spans["steps"]
    if len(steps) > 1 and steps.max() < bars * BAR <= steps.sum():
        return MidiError("changing_tempo")
    return MidiError("too_polyphonic" if polyphonic else "too_short")
