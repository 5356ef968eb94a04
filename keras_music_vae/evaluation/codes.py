"""Codes of many windows, for whatever is measured of them."""

import numpy as np
from keras import ops

from keras_music_vae.compiled import compiled
from keras_music_vae.models.base import Posterior


def encode(model, windows, batch_size=200):
    """q(z|x) of windows, some at a time.

    Args:
        model: model whose `encode` gives a `Posterior` of `(window, latent)`, such as `MusicVAE`.
        windows: int array `(window, time, part)`.
        batch_size: int. Windows at a time; bounds memory.

    Returns:
        `Posterior` of float32 NumPy arrays `(window, latent)`.
    """
    windows = np.asarray(windows)

    def distribution(x):
        return [ops.cast(each, "float32") for each in model.encode(x)]

    graph = compiled(distribution, model, [((None, *windows.shape[1:]), windows.dtype.name)])
    starts = range(0, max(1, len(windows)), batch_size)
    made = [graph(windows[start : start + batch_size]) for start in starts]
    made = [[ops.convert_to_numpy(each) for each in pair] for pair in made]
    return Posterior(*(np.concatenate(each) for each in zip(*made, strict=True)))
