"""Genres of songs: the most frequent, and an order in which related ones are neighbours.

Valenti, Carta and Bacciu (2020), section 3.3, place genres on a circle, related ones side by side,
and do not say by what rule. Here songs that have several genres tell which are related.
"""

import numpy as np

# Of the paper: the most frequent tags that it keeps.
KEPT = 32


def most_frequent(names, tags, count=KEPT):
    """Says which genres most songs have, so that those of no song are left out.

    Args:
        names: sequence of str, the genres.
        tags: int array (song, genre), 1 for each genre of a song.
        count: int, how many to keep at most.

    Returns:
        list of int, indices of `names`, the most frequent first; among equals by name.
    """
    songs = _check(names, tags).sum(axis=0)
    return [i for i in _rank(names, songs)[:count] if songs[i]]


def genre_order(names, tags):
    """Puts genres on a circle so that those that songs share are neighbours.

    Genres are as near as the cosine of their columns of `tags`, c_ij / sqrt(c_i c_j), with c_ij the
    songs that have both. A tree of average links joins them, and of all orders that the tree allows
    the one with the least sum of distances between neighbours is taken (Bar-Joseph et al. 2001).
    The circle is then turned, and mirrored, so that the genre of most songs comes first and of its
    neighbours that of more songs second; among equals the first by name. So the order depends on
    the songs alone, not on the order of the input.

    Args:
        names: sequence of str, the genres, no two alike.
        tags: int array (song, genre), 1 for each genre of a song.

    Returns:
        tuple of int, indices of `names` in the order of the circle.

    Raises:
        ImportError: if SciPy is not installed.
        ValueError: if the shapes do not fit together, or a name stands twice.
    """
    tags = _check(names, tags)
    together = tags.T @ tags
    songs = np.diag(together)
    # What is equal otherwise is decided by the place in the input: so by a place of our own.
    ranked = np.array(_rank(names, songs), int)
    if len(names) < 3:
        return tuple(ranked.tolist())
    together, songs = together[np.ix_(ranked, ranked)], songs[ranked]
    distances = 1 - together / np.sqrt(np.maximum(np.outer(songs, songs), 1))
    circle = _leaves(distances[np.triu_indices(len(names), 1)])
    circle = np.roll(circle, -circle.index(0)).tolist()
    if circle[-1] < circle[1]:
        circle = [circle[0], *reversed(circle[1:])]
    return tuple(ranked[circle].tolist())


def _rank(names, songs):
    """Indices of genres, those of more songs first, among equals by name."""
    return sorted(range(len(names)), key=lambda i: (-songs[i], names[i]))


def _leaves(distances):
    """The best order of the leaves of a tree over condensed distances, a list of int."""
    try:
        from scipy.cluster import hierarchy
    except ImportError as error:
        raise ImportError(
            f"An order of genres needs SciPy, which could not be imported ({error}). "
            "Install it: pip install 'keras-music-vae[reproduce]'"
        ) from error
    tree = hierarchy.linkage(distances, "average", optimal_ordering=True)
    return hierarchy.leaves_list(tree).tolist()


def _check(names, tags):
    tags = np.asarray(tags).astype(int)
    if tags.ndim != 2 or tags.shape[1] != len(names) or len(set(names)) != len(names):
        raise ValueError(
            f"Expected names of different genres and tags (song, genre) with a column for each, "
            f"received {list(names)} and shape {tags.shape}."
        )
    return tags
