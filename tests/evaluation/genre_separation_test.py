"""Genres that lie apart are told apart, those that do not are not, and songs count alike."""

import numpy as np
import pytest

pytest.importorskip("keras")
pytest.importorskip("sklearn")

from keras_music_vae.evaluation import genre_separation
from keras_music_vae.evaluation.genre_separation import Codes

POP, ROCK, PUNK = range(3)


def codes(seed, songs=30, apart=8.0):
    """Songs of up to twenty windows in four dimensions: pop and rock alike, punk `apart`."""
    random = np.random.default_rng(seed)
    z, genres, song = [], [], []
    for number in range(songs):
        genre = number % 3
        tags = np.eye(3, dtype=int)[genre]
        if number % 10 == 9:
            tags[:] = 1
        windows = random.integers(5, 20)
        centre = random.standard_normal(4) + apart * (genre == PUNK) * np.eye(4)[2]
        z.append(centre + 0.3 * random.standard_normal((windows, 4)))
        genres += [tags] * windows
        song += [f"{seed} {number}"] * windows
    return Codes(np.concatenate(z), np.array(genres), np.array(song))


def test_genres_apart_are_told_apart_and_mixed_ones_are_not():
    train, test = codes(0), codes(1)
    punk = genre_separation.measure(train, test, ROCK, PUNK)
    assert punk.in_plane == punk.in_space == 1
    rock = genre_separation.measure(train, test, POP, ROCK)
    assert 0.2 < rock.in_plane < 0.8
    assert 0.2 < rock.in_space < 0.8
    assert rock.songs == (9, 9)


def test_what_lies_apart_where_codes_vary_little_is_found():
    """The genres differ by a fifth of the width of one of 32 dimensions that vary together."""
    random = np.random.default_rng(0)
    mix = random.standard_normal((32, 32))
    near = mix[:, 0] - mix[:, 1:] @ np.linalg.lstsq(mix[:, 1:], mix[:, 0], rcond=None)[0]

    def one(seed):
        each = np.random.default_rng(seed)
        song = np.repeat(np.arange(200), 5)
        z = each.standard_normal((1000, 32)) @ mix.T
        z -= np.outer(z @ near, near) / (near @ near)
        z += np.outer(np.where(song % 2, 1, -1) + 0.2 * each.standard_normal(1000), near)
        return Codes(z, np.eye(2, dtype=int)[song % 2], song)

    found = genre_separation.measure(one(1), one(2), 0, 1, shown=40)
    assert found.in_space > 0.95
    assert found.in_plane < 0.7


def test_what_is_shown_are_training_windows_of_one_of_the_two():
    train, test = codes(0), codes(1)
    found = genre_separation.measure(train, test, ROCK, PUNK, shown=40)
    assert np.bincount(found.second).tolist() == [40, 40]
    assert found.pca.shape == found.tsne.shape == (80, 2)
    # Of two genres that lie apart the first component is the way from one to the other.
    means = [found.pca[found.second == own].mean(axis=0) for own in (False, True)]
    assert abs(means[0] - means[1])[0] > 6 > 2 > abs(means[0] - means[1])[1]
    tagged, second = train.only(ROCK, PUNK)
    assert (tagged.genres[:, [ROCK, PUNK]].sum(axis=1) == 1).all()
    np.testing.assert_array_equal(second, tagged.genres[:, PUNK] == 1)
    again = genre_separation.measure(train, test, ROCK, PUNK, shown=40)
    np.testing.assert_array_equal(again.pca, found.pca)
    np.testing.assert_array_equal(again.tsne, found.tsne)


def test_a_song_of_many_windows_counts_as_much_as_one_of_few():
    """Of two test songs of rock one lies with punk: a hundred windows of it are half of rock."""
    train, test = codes(0), codes(1)
    keep = test.genres[:, PUNK] == 1
    rock = np.zeros((101, 4)), np.tile([0, 1, 0], (101, 1)), np.array(["x"] * 100 + ["y"])
    rock[0][:100, 2] = 8
    test = Codes(*(np.concatenate([a[keep], b]) for a, b in zip(test, rock, strict=True)))
    found = genre_separation.measure(train, test, ROCK, PUNK)
    assert found.in_space == found.in_plane == pytest.approx(0.75)
    assert found.songs[0] == 2


def test_pairs_have_songs_on_both_sides():
    train, test = codes(0), codes(1)
    assert genre_separation.pairs(train, test) == [(0, 1), (0, 2), (1, 2)]
    assert genre_separation.pairs(train, test, least=10) == []
    no_punk = Codes(*(each[test.genres[:, PUNK] == 0] for each in test))
    assert genre_separation.pairs(train, no_punk) == [(0, 1)]
    found = genre_separation.measure(train, no_punk, ROCK, PUNK)
    assert np.isnan([found.in_plane, found.in_space]).all()
    assert found.songs == (9, 0)
    with pytest.raises(ValueError, match=r"of genre 1 without 2 .* received \d+ and 0"):
        genre_separation.measure(no_punk, test, ROCK, PUNK)
