"""How smoothly a model leads from one window to another, along the way between their codes.

Step by step, each window on the way is compared with the two ends. Beside it stands the mix of the
two that needs no model: at each step of each part it is the end with the probability `share`, and
else the start.
"""

from typing import NamedTuple

import numpy as np

from keras_music_vae.evaluation.codes import encode
from keras_music_vae.evaluation.reconstruction import GREEDY


class Distances(NamedTuple):
    """Mean shares of steps that differ, from 0 to 1, all parts of a window together.

    They are Hamming distances of windows, divided by the steps times the parts.

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


def measure(
    model,
    first,
    second,
    steps=11,
    batch_size=200,
    seen=lambda tokens: tokens,
    against="decoded",
):
    """Measures interpolations between windows that the model was not trained on.

    Codes are the means of q(z|x), and tokens the likeliest each time.

    Args:
        model: `LatentSpace` with an encoder, such as `MusicVAE`; its `between` is the way.
        first, second: int arrays `(pair, time, part)`, the ends.
        steps: int, at least 2, both ends included.
        batch_size: int. About how many windows are made at a time; bounds memory.
        seen: function of tokens `(window, time, part)` that gives what is compared, such as
            `band.sounding`, for which a hold is the pitch that it holds.
        against: str. "decoded" compares with what the model makes of the ends, so that its errors
            there do not count, only where the way leads; "windows" with the ends as they are.

    Returns:
        `Distances`.

    Raises:
        ValueError: if `against` is none of the two.

    Reference: Roberts et al. 2018, "Interpolations" (slerp, decoded); Valenti et al. 2020,
    section 4.3 and figure 4 (straight lines, windows).
    """
    if against not in ("decoded", "windows"):
        raise ValueError(f"Expected against='decoded' or 'windows', received {against!r}.")
    shares = np.linspace(0, 1, steps)
    pairs = max(1, batch_size // steps)
    codes = [_codes(model, windows, batch_size) for windows in (first, second)]
    from_start, from_end = np.zeros((2, steps), int)
    apart = 0
    for i in range(0, len(first), pairs):
        batch = slice(i, i + pairs)
        ways = zip(*(each[batch] for each in codes), strict=True)
        on_the_way = np.concatenate([model.between(*ends, shares) for ends in ways]).astype(
            "float32"
        )
        made = seen(model.decode(on_the_way, first.shape[1], GREEDY))
        made = made.reshape(-1, steps, first[0].size)
        start, end = made[:, :1], made[:, -1:]
        if against == "windows":
            ends = seen(first[batch]), seen(second[batch])
            start, end = (each.reshape(len(made), 1, -1) for each in ends)
        from_start += (made != start).sum(axis=(0, 2))
        from_end += (made != end).sum(axis=(0, 2))
        apart += (start != end).sum()
    return Distances(
        shares,
        from_start / first.size,
        from_end / first.size,
        shares * apart / first.size,
        (1 - shares) * apart / first.size,
    )


def _codes(model, windows, batch_size):
    """Mean codes, float64 `(window, latent)`: as slerp divides by small angles."""
    return encode(model, windows, batch_size).mean.astype("float64")
