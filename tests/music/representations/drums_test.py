"""Drum patterns: codec there and back, the drum maps, and the rules of windows."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Drums
from keras_music_vae.music.representations.drums import CLASS_NAMES, MAPS

ALL_MAPS = sorted(MAPS)


@st.composite
def codes(draw, drum_map):
    drums = Drums(drum_map)
    code = st.one_of(st.just(0), st.integers(0, drums.num_classes - 1))
    return np.array(draw(st.lists(code, max_size=40)), drums.dtype)


def score_of(rows, **changes):
    """Score of drum hits (pitch, step) in sixteenths, 120 quarters a minute, 4/4."""
    pitch, start = np.array(rows, int).reshape(-1, 2).T
    notes = midi.make_notes(pitch, start, start + 1, is_drum=True)
    return dataclasses.replace(midi.Score(notes, 4), **changes)


def pattern(*hits, bars=1):
    """Tokens of pairs (step, code), 0 elsewhere."""
    tokens = np.zeros(16 * bars, int)
    for step, code in hits:
        tokens[step] = code
    return tokens.tolist()


def reason_of(drums, score, bars):
    with pytest.raises(midi.MidiError) as caught:
        drums.windows(score, bars)
    return caught.value.reason


@pytest.mark.parametrize("drum_map", ALL_MAPS)
@settings(deadline=None)
@given(st.data())
def test_decode_then_encode_is_the_identity(drum_map, data):
    tokens = data.draw(codes(drum_map))
    drums = Drums(drum_map)
    score = drums.decode(tokens)
    again = drums.encode(score, len(tokens)) if len(tokens) else drums.encode(score)
    assert again.dtype == drums.dtype
    np.testing.assert_array_equal(again, tokens)
    hits = np.flatnonzero(tokens)
    bars = -(-(hits[-1] + 1) // 16) if hits.size else 0
    padded = np.pad(tokens, (0, 48))[: bars * 16]
    np.testing.assert_array_equal(drums.encode(score), padded)
    if hits.size:
        through_file = midi.read(midi.to_bytes(score))
        np.testing.assert_array_equal(drums.encode(through_file), padded)


@pytest.mark.parametrize("drum_map", ALL_MAPS)
def test_codes_are_sums_of_powers_of_two(drum_map):
    drums = Drums(drum_map)
    assert drums.num_classes == 2 ** len(MAPS[drum_map])
    for number, pitches in enumerate(MAPS[drum_map]):
        for pitch in pitches:
            assert drums.encode(score_of([(pitch, 0)]))[0] == 2**number
        notes = drums.decode(np.array([2**number], drums.dtype)).notes
        assert notes[["pitch", "start", "end", "is_drum"]].tolist() == [(pitches[0], 0, 1, True)]
        bits = drums.bits(np.array([[2**number, 0]], drums.dtype))
        assert bits.shape == (1, 2, drums.num_drums)
        assert np.argwhere(bits).tolist() == [[0, 0, number]]
    known = {pitch for pitches in MAPS[drum_map] for pitch in pitches}
    assert sum(map(len, MAPS[drum_map])) == len(known)
    others = [(pitch, 0) for pitch in range(128) if pitch not in known]
    assert not drums.encode(score_of([(36, 1), *others]))[0]
    assert reason_of(drums, score_of(others), 1) == "no_drums"


def test_the_map_of_2019_is_note_seqs():
    library = pytest.importorskip("note_seq.drums_encoder_decoder")
    theirs = library.DEFAULT_DRUM_TYPE_PITCHES
    assert [set(pitches) for pitches in MAPS["2019"]] == [set(pitches) for pitches in theirs]
    assert [pitches[0] for pitches in MAPS["2019"]] == [pitches[0] for pitches in theirs]
    assert len(CLASS_NAMES) == len(theirs)


def test_the_maps_differ_where_they_say():
    def classes(drum_map):
        return {pitch: number for number, row in enumerate(MAPS[drum_map]) for pitch in row}

    old, new = classes("2017"), classes("2019")
    assert {pitch for pitch in range(128) if old.get(pitch) != new.get(pitch)} == {22, 26, 43, 52}
    assert [row[0] for row in MAPS["2017"]] == [row[0] for row in MAPS["2019"]]
    assert sorted(classes("pitches")) == list(range(27, 88))
    assert Drums("pitches").dtype == np.uint64


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((2, 32), int), np.array([512]), np.array([-1]), np.array([1.0]), np.array(3)],
)
def test_only_one_line_of_codes_is_decoded(wrong):
    with pytest.raises(ValueError, match="tokens"):
        Drums().decode(wrong)


def test_unknown_maps_are_refused():
    with pytest.raises(ValueError, match="2019, 2017, roland, pitches"):
        Drums("2018")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Drums().drum_map = "2017"


def test_hits_of_a_step_are_joined_whatever_their_track_and_length():
    notes = midi.make_notes(
        [36, 35, 38, 42, 42], [0, 0, 0, 4, 4], [1, 9, 30, 5, 6], is_drum=True, track=[0, 1, 2, 0, 1]
    )
    score = midi.Score(notes, 4)
    assert Drums().encode(score).tolist() == pattern((0, 3), (4, 4))
    assert Drums().windows(score, 1).tolist() == [pattern((0, 3), (4, 4))]


def test_only_drums_are_hit():
    notes = midi.make_notes([36, 38], 0, 4, is_drum=[False, True])
    assert Drums().encode(midi.Score(notes, 4)).tolist() == pattern((0, 2))
    assert reason_of(Drums(), midi.Score(notes[~notes["is_drum"]], 4), 1) == "no_drums"


def test_encode_follows_the_beats_through_tempi_and_metres():
    score = score_of(
        [(36, 3), (38, 20)],
        tempos=np.array([(0, 50.0), (8, 200.0)], midi.Tempos),
        time_signatures=np.array([(0, 3, 4)], midi.TimeSignatures),
    )
    assert Drums().encode(score).tolist() == pattern((3, 1), (20, 2), bars=2)
    assert Drums().encode(score, 10).tolist() == pattern((3, 1))[:10]
    assert Drums().encode(score, 40).tolist() == pattern((3, 1), (20, 2), bars=3)[:40]


# The rest is counted from the step after the hit.
@pytest.mark.parametrize(("step", "longest"), [(4 + 16, 2), (4 + 17, 1), (50, 1)])
def test_a_bar_without_a_hit_ends_a_pattern(step, longest):
    score = score_of([(36, 4), (38, step)])
    assert len(Drums().windows(score, longest)) in (1, 2)
    assert reason_of(Drums(), score, longest + 1) == "too_short"
    if longest == 1:
        assert Drums().windows(score, 1).tolist() == [pattern((4, 1)), pattern((step % 16, 2))]


def test_windows_begin_at_every_bar():
    score = score_of([(36, 16), (38, 30), (42, 40), (36, 56)])
    assert Drums().windows(score, 2).tolist() == [
        pattern((0, 1), (14, 2), (24, 4), bars=2),
        pattern((8, 4), (24, 1), bars=2),
    ]


def test_a_pattern_ends_at_a_hundred_bars():
    # Each bar of its own: a code for the bar, in a step of its own.
    score = Drums().decode(np.arange(1, 120).repeat(16) * np.tile(np.arange(16) == 3, 119))
    assert len(Drums().windows(score, 1)) == 100
    assert len(Drums().windows(score, 16)) == 85
    assert reason_of(Drums(), score, 101) == "too_short"


def test_equal_windows_are_kept_once_within_a_span():
    rows = [(36, 16 * bar) for bar in range(6)]
    assert Drums().windows(score_of(rows), 1).tolist() == [pattern((0, 1))]
    assert len(Drums().windows(score_of(rows), 1, unique=False)) == 6
    faster = score_of(rows, tempos=np.array([(0, 120.0), (48, 140.0)], midi.Tempos))
    assert Drums().windows(faster, 1).tolist() == [pattern((0, 1))] * 2


def test_each_lack_of_windows_has_its_reason():
    rows = [(36, 0), (38, 15), (36, 20), (36, 31)]
    waltz = np.array([(0, 3, 4)], midi.TimeSignatures)
    assert reason_of(Drums(), score_of(rows, time_signatures=waltz), 1) == "no_4_4"
    assert reason_of(Drums(), score_of(rows), 3) == "too_short"
    tempos = np.array([(0, 100.0), (16, 101.0)], midi.Tempos)
    assert reason_of(Drums(), score_of(rows, tempos=tempos), 2) == "changing_tempo"


@pytest.fixture(scope="module")
def note_seq():
    return pytest.importorskip("note_seq")


def windows_by_note_seq(note_seq, data, bars):
    """Windows as Magenta's converter cuts them from note-seq's drum tracks, sorted."""
    pitches = note_seq.drums_encoder_decoder.DEFAULT_DRUM_TYPE_PITCHES
    classes = {pitch: number for number, row in enumerate(pitches) for pitch in row}
    found = []
    for piece in note_seq.sequences_lib.split_note_sequence_on_time_changes(
        note_seq.midi_to_note_sequence(data)
    ):
        piece = note_seq.sequences_lib.quantize_note_sequence(piece, 4)
        known = [note for note in piece.notes if note.pitch in classes]
        del piece.notes[:]
        piece.notes.extend(known)
        start, windows = 0, set()
        while True:
            track = note_seq.DrumTrack()
            track.from_quantized_sequence(piece, search_start_step=start, pad_end=True)
            if not len(track):
                break
            start = -(-track.end_step // 16) * 16
            events = [sum({1 << classes[pitch] for pitch in event}) for event in track]
            windows |= {
                tuple(events[first : first + 16 * bars])
                for first in range(0, len(events) - 16 * bars + 1, 16)
            }
        found += windows
    return sorted(found)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.integers(0, 100), st.integers(0, 6).map(lambda bar: 17 * bar)),
            st.sampled_from([20, 22, 35, 36, 38, 43, 52]),
            st.booleans(),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([4, 6, 48]),
    st.sampled_from([1, 2]),
    st.booleans(),
)
def test_windows_are_those_of_note_seqs_drum_tracks(note_seq, rows, ticks, bars, changes):
    start, pitch, is_drum = np.array(rows).T
    score = midi.Score(
        midi.make_notes(pitch, start, start + 2, is_drum=is_drum > 0),
        ticks,
        np.array([(0, 120.0), *([(64, 121.0)] if changes else [])], midi.Tempos),
    )
    data = midi.to_bytes(score)
    try:
        found = Drums().windows(midi.read(data), bars)
    except midi.MidiError:
        found = np.zeros((0, 0), int)
    assert sorted(map(tuple, found.tolist())) == windows_by_note_seq(note_seq, data, bars)
