"""Whether music does what its code is told: an attribute of what is decoded, along a sweep.

AR-VAE is for this; its paper shows sweeps in pictures and has no number for them.
"""

import numpy as np


def measure(model, codes, dimensions, values, length, attributes_of):
    """How attributes follow sweeps of their dimensions.

    Args:
        model: model with `sweep`, such as `MeasureVAE`.
        codes: float32 array `(window, latent)`.
        dimensions: dict, attribute -> int, the dimension that is swept for it.
        values: sequence of float, rising, what the dimension becomes.
        length: int, steps of a window.
        attributes_of: callable, int tokens `(window, time, part)` -> dict, attribute -> array
            `(window,)`.

    Returns:
        dict, `sweep_<attribute>` -> float from -1 to 1, see `following`.
    """
    metrics = {}
    for name, dimension in dimensions.items():
        made = model.sweep(codes, dimension, values, length)
        found = attributes_of(made.reshape(-1, *made.shape[2:]))[name]
        metrics[f"sweep_{name}"] = following(values, found.reshape(made.shape[:2]))
    return metrics


def following(values, attributes):
    """Mean over windows of Spearman's rho of what is set and what comes out.

    A window in which the attribute never changes counts 0.

    Args:
        values: sequence of float, as many as there are steps.
        attributes: float array `(window, step)`.

    Returns:
        float from -1 to 1: 1 if it rises at every step of every window.
    """
    from scipy.stats import rankdata

    ranks = rankdata(attributes, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    steps = rankdata(values)
    steps -= steps.mean()
    size = np.sqrt((ranks**2).sum(axis=1) * (steps**2).sum())
    rho = np.divide(ranks @ steps, size, out=np.zeros_like(size), where=size > 0)
    return float(rho.mean())
