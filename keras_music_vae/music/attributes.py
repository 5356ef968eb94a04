"""Attributes of single measures: how complex, wide, dense and rising they are.

AR-VAE calls them rhythmic complexity, pitch range, note density and contour, and orders a dimension
of its code by each.
"""

import numpy as np

ATTRIBUTES = ("rhythmic_complexity", "pitch_range", "note_density", "contour")
"""Names in the order of the dimensions that AR-VAE regularises."""

NO_ONSET = -1

# Hundredths, a row a beat: whole numbers, so that sums are exact.
_COMPLEXITY = np.array(
    [[head, 100, 200, 50, 200, 100] for head in (20, 67, 25, 67)], np.int64
).ravel()
_RANGE = 26  # semitones


def measure_attributes(pitches):
    """Measures the four attributes.

    * rhythmic complexity: the weights of the ticks in which notes begin, summed, as a share of the
      weights of all ticks. The four beats weigh .20, .67, .25 and .67, the ticks within each 1, 2,
      .5, 2 and 1.
    * pitch range: (highest - lowest) / 26
    * note density: notes that begin / ticks
    * contour: (last - first) / 26, the sum of all intervals

    Only notes that begin in the measure count, not one that is held into it. With fewer than two,
    pitch range and contour are 0.

    The values are those of whole numbers divided once, so two measures tie where their formulas do.
    The authors sum weights in float32, which splits some ties by a last bit (38 different
    complexities in their data instead of 34), and then regularise the order of what is equal. That
    all are float32 matters too: estimates of mutual information add noise to the values, which is
    lost in float32 and breaks ties in float64 (modularity .82 against .95 on one set of codes).

    Args:
        pitches: int array (..., tick) with 24 ticks, six a beat: the MIDI pitch where a note
            begins, `NO_ONSET` elsewhere. `SpelledMelody.onsets` gives it.

    Returns:
        dict of each of `ATTRIBUTES` to a float32 array (...).

    Raises:
        ValueError: if measures have another number of ticks.

    Reference:
        Pati and Lerch (2020), "Attribute-based regularization of latent spaces for variational
        auto-encoders"; data/dataloaders/bar_dataset.py of the authors' code.
    """
    pitches = np.asarray(pitches, np.int64)
    if pitches.ndim < 1 or pitches.shape[-1] != len(_COMPLEXITY):
        raise ValueError(
            f"Expected measures (..., {len(_COMPLEXITY)}), received shape {pitches.shape}. Cut "
            f"the music into measures first: reshape(-1, {len(_COMPLEXITY)})."
        )
    begins = pitches != NO_ONSET
    count = begins.sum(axis=-1)
    several = count > 1
    first = begins.argmax(axis=-1)[..., None]
    last = pitches.shape[-1] - 1 - begins[..., ::-1].argmax(axis=-1)[..., None]
    rise = np.take_along_axis(pitches, last, -1) - np.take_along_axis(pitches, first, -1)
    highest = pitches.max(axis=-1)
    lowest = np.where(begins, pitches, highest[..., None]).min(axis=-1)
    return {
        "rhythmic_complexity": _share(begins @ _COMPLEXITY, _COMPLEXITY.sum()),
        "pitch_range": _share((highest - lowest) * several, _RANGE),
        "note_density": _share(count, pitches.shape[-1]),
        "contour": _share(rise[..., 0] * several, _RANGE),
    }


def _share(part, whole):
    """A quotient of whole numbers below 2^24, rounded once."""
    return np.float32(part) / np.float32(whole)
