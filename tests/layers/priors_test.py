"""The flower against the matrices that the paper prints."""

import numpy as np
import pytest

from keras_music_vae.layers import Flower, standard_normal


def printed(component, components, latent):
    """Mean and covariance by equations 14 to 18 of Valenti et al. 2020."""
    angle = 2 * np.pi * component / components
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.eye(latent)
    turn[:2, :2] = np.array([[cosine, sine], [-sine, cosine]]).T
    scale = np.diag([0.1] + [0.001] * (latent - 1))
    mean = np.array([cosine, sine] + [0] * (latent - 2))
    return mean, turn @ scale @ np.linalg.inv(turn)


@pytest.mark.parametrize(("components", "latent"), [(32, 6), (5, 2)])
def test_petals_have_the_mean_and_covariance_of_the_paper(components, latent):
    flower, every = Flower(components), np.arange(components)

    def codes(noise):
        return np.asarray(flower(np.tile(noise.astype("float32"), (components, 1)), every))

    centre = codes(np.zeros(latent))
    # The columns of the affine map that makes codes of noise.
    columns = np.stack([codes(row) - centre for row in np.eye(latent)], axis=-1)
    for i in every:
        mean, covariance = printed(i, components, latent)
        np.testing.assert_allclose(centre[i], mean, atol=1e-6)
        np.testing.assert_allclose(columns[i] @ columns[i].T, covariance, atol=1e-7)


@pytest.mark.parametrize("components", [3, 8])
def test_widths_are_those_of_all_petals_together(components):
    moments = [printed(i, components, 4) for i in range(components)]
    variances = [np.diag(covariance) + mean**2 for mean, covariance in moments]
    np.testing.assert_allclose(
        Flower(components).widths(4), np.sqrt(np.mean(variances, axis=0)), rtol=1e-5
    )


def test_variances_are_arguments():
    noise = np.eye(3, dtype="float32")
    codes = Flower(4, radial_variance=4.0, variance=0.25)(noise, np.zeros(3, int))
    np.testing.assert_allclose(codes, [[3, 0, 0], [1, 0.5, 0], [1, 0, 0.5]], atol=1e-6)


def test_codes_move_to_a_petal_s_centre_in_the_plane_of_the_petals():
    flower = Flower(4)
    codes = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    component = np.array([0, 1, 2])
    centres = np.array([[1, 0], [0, 1], [-1, 0]])
    for amount in (0.0, 0.3, 1.0):
        moved = np.asarray(flower.move(codes, component, amount))
        np.testing.assert_array_equal(moved[:, 2:], codes[:, 2:])
        expected = (1 - amount) * codes[:, :2] + amount * centres
        np.testing.assert_allclose(moved[:, :2], expected, atol=1e-6)
    # Draws of a petal lie around where codes are moved to.
    noise = np.zeros((3, 5), "float32")
    np.testing.assert_allclose(
        flower.move(noise, component, 1.0), flower(noise, component), atol=1e-6
    )


def test_the_normal_prior_is_its_noise():
    noise = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(standard_normal(noise), noise)
