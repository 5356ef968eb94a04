"""Chords as models are told them: at each step one of 49, no chord or a triad of twelve roots.

The classes are those of note-seq's `TriadChordOneHotEncoding`, of Magenta's models with chords.
"""

import re

import numpy as np

from keras_music_vae.music.representations import Performance
from keras_music_vae.music.representations.performance import EVENTS
from keras_music_vae.music.theory import NO_CHORD, pitch_class

_MAJOR, _MINOR, _AUGMENTED, _DIMINISHED = range(4)
CLASSES = 1 + 4 * 12
"""No chord, then twelve major triads from C, minor, augmented and diminished ones."""

_TRIADS = {
    "": _MAJOR, "maj": _MAJOR, "M": _MAJOR, "m": _MINOR, "min": _MINOR, "mi": _MINOR, "-": _MINOR,
    "aug": _AUGMENTED, "+": _AUGMENTED, "dim": _DIMINISHED, "o": _DIMINISHED, "°": _DIMINISHED,
    "ø": _DIMINISHED,
}  # fmt: skip
_FIFTHS = {(_MAJOR, "#5"): _AUGMENTED, (_MINOR, "b5"): _DIMINISHED}
_NAME = re.compile(
    r"(?P<root>[A-G][#b]?)"
    r"(?P<triad>maj|min|mi|m(?!aj)|M|-|aug|\+|dim|o|°|ø|)"
    r"(?:maj|M)?(?:6/9|6|7|9|11|13)?(?:add(?:2|4|9|11|13))*"
    r"(?:\(?(?P<fifth>[#b]5)\)?)?"
    r"(?:/[A-G][#b]?)?"
)


def chord_class(name):
    """The class of a chord, by its root and its triad; sevenths, ninths and bass are not told.

    Args:
        name: str such as "C", "F#m7", "Bbdim", "Eaug", "G7/B", or "N.C." for no chord.

    Returns:
        int from 0 to 48.

    Raises:
        ValueError: if it is no such chord, or has none of the four triads, as "Gsus4" has not.
    """
    if name == NO_CHORD:
        return 0
    if found := _NAME.fullmatch(name):
        triad, fifth = _TRIADS[found["triad"]], found["fifth"]
        triad = _FIFTHS.get((triad, fifth)) if fifth else triad
        if triad is not None:
            return 1 + 12 * triad + pitch_class(found["root"])
    raise ValueError(
        'Expected chords with a major, minor, augmented or diminished triad, such as "C", "F#m7", '
        f'"Eaug" and "Bdim", or "{NO_CHORD}". Received: {name!r}.'
    )


def tell(names, representation, length):
    """Says at each step of a piece which chord there is, each chord for an equal time.

    Args:
        names: sequence of str, see `chord_class`. Of a `Performance`, whose steps are no times,
            chords change with bars, and where an instrument's program stands there is none.
        representation: of `music.representations`.
        length: int, steps.

    Returns:
        float32 array (time, 49), ones and zeros.

    Raises:
        ValueError: see `chord_class`; or if there are none, or more chords than steps or bars.
    """
    events = isinstance(representation, Performance)
    unit = representation.window_shape(1)[0] if events else 1
    places = -(-length // unit)
    classes = np.array([chord_class(name) for name in names], int)
    if not 1 <= len(classes) <= places:
        raise ValueError(
            f"Expected 1 to {places} chords, one for each {'bar' if events else 'step'} at most. "
            f"Received: {len(classes)}."
        )
    chord = classes[np.arange(length) // unit * len(classes) // places]
    if events:
        chord[::EVENTS] = chord_class(NO_CHORD)
    return np.eye(CLASSES, dtype=np.float32)[chord]
