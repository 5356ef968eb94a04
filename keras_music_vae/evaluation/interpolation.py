"""How smoothly a model leads from one window to another, along the great circle of their codes.

Token by token, each window on the way is compared with what the two ends decode to. Beside it
stands the mix of the two ends that needs no model: each token is the end's with the probability
`share`, and else the start's.
"""

from typing import NamedTuple

import numpy as np
from keras import ops

from keras_music_vae.evaluation.reconstruction import GREEDY
from keras_music_vae.models.latent_space import slerp


class Distances(NamedTuple):
    """Mean shares of tokens that differ, from 0 to 1, all parts of a window together.

    Attributes:
        shares: float array `(share,)`, how much of the way is done, from 0 at the start to 1.
        from_start, from_end: float arrays `(share,)`, of what the model decodes.
        mixed_from_start, mixed_from_end: float arrays `(share,)`, expected of the mix.
    """

    shares: np.ndarray
    from_start: np.ndarray
    from_end: np.ndarray
    mixed_from_start: np.ndarray
    mixed_from_end: np.ndarray

    @property
    def rising(self):
        """Float, the share of steps along the way at which the distance to the start rises."""
        return float(np.mean(np.diff(self.from_start) > 0))


def measure(model, first, second, steps=11, batch_size=200):
    """Measures interpolations between windows that the model was not trained on.

    Codes are the means of q(z|x), and tokens the likeliest each time. So the model's own errors at
    the ends do not count, only where the way between them leads.

    Args:
        model: `LatentSpace` with an encoder, such as `MusicVAE`.
        first, second: int arrays `(pair, time, part)`, the ends.
        steps: int, at least 2, both ends included.
        batch_size: int. About how many windows are made at a time; bounds memory.

    Returns:
        `Distances`.

    Reference: Roberts et al. 2018, "Interpolations"; Valenti et al. 2020, section 4.3.
    """
    shares = np.linspace(0, 1, steps)
    pairs = max(1, batch_size // steps)
    length = first.shape[1]
    from_start, from_end = np.zeros((2, steps), int)
    for i in range(0, len(first), pairs):
        start, end = (_codes(model, windows[i : i + pairs]) for windows in (first, second))
        codes = np.concatenate([slerp(*ends, shares) for ends in zip(start, end, strict=True)])
        tokens = model.decode(codes.astype("float32"), length, GREEDY)
        tokens = tokens.reshape(len(start), steps, -1)
        from_start += (tokens != tokens[:, :1]).sum(axis=(0, 2))
        from_end += (tokens != tokens[:, -1:]).sum(axis=(0, 2))
    apart = from_start[-1] / first.size
    return Distances(
        shares,
        from_start / first.size,
        from_end / first.size,
        shares * apart,
        (1 - shares) * apart,
    )


def _codes(model, windows):
    """Mean codes, float64 `(window, latent)`: as slerp divides by small angles."""
    return ops.convert_to_numpy(ops.cast(model.encode(windows).mean, "float32")).astype("float64")
