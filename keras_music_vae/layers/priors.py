"""Priors of an adversarial autoencoder, which need draws and no density.

Each makes codes of standard normal noise, so that whoever draws decides on seeds.
"""

import math

import numpy as np
from keras import ops


def standard_normal(noise, component=None):
    """N(0, I): the noise itself, whatever the component."""
    return noise


class Flower:
    """Gaussians around a circle, each long from its centre to its rim like a petal.

    Formula: component i of n is N(u, radial_variance u u^T + variance (I - u u^T)), with u =
    (cos t, sin t, 0, ..., 0) and t = 2 pi i / n.

    Args:
        components: int, n.
        radial_variance: float, along the petal.
        variance: float, in all other directions.

    Call arguments:
        noise: `(batch, latent)`, standard normal, of latent size 2 or more.
        component: int `(batch,)`, from 0 to below n.

    Returns:
        `(batch, latent)`.

    The covariance is never made: the two first directions are turned, and all are scaled. In all
    other directions, petals are alike.

    Reference: Valenti, Carta and Bacciu 2020, equations 14 to 18.
    """

    def __init__(self, components, radial_variance=0.1, variance=0.001):
        self.components = components
        self.radial_variance = radial_variance
        self.variance = variance

    def __call__(self, noise, component):
        cosine, sine = self._direction(component, noise.dtype)
        radius = 1 + math.sqrt(self.radial_variance) * noise[:, :1]
        others = math.sqrt(self.variance) * noise[:, 1:]
        across = others[:, :1]
        turned = [radius * cosine - across * sine, radius * sine + across * cosine]
        return ops.concatenate([*turned, others[:, 1:]], axis=-1)

    def move(self, codes, component, amount):
        """Moves codes in a straight line towards the centre of a petal, in the petals' plane.

        Formula: z + amount ((cos t, sin t) - (z_0, z_1)) in the first two directions; z in the
        others, which do not tell petals apart.

        Args:
            codes: `(batch, latent)`.
            component: int `(batch,)`, as when called.
            amount: scalar, from 0, where codes are, to 1.

        Returns:
            `(batch, latent)`.
        """
        codes = ops.convert_to_tensor(codes)
        centre = ops.concatenate(self._direction(component, codes.dtype), axis=-1)
        plane = codes[:, :2] + amount * (centre - codes[:, :2])
        return ops.concatenate([plane, codes[:, 2:]], axis=-1)

    def widths(self, latent_dim):
        """Standard deviations of all petals together, float32 `(latent,)`; of three or more."""
        widths = np.full(latent_dim, math.sqrt(self.variance), "float32")
        # Around the circle the square of a cosine is a half on average.
        widths[:2] = math.sqrt((1 + self.radial_variance + self.variance) / 2)
        return widths

    def _direction(self, component, dtype):
        """Cosine and sine of the petals' angles, each `(batch, 1)`."""
        angle = ops.cast(component, dtype)[:, None] * (2 * math.pi / self.components)
        return ops.cos(angle), ops.sin(angle)
