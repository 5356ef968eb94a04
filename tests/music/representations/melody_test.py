"""Melodies: codec there and back, and the rules of windows one by one and against note-seq."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import quantize
from keras_music_vae.music.representations import Melody

OFF, ON = 1, 2
LINES = st.lists(st.sampled_from([0, 0, 0, 1, 2, 41, 89]), max_size=40)


def canonical(tokens):
    """Leaves out each end where nothing sounds, which no notes can tell."""
    sounds, kept = False, []
    for token in tokens:
        kept.append(token if token != OFF or sounds else 0)
        sounds = token >= ON or (sounds and token != OFF)
    return kept


def score_of(rows, **changes):
    """Score of rows (pitch, start, end) in sixteenths, 120 quarters a minute, 4/4."""
    pitch, start, end = np.array(rows, int).reshape(-1, 3).T
    return dataclasses.replace(midi.Score(midi.make_notes(pitch, start, end), 4), **changes)


def line(*events, bars=1):
    """Tokens of pairs (step, token), 0 elsewhere."""
    tokens = np.zeros(16 * bars, int)
    for step, token in events:
        tokens[step] = token
    return tokens.tolist()


def on(pitch):
    """The token of a pitch in the profile "magenta"."""
    return pitch - 21 + ON


def reason_of(melody, score, bars):
    with pytest.raises(midi.MidiError) as caught:
        melody.windows(score, bars)
    return caught.value.reason


@given(LINES, st.sampled_from(["magenta", "workshop"]))
def test_decode_then_encode_is_the_identity(tokens, profile):
    melody = Melody(profile)
    score = melody.decode(np.array(tokens, int))
    again = melody.encode(score, len(tokens)) if tokens else melody.encode(score)
    assert again.dtype == melody.dtype == np.uint8
    assert again.tolist() == canonical(tokens)
    np.testing.assert_array_equal(melody.decode(again).notes, score.notes)


@settings(deadline=None)
@given(LINES.filter(lambda tokens: max(tokens, default=0) >= ON))
def test_identity_holds_through_a_file(tokens):
    score = Melody(first_program=40).decode(np.array(tokens))
    again = midi.read(midi.to_bytes(score))
    assert Melody().encode(again, len(tokens)).tolist() == canonical(tokens)
    assert set(again.notes["program"].tolist()) == {40}


@given(LINES)
def test_encode_ends_with_the_bar_of_the_last_note(tokens):
    score = Melody().decode(np.array(tokens, int))
    end = score.notes["end"].max(initial=0)
    padded = Melody().encode(score)
    assert len(padded) == -(-end // 16) * 16
    expected = (canonical(tokens) + [0] * 40)[: len(padded)]
    # A note that lasts to the end of the tokens ends there, where there is room to say so.
    if len(tokens) == end < len(padded):
        expected[end] = OFF
    assert padded.tolist() == expected


def test_notes_of_a_small_line():
    score = Melody().decode([0, 2, 0, 1, 0, 1, 89, 2, 0], program=5, velocity=70)
    assert score.notes[["pitch", "start", "end", "program", "velocity"]].tolist() == [
        (21, 1, 3, 5, 70),
        (108, 6, 7, 5, 70),
        (21, 7, 9, 5, 70),
    ]
    assert Melody("workshop").decode([2, 129]).notes["pitch"].tolist() == [0, 127]
    assert (Melody().num_classes, Melody("workshop").num_classes) == (90, 130)


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 32), int), np.array([90]), np.array([-1]), np.array([0.5]), np.array(3)]
)
def test_only_one_line_of_tokens_is_decoded(wrong):
    with pytest.raises(ValueError, match="tokens"):
        Melody().decode(wrong)


def test_unknown_profiles_are_refused():
    with pytest.raises(ValueError, match="magenta, workshop"):
        Melody("icml")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Melody().profile = "workshop"


def test_encode_takes_the_highest_and_cuts_where_the_next_begins():
    rows = [(60, 0, 8), (64, 0, 2), (62, 4, 12), (20, 5, 6), (109, 5, 6)]
    expected = line((0, on(64)), (2, OFF), (4, on(62)), (12, OFF))
    assert Melody().encode(score_of(rows)).tolist() == expected
    rows = [(60, 0, 8), (72, 2, 4)]
    # The low note does not come back.
    assert Melody().encode(score_of(rows)).tolist() == line((0, on(60)), (2, on(72)), (4, OFF))


def test_encode_follows_the_beats_through_tempi_and_metres():
    score = score_of(
        [(60, 0, 4), (62, 20, 24)],
        tempos=np.array([(0, 50.0), (8, 200.0)], midi.Tempos),
        time_signatures=np.array([(0, 3, 4)], midi.TimeSignatures),
    )
    expected = line((0, on(60)), (4, OFF), (20, on(62)), (24, OFF), bars=2)
    assert Melody().encode(score).tolist() == expected
    assert Melody().encode(score, 10).tolist() == expected[:10]


def test_encode_and_windows_leave_out_drums_and_other_programs():
    notes = midi.make_notes([60, 62, 64], 0, 16, program=[5, 40, 5], is_drum=[False, False, True])
    score = midi.Score(notes, 4)
    assert Melody(last_program=31).encode(score)[0] == on(60)
    assert Melody(last_program=31).windows(score, 1).tolist() == [line((0, on(60)))]
    assert Melody(first_program=32).encode(score)[0] == on(62)
    assert reason_of(Melody(first_program=6, last_program=39), score, 1) == "no_melody"


def test_windows_begin_at_every_bar_and_forget_what_sounded():
    score = score_of([(60, 4, 20), (62, 24, 30), (64, 40, 48)])
    expected = [
        line((4, on(60)), (20, OFF), (24, on(62)), (30, OFF), bars=2),
        # The end of the first note is no event of a window that lacks its beginning.
        line((8, on(62)), (14, OFF), (24, on(64)), bars=2),
    ]
    assert Melody().windows(score, 2).tolist() == expected


def test_an_end_after_a_beginning_is_kept():
    score = score_of([(60, 0, 20), (62, 36, 40)])
    assert Melody().windows(score, 1).tolist() == [
        line((0, on(60))),
        line(),
        line((4, on(62)), (8, OFF)),
    ]


@pytest.mark.parametrize(("start", "longest"), [(20 + 15, 3), (20 + 16, 2), (20 + 28, 2)])
def test_a_bar_of_rest_ends_a_line(start, longest):
    score = score_of([(60, 0, 20), (62, start, start + 2)])
    assert (
        Melody().windows(score, longest)[0].tolist()[:21]
        == line((0, on(60)), (20, OFF), bars=2)[:21]
    )
    assert reason_of(Melody(), score, longest + 1) == "too_short"


def test_a_line_begins_with_the_bar_of_its_first_note():
    # The end at the very bar line is where the line ends too.
    assert Melody().windows(score_of([(60, 70, 80)]), 1).tolist() == [line((6, on(60)))]
    assert Melody().windows(score_of([(60, 70, 81)]), 2).tolist() == [
        line((6, on(60)), (17, OFF), bars=2)
    ]


def test_each_track_has_lines_of_its_own():
    notes = midi.make_notes([60, 72], [0, 4], 16, track=[0, 1])
    found = Melody().windows(midi.Score(notes, 4), 1)
    assert sorted(found.tolist()) == [line((4, on(72))), line((0, on(60)))]


def test_a_line_ends_at_a_hundred_bars():
    # A pitch of its own for every bar, in two octaves, so that all windows differ.
    bar = np.arange(120)
    rows = np.stack([21 + bar % 88, bar * 16 + bar // 88, bar * 16 + 12], axis=1)
    assert len(Melody().windows(score_of(rows), 1)) == 100
    assert len(Melody().windows(score_of(rows), 16)) == 85
    assert reason_of(Melody(), score_of(rows), 101) == "too_short"


def test_equal_windows_are_kept_once_within_a_span():
    rows = [(60, 16 * bar, 16 * bar + 8) for bar in range(6)]
    once = Melody().windows(score_of(rows), 1)
    assert len(once) == 1
    assert len(Melody().windows(score_of(rows), 1, unique=False)) == 6
    faster = score_of(rows, tempos=np.array([(0, 120.0), (48, 140.0)], midi.Tempos))
    np.testing.assert_array_equal(Melody().windows(faster, 1), np.concatenate([once, once]))


def test_chords_end_a_part_where_they_are_not_wanted():
    melody = Melody(skip_polyphony=True)
    rows = [(60, 0, 16), (62, 40, 48), (64, 52, 56), (67, 52, 60), (69, 80, 90)]
    # The line with the chord is lost, and those after it; the line before is a bar of rest away.
    assert melody.windows(score_of(rows), 1).tolist() == [line((0, on(60)))]
    assert len(Melody().windows(score_of(rows), 1)) > 1
    other = score_of(rows)
    other.notes["track"] = other.notes["pitch"] == 69
    assert melody.windows(other, 1).tolist() == [line((0, on(60))), line((0, on(69)), (10, OFF))]
    assert reason_of(melody, score_of(rows[2:]), 1) == "too_polyphonic"


def test_each_lack_of_windows_has_its_reason():
    notes = [(60, 0, 16)]
    assert reason_of(Melody(), score_of([(20, 0, 16)]), 1) == "no_melody"
    waltz = np.array([(0, 3, 4)], midi.TimeSignatures)
    assert reason_of(Melody(), score_of(notes, time_signatures=waltz), 1) == "no_4_4"
    assert reason_of(Melody(), score_of(notes), 2) == "too_short"
    tempos = np.array([(0, 100.0), (16, 101.0)], midi.Tempos)
    long = [(60, 0, 16), (60, 16, 32)]
    assert reason_of(Melody(), score_of(long, tempos=tempos), 2) == "changing_tempo"
    for metre in ((2, 2), (8, 8), (4, 4)):
        signature = np.array([(0, *metre)], midi.TimeSignatures)
        assert len(Melody().windows(score_of(notes, time_signatures=signature), 1)) == 1


def test_parts_in_other_metres_are_left_out():
    metres = np.array([(0, 3, 4), (24, 4, 4), (40, 3, 4)], midi.TimeSignatures)
    score = score_of([(60, 0, 4), (62, 26, 36), (64, 40, 50)], time_signatures=metres)
    assert Melody().windows(score, 1).tolist() == [line((2, on(62)), (12, OFF))]


@pytest.mark.parametrize("changes", [510, 511, 1022, 1023, 1024, 70_000])
def test_lines_of_many_spans_stay_apart(changes):
    # Two bars, then changes of tempo in silence, then two bars with other notes in the same steps.
    score = score_of([(60, 0, 16), (62, 16, 32), (64, 32 + changes, 40 + changes),
                      (65, 40 + changes, 64 + changes)])  # fmt: skip
    change = np.arange(changes)
    tempos = np.zeros(changes + 1, midi.Tempos)
    tempos["start"], tempos["tempo_qpm"] = np.append(0, 32 + change), 120
    tempos["tempo_qpm"][1:] += 1 + change % 2
    score = dataclasses.replace(
        score, tempos=np.append(tempos, np.array([(32 + changes, 90.0)], midi.Tempos))
    )
    assert Melody(skip_polyphony=True).windows(score, 2).tolist() == [
        line((0, on(60)), (16, on(62)), bars=2),
        line((0, on(64)), (8, on(65)), bars=2),
    ]


@pytest.fixture(scope="module")
def note_seq():
    return pytest.importorskip("note_seq")


def windows_by_note_seq(note_seq, data, bars, keep_highest):
    """Windows as Magenta's converter cuts them from note-seq's melodies, sorted."""
    found = []
    for piece in note_seq.sequences_lib.split_note_sequence_on_time_changes(
        note_seq.midi_to_note_sequence(data)
    ):
        piece = note_seq.sequences_lib.quantize_note_sequence(piece, 4)
        windows = set()
        for instrument in {note.instrument for note in piece.notes}:
            start = 0
            while True:
                melody = note_seq.Melody()
                try:
                    melody.from_quantized_sequence(
                        piece,
                        search_start_step=start,
                        instrument=instrument,
                        ignore_polyphonic_notes=keep_highest,
                        pad_end=True,
                    )
                except note_seq.PolyphonicMelodyError:
                    break
                if not len(melody):
                    break
                start = -(-melody.end_step // 16) * 16
                events = np.array(melody)[: 100 * 16]
                for first in range(0, len(events) - 16 * bars + 1, 16):
                    window = events[first : first + 16 * bars].copy()
                    sounding = np.flatnonzero(window >= -1)
                    if len(sounding) and window[sounding[0]] == -1:
                        window[sounding[0]] = -2
                    windows.add(tuple(np.where(window < 0, window + 2, window - 21 + 2).tolist()))
        found += windows
    return sorted(found)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 100),
            st.one_of(st.integers(1, 8), st.integers(1, 40)),
            st.integers(58, 63),
            st.integers(0, 1),
        ),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([4, 6, 48]),
    st.booleans(),
    st.sampled_from([1, 2]),
    st.booleans(),
)
def test_windows_are_those_of_note_seqs_melodies(note_seq, rows, ticks, skip, bars, changes):
    start, length, pitch, track = np.array(rows).T
    score = midi.Score(
        midi.make_notes(pitch, start, start + length, program=track, track=track),
        ticks,
        np.array([(0, 120.0), *([(64, 121.0)] if changes else [])], midi.Tempos),
    )
    data = midi.to_bytes(score)
    try:
        found = Melody(skip_polyphony=skip).windows(midi.read(data), bars)
    except midi.MidiError:
        found = np.zeros((0, 0), int)
    expected = windows_by_note_seq(note_seq, data, bars, not skip)
    assert sorted(map(tuple, found.tolist())) == expected


def test_quantized_music_has_the_windows_of_its_score():
    score = score_of([(60, 4, 20), (62, 24, 30)])
    np.testing.assert_array_equal(Melody().windows(quantize(score), 1), Melody().windows(score, 1))
