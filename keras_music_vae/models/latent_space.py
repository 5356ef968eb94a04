"""What is done with codes of windows: making music, attribute vectors, sweeps and walks."""

import keras
import numpy as np
from keras import ops

from keras_music_vae.compiled import compiled


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


def swept(z, dim, values):
    """Codes with one dimension set to each of some values.

    Args:
        z: `(code, latent)`.
        dim: int.
        values: `(value,)`.

    Returns:
        `(code, value, latent)`.
    """
    is_dim = ops.arange(z.shape[-1]) == dim
    return ops.where(is_dim, ops.cast(values, z.dtype)[:, None], z[:, None])


class LatentSpace:
    """Latent operations of models whose codes are one for a whole window.

    Models have `encode` and `rollout`, and an `own_temperature`, as of `Autoencoder`. Those with a
    `control_dim` are told controls in every call, float `(batch, time, control)` unless it says
    otherwise; others take none.

    Attributes:
        between: `slerp` or `lerp`, the way from code to code.
        token_dtype: str, the type of the values of a step.
        encoded_length: int, the steps that the encoder reads; None where any number will do.
        length_unit: int, of which the steps to decode are a multiple.
        control_dim: int, what the model is told at each step, such as chords.
    """

    between = staticmethod(slerp)
    token_dtype = "int32"
    encoded_length = None
    length_unit = 1
    control_dim = 0
    _compiled_mean = _compiled_rollout = None

    def decode(self, z, length, temperature=None, seed=0, controls=None):
        """Makes the tokens of codes.

        Args:
            z: `(batch, latent)`.
            length: int, steps to make, a multiple of `length_unit`.
            temperature: float. At 0 the likeliest tokens are taken, above they are drawn, towards 0
                the likeliest ever more often; None for the model's own. A model whose own is not 0
                always draws.
            seed: int, of what is drawn.
            controls: see the class.

        Returns:
            array `(batch, length, part)`, int unless the model says otherwise.

        Raises:
            ValueError: if the temperature is below 0, or 0 of a model that always draws, or the
                length is no such multiple, or controls are missing or not expected.
        """
        temperature = self.own_temperature if temperature is None else temperature
        draws = self.own_temperature > 0
        if temperature < 0 or (draws and not temperature):
            least = (
                "above 0, 0.001 for the likeliest" if draws else "0, for the likeliest, or above"
            )
            raise ValueError(f"temperature must be {least}. Received: {temperature}")
        if length % self.length_unit:
            raise ValueError(
                f"length must be a multiple of {self.length_unit}, the length_unit of this "
                f"model. Received: {length}"
            )
        uniforms = keras.random.uniform((np.shape(z)[0], length, self.parts), seed=seed)
        if self._compiled_rollout is None:
            shapes = (None, self.latent_dim or 1), (None, None, self.parts), ()
            self._compiled_rollout = self._compile(
                lambda *x: self.rollout(*x)[0], [(shape, "float32") for shape in shapes]
            )
        return self._compiled_rollout(z, uniforms, temperature, controls)

    def sample(self, count, length, temperature=None, seed=0, controls=None):
        """Makes `count` windows of codes drawn from the prior: `(count, length, part)`."""
        seeds = keras.random.SeedGenerator(seed)
        codes = self.draw_codes(count, seeds)
        return self.decode(codes, length, temperature, seeds, controls)

    def reconstruct(self, x, temperature=None, seed=0, controls=None, vector=None):
        """Makes windows again from what the codes kept of them: `decode` of the means.

        Args:
            x: tokens `(window, time, part)`.
            temperature, seed, controls: see `decode`.
            vector: `(latent,)`, added to each code, such as half of an `attribute_vector`.

        Returns:
            array `(window, time, part)`.
        """
        codes = self._mean(x, controls)
        codes = codes if vector is None else codes + np.asarray(vector, codes.dtype)
        return self.decode(codes, np.shape(x)[1], temperature, seed, controls)

    def interpolate(
        self, first, second, steps=9, temperature=None, seed=0, controls=None, end_controls=None
    ):
        """Makes the windows between two, along `between` of their codes.

        Args:
            first, second: tokens `(time, part)`.
            steps: int, at least 2, both ends included.
            temperature, seed: see `decode`.
            controls: `(time, control)`, told to every window, so that only the code changes.
            end_controls: `(2, time, control)`, told with each end to find its code; None for
                `controls`.

        Returns:
            array `(steps, time, part)`.
        """
        self._check_codes()
        if end_controls is None:
            end_controls = _of_each(controls, 2)
        ends = self._mean(np.stack([first, second]), end_controls).astype("float64")
        codes = self.between(*ends, np.linspace(0, 1, steps)).astype("float32")
        told = _of_each(controls, steps)
        return self.decode(codes, len(first), temperature, seed, told)

    def sweep(self, codes, dim, values, length=None, temperature=None, seed=0, controls=None):
        """Makes the windows of codes with one dimension set to each of some values.

        Where a dimension follows an attribute, see `Autoencoder.compile`, the attribute rises with
        the values, and the rest of the music stays as it is, as far as the model can tell them
        apart.

        Args:
            codes: `(code, latent)`; or windows `(code, time, part)`, of which the means are taken.
            dim: int; or str, one of `attribute_dims`.
            values: sequence of float, such as (-4, -2, 0, 2, 4).
            length: int, steps to make; None for that of the windows.
            temperature, seed: see `decode`.
            controls: `(time, control)`, told to every window.

        Returns:
            array `(code, value, length, part)`.

        Raises:
            ValueError: if there is no such dimension, or codes come without a length.

        Reference: Pati and Lerch 2020, who hold z and set a dimension to -4, -2, 0, 2 and 4.
        """
        self._check_codes()
        codes = np.asarray(codes)
        if codes.ndim == 3:
            length = length or codes.shape[1]
            codes = self._mean(codes, _of_each(controls, len(codes)))
        elif length is None:
            raise ValueError("Expected a length in steps beside codes. Received: none")
        codes = swept(ops.cast(codes, "float32"), self._dimension(dim), np.asarray(values))
        flat = ops.reshape(codes, (-1, self.latent_dim))
        made = self.decode(flat, length, temperature, seed, _of_each(controls, len(flat)))
        return made.reshape(*codes.shape[:2], *made.shape[1:])

    def _dimension(self, dim):
        """The index of a dimension, or of the one that follows an attribute."""
        known = self.attribute_dims
        index = known.get(dim, -1) if isinstance(dim, str) else dim
        if not 0 <= index < self.latent_dim:
            raise ValueError(
                f"Expected a dimension from 0 to {self.latent_dim - 1}, or an attribute that the "
                f"model's codes were ordered by ({', '.join(known) or 'none'}). Received: {dim!r}"
            )
        return index

    def draw_codes(self, count, seed):
        """Draws codes from the prior, float32 `(count, latent)`."""
        return keras.random.normal((count, self.latent_dim), dtype="float32", seed=seed)

    def attribute_vector(
        self, with_attribute, without_attribute, batch_size=256, controls=(None, None)
    ):
        """The direction of an attribute: the mean code of windows with it minus that of others.

        Add it to codes to give what they decode to the attribute, subtract it to take that away:
        `reconstruct(x, vector=vector)`; half of it does half as much.

        Args:
            with_attribute, without_attribute: int tokens `(window, time, part)`.
            batch_size: int. Windows at a time; bounds memory.
            controls: pair of `(window, time, control)`, those of each group.

        Returns:
            float32 array `(latent,)`.

        Raises:
            ValueError: if there are no windows in a group, or the model is a decoder alone.

        Reference: Roberts et al. 2018, "Attribute Vector Arithmetic".
        """
        self._check_codes()
        means = []
        for group, told in zip((with_attribute, without_attribute), controls, strict=True):
            if not len(group):
                raise ValueError("Expected windows with and without the attribute, received none.")
            some = [slice(i, i + batch_size) for i in range(0, len(group), batch_size)]
            codes = [self._mean(group[i], None if told is None else told[i]) for i in some]
            means.append(np.concatenate(codes).mean(axis=0, dtype="float64"))
        return (means[0] - means[1]).astype("float32")

    def chain(self, codes, windows, length, temperature=None, seed=0, controls=None):
        """Makes a piece longer than a window: windows of codes along a walk, one after the other.

        Args:
            codes: `(code, latent)`, the stations of the walk, such as means of `encode`.
            windows: int, see `walk`; as many as there are codes makes one window of each.
            length: int, steps of a window.
            temperature, seed: see `decode`.
            controls: `(windows * length, control)`, of the whole piece.

        Returns:
            array `(windows * length, part)`.

        Raises:
            ValueError: if there are no codes or the model is a decoder alone.
        """
        self._check_codes()
        way = walk(codes, windows, self.between)
        if controls is not None:
            controls = np.reshape(controls, (windows, length, -1))
        made = self.decode(way, length, temperature, seed, controls)
        return made.reshape(windows * length, -1)

    def continue_from(self, x, windows, temperature=None, seed=0, controls=None):
        """Makes windows to follow one, on the way from its code to one drawn from the prior.

        Args:
            x: int tokens `(time, part)`; not part of the result.
            windows: int, at least 1; the last is of the drawn code.
            temperature, seed: see `decode`.
            controls: `((1 + windows) * time, control)`, of `x` and of what follows.

        Returns:
            array `(windows * time, part)`.
        """
        self._check_codes()
        seeds = keras.random.SeedGenerator(seed)
        drawn = self.draw_codes(1, seeds)
        own = after = None
        if controls is not None:
            own, after = np.asarray(controls)[None, : len(x)], controls[len(x) :]
        here = self._mean(np.asarray(x)[None], own)
        way = walk(np.concatenate([here, ops.convert_to_numpy(drawn)]), windows + 1, self.between)
        return self.chain(way[1:], windows, len(x), temperature, seeds, after)

    def _mean(self, x, controls=None):
        """The means of the codes of windows, an array."""
        if self._compiled_mean is None:
            inputs = [((None, self.encoded_length, self.parts), self.token_dtype)]
            self._compiled_mean = self._compile(
                lambda *x: ops.cast(self.encode(*x).mean, "float32"), inputs
            )
        return self._compiled_mean(x, controls)

    def _compile(self, function, inputs):
        """Compiles a function of arrays, which step by step takes thirty times as long.

        Beside its inputs it takes controls, None of a model that is told none.
        """
        if self.control_dim:
            inputs = [*inputs, ((None, None, self.control_dim), "float32")]
        graph = compiled(function, self, inputs)

        def run(*arrays):
            self._check_controls(arrays[-1])
            pairs = zip(arrays[: len(inputs)], inputs, strict=True)
            tensors = [ops.convert_to_tensor(array, dtype) for array, (_, dtype) in pairs]
            return ops.convert_to_numpy(graph(*tensors))

        return run

    def _check_controls(self, controls):
        if (controls is None) == bool(self.control_dim):
            raise ValueError(
                f"Expected controls of {self.control_dim} values a step, received "
                f"{'none' if controls is None else 'some'}."
            )

    def _check_codes(self):
        if not self.latent_dim:
            raise ValueError("A decoder alone (latent_dim=0) has no codes; use a VAE.")


def _of_each(controls, count):
    """Controls `(time, control)` of one window for each of `count`; None if there are none."""
    return None if controls is None else np.repeat(np.asarray(controls)[None], count, axis=0)
