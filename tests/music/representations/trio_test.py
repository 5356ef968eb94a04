"""Trios: codec there and back, and windows against plain loops over bars."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import quantize
from keras_music_vae.music.representations import Drums, Melody, Trio

LINE = st.sampled_from([0, 0, 0, 1, 2, 41, 89])
TOKENS = st.lists(
    st.tuples(LINE, LINE, st.one_of(st.just(0), st.integers(0, 511))), max_size=40
).map(lambda rows: np.array(rows, int).reshape(-1, 3))
MELODY, BASS, DRUM = {"program": 5}, {"program": 33}, {"is_drum": True}


def canonical(tokens):
    """Leaves out each end where nothing sounds, which no notes can tell."""
    tokens = tokens.copy()
    for line in tokens.T[:2]:
        sounds = False
        for step, token in enumerate(line):
            if token == 1 and not sounds:
                line[step] = 0
            sounds = token >= 2 or (sounds and token != 1)
    return tokens


def score_of(*rows, **changes):
    """Score of rows (track, pitch, start, end, kind), in sixteenths."""
    notes = [
        midi.make_notes(pitch, start, end, track=track, **kind)
        for track, pitch, start, end, kind in rows
    ]
    return dataclasses.replace(midi.Score(np.concatenate(notes), 4), **changes)


def three(bars=1, **changes):
    """Each part one note throughout."""
    rows = ((0, 60, MELODY), (1, 40, BASS), (2, 36, DRUM))
    return score_of(*((track, pitch, 0, 16 * bars, kind) for track, pitch, kind in rows), **changes)


def reason_of(score, bars):
    with pytest.raises(midi.MidiError) as caught:
        Trio().windows(score, bars)
    return caught.value.reason


@given(TOKENS, st.sampled_from(["magenta", "workshop"]), st.sampled_from(["2017", "2019"]))
def test_decode_then_encode_is_the_identity(tokens, profile, drum_map):
    trio = Trio(profile, drum_map)
    score = trio.decode(tokens)
    again = trio.encode(score, len(tokens))
    assert again.dtype == trio.dtype == np.uint16
    np.testing.assert_array_equal(again, canonical(tokens))
    np.testing.assert_array_equal(trio.decode(again).notes, score.notes)
    assert score.names == ("Melody", "Bass", "Drums")
    whole = trio.encode(score)
    assert len(whole) == -(-score.notes["end"].max(initial=0) // 16) * 16
    length = min(len(whole), len(tokens))
    np.testing.assert_array_equal(whole[:length], canonical(tokens)[:length])


def test_encode_ends_with_the_bar_of_the_last_part():
    # The melody ends at a bar line, where it would need no end if all else ended there too.
    score = score_of((0, 60, 8, 16, MELODY), (1, 40, 0, 16, BASS), (2, 36, 20, 21, DRUM))
    found = Trio().encode(score)
    assert len(found) == 32
    assert found[16].tolist() == [1, 1, 0]
    np.testing.assert_array_equal(Trio().encode(Trio().decode(found)), found)
    for length in (0, 12, 40):
        assert len(Trio().encode(score, length)) == length


@settings(deadline=None)
@given(TOKENS.filter(lambda tokens: len(Trio().decode(tokens).notes)))
def test_identity_holds_through_a_file(tokens):
    score = midi.read(midi.to_bytes(Trio(bass_program=39).decode(tokens)))
    np.testing.assert_array_equal(Trio().encode(score, len(tokens)), canonical(tokens))
    for program, is_drum in score.notes[["program", "is_drum"]].tolist():
        assert (program, is_drum) in {(0, False), (39, False), (0, True)}


def test_parts_are_those_of_melody_and_drums():
    trio = Trio("workshop", "2017")
    assert trio.melody == Melody("workshop", 0, 31)
    assert trio.bass == Melody("workshop", 32, 39)
    assert trio.drums == Drums("2017")
    assert trio.num_classes == (130, 130, 512)
    assert Trio().num_classes == (90, 90, 512)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((32, 4), int),
        np.zeros((2, 32, 3), int),
        np.array([[90, 0, 0]]),
        np.array([[0, 0, 512]]),
        np.zeros((4, 3)),
    ],
)
def test_only_one_trio_of_tokens_is_decoded(wrong):
    with pytest.raises(ValueError, match="tokens"):
        Trio().decode(wrong)
    assert len(Trio().decode([[0, 0, 511]]).notes) == 9


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match="nine classes"):
        Trio(drum_map="pitches")
    with pytest.raises(ValueError, match="2019, 2017"):
        Trio(drum_map="2018")
    with pytest.raises(ValueError, match="32 to 39"):
        Trio(bass_program=31)
    with pytest.raises(ValueError, match="magenta, workshop"):
        Trio("icml").windows(three(), 1)


def test_every_melody_goes_with_every_bass_and_all_drums():
    rows = [(0, 60, MELODY), (1, 62, {"program": 31}), (2, 40, BASS), (3, 41, {"program": 39}),
            (4, 36, DRUM), (5, 38, DRUM), (6, 70, {"program": 40})]  # fmt: skip
    score = score_of(*((track, pitch, 0, 16, kind) for track, pitch, kind in rows))
    found = Trio().windows(score, 1)
    expected = itertools.product([60 - 19, 62 - 19], [40 - 19, 41 - 19], [1, 2])
    assert sorted(map(tuple, found[:, 0].tolist())) == sorted(expected)
    assert not found[:, 1:].any()


@pytest.mark.parametrize("absent", range(3))
def test_a_trio_has_three_parts(absent):
    score = three()
    score = dataclasses.replace(score, notes=score.notes[score.notes["track"] != absent])
    assert reason_of(score, 1) == "no_trio"


def test_a_part_may_rest_for_two_bars_before_and_after_it_plays():
    # The bass plays in bars 8 and 9 of twenty, and so counts in 6 to 11.
    others = score_of((0, 60, 0, 320, MELODY), (2, 36, 0, 320, DRUM))
    for start, end in ((8 * 16, 10 * 16), (9 * 16 - 1, 9 * 16 + 1)):
        bass = score_of((1, 40, start, end, BASS))
        score = dataclasses.replace(others, notes=np.concatenate([others.notes, bass.notes]))
        assert len(Trio().windows(score, 6, unique=False)) == 1
        assert len(Trio().windows(score, 5, unique=False)) == 2
        assert reason_of(score, 7) == "too_sparse"


def test_notes_out_of_range_let_a_part_play_too():
    # No bass and no drum of the map, but notes of the same tracks.
    score = score_of(
        (0, 60, 0, 160, MELODY),
        (1, 40, 0, 160, BASS),
        (2, 36, 0, 16, DRUM),
    )
    assert reason_of(score, 10) == "too_sparse"
    unknown = score_of((2, 20, 80, 97, DRUM))
    whole = dataclasses.replace(score, notes=np.concatenate([score.notes, unknown.notes]))
    assert len(Trio().windows(whole, 10)) == 1
    # Not of a track that has nothing else.
    whole.notes["track"][-1] = 3
    assert reason_of(whole, 10) == "too_sparse"


def test_at_the_edges_it_is_enough_that_some_part_plays():
    # Of what begins in bar 4 the rest reaches back to bar 2, and bars 0 and 1 are an edge.
    score = score_of((0, 60, 64, 160, MELODY), (1, 40, 0, 160, BASS), (2, 36, 64, 160, DRUM))
    assert len(Trio().windows(score, 10)) == 1
    # From bar 5 it reaches back to bar 3, and bar 2 is no edge.
    late = score_of((0, 60, 80, 160, MELODY), (1, 40, 0, 160, BASS), (2, 36, 80, 160, DRUM))
    assert reason_of(late, 8) == "too_sparse"
    assert len(Trio().windows(late, 7)) == 1


def test_windows_of_a_line_keep_ends_and_have_no_gaps():
    score = score_of(
        (0, 60, 0, 20, MELODY),
        (0, 62, 60, 64, MELODY),
        (1, 40, 0, 64, BASS),
        (2, 36, 0, 1, DRUM),
        (2, 38, 56, 57, DRUM),
    )
    # The end of a note that began before the window stays, as in Magenta's trios.
    second = Trio().windows(score, 2, unique=False)[1]
    assert np.argwhere(second).tolist() == [[4, 0]]
    assert second[4, 0] == 1
    assert len(Trio().windows(score, 4)) == 1


def test_equal_windows_are_kept_once():
    rows = [(track, pitch, 16 * bar, 16 * bar + 16, kind)
            for track, pitch, kind in ((0, 60, MELODY), (1, 40, BASS), (2, 36, DRUM))
            for bar in range(6)]  # fmt: skip
    assert len(Trio().windows(score_of(*rows), 2)) == 1
    assert len(Trio().windows(score_of(*rows), 2, unique=False)) == 5


def test_each_lack_of_windows_has_its_reason():
    waltz = np.array([(0, 3, 4)], midi.TimeSignatures)
    assert reason_of(three(2, time_signatures=waltz), 1) == "no_4_4"
    assert reason_of(three(2), 3) == "too_short"
    tempos = np.array([(0, 100.0), (16, 101.0)], midi.Tempos)
    rows = [(track, pitch, 16 * bar, 16 * bar + 16, kind)
            for track, pitch, kind in ((0, 60, MELODY), (1, 40, BASS), (2, 36, DRUM))
            for bar in range(2)]  # fmt: skip
    assert len(Trio().windows(score_of(*rows), 2)) == 1
    assert reason_of(score_of(*rows, tempos=tempos), 2) == "changing_tempo"


def test_a_file_of_too_much_is_left_out():
    # 20 melodies, basses and drums each are 8,000 trios, of 26 bars 208,000 windows.
    kinds = (60, MELODY), (40, BASS), (36, DRUM)
    rows = [(20 * number + copy, pitch, 0, 26 * 16, kind)
            for number, (pitch, kind) in enumerate(kinds) for copy in range(20)]  # fmt: skip
    assert reason_of(score_of(*rows), 1) == "too_large"


def test_a_file_of_too_many_combinations_is_left_out():
    # Of 28 of each there are 21,952, though no two play together.
    kinds = (60, MELODY), (40, BASS), (36, DRUM)
    rows = [(track, *kinds[track % 3], 64 * track) for track in range(3 * 28)]
    rows = [(track, pitch, at, at + 4, kind) for track, pitch, kind, at in rows]
    assert reason_of(score_of(*rows), 16) == "too_large"
    assert reason_of(score_of(*rows[3 * 2 :]), 16) == "too_sparse"


def test_what_lies_beyond_1024_bars_is_left_out():
    assert len(Trio().windows(three(1030), 1, unique=False)) == 1024
    assert len(Trio().windows(three(1030), 1024)) == 1
    assert reason_of(three(1030), 1025) == "too_sparse"


def windows_by_loops(score, bars):
    """Windows of a score with tracks of one program each, sorted."""
    quantized = quantize(score)
    found = []
    for span, good in enumerate(quantized.in_bars_of(16)):
        notes = quantized.notes[quantized.span == span]
        total = -(-int(notes["end"].max(initial=0)) // 16)
        if not good or total < bars:
            continue
        lines = [{}, {}, {}]
        fields = ["pitch", "start", "end", "program", "is_drum", "track"]
        for pitch, start, end, program, is_drum, track in notes[fields].tolist():
            part = 2 if is_drum else 1 if 32 <= program <= 39 else 0 if program < 32 else None
            if part is not None:
                lines[part].setdefault(track, []).append((pitch, start, end))
        # 20 is too low for all parts, but counts as playing in a track that has other notes.
        lines = [
            [own for own in line.values() if any(pitch != 20 for pitch, _, _ in own)]
            for line in lines
        ]
        for trio in itertools.product(*lines):
            plays = [
                [
                    any(start // 16 - 2 <= bar < -(-end // 16) + 2 for _, start, end in own)
                    for bar in range(total)
                ]
                for own in trio
            ]
            together = [all(parts) for parts in zip(*plays, strict=True)]
            for edge in (slice(0, 2), slice(-2, None)):
                if any(any(own[edge]) for own in plays):
                    together[edge] = [True] * len(together[edge])
            melody, bass, drums = ([note for note in own if note[0] != 20] for own in trio)
            rows = list(
                zip(
                    line_by_loops(melody, 16 * total),
                    line_by_loops(bass, 16 * total),
                    Drums().encode(score_of(*((0, *note, DRUM) for note in drums)), 16 * total),
                    strict=True,
                )
            )
            found += [
                rows[16 * bar : 16 * (bar + bars)]
                for bar in range(total - bars + 1)
                if all(together[bar : bar + bars])
            ]
    return sorted(found)


def line_by_loops(notes, steps):
    tokens = [0] * (steps + 1)
    end = None
    for step in range(steps + 1):
        begins = [
            (pitch, -number) for number, (pitch, start, _) in enumerate(notes) if start == step
        ]
        if begins:
            pitch, number = max(begins)
            tokens[step], end = pitch - 21 + 2, notes[-number][2]
        elif step == end:
            tokens[step] = 1
    return tokens[:steps]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([(0, 0), (1, 31), (2, 32), (3, 39), (4, 0), (5, 0), (6, 40)]),
            st.integers(0, 150),
            st.one_of(st.integers(1, 4), st.integers(10, 60)),
            st.sampled_from([20, 36, 38, 40]),
        ),
        max_size=16,
    ),
    st.integers(1, 6),
    st.sampled_from([0, 5, 6, 9]),
)
def test_windows_equal_loops(rows, bars, change):
    # A note of each part, so that there is a trio.
    rows = [((track, program), 0, 20, 36) for track, program in ((0, 0), (2, 32), (4, 0))] + rows
    notes = [
        (track, pitch, start, start + length, {"program": program, "is_drum": track in (4, 5)})
        for (track, program), start, length, pitch in rows
    ]
    tempos = np.array([(0, 120.0), (16 * change, 60.0)], midi.Tempos)
    score = score_of(*notes, tempos=tempos)
    expected = windows_by_loops(score, bars)
    if not expected:
        assert reason_of(score, bars) in ("too_sparse", "too_short", "changing_tempo")
        return
    every = [
        list(map(tuple, window)) for window in Trio().windows(score, bars, unique=False).tolist()
    ]
    assert sorted(every) == expected
    once = [list(map(tuple, window)) for window in Trio().windows(score, bars).tolist()]
    assert sorted(once) == [window for window, _ in itertools.groupby(expected)]
