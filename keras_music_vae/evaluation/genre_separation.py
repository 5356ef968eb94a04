"""How far codes tell two genres apart: figure 5 of Valenti, Carta and Bacciu (2020).

The paper shows codes of two genres in the plane of their first two principal components and judges
by eye. Beside the picture stands a number: how well a line in that plane, and a plane in the whole
space of codes, tell the genres of songs that neither was fitted to.
"""

import itertools
from typing import NamedTuple

import numpy as np

# Windows of each genre in a picture, as many as in the paper.
SHOWN = 128


class Codes(NamedTuple):
    """Codes of windows whose genres are known.

    Attributes:
        z: float array `(window, latent)`.
        genres: int array `(window, genre)`, 1 for each genre of the window's song.
        song: array `(window,)`, what windows of one song have in common.
    """

    z: np.ndarray
    genres: np.ndarray
    song: np.ndarray

    def only(self, first, second):
        """Windows of exactly one of two genres, as `Codes`, and bool `(window,)`: of the second."""
        chosen = self.genres[:, first] != self.genres[:, second]
        return Codes(*(each[chosen] for each in self)), self.genres[chosen, second] > 0


class Separation(NamedTuple):
    """Two genres in a plane, and how well they are told apart.

    Attributes:
        pca, tsne: float arrays `(window, 2)`, of training windows.
        second: bool array `(window,)`, of the second genre.
        in_plane, in_space: floats, the share of a test song's windows that are told right by the
            first two principal components or the whole code; the mean over songs of each genre,
            and of both genres. Chance is 0.5. NaN without test songs of both.
        songs: tuple of two ints, the test songs of each genre that these are of.
    """

    pca: np.ndarray
    tsne: np.ndarray
    second: np.ndarray
    in_plane: float
    in_space: float
    songs: tuple


def measure(train, test, first, second, shown=SHOWN, seed=0):
    """Compares two genres.

    Args:
        train, test: `Codes`, of songs that are not in both.
        first, second: int, indices of the genres. Songs of both are left out, as in the paper.
        shown: int, training windows of each genre to show and to take the components of, at most.
        seed: int, of the windows that are shown, and of t-SNE.

    Returns:
        `Separation`.

    Raises:
        ImportError: if scikit-learn is not installed.
        ValueError: if a genre has fewer than two training windows that the other does not have.
    """
    train, second_of_train = train.only(first, second)
    test, second_of_test = test.only(first, second)
    counts = np.bincount(second_of_train, minlength=2)
    if counts.min() < 2:
        raise ValueError(
            f"Expected two training windows or more of genre {first} without {second} and as many "
            f"the other way round, received {counts[0]} and {counts[1]}."
        )
    PCA, TSNE, LogisticRegression, StandardScaler, make_pipeline = _sklearn()
    random = np.random.default_rng(seed)
    genre = [np.flatnonzero(second_of_train == own) for own in (False, True)]
    chosen = np.concatenate([random.permutation(each)[:shown] for each in genre])
    z = train.z[chosen]
    plane = PCA(2, svd_solver="full").fit(z)
    tsne = TSNE(perplexity=min(30, (len(z) - 1) / 3), init="pca", random_state=seed)
    # A song counts as one example, of which the penalty of the regression supposes many.
    weights = len(np.unique(train.song)) / 2 * _weights(train.song, second_of_train)

    def score(view):
        line = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        line.fit(view(train.z), second_of_train, logisticregression__sample_weight=weights)
        right = line.predict(view(test.z)) == second_of_test
        return float(np.sum(right * _weights(test.song, second_of_test)) / 2)

    songs = tuple(len(np.unique(test.song[second_of_test == own])) for own in (False, True))
    known = min(songs) > 0
    return Separation(
        plane.transform(z),
        tsne.fit_transform(z),
        second_of_train[chosen],
        score(plane.transform) if known else float("nan"),
        score(lambda z: z) if known else float("nan"),
        songs,
    )


def pairs(train, test, least=1):
    """Says which genres can be compared.

    Args:
        train, test: `Codes`.
        least: int, songs of each genre without the other that both must have.

    Returns:
        list of pairs of ints.
    """

    def has(codes, first, second):
        codes, second_of = codes.only(first, second)
        return all(len(np.unique(codes.song[second_of == own])) >= least for own in (False, True))

    every = itertools.combinations(range(train.genres.shape[1]), 2)
    return [pair for pair in every if has(train, *pair) and has(test, *pair)]


def _weights(song, second):
    """Float `(window,)`: those of a song sum to one share, and the songs of a genre to 1."""
    _, own, windows = np.unique(song, return_inverse=True, return_counts=True)
    weights = 1 / windows[own]
    for genre in (False, True):
        weights[second == genre] /= max(weights[second == genre].sum(), 1)
    return weights


def _sklearn():
    try:
        from sklearn.decomposition import PCA
        from sklearn.linear_model import LogisticRegression
        from sklearn.manifold import TSNE
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise ImportError(
            f"Comparing genres needs scikit-learn, which could not be imported ({error}). "
            "Install it: pip install 'keras-music-vae[reproduce]'"
        ) from error
    return PCA, TSNE, LogisticRegression, StandardScaler, make_pipeline
