"""What is done with codes of windows: attribute vectors, and walks that make longer pieces."""

import keras
import numpy as np
from keras import ops


def slerp(first, second, share):
    """Points on the great circle between two vectors, `(share, features)`; on the line if parallel.

    Args:
        first, second: arrays (features,).
        share: array (share,), from 0 at the first to 1 at the second.
    """
    cosine = np.dot(first, second) / (np.linalg.norm(first) * np.linalg.norm(second))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if not np.sin(angle) > 1e-6:
        return lerp(first, second, share)
    share = np.asarray(share)[:, None]
    return (np.sin((1 - share) * angle) * first + np.sin(share * angle) * second) / np.sin(angle)


def lerp(first, second, share):
    """Points on the straight line between two vectors; arguments as of `slerp`."""
    share = np.asarray(share)[:, None]
    return (1 - share) * first + share * second


def walk(codes, count, between=slerp):
    """A way through codes, by default along the great circle from each to the next.

    Args:
        codes: array `(code, latent)`, at least one.
        count: int. How many codes to make; they part the way from each code to the next in equal
            steps, and the first and, if there are several, the last are on it.
        between: `slerp` or `lerp`.

    Returns:
        float32 array `(count, latent)`.

    Raises:
        ValueError: if there are no codes, or none are to be made.
    """
    codes = np.asarray(codes, "float64")
    if codes.ndim != 2 or not len(codes) or count < 1:
        raise ValueError(
            f"Expected codes (code, latent), one or more, and a count of at least 1. "
            f"Received: shape {codes.shape} and {count}."
        )
    if len(codes) == 1:
        return np.repeat(codes, count, axis=0).astype("float32")
    place = np.linspace(0, len(codes) - 1, count)
    before = np.minimum(place.astype(int), len(codes) - 2)
    steps = [between(codes[i], codes[i + 1], [p - i]) for i, p in zip(before, place, strict=True)]
    return np.concatenate(steps).astype("float32")


class LatentSpace:
    """Latent operations of models whose `encode` and `decode` know one code for a whole window.

    Attributes:
        between: `slerp` or `lerp`, the way from code to code.
    """

    between = staticmethod(slerp)

    def draw_codes(self, count, seed):
        """Draws codes from the prior, float32 `(count, latent)`."""
        return keras.random.normal((count, self.latent_dim), dtype="float32", seed=seed)

    def attribute_vector(self, with_attribute, without_attribute, batch_size=256):
        """The direction of an attribute: the mean code of windows with it minus that of others.

        Add it to codes to give what they decode to the attribute, subtract it to take that away:
        `decode(posterior.mean + vector, length)`; half of it does half as much.

        Args:
            with_attribute, without_attribute: int tokens `(window, time, part)`.
            batch_size: int. Windows at a time; bounds memory.

        Returns:
            float32 array `(latent,)`.

        Raises:
            ValueError: if there are no windows in a group, or the model is a decoder alone.

        Reference: Roberts et al. 2018, "Attribute Vector Arithmetic".
        """
        self._check_codes()
        means = []
        for group in (with_attribute, without_attribute):
            if not len(group):
                raise ValueError("Expected windows with and without the attribute, received none.")
            starts = range(0, len(group), batch_size)
            codes = [self.encode(group[i : i + batch_size]).mean for i in starts]
            codes = [ops.convert_to_numpy(ops.cast(each, "float32")) for each in codes]
            means.append(np.concatenate(codes).mean(axis=0, dtype="float64"))
        return (means[0] - means[1]).astype("float32")

    def chain(self, codes, windows, length, temperature=None, seed=0):
        """Makes a piece longer than a window: windows of codes along a walk, one after the other.

        Args:
            codes: `(code, latent)`, the stations of the walk, such as means of `encode`.
            windows: int, see `walk`; as many as there are codes makes one window of each.
            length: int, steps of a window.
            temperature: see `decode`; None for the model's own.
            seed: see `decode`.

        Returns:
            array `(windows * length, part)`.

        Raises:
            ValueError: if there are no codes or the model is a decoder alone.
        """
        self._check_codes()
        temperature = self.own_temperature if temperature is None else temperature
        made = self.decode(walk(codes, windows, self.between), length, temperature, seed)
        return made.reshape(windows * length, -1)

    def continue_from(self, x, windows, temperature=None, seed=0):
        """Makes windows to follow one, on the way from its code to one drawn from the prior.

        Args:
            x: int tokens `(time, part)`; not part of the result.
            windows: int, at least 1; the last is of the drawn code.
            temperature, seed: see `chain`.

        Returns:
            array `(windows * time, part)`.
        """
        self._check_codes()
        seeds = keras.random.SeedGenerator(seed)
        drawn = self.draw_codes(1, seeds)
        here = ops.cast(self.encode(np.asarray(x)[None]).mean, "float32")
        ends = ops.convert_to_numpy(ops.concatenate([here, drawn]))
        way = walk(ends, windows + 1, self.between)
        return self.chain(way[1:], windows, len(x), temperature, seeds)

    def _check_codes(self):
        if not self.latent_dim:
            raise ValueError("A decoder alone (latent_dim=0) has no codes; use a VAE.")
