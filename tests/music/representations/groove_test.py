"""Grooves: hits, velocities and offsets there and back, which hits count, windows, sources."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Drums, Groove
from keras_music_vae.music.representations.drums import CLASS_NAMES, MAPS
from keras_music_vae.music.representations.groove import DRUMS, SOURCES

DRUM_MAPS = ("2019", "2017", "roland")
TICKS = 480
STEP = TICKS // 4


@st.composite
def hits(draw, drum_map):
    """Rows (drum, start in ticks, velocity), one at most for each drum and step."""
    where = st.tuples(st.integers(0, DRUMS - 1), st.integers(0, 39))
    how = st.tuples(st.integers(-STEP // 2, STEP // 2 - 1), st.integers(1, 127))
    found = draw(st.dictionaries(where, how, max_size=30)).items()
    return [
        (MAPS[drum_map][drum][0], max(step * STEP + late, 0), velocity)
        for (drum, step), (late, velocity) in found
    ]


def score_of(rows, **changes):
    """Score of drum hits (pitch, tick, velocity), in 480 ticks a quarter."""
    pitch, start, velocity = np.array(rows, int).reshape(-1, 3).T
    notes = midi.make_notes(pitch, start, start + 60, velocity=velocity, is_drum=True)
    return dataclasses.replace(midi.Score(notes, TICKS), **changes)


def played(score):
    """What is heard of drums: sorted rows (pitch, tick, velocity)."""
    notes = score.notes[["pitch", "start", "velocity"]]
    return sorted((pitch, start, velocity) for pitch, start, velocity in notes.tolist())


def some_values(count=32, seed=0):
    """Values as a model makes them: velocities and offsets of all drums, hit or not."""
    random = np.random.default_rng(seed)
    hit = random.random((count, DRUMS)) < 0.3
    velocities, offsets = random.random((count, DRUMS)), random.uniform(-1, 1, (count, DRUMS))
    return np.concatenate([hit, velocities, offsets], axis=-1).astype("float32")


def one_by_one(score, drum_map):
    """The values of a score, by steps and drums, note by note."""
    classes = {pitch: number for number, row in enumerate(MAPS[drum_map]) for pitch in row}
    best = {}
    for note in score.notes:
        position = int(note["start"]) / STEP
        place = int(position + 0.5), classes.get(int(note["pitch"]))
        if place[1] is not None and (
            place not in best or note["velocity"] > best[place]["velocity"]
        ):
            best[place] = note
    bars = -(-(max(step for step, _ in best) + 1) // 16)
    values = np.zeros((16 * bars, 3 * DRUMS))
    for (step, drum), note in best.items():
        offset = 2 * (step - int(note["start"]) / STEP)
        values[step, drum::DRUMS] = 1, note["velocity"] / 127, offset
    return values


@pytest.mark.parametrize("drum_map", DRUM_MAPS)
@settings(deadline=None)
@given(st.data())
def test_encode_then_decode_is_the_identity(drum_map, data):
    score, groove = score_of(data.draw(hits(drum_map))), Groove(drum_map)
    again = groove.decode(groove.encode(score))
    assert again.ticks_per_quarter == TICKS
    assert played(again) == played(score)
    if played(score):
        assert played(midi.read(midi.to_bytes(again))) == played(score)


@pytest.mark.parametrize("drum_map", DRUM_MAPS)
@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_decode_then_encode_keeps_hits_and_the_rest_to_a_tick(drum_map, seed):
    values, groove = some_values(seed=seed), Groove(drum_map)
    values[0, 2 * DRUMS :] = np.minimum(values[0, 2 * DRUMS :], 0)  # nothing is before the first
    again = groove.encode(groove.decode(values), len(values))
    assert again.dtype == np.float32
    np.testing.assert_array_equal(again[:, :DRUMS], values[:, :DRUMS])
    hit = np.tile(values[:, :DRUMS] > 0, (1, 2))
    how, expected = again[:, DRUMS:], values[:, DRUMS:]
    np.testing.assert_allclose(how[hit], expected[hit], atol=2 / STEP)
    assert not how[~hit].any()


@pytest.mark.parametrize("drum_map", DRUM_MAPS)
def test_values_are_those_found_note_by_note(drum_map):
    random = np.random.default_rng(1)
    rows = np.stack(
        [random.integers(20, 90, 200), random.integers(0, 4000, 200), random.integers(1, 128, 200)]
    )
    score = score_of(rows.T)
    found = Groove(drum_map).encode(score)
    np.testing.assert_allclose(found, one_by_one(score, drum_map), atol=1e-6)
    drums = Drums(drum_map)
    np.testing.assert_array_equal(found[:, :DRUMS], drums.bits(drums.encode(score)))


@pytest.mark.parametrize("tempo_qpm", [127.0, 135.0, 70.0])
def test_hits_halfway_go_where_note_seq_takes_them(tempo_qpm):
    note_seq = pytest.importorskip("note_seq")
    data = midi.to_bytes(
        score_of([(36, (2 * i + 1) * STEP // 2, 80) for i in range(200)]), tempo_qpm=tempo_qpm
    )
    sequence = note_seq.midi_to_note_sequence(data)
    quantized = note_seq.quantize_note_sequence(sequence, steps_per_quarter=4)
    expected = {note.quantized_start_step for note in quantized.notes}
    values = Groove().encode(midi.read(data))
    assert set(np.flatnonzero(values[:, 0]).tolist()) == expected
    assert set(np.abs(values[values[:, 0] > 0, 18]).tolist()) == {1}


def test_early_is_above_and_late_below_zero():
    rows = [(36, 2 * STEP - 60, 127), (38, 5 * STEP + 30, 64), (42, 7 * STEP, 1)]
    values = Groove().encode(score_of(rows))
    assert np.argwhere(values[:, :9]).tolist() == [[2, 0], [5, 1], [7, 2]]
    np.testing.assert_allclose(values[2, [9, 18]], [1, 1])
    np.testing.assert_allclose(values[5, [10, 19]], [64 / 127, -0.5])
    np.testing.assert_allclose(values[7, [11, 20]], [1 / 127, 0])


def test_the_hardest_hit_of_a_step_is_kept_and_of_equals_the_first():
    soft, hard = (36, 4 * STEP - 20, 50), (35, 4 * STEP + 10, 90)
    for rows in ([soft, hard], [hard, soft]):
        values = Groove().encode(score_of(rows))
        assert values[4, 9] == pytest.approx(90 / 127)
        assert values[4, 18] == pytest.approx(-20 / STEP)
    equal = [(36, 4 * STEP - 20, 50), (35, 4 * STEP + 10, 50)]
    assert Groove().encode(score_of(equal))[4, 18] == pytest.approx(40 / STEP)


def test_beats_are_followed_through_tempi_and_lengths_cut_or_filled():
    rows = [(36, 3 * STEP + 12, 90), (38, 20 * STEP, 70)]
    tempos = np.array([(0, 50.0), (8 * STEP, 200.0)], midi.Tempos)
    score = score_of(rows, tempos=tempos)
    plain = Groove().encode(score_of(rows))
    assert plain.shape == (32, 27)
    np.testing.assert_array_equal(Groove().encode(score), plain)
    np.testing.assert_array_equal(Groove().encode(score, 10), plain[:10])
    np.testing.assert_array_equal(Groove().encode(score, 40), np.pad(plain, ((0, 8), (0, 0))))
    assert Groove().encode(score_of([])).shape == (0, 27)
    other = midi.make_notes([36, 5], 0, 4, is_drum=[False, True])
    assert not Groove().encode(midi.Score(other, 4)).size


def test_a_hit_is_a_step_long_or_until_the_next_and_heard_after_the_beginning():
    values = np.zeros((4, 27))
    values[[0, 1, 2], 0], values[[0, 1, 2], 9] = 1, [0.0, 0.5, 2.0]
    values[[0, 1, 2], 18] = [0.8, -1.0, 1.0]
    notes = Groove().decode(values).notes
    assert notes["start"].tolist() == [0, STEP + 59, 2 * STEP - 60]
    assert notes["end"].tolist() == [STEP, 2 * STEP - 60, 3 * STEP - 60]
    assert notes["velocity"].tolist() == [1, 64, 127]


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 32, 27)), np.zeros((32, 9)), np.zeros(27), np.full((1, 27), np.nan)]
)
def test_what_is_no_groove_is_not_decoded(wrong):
    with pytest.raises(ValueError, match="values of one groove"):
        Groove().decode(wrong)


def test_unknown_maps_and_sources_are_refused():
    with pytest.raises(ValueError, match="one of the drum maps"):
        Groove("pitches")
    with pytest.raises(ValueError, match="a source of"):
        Groove(source="drums")


def test_windows_follow_each_other_from_the_beginning():
    beat = [(36, 16 * STEP * bar + 4, 60 + bar) for bar in (0, 1, 2, 5, 6)]
    score, groove = score_of(beat), Groove()
    whole = groove.encode(score)
    assert len(whole) == 7 * 16
    found = groove.windows(score, 2)
    assert found.shape == (3, *groove.window_shape(2))
    np.testing.assert_array_equal(found, whole[: 6 * 16].reshape(3, 32, 27))
    assert len(groove.windows(score, 1)) == 5  # bars 3 and 4 have no hit
    overlapping = groove.windows(score, 2, hop_bars=1)
    np.testing.assert_array_equal(overlapping[1], whole[16:48])
    assert len(overlapping) == 5


@pytest.mark.parametrize(
    ("score", "reason"),
    [
        (score_of([(5, 0, 9)]), "no_drums"),
        (score_of([(36, 0, 9)]), "too_short"),
        (
            score_of([(36, 0, 9)], time_signatures=np.array([(0, 3, 4)], midi.TimeSignatures)),
            "not_4_4",
        ),
    ],
)
def test_a_score_without_windows_says_why(score, reason):
    with pytest.raises(midi.MidiError) as caught:
        Groove().windows(score, 2)
    assert caught.value.reason == reason


def test_sources_are_a_part_of_what_is_played():
    values = np.stack([some_values(seed=seed) for seed in (0, 1)])
    values[..., DRUMS:] *= np.tile(values[..., :DRUMS], 2)
    before = values.copy()
    told = {source: Groove(source=source).source_of(values) for source in SOURCES}
    np.testing.assert_array_equal(values, before)
    np.testing.assert_array_equal(told["groove"], values)
    np.testing.assert_array_equal(told["hits"], values * (np.arange(27) < 9))
    closed, opened = CLASS_NAMES.index("closed hi-hat"), CLASS_NAMES.index("open hi-hat")
    expected = values.copy()
    expected[..., closed::DRUMS] = 0
    np.testing.assert_array_equal(told["no_closed_hi_hat"], expected)
    taps = np.zeros_like(values)
    for window in range(2):
        for step in range(32):
            hardest = values[window, step, DRUMS : 2 * DRUMS].argmax()
            taps[window, step, opened] = values[window, step, hardest]
            taps[window, step, 2 * DRUMS + opened] = values[window, step, 2 * DRUMS + hardest]
    np.testing.assert_array_equal(told["taps"], taps)
    assert taps[..., opened].sum() > 30
