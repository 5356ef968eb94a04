"""Between the tokens of a representation and the windows that models of several parts take.

Models see every step as a row of values, `(time, part)`. Melodies and drums have no axis of parts,
and models of single drums (NADE) have a part for each bit of a code of drums. Grooves are such rows
already, of numbers that are no tokens.
"""

import numpy as np

from keras_music_vae.music.representations.band import Band
from keras_music_vae.music.representations.drums import Drums
from keras_music_vae.music.representations.groove import Groove
from keras_music_vae.music.representations.melody import Melody
from keras_music_vae.music.representations.performance import NOTHING, Performance
from keras_music_vae.music.representations.spelled_melody import SpelledMelody
from keras_music_vae.music.representations.trio import Trio


def classes_of(representation):
    """Tuple of int, the number of tokens of each part: (90,), (512,), (90, 90, 512)."""
    classes = representation.num_classes
    if isinstance(classes, tuple):
        return classes
    return (classes,) * (1 if _is_line(representation) else representation.window_shape(1)[1])


def steps_per_bar(representation):
    """Int, the tokens of a bar of 4/4.

    That is 16 sixteenths, the 24 ticks of a `SpelledMelody`, or the 512 of a `Performance`.
    """
    return representation.window_shape(1)[0]


def no_event(representation):
    """Int, the token of a step at which nothing happens."""
    if isinstance(representation, Performance):
        return NOTHING
    return getattr(representation, "hold", 0)


def fits(representation, num_classes):
    """Says whether windows of a model with these classes are tokens of the representation."""
    num_classes = tuple(num_classes)
    return num_classes == classes_of(representation) or _are_bits(representation, len(num_classes))


def fitting(num_classes):
    """The representation, with its defaults, of a model with these classes; None if there is none.

    Args:
        num_classes: sequence of int, such as (90,) or (90, 90, 512); (2,) * 9 for nine drums.
    """
    known = (
        Melody(),
        Melody("workshop"),
        Drums(),
        Drums("pitches"),
        Trio(),
        Trio("workshop"),
        SpelledMelody(),
        SpelledMelody("published"),
        Band(),
        Performance(),
    )
    return next((each for each in known if fits(each, num_classes)), None)


def window_of(tokens, representation, num_classes):
    """Gives tokens their axis of parts.

    Args:
        tokens: array `(..., time)`, or `(..., time, part)` where the representation has parts.
        representation: of `music.representations`.
        num_classes: sequence of int, those of the model.

    Returns:
        int32 array `(..., time, part)`; of grooves float32.
    """
    tokens = np.asarray(tokens)
    if isinstance(representation, Groove):
        return tokens.astype(np.float32)
    if _are_bits(representation, len(num_classes)):
        return representation.bits(tokens).astype(np.int32)
    return (tokens[..., None] if _is_line(representation) else tokens).astype(np.int32)


def tokens_of(window, representation):
    """Undoes `window_of`: tokens that `representation.decode` takes, if without leading axes.

    Args:
        window: array `(..., time, part)`.
        representation: of `music.representations`.
    """
    window = np.asarray(window)
    if _are_bits(representation, window.shape[-1]):
        bits = window.astype(representation.dtype)
        codes = bits << np.arange(window.shape[-1], dtype=representation.dtype)
        return codes.sum(axis=-1, dtype=representation.dtype)
    return window[..., 0] if _is_line(representation) else window


def _is_line(representation):
    return len(representation.window_shape(1)) == 1


def _are_bits(representation, parts):
    return isinstance(representation, Drums) and parts == representation.num_drums
