"""Whether codes of music are spread as the prior says, which an adversarial autoencoder promises.

A critic that can no longer tell codes from draws of the prior proves little, as it may be a weak
one; the energy test needs no critic. Not in the paper of MusAE, which measures nothing of the kind.
"""

from typing import NamedTuple

import numpy as np

# A p-value is a multiple of 1 / (1 + this).
PERMUTATIONS = 999


class Match(NamedTuple):
    """How codes and draws of a prior compare.

    Attributes:
        codes: int, how many were compared: of few, all that follows is rough.
        distance: float from 0, of equal distributions, to 1, the energy coefficient: energy
            distance over twice the mean distance between the two samples.
        p_value: float. How often samples of one distribution would be as far apart or farther.
        mean_distance: float. Distance of the two means, in root mean square distances of the prior
            from its mean.
        spread: float. The same root mean square of the codes over that of the prior: 1 if they are
            spread as widely.
    """

    codes: int
    distance: float
    p_value: float
    mean_distance: float
    spread: float


def compare(codes, prior, strata=None, reference=None, permutations=PERMUTATIONS, seed=0):
    """Compares two samples: the whole prior with codes of all music, or a genre's with its own.

    Args:
        codes: float array `(code, latent)`, drawn from q(z|x), of different songs, as the p-value
            is of independent codes; see `one_of_each`.
        prior: float array `(draw, latent)`, about as many draws.
        strata: pair of int arrays `(code,)` and `(draw,)`, what each is of, such as a genre: codes
            are then taken for draws of their own stratum alone, as of another they are far from
            either. None if all are of one.
        reference: float array `(draw, latent)`, more draws, which tell mean and width of the prior
            better; None for `prior`.
        permutations: int.
        seed: int, of the permutations.

    Returns:
        `Match`.

    Raises:
        ValueError: if a sample has fewer than two codes.

    Reference: Szekely and Rizzo 2013, "Energy statistics", equations 5 and 6 and section 4.1; the
    coefficient is H of section 4.2.
    """
    codes, prior = (np.asarray(each, "float64") for each in (codes, prior))
    if min(len(codes), len(prior)) < 2:
        raise ValueError(
            f"Expected two codes and two draws or more, received {len(codes)} and {len(prior)}."
        )
    reference = prior if reference is None else np.asarray(reference, "float64")
    if strata is None:
        strata = np.zeros(len(codes)), np.zeros(len(prior))
    energy = _energy_test(codes, prior, np.concatenate(strata), permutations, seed)
    width = _width(reference)
    apart = np.linalg.norm(codes.mean(axis=0) - reference.mean(axis=0))
    return Match(len(codes), *energy, float(apart / width), float(_width(codes) / width))


def one_of_each(song, seed=0):
    """Draws one window of each song.

    Args:
        song: array `(window,)`, what windows of one song have in common.
        seed: int.

    Returns:
        int array, indices of windows, in the order of the songs' names.
    """
    order = np.random.default_rng(seed).permutation(len(song))
    return order[np.unique(np.asarray(song)[order], return_index=True)[1]]


def _energy_test(first, second, strata, permutations, seed):
    from scipy.spatial.distance import cdist

    both = np.concatenate([first, second])
    distances = cdist(both, both)
    # The energy distance is the negative form of distances in shares that are positive for the one
    # sample and negative for the other: 2 E|X - Y| - E|X - X'| - E|Y - Y'|.
    shares = np.repeat([1 / len(first), -1 / len(second)], [len(first), len(second)])
    random = np.random.default_rng(seed)
    moved = np.tile(shares, (1 + permutations, 1))
    for stratum in np.unique(strata):
        own = np.flatnonzero(strata == stratum)
        moved[1:, own] = random.permuted(moved[1:, own], axis=1)
    energies = -np.einsum("pi,pi->p", moved @ distances, moved)
    between = distances[: len(first), len(first) :].mean()
    coefficient = energies[0] / (2 * between) if between else 0.0
    # A permutation that leaves the samples as they are is as far apart but for rounding.
    reached = energies[1:] >= energies[0] - 1e-12 * max(between, 1e-300)
    return float(coefficient), float((1 + reached.sum()) / (1 + permutations))


def _width(sample):
    """Root mean square distance from the mean."""
    return np.sqrt(sample.var(axis=0, ddof=1).sum())
