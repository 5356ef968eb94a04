"""Bands: codec there and back, and windows against plain loops over steps."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from keras_music_vae.music import midi, representations
from keras_music_vae.music.quantize import round_to_grid
from keras_music_vae.music.representations import Band

S, H = 128, 129
TOKENS = st_numpy.arrays(
    np.int64,
    st.tuples(st.integers(0, 40), st.just(4)),
    elements=st.sampled_from([H, H, H, S, 0, 60, 127]),
)
DRUM = {"is_drum": True}
BASS, GUITAR, STRINGS = ({"program": program} for program in (33, 25, 48))


def canonical(tokens):
    """The first step says what sounds; silence that goes on is held."""
    tokens = tokens.copy()
    tokens[:1][tokens[:1] == H] = S
    for part in range(4):
        silent = True
        for step, token in enumerate(tokens[:, part]):
            if silent and token == S and step:
                tokens[step, part] = H
            silent = token == S or (silent and token == H)
    return tokens


def score_of(*rows, **changes):
    """Score of rows (track, pitch, start, end, kind), in sixteenths."""
    notes = [
        midi.make_notes(pitch, start, end, track=track, **kind)
        for track, pitch, start, end, kind in rows
    ]
    return dataclasses.replace(midi.Score(np.concatenate(notes), 4), **changes)


def four(steps=16, **changes):
    """Each part one note throughout."""
    rows = ((0, 36, DRUM), (1, 40, BASS), (2, 60, GUITAR), (3, 70, STRINGS))
    return score_of(*((track, pitch, 0, steps, kind) for track, pitch, kind in rows), **changes)


def reason_of(score, bars, **options):
    with pytest.raises(midi.MidiError) as caught:
        Band(**options).windows(score, bars)
    return caught.value.reason


def column(*events, first=S, bars=1):
    """Tokens of pairs (step, token), held elsewhere."""
    tokens = np.full(16 * bars, H)
    tokens[0] = first
    for step, token in events:
        tokens[step] = token
    return tokens.tolist()


@given(TOKENS)
def test_decode_then_encode_is_the_identity(tokens):
    score = Band().decode(tokens)
    again = Band().encode(score, len(tokens))
    assert again.dtype == Band().dtype == np.uint8
    np.testing.assert_array_equal(again, canonical(tokens))
    np.testing.assert_array_equal(Band().decode(again).notes, score.notes)
    assert score.names == ("Drums", "Bass", "Guitar", "Strings")


@settings(deadline=None)
@given(TOKENS.filter(lambda tokens: (tokens < S).any()))
def test_identity_holds_through_a_file(tokens):
    score = midi.read(midi.to_bytes(Band().decode(tokens)))
    np.testing.assert_array_equal(Band().encode(score, len(tokens)), canonical(tokens))


@given(TOKENS)
def test_encode_ends_with_the_bar_of_the_last_note(tokens):
    notes = Band().decode(tokens).notes
    bars = -(-notes["end"].max(initial=0) // 16)
    padded = np.concatenate([canonical(tokens), np.full((48, 4), H)])[: 16 * bars]
    if len(tokens) < len(padded):
        # Silence begins where the notes end with the tokens.
        padded[len(tokens)] = np.where(sounding(tokens), S, H)
    np.testing.assert_array_equal(Band().encode(Band().decode(tokens)), padded)


def sounding(tokens):
    """Bool array (part,): what sounds in the last step."""
    last = [[token for token in part if token != H][-1:] for part in tokens.T]
    return np.array([bool(token) and token[0] < S for token in last])


def test_notes_of_a_small_band():
    tokens = np.full((4, 4), H)
    tokens[0] = 36, S, H, 70
    tokens[2] = 36, 40, H, S
    notes = Band().decode(tokens, velocity=70).notes
    assert notes[["pitch", "start", "end", "program", "is_drum", "track"]].tolist() == [
        (36, 0, 2, 0, True, 0),
        (70, 0, 2, 48, False, 3),
        (36, 2, 4, 0, True, 0),
        (40, 2, 4, 33, False, 1),
    ]
    assert set(notes["velocity"].tolist()) == {70}


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((32, 3), int), np.zeros((2, 32, 4), int), np.full((4, 4), 130), np.zeros((4, 4))],
)
def test_only_one_band_of_tokens_is_decoded(wrong):
    with pytest.raises(ValueError, match="tokens"):
        Band().decode(wrong)


@given(TOKENS)
def test_what_sounds_is_what_goes_on(tokens):
    expected = np.full_like(tokens, S)
    for part in range(4):
        for step, token in enumerate(tokens[:, part]):
            before = expected[step - 1, part] if step else S
            expected[step, part] = before if token == H else token
    found = representations.band.sounding(tokens)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == tokens.dtype
    np.testing.assert_array_equal(
        representations.band.sounding(np.stack([tokens, tokens[:, ::-1]]))[0], expected
    )


def test_unknown_profiles_are_refused():
    with pytest.raises(ValueError, match="paper, released_code"):
        Band("code")


@pytest.mark.parametrize(
    ("program", "is_drum", "part"),
    [(0, True, 0), (40, True, 0), (32, False, 1), (39, False, 1), (0, False, 2), (31, False, 2),
     (40, False, 3), (127, False, 3)],
)  # fmt: skip
def test_programs_say_which_part_a_note_is_of(program, is_drum, part):
    score = score_of((0, 50, 0, 4, {"program": program, "is_drum": is_drum}))
    assert np.flatnonzero(Band().encode(score)[0] == 50).tolist() == [part]


def test_the_lowest_pitch_is_kept_and_comes_back():
    score = score_of((0, 64, 0, 12, GUITAR), (1, 60, 4, 8, GUITAR), (1, 67, 6, 7, GUITAR))
    assert Band().encode(score)[:, 2].tolist() == column((4, 60), (8, 64), (12, S), first=64)


def test_a_pitch_that_is_struck_again_begins_anew():
    rows = (60, 0, 4), (60, 4, 8), (62, 8, 12), (64, 8, 10), (64, 9, 16)
    score = score_of(*((0, *row, BASS) for row in rows))
    # What is struck above the lowest is not heard.
    assert Band().encode(score)[:, 1].tolist() == column((4, 60), (8, 62), (12, 64), first=60)
    # Struck while it still sounds, too.
    score = score_of((0, 60, 0, 16, BASS), (1, 60, 5, 6, BASS))
    assert Band().encode(score)[:, 1].tolist() == column((5, 60), first=60)


def test_a_short_note_has_a_step():
    score = midi.Score(midi.make_notes(36, [0, 241, 360], [1, 250, 361], is_drum=True), 480)
    assert Band().encode(score)[:5, 0].tolist() == [36, S, 36, 36, S]


def test_encode_follows_the_beats_through_tempi_and_metres():
    score = score_of(
        (0, 60, 3, 4, GUITAR),
        (0, 62, 20, 24, GUITAR),
        tempos=np.array([(0, 50.0), (8, 200.0)], midi.Tempos),
        time_signatures=np.array([(0, 3, 4)], midi.TimeSignatures),
    )
    expected = column((3, 60), (4, S), (20, 62), (24, S), bars=2)
    assert Band().encode(score)[:, 2].tolist() == expected
    for length in (0, 10, 22):
        assert Band().encode(score, length)[:, 2].tolist() == expected[:length]


def test_tempo_changes_do_not_split_but_other_metres_are_refused():
    tempos = np.array([(0, 50.0), (8, 200.0)], midi.Tempos)
    np.testing.assert_array_equal(
        Band().windows(four(32, tempos=tempos), 2), Band().windows(four(32), 2)
    )
    for metre in ((3, 4), (2, 2), (4, 8)):
        metres = np.array([(0, 4, 4), (16, *metre)], midi.TimeSignatures)
        assert reason_of(four(32, time_signatures=metres), 1) == "not_4_4"
    metres = np.array([(0, 4, 4), (16, 4, 4)], midi.TimeSignatures)
    assert len(Band().windows(four(32, time_signatures=metres), 2)) == 1


def test_the_first_step_of_a_window_says_what_sounds():
    score = four(40)
    notes = score.notes.copy()
    notes["start"][notes["track"] == 2] = 20
    notes["end"][notes["track"] == 1] = 16
    found = Band().windows(dataclasses.replace(score, notes=notes), 1)
    # The bar that is not full is lost.
    assert found[:, 0].tolist() == [[36, 40, S, 70], [36, S, S, 70]]
    assert found[1, 1:].tolist() == [[H, H, 60 if step == 4 else H, H] for step in range(1, 16)]


@pytest.mark.parametrize(("profile", "longest"), [("paper", 16), ("released_code", 15)])
def test_a_part_may_rest_for_a_bar_or_a_step_less(profile, longest):
    for rest, kept in ((longest, True), (longest + 1, False)):
        score = four(32)
        # In the middle, at the beginning, and at the end of a window.
        for begin in (5, 0, 32 - rest):
            bass = [(1, 40, 0, begin, BASS), (1, 41, begin + rest, 32, BASS)]
            bass = score_of(*(row for row in bass if row[2] < row[3])).notes
            others = score.notes[score.notes["track"] != 1]
            whole = dataclasses.replace(score, notes=np.concatenate([others, bass]))
            if kept:
                assert len(Band(profile).windows(whole, 2)) == 1
            else:
                assert reason_of(whole, 2, profile=profile) == "too_sparse"


def test_each_lack_of_windows_has_its_reason():
    score = four(32)
    for track in range(4):
        without = dataclasses.replace(score, notes=score.notes[score.notes["track"] != track])
        assert reason_of(without, 1) == "no_band"
    assert reason_of(four(31), 2) == "too_short"
    assert reason_of(four(15), 1) == "too_short"


def test_a_file_of_too_much_is_left_out():
    # 20 guitars, basses and drums each are 8,000 bands, of 26 bars 208,000 windows.
    kinds = (60, GUITAR), (40, BASS), (36, DRUM)
    rows = [(20 * number + copy, pitch, 0, 26 * 16, kind)
            for number, (pitch, kind) in enumerate(kinds) for copy in range(20)]  # fmt: skip
    assert reason_of(score_of(*rows, (60, 70, 0, 26 * 16, STRINGS)), 1) == "too_large"
    # As long as the song, and ten thousand of them.
    pitch, length = np.arange(10_000) % 128, 16_000
    notes = midi.make_notes(pitch, 0, length, track=2)
    score = four(length)
    whole = dataclasses.replace(score, notes=np.concatenate([score.notes, notes]))
    assert reason_of(whole, 1) == "too_large"


def test_a_file_of_too_many_combinations_is_left_out():
    # Of 28 of each there are 21,952, though no two play together.
    kinds = (60, GUITAR), (40, BASS), (36, DRUM)
    rows = [(track, *kinds[track % 3], 64 * track) for track in range(3 * 28)]
    rows = [(track, pitch, at, at + 4, kind) for track, pitch, kind, at in rows]
    rows.append((3 * 28, 70, 0, 4, STRINGS))
    assert reason_of(score_of(*rows), 16) == "too_large"
    assert reason_of(score_of(*rows[3 * 2 :]), 16) == "too_sparse"


def test_what_lies_beyond_1024_bars_is_left_out():
    # A pitch for every bar, so that the windows are as many as the bars.
    bar = np.arange(1030)
    kinds = ((0, DRUM, bar % 120), (1, BASS, bar // 120), (2, GUITAR, 60), (3, STRINGS, 60))
    score = score_of(
        *((track, pitch, bar * 16, bar * 16 + 16, kind) for track, kind, pitch in kinds)
    )
    assert len(Band().windows(score, 1)) == 1024
    assert len(Band().windows(score, 1024)) == 1


def windows_by_loops(score, bars, longest):
    """Windows of a score in sixteenths, sorted."""
    rounded = round_to_grid(score, 4, min_steps=1).notes
    steps = rounded["end"].max() // 16 * 16
    lines = [{} for _ in range(4)]
    fields = ["pitch", "start", "end", "program", "is_drum", "track"]
    for pitch, start, end, program, is_drum, track in rounded[fields].tolist():
        part = 0 if is_drum else 1 if 32 <= program <= 39 else 2 if program < 32 else 3
        lines[part].setdefault(0 if part == 3 else track, []).append((pitch, start, end))
    found = []
    for band in itertools.product(*(line.values() for line in lines)):
        sounds = [
            [min([p for p, a, b in own if a <= step < b], default=S) for step in range(steps)]
            for own in band
        ]
        for first in range(0, steps - 16 * bars + 1, 16):
            columns = []
            for own, sound in zip(band, sounds, strict=True):
                sound = sound[first : first + 16 * bars]
                rests = [len(list(run)) for token, run in itertools.groupby(sound) if token == S]
                if max(rests, default=0) > longest:
                    break
                struck = {(pitch, start - first) for pitch, start, _ in own}
                columns.append(
                    [
                        H if step and sound[step - 1] == token and (token, step) not in struck
                        else token
                        for step, token in enumerate(sound)
                    ]
                )  # fmt: skip
            else:
                found.append(list(zip(*columns, strict=True)))
    return sorted(found)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([(0, 0), (1, 0), (2, 33), (3, 39), (4, 0), (5, 31), (6, 48), (7, 80)]),
            st.integers(0, 60),
            st.one_of(st.integers(1, 4), st.integers(10, 40)),
            st.integers(60, 62),
        ),
        max_size=16,
    ),
    st.sampled_from(["paper", "released_code"]),
    st.sampled_from([1, 2]),
)
def test_windows_equal_loops(rows, profile, bars):
    # A note of each part, so that there is a band.
    rows = [((track, program), 0, 20, 61) for track, program in
            ((0, 0), (2, 33), (4, 0), (6, 48))] + rows  # fmt: skip
    notes = [
        (track, pitch, start, start + length, {"program": program, "is_drum": track < 2})
        for (track, program), start, length, pitch in rows
    ]
    score = score_of(*notes)
    expected = windows_by_loops(score, bars, 16 if profile == "paper" else 15)
    band = Band(profile)
    if not expected:
        assert reason_of(score, bars, profile=profile) in ("too_sparse", "too_short")
        return
    every = [
        list(map(tuple, window)) for window in band.windows(score, bars, unique=False).tolist()
    ]
    assert sorted(every) == expected
    once = [list(map(tuple, window)) for window in band.windows(score, bars).tolist()]
    assert sorted(once) == [window for window, _ in itertools.groupby(expected)]
