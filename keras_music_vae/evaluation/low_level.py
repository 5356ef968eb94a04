"""Low-level metrics of bands, and how they change around the prior: figure 3 of MusAE's paper.

Valenti, Carta and Bacciu (2020), section 4.4.1. Their list of metrics is in additional material
that could not be had; these are the ones that their text and the first version of their code name,
except that its pitch classes were named a semitone too low.
"""

import numpy as np

from keras_music_vae.evaluation.reconstruction import GREEDY
from keras_music_vae.music import theory
from keras_music_vae.music.representations.band import SILENCE, sounding

METRICS = (
    "notes", "held steps", "silent steps", "note length", "lowest pitch", "mean pitch",
    "highest pitch", "pitch step", *theory.PITCH_CLASSES,
)  # fmt: skip


def low_level_metrics(tokens):
    """Measures each part of each band by itself.

    Args:
        tokens: int array `(window, time, part)` of `Band`'s tokens.

    Returns:
        float array `(window, part, metric)`, in the order of `METRICS`:

        * notes: how many begin, those included that a window begins with;
        * held steps: in which a note sounds that began before;
        * silent steps: in which nothing sounds, also those where silence is held, which the paper's
          code counts as held. With notes and held steps they are all steps;
        * note length: sounding steps over notes;
        * lowest, mean, highest pitch: of the notes, as MIDI numbers;
        * pitch step: mean distance of a note from the note before, in semitones;
        * C, Db, ..., B: how many notes have this pitch class.

        NaN where a part has no notes, for a pitch step where it has only one.
    """
    tokens = np.asarray(tokens)
    begins, silent = tokens < SILENCE, sounding(tokens) == SILENCE
    notes = begins.sum(axis=1)
    pitch = np.where(begins, tokens, 0).astype(int)
    nothing = np.where(notes > 0, 0.0, np.nan)
    lowest = np.where(begins, tokens, SILENCE).min(axis=1) + nothing
    step = np.arange(tokens.shape[1])[:, None]
    last = np.maximum.accumulate(np.where(begins, step, -1), axis=1)
    before = np.concatenate([np.full_like(last[:, :1], -1), last[:, :-1]], axis=1)
    distance = np.abs(pitch - np.take_along_axis(pitch, np.maximum(before, 0), axis=1))
    distance = np.where(begins & (before >= 0), distance, 0).sum(axis=1)
    classes = [(begins & (pitch % 12 == number)).sum(axis=1) for number in range(12)]
    found = (
        notes,
        (~begins & ~silent).sum(axis=1),
        silent.sum(axis=1),
        _share((~silent).sum(axis=1), notes),
        lowest,
        _share(pitch.sum(axis=1), notes),
        pitch.max(axis=1) + nothing,
        _share(distance, notes - 1),
        *classes,
    )
    return np.stack(found, axis=-1).astype(float)


def relative_changes(values, component, components):
    """How far the mean of each component is from the mean of all, (local - global) / global.

    Args:
        values: float array `(window, part, metric)`, NaN where there is nothing to average.
        component: int array `(window,)`.
        components: int, how many there are.

    Returns:
        float array `(component, part, metric)`: 0 where the mean of all is 0, as then all are; NaN
        where a component has no value.
    """
    component = np.asarray(component)
    local = np.stack([_mean(values[component == number]) for number in range(components)])
    overall = _mean(values)
    return np.where(overall == 0, 0 * local, (local - overall) / np.where(overall == 0, 1, overall))


def measure(model, codes, length, batch_size=200):
    """Measures the music that a model makes of each component of its prior.

    Args:
        model: `MusAE`, or another model of bands with `decode`.
        codes: float array `(component, code, latent)`, drawn from each component, in the order of
            the circle; the paper draws 256 from each.
        length: int, steps of a window.
        batch_size: int. Windows at a time; bounds memory.

    Returns:
        float array `(component, part, metric)`, see `relative_changes`.
    """
    components, count, latent = codes.shape
    flat = codes.reshape(-1, latent)
    values = [
        low_level_metrics(model.decode(flat[start : start + batch_size], length, GREEDY))
        for start in range(0, len(flat), batch_size)
    ]
    component = np.repeat(np.arange(components), count)
    return relative_changes(np.concatenate(values), component, components)


def roughness(changes):
    """How much neighbours on the circle differ, beside any two components.

    Args:
        changes: float array `(component, part, metric)` in the order of the circle, three
            components or more.

    Returns:
        float: the mean squared difference of neighbours over that of all pairs. About 1 if the
        order means nothing, towards 0 the more gradually the metrics change around the circle. NaN
        where all components are alike.
    """
    neighbours = np.nanmean((changes - np.roll(changes, 1, axis=0)) ** 2)
    pairs = np.triu_indices(len(changes), 1)
    every = np.nanmean((changes[pairs[0]] - changes[pairs[1]]) ** 2)
    return float(neighbours / every) if every else float("nan")


def _share(total, count):
    """total / count, NaN where there is nothing to count."""
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _mean(values):
    """Mean over windows of what is not NaN; NaN where nothing is."""
    there = ~np.isnan(values)
    return _share(np.where(there, values, 0).sum(axis=0), there.sum(axis=0))
