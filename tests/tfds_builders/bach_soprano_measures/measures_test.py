"""Measures by hand, and against those that the authors' code cuts from music21's corpus."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.music.attributes import NO_ONSET, measure_attributes
from keras_music_vae.music.representations import SpelledMelody

pytest.importorskip("music21")
pytest.importorskip("tensorflow_datasets")
music21_corpus = pytest.importorskip("tfds_builders.music21_corpus")
measures = pytest.importorskip("tfds_builders.bach_soprano_measures.measures")
sopranos = pytest.importorskip("tfds_builders.bach_soprano_measures.sopranos")


def test_measures_of_a_small_soprano():
    names = SpelledMelody().names
    soprano = sopranos.Soprano(("rest", "F#4", "D5"), (0, 18, 24), Fraction(11, 2), False)
    cut = measures.cut([soprano], SpelledMelody())
    assert np.unique(cut.semitones).tolist() == [*range(55 - 66, 84 - 74 + 1)]
    start, first, last = ([names[token] for token in row] for row in cut.tokens[cut.semitones == 0])
    assert start == ["START"] * 24
    assert first == ["rest", *["__"] * 17, "F#4", *["__"] * 5]
    assert last == ["D5", *["__"] * 8, *["END"] * 15]
    # A tritone up is a diminished fifth.
    up = {names[token] for token in cut.tokens[cut.semitones == 6].ravel()}
    assert up == {"START", "rest", "C5", "A-5", "__", "END"}


def test_names_of_another_corpus_are_refused():
    soprano = sopranos.Soprano(("A###4",), (0,), Fraction(4), False)
    with pytest.raises(ValueError, match=r"among the 77 .* received E###3.* music21 10\.5"):
        measures.cut([soprano], SpelledMelody())


def test_the_first_windows_are_the_authors(golden):
    arrays = golden("ar_vae/bach_dataset")
    pieces = [Path(name).stem for name in arrays["piece_name"]]
    numbers = range(arrays["first200_untransposed_piece"].max() + 1)
    files = music21_corpus.find_files([f"bach/{pieces[number]}" for number in numbers])
    read = [sopranos.read_soprano(file) for file in files.values()]
    cut = measures.cut(read, SpelledMelody())
    first = cut.tokens[:200]
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, arrays["first200"])
    np.testing.assert_array_equal(cut.piece[:200], arrays["first200_piece"])
    np.testing.assert_array_equal(cut.semitones[:200], arrays["first200_shift"])
    first = np.flatnonzero(cut.semitones == 0)[:200]
    np.testing.assert_array_equal(cut.tokens[first], arrays["first200_untransposed"])
    np.testing.assert_array_equal(cut.piece[first], arrays["first200_untransposed_piece"])


# SHA-256 of all measures in order, and of those that are not transposed, as the authors' code cuts
# them from music21 10.5.1 (tokens numbered in the order of their names). Here too, for those who
# have no golden arrays.
DIGESTS = {
    "music21_10": (
        "946724ec9316af9896673d7ac50b95c0da2b6c2d96e201526e3b390df5919b99",
        "e3ad882621c914ee86935848b5d2b4dddf28a7137b7ea34560abb9fabac85ea3",
    ),
    "published": (
        "1f8f3d56af6d42acde9018e7ff98ecc40d00241c67b74b1b523caab23c6b3c96",
        "cbc12624562ae90d81e8e539bebb80709de319a0bd09d7d2ecf96e4c8f345676",
    ),
}
# What the golden arrays of each are called by.
PREFIXES = {"music21_10": "", "published": "repeats_only_"}
# Measures in train, validation and test, by order and by piece, and the share of the test's that
# equal one of train.
SIZES = {
    ("music21_10", True): ([75_663, 21_618, 10_810], 0.85),
    ("music21_10", False): ([73_031, 23_353, 11_707], 0.73),
    ("published", True): ([39_941, 11_412, 5_706], 0.82),
    ("published", False): ([37_878, 13_012, 6_169], 0.71),
}


def digest(tokens):
    return hashlib.sha256(np.ascontiguousarray(tokens)).hexdigest()


@pytest.fixture(scope="module")
def corpus():
    return sopranos.read_corpus()


def of_profile(corpus, profile):
    """The pieces of a set, and their measures."""
    chosen = [pair for pair in corpus if pair[1].has_repeats or profile == "music21_10"]
    pieces, read = zip(*chosen, strict=True)
    return pieces, measures.cut(read, SpelledMelody(profile))


@pytest.mark.slow
def test_the_whole_corpus_is_counted_as_the_authors(golden, corpus):
    arrays, melody = golden("ar_vae/bach_dataset"), SpelledMelody()
    counts, [used] = arrays["piece_windows"], np.nonzero(arrays["piece_windows"])
    stems = [Path(name).stem for name in arrays["piece_name"][used]]
    assert stems == [Path(piece).name for piece, _ in corpus]
    cut = measures.cut([soprano for _, soprano in corpus], melody)
    windows = counts * arrays["piece_shifts"]
    np.testing.assert_array_equal(np.bincount(cut.piece), windows[used])
    for own, suffix in ((slice(None), ""), (cut.semitones == 0, "_untransposed")):
        tokens = cut.tokens[own]
        histogram = np.bincount(tokens.ravel(), minlength=melody.num_classes)
        np.testing.assert_array_equal(histogram, arrays[f"token_histogram{suffix}"])
        found = np.stack([*measure_attributes(melody.onsets(tokens)).values()], axis=-1)
        rows = [getattr(found.astype("float64"), row)(axis=0) for row in arrays["attr_stats_rows"]]
        np.testing.assert_allclose(rows, arrays[f"attr_stats{suffix}"], atol=1e-6)
    own = [melody.names[token] for token in np.unique(tokens)]
    assert set(own) == set(arrays["vocab_before_transposition"])


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "prefix"), PREFIXES.items())
def test_digests_and_counts_are_the_golden_ones(golden, corpus, profile, prefix):
    arrays = golden("ar_vae/bach_dataset")
    pieces, cut = of_profile(corpus, profile)
    counts = json.loads(str(arrays[f"{prefix}counts"]))
    expected = json.loads(str(arrays[f"{prefix}sha256"]))
    found = {}
    for own, name in (
        (slice(None), "windows_with_transpositions"),
        (cut.semitones == 0, "windows"),
    ):
        tokens = cut.tokens[own]
        unique = np.unique(tokens, axis=0)
        assert (len(tokens), len(unique)) == (counts[name], counts[f"{name}_unique"])
        found |= {f"{name}_in_order": digest(tokens), f"{name}_sorted_unique": digest(unique)}
    assert found == expected
    assert len(pieces) == counts["pieces_used"]
    split = measures.split(cut, pieces, by_order=True)
    assert len(split["train"]) == counts["train_windows"]
    assert list(SpelledMelody(profile).names) == arrays[f"{prefix}vocab"].tolist()


def test_music21_5_5_leaves_out_a_single_piece_with_repeats(golden):
    """Of the 165 that our release cuts; in number of measures all others are equal."""
    arrays = golden("ar_vae/bach_dataset")
    old, new = arrays["m55_piece_windows"], arrays["repeats_only_piece_windows"]
    assert (np.count_nonzero(old), np.count_nonzero(new)) == (164, 165)
    (other,) = np.flatnonzero(old != new)
    assert (arrays["piece_name"][other], old[other], new[other]) == ("bach/bwv366.krn", 0, 19)


@pytest.mark.slow
def test_the_whole_corpus_is_the_authors(corpus):
    assert (len(corpus), len({piece for piece, _ in corpus})) == (346, 327)
    for profile, digests in DIGESTS.items():
        pieces, cut = of_profile(corpus, profile)
        assert (digest(cut.tokens), digest(cut.tokens[cut.semitones == 0])) == digests
        for by_order in (True, False):
            split = measures.split(cut, pieces, by_order=by_order)
            train = set(map(bytes, cut.tokens[split["train"]]))
            in_train = [bytes(row) in train for row in cut.tokens[split["test"]]]
            found = [len(index) for index in split.values()], round(np.mean(in_train), 2)
            assert found == SIZES[profile, by_order]


@pytest.mark.slow
def test_names_come_back_from_pitches_alone(corpus):
    melody, names, others = SpelledMelody(), 0, 0
    for _, soprano in corpus:
        cut = measures.cut([soprano], melody)
        line = cut.tokens[(cut.semitones == 0) & (cut.bar > 0)].ravel()
        begins = melody.onsets(line) != NO_ONSET
        again = melody.encode(melody.decode(line), len(line))
        names += begins.sum()
        others += (again != line)[begins].sum()
    assert (names, others) == (20_341, 4)
