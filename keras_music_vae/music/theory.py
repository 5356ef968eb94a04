"""Keys, pitch classes, transposition and chord names on 88-column piano rolls.

The paper of the Classifying VAE calls the 88 columns the piano's keys, a major key together with
its relative minor a "key class", and a share of in-key notes "key consistency".
"""

import re

import numpy as np

PITCHES = range(21, 109)
"""MIDI numbers of the 88 columns of a piano roll, A0 to C8."""

PITCH_CLASSES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
"""Names of pitch classes 0 to 11, spelled as in the paper."""

KEY_CLASSES = tuple(sorted(PITCH_CLASSES))
"""The twelve key classes, named by their major key. Alphabetical, so the class order of the
released code is this order without the classes that its training songs lack."""

KEYS = tuple(
    f"{tonic} {mode}"
    for mode, tonics in (
        ("major", "C C# D Eb E F F# G Ab A Bb B"),
        ("minor", "C C# D Eb E F F# G G# A Bb B"),
    )
    for tonic in tonics.split()
)
"""The 24 keys that `find_key` answers with, spelled as music21 spells them."""

NO_CHORD = "N.C."

_KEY = re.compile(r"([A-Ga-g])([#b-]?)(?:\s+((?i:major|minor)))?")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)

# Aarden-Essen key profiles, those of music21's analyze("key"); major, then minor, tonic first.
_PROFILES = np.array(
    [
        [17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587],
        [0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122],
        [18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362],
        [0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623],
    ]
).reshape(2, 12)

_CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
}


def parse_key(text):
    """Returns the canonical name of a key.

    Args:
        text: str. "G major", "Bb minor", "B- minor", or music21's short forms, in which the case of
            the letter gives the mode: "G", "B-", "g", "b-". Beside a mode, case has no meaning.

    Returns:
        str, such as "G major" or "Bb minor". The spelling is kept: "C# major" stays sharp.

    Raises:
        ValueError: if the text names no key.
    """
    match = _KEY.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f'Expected a key such as "G major", "Bb minor" or "f#", received {text!r}. '
            'Write a letter A to G, then "#", "b" or "-" if any, then "major" or "minor".'
        )
    letter, accidental, mode = match.groups()
    mode = mode.lower() if mode else ("major" if letter.isupper() else "minor")
    return f"{letter.upper()}{accidental.replace('-', 'b')} {mode}"


def key_class(key):
    """Returns the key class of a key: its relative major, one of `KEY_CLASSES`.

    Args:
        key: str, in any form that `parse_key` takes. "A minor" gives "C", "C minor" gives "Eb".
    """
    tonic, mode = _tonic_and_mode(key)
    return PITCH_CLASSES[tonic if mode == "major" else (tonic + 3) % 12]


def key_pitch_classes(key):
    """Returns the seven pitch classes of a key or key class, bool (pitch class,), C first.

    A minor key has those of its relative major (natural minor). The paper speaks of a set of
    eight, which counts the tonic twice; its code drops the repeat.
    """
    mask = np.zeros(12, bool)
    mask[(PITCH_CLASSES.index(key_class(key)) + np.array(_MAJOR_SCALE)) % 12] = True
    return mask


def semitones_to_C(key):
    """Returns the semitones, 0 to -11, that move a key to C major or C minor."""
    return -_tonic_and_mode(key)[0]


def pitch_class_counts(roll):
    """Counts the sounding steps of each pitch class.

    Args:
        roll: array (..., time, pitch) with 88 pitches: 0/1, or probabilities.

    Returns:
        array (..., pitch class), C first; int64 if the roll is of integers or bools, else float.
    """
    roll = _check_roll(roll)
    return _fold(roll.sum(axis=-2, dtype=np.float64 if roll.dtype.kind == "f" else np.int64))


def key_correlations(counts_or_roll):
    """Correlates pitch-class durations with the profile of every key.

    Pearson correlation with the Aarden-Essen profiles, as music21's `analyze("key")` computes it.
    (The paper names Krumhansl-Schmuckler, which is the algorithm; its labels need these profiles.)

    Args:
        counts_or_roll: array (..., pitch class) with 12 entries, C first, or array
            (..., time, pitch) with 88 pitches.

    Returns:
        float64 array (..., key) in the order of `KEYS`; zeros where all pitch classes are equal.
    """
    counts = np.asarray(counts_or_roll)
    if counts.shape[-1:] != (12,):
        counts = pitch_class_counts(counts)
    counts = counts.astype(np.float64)
    profiles = np.stack([np.roll(profile, tonic) for profile in _PROFILES for tonic in range(12)])
    profiles -= profiles.mean(axis=1, keepdims=True)
    profiles /= np.linalg.norm(profiles, axis=1, keepdims=True)
    deviations = counts - counts.mean(axis=-1, keepdims=True)
    norm = np.linalg.norm(deviations, axis=-1, keepdims=True)
    flat = norm <= 1e-12 * np.abs(counts).sum(axis=-1, keepdims=True)
    return np.where(flat, 0.0, deviations / np.where(flat, 1.0, norm)) @ profiles.T


