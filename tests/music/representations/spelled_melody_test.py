"""Spelled lines: codec there and back, ticks, spelling, and the authors' vocabularies."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_music_vae.music import midi, theory
from keras_music_vae.music.attributes import NO_ONSET
from keras_music_vae.music.representations import SpelledMelody

PROFILES = ("music21_10", "published")
EVENTS = ("rest", "START", "END", "C5", "C#4", "D-4", "E--4", "G3", "C6")
LINES = st.lists(st.one_of(st.just("__"), st.just("__"), st.sampled_from(EVENTS)), max_size=60)


def tokens_of(names, profile="music21_10"):
    known = SpelledMelody(profile).names
    return np.array([known.index(name) for name in names], int)


def names_of(tokens, profile="music21_10"):
    known = SpelledMelody(profile).names
    return [known[token] for token in tokens]


def canonical(names):
    """What notes can tell: pitches for names, and a rest where silence begins."""
    pitches = SpelledMelody().onsets(tokens_of(names))
    kept, silent = [], None
    for name, pitch in zip(names, pitches, strict=True):
        if pitch != NO_ONSET:
            kept.append(int(pitch))
            silent = False
        elif name == "__" and silent is not None:
            kept.append("__")
        else:
            kept.append("__" if silent else "rest")
            silent = True
    return kept


def score_of(rows, ticks_per_quarter=12):
    """Score of rows (pitch, start, end), in twelfths of a quarter."""
    pitch, start, end = np.array(rows, int).reshape(-1, 3).T
    return midi.Score(midi.make_notes(pitch, start, end), ticks_per_quarter)


@given(LINES, st.sampled_from(PROFILES), st.sampled_from([*theory.KEYS, None]))
def test_decode_then_encode_is_the_identity_but_for_spelling(names, profile, key):
    melody = SpelledMelody(profile)
    score = melody.decode(tokens_of(names, profile))
    again = melody.encode(score, len(names), key=key)
    assert again.dtype == melody.dtype == np.uint8
    assert canonical(names_of(again, profile)) == canonical(names)
    np.testing.assert_array_equal(melody.decode(again).notes, score.notes)


@settings(deadline=None)
@given(LINES.filter(lambda names: (SpelledMelody().onsets(tokens_of(names)) >= 0).any()))
def test_identity_holds_through_a_file(names):
    score = SpelledMelody().decode(tokens_of(names), program=52)
    again = midi.read(midi.to_bytes(score))
    assert canonical(names_of(SpelledMelody().encode(again, len(names)))) == canonical(names)
    assert set(again.notes["program"].tolist()) == {52}


@given(
    st.lists(st.tuples(st.sampled_from([0, 3, 4, 6, 8, 9]), st.integers(55, 84)), min_size=1),
    st.sampled_from([12, 24, 480]),
)
def test_encode_then_decode_is_the_identity_on_the_ticks(events, ticks_per_quarter):
    """Notes on ticks, each until the next and the last for a quarter."""
    start = np.arange(len(events)) * 12 + [within for within, _ in events]
    end = np.append(start[1:], start[-1] + 12)
    pitch = np.array([pitch for _, pitch in events])
    scale = ticks_per_quarter // 12
    score = score_of(np.stack([pitch, start * scale, end * scale], axis=1), ticks_per_quarter)
    again = SpelledMelody().decode(SpelledMelody().encode(score))
    assert again.ticks_per_quarter == 12
    for field, expected in (("pitch", pitch), ("start", start), ("end", end)):
        np.testing.assert_array_equal(again.notes[field], expected)


def test_notes_of_a_small_line():
    names = ["__", "C#5", "__", "D-5", "rest", "__", "C5", "END", "C4", "START", "E4", "__"]
    score = SpelledMelody().decode(tokens_of(names), program=5, velocity=70)
    assert score.notes[["pitch", "start", "end", "program", "velocity"]].tolist() == [
        (73, 3, 6, 5, 70),
        (73, 6, 8, 5, 70),
        (72, 12, 15, 5, 70),
        (60, 16, 18, 5, 70),
        (64, 20, 24, 5, 70),
    ]


def test_tokens_of_a_small_score():
    found = names_of(SpelledMelody().encode(score_of([(60, 3, 12), (62, 12, 20), (64, 36, 48)])))
    expected = ["__"] * 24
    for tick, name in ((0, "rest"), (1, "C4"), (6, "D4"), (10, "rest"), (18, "E4")):
        expected[tick] = name
    assert found == expected
    assert SpelledMelody().encode(score_of([(60, 0, 50)])).shape == (48,)
    assert SpelledMelody().encode(score_of([(60, 0, 50)]), 10).shape == (10,)
    assert names_of(SpelledMelody().encode(score_of([]), 3)) == ["rest", "__", "__"]
    assert SpelledMelody().encode(score_of([])).shape == (0,)


@pytest.mark.parametrize("ticks_per_quarter", [1, 2, 3, 4, 12, 24, 96, 480])
def test_times_go_to_the_nearest_tick_halves_up(ticks_per_quarter):
    times = np.arange(2 * ticks_per_quarter)
    grid = np.add.outer(np.arange(3), np.array([0, 3, 4, 6, 8, 9]) / 12).ravel()
    for time in times.tolist():
        # The score's own rounding error must not decide a half.
        distance = np.abs(grid * 24 * ticks_per_quarter - 24 * time).round(6)
        nearest = np.flatnonzero(distance == distance.min())[-1]
        score = score_of([(60, time, time + 1)], ticks_per_quarter)
        found = SpelledMelody().onsets(SpelledMelody().encode(score, 18))
        assert np.flatnonzero(found == 60).tolist() == [nearest]


def test_encode_takes_the_highest_and_cuts_where_the_next_begins():
    rows = [(60, 0, 24), (64, 0, 6), (62, 12, 36), (54, 15, 18), (85, 15, 18)]
    found = names_of(SpelledMelody().encode(score_of(rows)))
    assert [(tick, name) for tick, name in enumerate(found) if name != "__"] == [
        (0, "E4"),
        (3, "rest"),
        (6, "D4"),
        (18, "rest"),
    ]


def test_encode_leaves_out_drums():
    notes = midi.make_notes([60, 64], 0, 12, is_drum=[False, True])
    assert names_of(SpelledMelody().encode(midi.Score(notes, 12)))[0] == "C4"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("C major", "C C# D E- E F F# G G# A B- B"),
        ("a", "C C# D D# E F F# G G# A B- B"),
        ("Db major", "C D- D E- F- F G- G A- A B- C-"),
        ("C# major", "B# C# C## D# E E# F# F## G# G## A# B"),
        ("Bb minor", "C D- D E- E F G- G A- A B- C-"),
    ],
)
def test_pitches_are_spelled_as_usual_in_the_key(key, expected):
    chromatic = score_of([(60 + step, 12 * step, 12 * step + 12) for step in range(12)])
    found = names_of(SpelledMelody().encode(chromatic, 72, key=key)[::6])
    assert [name[:-1] for name in found] == expected.split()


def test_a_name_that_the_vocabulary_lacks_is_spelled_otherwise():
    score = score_of([(84, 0, 12)])
    assert names_of(SpelledMelody().encode(score, key="C# major"))[0] == "B#5"
    published = SpelledMelody("published").encode(score, key="C# major")
    assert names_of(published, "published")[0] == "C6"


def test_the_key_is_found_where_none_is_given():
    scale = [61, 63, 65, 66, 68, 70, 72, 73]
    score = score_of([(pitch, 12 * i, 12 * i + 12) for i, pitch in enumerate(scale)])
    found = SpelledMelody().encode(score)
    key = theory.find_key(np.bincount(np.array(scale) % 12, minlength=12))[0]
    np.testing.assert_array_equal(found, SpelledMelody().encode(score, key=key))


def test_vocabularies_are_those_of_the_corpus(golden):
    corpus, attributes = golden("ar_vae/bach_dataset"), golden("ar_vae/attributes")
    assert SpelledMelody().names == tuple(corpus["vocab"].tolist())
    assert SpelledMelody("published").names == tuple(corpus["repeats_only_vocab"].tolist())
    onsets = SpelledMelody().onsets(np.arange(77))
    np.testing.assert_array_equal(onsets, attributes["vocab_midi"])
    assert (SpelledMelody().num_classes, SpelledMelody("published").num_classes) == (77, 71)


def test_the_authors_measures_come_back_as_they_are_spelled(golden):
    """Nine chorales of which the decoded notes alone are known."""
    arrays = golden("ar_vae/bach_dataset")
    pieces, melody = arrays["first200_untransposed_piece"], SpelledMelody()
    names = 0
    for piece in np.unique(pieces)[:-1]:  # The last is cut off.
        line = arrays["first200_untransposed"][pieces == piece][1:].ravel()
        again = melody.encode(melody.decode(line), len(line))
        begins = melody.onsets(line) != NO_ONSET
        np.testing.assert_array_equal(again[begins], line[begins])
        assert canonical(names_of(again)) == canonical(names_of(line))
        names += begins.sum()
    assert names > 500


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 24), int), np.array([77]), np.array([-1]), np.array([0.5]), np.array(3)]
)
def test_only_one_line_of_tokens_is_decoded(wrong):
    with pytest.raises(ValueError, match="tokens"):
        SpelledMelody().decode(wrong)


def test_unknown_profiles_are_refused():
    with pytest.raises(ValueError, match="music21_10, published"):
        SpelledMelody("paper")
    with pytest.raises(dataclasses.FrozenInstanceError):
        SpelledMelody().profile = "published"


def test_windows_are_the_measures_in_which_a_note_begins():
    melody = SpelledMelody()
    rows = [(60, 0, 12), (62, 12, 60), (64, 144, 156), (64, 192, 204), (60, 240, 252)]
    score = score_of(rows)
    line = melody.encode(score).reshape(-1, 24)
    assert len(line) == 6
    expected = line[[0, 3, 4, 5]]
    np.testing.assert_array_equal(melody.windows(score, 1, unique=False), expected)
    # The fourth and the fifth measure are the same.
    np.testing.assert_array_equal(melody.windows(score, 1), expected[[0, 1, 3]])
    pairs = melody.windows(score, 2)
    np.testing.assert_array_equal(pairs[0], line[:2].ravel())
    assert len(pairs) == 4


@pytest.mark.parametrize(
    ("rows", "bars", "reason"),
    [([(60, 0, 12)], 2, "too_short"), ([(20, 0, 12)], 1, "no_melody"), ([], 1, "no_melody")],
)
def test_a_score_without_a_window_is_refused(rows, bars, reason):
    with pytest.raises(midi.MidiError) as raised:
        SpelledMelody().windows(score_of(rows), bars)
    assert raised.value.reason == reason
