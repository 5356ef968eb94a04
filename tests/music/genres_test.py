"""Related genres are neighbours on the circle, whatever the order in which they come."""

import itertools

import numpy as np
import pytest

from keras_music_vae.music import genres

pytest.importorskip("scipy")


def songs_on_a_circle(count, songs=200, seed=0):
    """Tags of songs that have a genre and one or both of its neighbours on a circle."""
    random = np.random.default_rng(seed)
    tags = np.zeros((songs, count), int)
    for song, genre in enumerate(random.integers(0, count, songs)):
        tags[song, [genre, (genre + random.choice([-1, 1])) % count]] = 1
    return tags


def test_the_most_frequent_are_kept_and_those_of_no_song_left_out():
    tags = np.array([[1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]])
    names = ["ska", "none", "pop", "nothing", "rock"]
    assert genres.most_frequent(names, tags) == [4, 2, 0]
    assert genres.most_frequent(names, tags, count=2) == [4, 2]


@pytest.mark.parametrize("count", [4, 9, 32])
def test_neighbours_of_a_circle_come_out_as_neighbours(count):
    tags = songs_on_a_circle(count, 60 * count)
    order = genres.genre_order([f"genre {i:02}" for i in range(count)], tags)
    assert sorted(order) == list(range(count))
    assert order[0] == tags.sum(axis=0).argmax()
    apart = [(b - a) % count for a, b in itertools.pairwise([*order, order[0]])]
    # The tree is cut open somewhere, so that one place may be turned.
    assert sum(step in (1, count - 1) for step in apart) >= count - 4


def test_the_order_of_the_input_changes_nothing():
    """Also where genres tie, as those do that no song shares."""
    names = ["pop", "jazz", "ska", "folk", "rap", "opera", "dance"]
    tags = np.eye(7, dtype=int).repeat([9, 4, 4, 4, 2, 2, 1], axis=0)
    tags[:2, 6] = tags[9:11, 3] = 1
    expected = [names[i] for i in genres.genre_order(names, tags)]
    assert expected[0] == "pop"
    for seed in range(20):
        moved = np.random.default_rng(seed).permutation(7)
        shuffled = np.random.default_rng(seed).permutation(tags)[:, moved]
        own = [names[i] for i in moved]
        assert [own[i] for i in genres.genre_order(own, shuffled)] == expected


def test_no_order_that_the_tree_allows_has_nearer_neighbours():
    """Against all turns of a tree of two pairs: only 0-1-2-3 has 1 beside 2."""
    tags = np.array([[1, 1, 0, 0]] * 8 + [[0, 0, 1, 1]] * 8 + [[0, 1, 1, 0]] + [[1, 0, 0, 0]] * 9)
    order = genres.genre_order("abcd", tags)
    assert order in ((0, 1, 2, 3), (0, 3, 2, 1))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_genres_are_in_the_order_of_their_songs(count):
    tags = np.array([[0, 1], [0, 1], [1, 0]])[:, :count]
    assert genres.genre_order("ab"[:count], tags) == ((), (0,), (1, 0))[count]


@pytest.mark.parametrize(("names", "shape"), [("ab", (3, 3)), ("aa", (3, 2)), ("ab", (2,))])
def test_what_does_not_fit_is_refused(names, shape):
    with pytest.raises(ValueError, match=r"Expected names of different genres"):
        genres.genre_order(names, np.zeros(shape))
