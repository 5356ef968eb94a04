"""Performances: events there and back, what note-seq makes of equal notes, windows, bad input."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Performance
from keras_music_vae.music.representations.performance import BAR, END, EVENTS, INSTRUMENTS, NOTHING

BIN = 16
FIELDS = ["start", "end", "pitch", "velocity", "program", "is_drum"]
# (start, end, pitch, velocity, program, is_drum, track) of a bar of bass and drums.
GROOVE = [
    (0, 24, 64, 100, 33, False, 0),
    (0, 48, 60, 100, 33, False, 0),
    (24, 90, 67, 20, 33, False, 0),
    (0, 12, 36, 127, 0, True, 1),
    (48, 60, 36, 127, 0, True, 1),
    (48, 120, 42, 60, 0, True, 1),
]


def score_of(rows, **changes):
    """Score of rows as those of `GROOVE`, in 24 steps per quarter."""
    start, end, pitch, velocity, program, is_drum, track = np.array(rows, int).reshape(-1, 7).T
    how = {"velocity": velocity, "program": program, "is_drum": is_drum, "track": track}
    return midi.Score(midi.make_notes(pitch, start, end, **how), 24, **changes)


def lines_of(tokens):
    """The tokens of each instrument up to its end, bar by bar."""
    assert (tokens[tokens < 0] == NOTHING).all()
    bars = tokens.reshape(-1, INSTRUMENTS, EVENTS).tolist()
    return [[[token for token in line if token >= 0] for line in bar] for bar in bars]


def heard(score):
    return sorted(score.notes[FIELDS].tolist())


def note_seq_bars(score):
    """Tokens (bar, 512) by note-seq, in the steps of `MultiInstrumentPerformanceConverter`."""
    note_seq = pytest.importorskip("note_seq")
    from note_seq import PerformanceOneHotEncoding
    from note_seq.performance_lib import MetricPerformance

    coding = PerformanceOneHotEncoding(num_velocity_bins=8, max_shift_steps=BAR)
    song = note_seq.NoteSequence(ticks_per_quarter=220)
    song.tempos.add(qpm=120)
    for start, end, track, pitch, velocity, program, is_drum in score.notes.tolist():
        song.notes.add(
            pitch=pitch, velocity=velocity, start_time=start / 48, end_time=end / 48,
            program=program, is_drum=is_drum, instrument=track,
        )  # fmt: skip
        song.total_time = max(song.total_time, end / 48)
    found = []
    for bar in note_seq.split_note_sequence(song, BAR / 48):
        bar = note_seq.quantize_note_sequence(bar, 24)
        own = {note.instrument: (note.is_drum, note.program) for note in bar.notes}
        lines = []
        for track in sorted(own, key=lambda track: (*own[track], track)):
            events = MetricPerformance(bar, num_velocity_bins=8, instrument=track)
            events.set_length(BAR)
            # To notes and back, which cuts what is tied over the bar line.
            events = note_seq.quantize_note_sequence(events.to_sequence(), 24)
            events = MetricPerformance(events, num_velocity_bins=8)
            events.set_length(BAR)
            is_drum, program = own[track]
            program = coding.num_classes + (128 if is_drum else program)
            lines.append([program, *map(coding.encode_event, events), END])
        if 2 <= len(lines) <= INSTRUMENTS and max(map(len, lines)) <= EVENTS:
            rows = lines + [[END]] * (INSTRUMENTS - len(lines))
            found.append([line + [NOTHING] * (EVENTS - len(line)) for line in rows])
    return np.reshape(found, (-1, INSTRUMENTS * EVENTS))


@st.composite
def songs(draw):
    """Scores of up to three instruments whose notes stay in their bars and do not overlap."""
    rows = []
    for track in range(draw(st.integers(1, 3))):
        program, is_drum = draw(st.integers(0, 127)), track == 2
        cuts = draw(st.lists(st.integers(0, 4 * BAR), min_size=2, max_size=24, unique=True))
        for start, after in itertools.pairwise(sorted(cuts)):
            end = min(after, (start // BAR + 1) * BAR)
            loud, pitch = 1 + BIN * draw(st.integers(0, 7)), draw(st.integers(0, 127))
            # A program each, or the tracks of a bar may change places.
            played = 0 if is_drum else (program + track) % 128
            rows.append((start, end, pitch, loud, played, is_drum, track))
    return score_of(rows)


@given(songs())
@settings(deadline=None, max_examples=60)
def test_songs_come_back(score):
    tokens = Performance().encode(score)
    assert tokens.dtype == np.int16
    assert len(tokens) % 512 == 0
    assert heard(Performance().decode(tokens)) == heard(score)
    again = Performance().decode(tokens)
    np.testing.assert_array_equal(Performance().encode(again), tokens)


def test_a_bar_has_the_tokens_of_note_seq():
    """Made by note-seq 0.0.5 by the steps of Magenta's converter, from the same notes."""
    bass = [360 + 33, 358, 60, 64, 279, 192, 353, 67, 279, 188, 297, 195, 261, 489]
    drums = [488, 359, 36, 267, 164, 291, 36, 355, 42, 267, 164, 291, 170, 489]
    (bar,) = Performance().windows(score_of(GROOVE), 1)
    assert lines_of(bar) == [[bass, drums, *[[END]] * 6]]


