"""How much of a sample stays in its key, how many notes it plays and how wide it reaches.

"Key consistency" of Table 2 of the Classifying VAE paper, and the two statistics in its text.
"""

from dataclasses import dataclass

import numpy as np

from keras_music_vae.music import theory


@dataclass(frozen=True)
class KeyConsistency:
    """Measurements over a set of samples; shares are fractions of 1.

    Attributes:
        geometric_mean: float, the paper's figure: exp of the mean log share of in-key notes, over
            samples with at least one in-key note (one zero would make the whole mean zero).
        arithmetic_mean: float, mean share over samples with at least one note.
        standard_error: float, standard deviation of the shares behind `geometric_mean`, over the
            square root of their count.
        notes_per_step: float, sounding notes per step, silent steps included.
        tone_span: float, semitones between the highest and the lowest pitch of a sample, mean over
            samples with at least one note.
        samples: int, number of samples measured.
        off_key_samples: int, samples with notes of which none is in key; not in `geometric_mean`.
        silent_samples: int, samples without any note.
    """

    geometric_mean: float
    arithmetic_mean: float
    standard_error: float
    notes_per_step: float
    tone_span: float
    samples: int
    off_key_samples: int
    silent_samples: int


def key_consistency(rolls, key_classes):
    """Measures samples against their keys.

    The share of a sample is sum_{t,p} x[t,p] in_key[p] / sum_{t,p} x[t,p]. It counts notes, not
    distinct pitch classes, and a key has seven pitch classes (the paper's text says eight, its
    released code drops the repeated tonic), so a random player scores 7/12 = 58.3 %, not 67 %.

    Args:
        rolls: array (sample, time, pitch) of 0 and 1 with 88 pitches. The paper has 16 steps.
        key_classes: sequence of str (sample,), each one of `theory.KEY_CLASSES` or any key name.

    Returns:
        `KeyConsistency`; means over no sample are nan.

    Raises:
        ValueError: if the shapes do not fit.
    """
    rolls = np.asarray(rolls)
    key_classes = np.asarray(key_classes)
    if rolls.ndim != 3 or key_classes.shape != rolls.shape[:1]:
        raise ValueError(
            "Expected rolls (sample, time, 88) and one key class for each sample, received shapes "
            f"{rolls.shape} and {key_classes.shape}. Repeat the class of a song for its windows."
        )
    if not ((rolls == 0) | (rolls == 1)).all():
        raise ValueError(
            f"Expected rolls of 0 and 1, received values from {rolls.min()} to {rolls.max()}. "
            "Sample from probabilities first."
        )
    counts = theory.pitch_class_counts(rolls)
    names, name_of_sample = np.unique(key_classes, return_inverse=True)
    masks = np.array([theory.key_pitch_classes(name) for name in names]).reshape(-1, 12)
    notes = counts.sum(axis=1)
    in_key = (counts * masks[name_of_sample]).sum(axis=1)
    sounding, hit = notes > 0, in_key > 0
    shares = in_key[hit] / notes[hit]
    return KeyConsistency(
        geometric_mean=float(np.exp(_mean(np.log(shares)))),
        arithmetic_mean=_mean(in_key[sounding] / notes[sounding]),
        standard_error=float(np.sqrt(_mean((shares - _mean(shares)) ** 2) / max(1, len(shares)))),
        notes_per_step=_mean(notes / max(1, rolls.shape[1])),
        tone_span=_mean(_spans(rolls[sounding])),
        samples=len(rolls),
        off_key_samples=int((sounding & ~hit).sum()),
        silent_samples=int((~sounding).sum()),
    )


def _spans(rolls):
    """Returns semitones from lowest to highest pitch, (sample,); every sample has a note."""
    used = rolls.any(axis=1)
    return rolls.shape[2] - 1 - used[:, ::-1].argmax(axis=1) - used.argmax(axis=1)


def _mean(values):
    return float(values.mean()) if values.size else float("nan")