def find_key(counts_or_roll):
    """Finds the key of one song.

    Args:
        counts_or_roll: array (pitch class,) with 12 entries, C first, or array (time, pitch).

    Returns:
        (key, correlation): one of `KEYS`, and its correlation. Keys that correlate equally (to
        1e-12) are decided as music21 sorts them: highest tonic from C to B, then minor before
        major.

    Raises:
        ValueError: if no note sounds.
    """
    values = np.asarray(counts_or_roll)
    if values.ndim != (1 if values.shape[-1:] == (12,) else 2):
        raise ValueError(
            "Expected one song, counts (12,) or a roll (time, 88), "
            f"received shape {values.shape}. Call find_key once per song."
        )
    if not values.any():
        raise ValueError("Expected at least one note, received silence, which has no key.")
    correlations = key_correlations(values)
    tied = np.flatnonzero(correlations >= correlations.max() - 1e-12)
    best = max(tied, key=lambda index: (index % 12, index // 12))
    return KEYS[best], float(correlations[best])


def octave_shift(lowest, highest):
    """Returns the shift, -12, 0 or 12, that brings MIDI pitches onto the piano.

    A whole song moves, so intervals are kept (`song_to_pianoroll` of the released code).

    Raises:
        ValueError: if the pitches fit in no octave (the released code wraps them round).
    """
    for shift in (0, 12, -12):
        if PITCHES[0] <= lowest + shift and highest + shift <= PITCHES[-1]:
            return shift
    raise ValueError(
        f"Expected pitches that fit {PITCHES[0]}..{PITCHES[-1]} as they are or one octave away, "
        f"received {lowest}..{highest}. Choose another transposition."
    )


def transpose_roll(roll, semitones):
    """Transposes a song, moving all of it by an octave where it would leave the piano.

    Args:
        roll: array (time, pitch) with 88 pitches.
        semitones: int, positive is up.

    Returns:
        array (time, pitch) of the same type.

    Raises:
        ValueError: if the song fits in no octave (see `octave_shift`).
    """
    roll = _check_roll(roll)
    moved = np.zeros_like(roll)
    columns = np.flatnonzero(roll.any(axis=0))
    if columns.size:
        low, high = int(columns[0]), int(columns[-1])
        shift = semitones + octave_shift(PITCHES[low] + semitones, PITCHES[high] + semitones)
        moved[:, low + shift : high + shift + 1] = roll[:, low : high + 1]
    return moved


def pitch_class(name):
    """Int, 0 to 11, the pitch class of a letter and its accidental, as in "C", "F#" or "Bb"."""
    return (_LETTERS[name[0]] + _ACCIDENTALS[name[1:]]) % 12


def name_chord(weights):
    """Names the chord that best matches pitches or their probabilities (the labels of Figure 4).

    The name maximises the cosine between the weight of each pitch class and a chord of ones and
    zeros, over 12 roots and the qualities major, m, dim, aug, sus4, 7, maj7, m7, m7b5 and dim7.
    Equal matches (C for a lone C; any root of a diminished seventh) go to the one rooted on the
    bass, then to the simplest. The bass is the lowest pitch with at least half the largest weight.

    Args:
        weights: array (pitch,) of 88 or (pitch class,) of 12 (C first, then no bass is known): 0/1,
            counts or probabilities.

    Returns:
        str: "C", "Am", "G7", ..., or "N.C." (no chord) if all weights are zero.
    """
    weights = np.asarray(weights, np.float64)
    if weights.shape not in ((12,), (88,)):
        raise ValueError(
            "Expected weights of 12 pitch classes or 88 pitches, "
            f"received shape {weights.shape}. Pass one step at a time."
        )
    if not weights.any():
        return NO_CHORD
    bass = None
    if weights.size == 88:
        bass = PITCHES[int(np.argmax(weights >= weights.max() / 2))] % 12
        weights = _fold(weights)
    # All vectors have the norm of the weights in common, so it is left out of the cosine.
    matches = {
        (root, quality): sum(weights[(root + np.array(chord)) % 12]) / len(chord) ** 0.5
        for quality, chord in _CHORDS.items()
        for root in range(12)
    }
    best = max(matches.values())
    tied = [name for name, match in matches.items() if match >= best * (1 - 1e-9)]
    root, quality = next((name for name in tied if name[0] == bass), tied[0])
    return PITCH_CLASSES[root] + quality


def _tonic_and_mode(key):
    tonic, mode = parse_key(key).split()
    return pitch_class(tonic), mode


def _check_roll(roll):
    roll = np.asarray(roll)
    if roll.ndim < 2 or roll.shape[-1] != len(PITCHES):
        raise ValueError(
            f"Expected a piano roll (..., time, 88), received shape {roll.shape}. "
            "Columns are MIDI pitches 21 (A0) to 108 (C8)."
        )
    return roll


def _fold(per_pitch):
    """Sums (..., 88) over octaves to (..., 12), C first."""
    folding = np.zeros((len(PITCHES), 12), np.int64)
    folding[np.arange(len(PITCHES)), np.array(PITCHES) % 12] = 1
    return per_pitch @ folding