def test_bars_of_many_notes_have_the_tokens_of_note_seq():
    """60 bars of one to nine instruments, of which note-seq and Magenta's rules take 44."""
    random = np.random.RandomState(0)
    rows = []
    for bar in range(60):
        for track in random.permutation(9)[: random.randint(1, 10)].tolist():
            for _ in range(random.randint(1, 14)):
                start = random.randint(96)
                end = start + 1 + random.randint(60)
                pitch = random.randint(60, 66) if track != 8 else random.randint(128)
                is_drum, program = track % 4 == 3, track * 37 % 128
                when = BAR * bar + start, BAR * bar + end
                loud = random.randint(1, 128)
                rows.append((*when, pitch, loud, 0 if is_drum else program, is_drum, track))
    found = Performance().windows(score_of(rows), 1, unique=False)
    assert found.shape == (44, 512)
    np.testing.assert_array_equal(found, note_seq_bars(score_of(rows)))


def test_notes_end_with_the_bar_and_velocities_have_eight_bins():
    score = score_of([(90, 200, 60, 127, 5, False, 0), (100, 101, 61, 1, 5, False, 0)])
    made = Performance().decode(Performance().encode(score))
    assert heard(made) == [(90, 96, 60, 113, 5, False), (100, 101, 61, 1, 5, False)]
    assert made.ticks_per_quarter == 24


def test_instruments_are_in_order_of_programs_and_drums_last():
    rows = [(0, 9, 60, 80, program, False, 9 - program) for program in (7, 2, 5)]
    tokens = Performance().encode(score_of([*rows, (0, 9, 40, 80, 0, True, 20)]))
    ((*lines,),) = lines_of(tokens)
    assert [line[0] for line in lines] == [362, 365, 367, 488, *[END] * 4]


def test_two_instruments_of_a_program_are_two_tracks():
    rows = [(bar * BAR, bar * BAR + 9, 60, 80, 7, False, bar % 2) for bar in range(3)]
    rows += [(0, 5, 60, 80, 7, False, 1)]
    made = Performance().decode(Performance().encode(score_of(rows)))
    assert sorted(made.notes[["track", "start", "end"]].tolist()) == [
        (0, 0, 9), (0, 96, 105), (0, 192, 201), (1, 0, 5),
    ]  # fmt: skip


def test_of_too_much_the_most_and_the_first_is_kept():
    many = [
        (4 * step, 4 * step + 4, 60, 80, track, False, track)
        for track in range(10)
        for step in range(1 + track)
    ]
    long = [(step, step + 1, 60 + step % 2, 80, 100, False, 50) for step in range(96)]
    (lines,) = lines_of(Performance().encode(score_of(many + long)))
    assert [line[0] - 360 for line in lines] == [3, 4, 5, 6, 7, 8, 9, 100]
    assert [len(line) for line in lines][-1] == EVENTS
    assert lines[-1][-1] == END


