"""Windows against plain loops, and the compatible ones against the released code's arrays."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_music_vae.music import theory, windows

LENGTHS = st.lists(st.integers(0, 12), min_size=1, max_size=6)


def make_rolls(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 2, (length, 5), dtype=np.uint8) for length in lengths]


def assert_same(actual, expected):
    assert actual.dtype == expected.dtype
    np.testing.assert_array_equal(actual, expected)


@given(LENGTHS, st.integers(1, 6), st.integers(1, 3))
def test_song_windows_equal_a_loop(lengths, length, stride):
    rolls = make_rolls(lengths)
    expected = [
        (roll[start + 1 : start + 1 + length], roll[start : start + length], song)
        for song, roll in enumerate(rolls)
        for start in range(0, len(roll) - length, stride)
    ]
    if not expected:
        with pytest.raises(ValueError, match=f"at least {length + 1} steps"):
            windows.song_windows(rolls, length, stride)
        return
    actual = windows.song_windows(rolls, length, stride)
    for array, column in zip(actual, zip(*expected, strict=True), strict=True):
        np.testing.assert_array_equal(array, np.stack(column))
    assert [array.dtype for array in actual] == [np.uint8, np.uint8, np.int32]


@given(LENGTHS, st.integers(1, 6), st.integers(1, 3))
def test_seed_windows_equal_a_loop(lengths, length, stride):
    rolls = make_rolls(lengths)
    expected = [
        (roll[start : start + length], song)
        for song, roll in enumerate(rolls)
        for start in range(0, len(roll) - length + 1, stride)
    ]
    if not expected:
        with pytest.raises(ValueError, match=f"at least {length} steps"):
            windows.seed_windows(rolls, length, stride)
        return
    x, song = windows.seed_windows(rolls, length, stride)
    np.testing.assert_array_equal(x, np.stack([window for window, _ in expected]))
    assert_same(song, np.array([number for _, number in expected], np.int32))


@given(LENGTHS, st.integers(1, 6))
def test_padded_windows_hold_each_step_once(lengths, length):
    rolls = make_rolls(lengths)
    if max(lengths) < 2:
        with pytest.raises(ValueError, match="at least 2 steps"):
            windows.padded_windows(rolls, length)
        return
    padded = windows.padded_windows(rolls, length)
    assert padded.x.shape == (len(padded.song), length, 5)
    assert padded.mask.dtype == bool
    for song, roll in enumerate(rolls):
        mine = padded.song == song
        inside = padded.mask[mine]
        np.testing.assert_array_equal(padded.x[mine][inside], roll[1:])
        np.testing.assert_array_equal(padded.x_prev[mine][inside], roll[:-1][: len(roll[1:])])
        assert mine.sum() == -(-max(0, len(roll) - 1) // length)
    assert not padded.x[~padded.mask].any()
    assert not padded.x_prev[~padded.mask].any()


def test_windows_lie_in_order_in_memory():
    fortran = [np.asfortranarray(roll) for roll in make_rolls([8, 9])]
    assert windows.song_windows(fortran, 3).x.flags.c_contiguous


def test_windows_do_not_share_memory_with_songs():
    rolls = make_rolls([8])
    before = rolls[0].copy()
    cut = windows.song_windows(rolls, 3)
    cut.x[:] = 1
    windows.padded_windows(rolls, 3)
    np.testing.assert_array_equal(rolls[0], before)
    np.testing.assert_array_equal(cut.x_prev[0], before[:3])


@pytest.mark.parametrize("split", ["train", "valid", "test"])
@pytest.mark.parametrize("case", ["mlp_xprev", "mlp", "lstm", "lstm_nobatch"])
def test_compat_windows_equal_the_released_code(golden, case, split):
    arrays = golden("classifying_vae/data_windows")
    config = json.loads(str(arrays[f"windows/{case}/config"]))
    songs = len(arrays[f"songs/{split}/key"])
    rolls = [arrays[f"rolls/{split}/{song}"] for song in range(songs)]
    history = config["return_y_next"]
    cut = windows.compat_windows(
        rolls, config["seq_length"], config["step_length"], config["batch_size"], history
    )
    shape = arrays[f"windows/{case}/y_{split}"].shape
    assert_same(cut.x.reshape(shape), arrays[f"windows/{case}/y_{split}"])
    if history:
        assert_same(cut.x_prev.reshape(shape), arrays[f"windows/{case}/x_{split}"])
    else:
        assert cut.x_prev is None
    np.testing.assert_array_equal(cut.song, arrays[f"windows/{case}/song_inds_{split}"])
    names = [theory.key_class(name) for name in arrays[f"windows/{case}/key_names"]]
    labels = [names.index(theory.key_class(key)) for key in arrays[f"songs/{split}/key"]]
    np.testing.assert_array_equal(
        np.array(labels)[cut.song], arrays[f"windows/{case}/song_keys_{split}"]
    )


def test_corrected_windows_are_the_compatible_ones_and_the_last_of_each_song():
    rolls = make_rolls([9, 3, 7])
    ours, theirs = windows.song_windows(rolls, 3), windows.compat_windows(rolls, 3)
    last = np.append(np.flatnonzero(np.diff(ours.song)), len(ours.song) - 1)
    np.testing.assert_array_equal(np.delete(ours.x, last, axis=0), theirs.x)
    np.testing.assert_array_equal(np.delete(ours.song, last), theirs.song * 2)


def test_bad_arguments_are_refused():
    rolls = make_rolls([8])
    with pytest.raises(ValueError, match="at least 1 step"):
        windows.seed_windows(rolls, 0)
    with pytest.raises(ValueError, match="stride"):
        windows.song_windows(rolls, 2, stride=0)
    with pytest.raises(ValueError, match="longest of 0 has 0"):
        windows.song_windows([], 2)
    for wrong in (rolls[0] * 0.5, rolls[0] * 3, rolls[0][0]):
        with pytest.raises(ValueError, match="song 1"):
            windows.song_windows([rolls[0], wrong], 2)


# Lines of whole bars, some too short for a window.
BARS = st.lists(st.integers(0, 6), max_size=6)


@given(BARS, st.integers(1, 4), st.sampled_from([1, 4, 16]), st.booleans())
def test_bar_starts_equal_a_loop(line_bars, bars, bar, ragged):
    length = np.array(line_bars, int) * bar
    if ragged:
        length += np.arange(len(length)) % bar
    begin = np.cumsum(length) - length
    expected = [
        (first + step, line)
        for line, (first, steps) in enumerate(zip(begin, length, strict=True))
        for step in range(0, steps - bars * bar + 1, bar)
    ]
    starts, line = windows.bar_starts(begin, length, bars * bar, bar)
    assert list(zip(starts, line, strict=True)) == expected


@given(st.data(), st.integers(1, 5), st.sampled_from([(), (3,)]))
def test_cut_equals_slices(data, length, shape):
    steps = data.draw(st.integers(length, 12))
    tokens = np.random.default_rng(0).integers(0, 130, (steps, *shape)).astype(np.uint16)
    starts = np.array(data.draw(st.lists(st.integers(0, steps - length))), int)
    found = windows.cut(tokens, starts, length)
    assert found.shape == (len(starts), length, *shape)
    assert found.dtype == tokens.dtype
    assert found.flags.c_contiguous
    for window, start in zip(found, starts, strict=True):
        np.testing.assert_array_equal(window, tokens[start : start + length])
    before = tokens.copy()
    found[:] = 0
    np.testing.assert_array_equal(tokens, before)


def test_cut_of_nothing_is_empty():
    # Not even one window fits into no tokens, so there is nothing to slide over.
    found = windows.cut(np.zeros((0, 3), np.uint8), np.zeros(0, int), 32)
    assert (found.shape, found.dtype) == ((0, 32, 3), np.uint8)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=30),
    st.sampled_from([(np.uint8, (32,)), (np.uint16, (16, 3)), (np.uint64, (2,))]),
    st.booleans(),
)
def test_first_of_equal_equals_a_dictionary(rows, kind, grouped):
    dtype, shape = kind
    # Few different windows, so that many are equal.
    pool = np.random.default_rng(0).integers(0, 130, (6, *shape)).astype(dtype)
    found = pool[[number for number, _ in rows]].reshape(-1, *shape)
    group = np.array([number for _, number in rows], int) if grouped else None
    first = {}
    for index, (number, of) in enumerate(rows):
        first.setdefault((number, of if grouped else 0), index)
    assert windows.first_of_equal(found, group).tolist() == sorted(first.values())


def test_windows_that_differ_little_are_told_apart():
    """Each has one bit of its own, two swapped steps, or a sum like another's."""
    bits = np.packbits(np.eye(256, dtype=np.uint8), axis=1)
    swapped = np.tile(np.arange(32, dtype=np.uint8), (31, 1))
    for row in range(31):
        swapped[row, [row, row + 1]] = swapped[row, [row + 1, row]]
    moved = np.zeros((32, 32), np.uint8)
    moved[:, 0], moved[:, 1] = np.arange(32), 31 - np.arange(32)
    moved = np.concatenate([moved, np.roll(moved, 8, axis=1), np.roll(moved, 16, axis=1)])
    every = np.concatenate([bits, np.zeros((1, 32), np.uint8), swapped, moved])
    # All groups of one to nine: a group must not look like another window.
    group = np.repeat(np.arange(9), len(every))
    distinct = np.tile(every, (9, 1))
    expected = np.unique(
        np.concatenate([group[:, None], distinct], axis=1), axis=0, return_index=True
    )[1]
    assert windows.first_of_equal(distinct, group).tolist() == sorted(expected)


@pytest.mark.parametrize(
    ("length", "dtype", "tokens"), [(256, np.uint8, 130), (32, np.uint16, 512)]
)
def test_windows_of_a_lone_note_are_told_apart(length, dtype, tokens):
    found = np.zeros((length, tokens - 1, length), dtype)
    found[np.arange(length), :, np.arange(length)] = np.arange(1, tokens)
    found = found.reshape(-1, length)
    assert windows.first_of_equal(found).tolist() == list(range(len(found)))


def test_windows_of_random_tokens_are_told_apart():
    rng = np.random.default_rng(1)
    found = rng.integers(0, 3, (50_000, 16)).astype(np.uint8)
    expected = np.unique(found, axis=0, return_index=True)[1]
    np.testing.assert_array_equal(windows.first_of_equal(found), np.sort(expected))