def test_lengths_end_with_bars_without_notes_or_where_asked():
    score = score_of(GROOVE)
    bar = Performance().encode(score)
    assert bar.shape == (512,)
    longer = Performance().encode(score, 3 * 512)
    np.testing.assert_array_equal(longer[:512], bar)
    assert lines_of(longer[512:]) == 2 * [[[END]] * 8]
    np.testing.assert_array_equal(Performance().encode(score, 100), bar[:100])
    assert Performance().encode(score_of([])).shape == (0,)
    late = score_of([(BAR, BAR + 5, 60, 80, 0, False, 0)])
    assert lines_of(Performance().encode(late))[0] == [[END]] * 8


def test_what_models_make_is_made_notes():
    """Extra programs, ends of nothing, notes without end or length, and time beyond the bar."""
    line = [60, 380, 400, 60 + 128, 255, 61, 351, 62, 351, 62 + 128, 63]
    tokens = np.full((INSTRUMENTS, EVENTS), NOTHING)
    tokens[0, : len(line)] = line
    tokens[0, 20] = 64  # after the -1
    tokens[1, :4] = 65, END, 66, 256
    made = Performance().decode(tokens.reshape(-1))
    assert heard(made) == [(0, 96, 61, 100, 20, False), (0, 96, 65, 100, 0, False)]
    assert not Performance().decode(np.full(512, NOTHING)).notes.size


def test_a_wrong_shape_or_token_is_told():
    with pytest.raises(ValueError, match=r"one song of tokens \(time\)"):
        Performance().decode(np.zeros((2, 512), int))
    with pytest.raises(ValueError, match="whole bars of 512 tokens, received 100"):
        Performance().decode(np.zeros(100, int))
    for token in (-2, 490):
        with pytest.raises(ValueError, match="from -1 to below 490"):
            Performance().decode(np.full(512, token))


def test_windows_are_bars_that_magenta_takes():
    alone = [row for row in GROOVE if row[-1] == 0]
    later = [(row[0] + 2 * BAR, row[1] + 2 * BAR, *row[2:]) for row in GROOVE]
    bass_alone = [(row[0] + BAR, row[1] + BAR, *row[2:]) for row in alone]
    score = score_of(GROOVE + bass_alone + later)
    assert Performance().windows(score, 1).shape == (1, 512)
    assert Performance().windows(score, 1, unique=False).shape == (2, 512)
    again = [(row[0] + BAR, row[1] + BAR, *row[2:]) for row in GROOVE]
    (two,) = Performance().windows(score_of(GROOVE + again), 2)
    np.testing.assert_array_equal(two, Performance().encode(score_of(GROOVE + again)))
    nine = [(0, 96, 60, 80, track, False, track) for track in range(9)]
    long = [(step, step + 1, 60 + step % 2, 80, 100, False, 50) for step in range(96)]
    for rows in (alone, nine, GROOVE + long, []):
        assert reason_of(score_of(rows), 1) == "no_ensemble"
    assert reason_of(score_of(GROOVE), 2) == "too_short"
    waltz = np.array([(0, 3, 4)], midi.TimeSignatures)
    assert reason_of(score_of(GROOVE, time_signatures=waltz), 1) == "no_4_4"


def test_a_change_of_tempo_begins_a_bar():
    tempos = np.array([(0, 120), (48, 60)], midi.Tempos)
    rows = [(row[0] + 48, row[1] + 48, *row[2:]) for row in GROOVE]
    found = Performance().windows(score_of(rows, tempos=tempos), 1)
    np.testing.assert_array_equal(found, Performance().windows(score_of(GROOVE), 1))


def reason_of(score, bars):
    with pytest.raises(midi.MidiError) as raised:
        Performance().windows(score, bars)
    return raised.value.reason
