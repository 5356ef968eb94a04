"""MIDI in and out, checked with other readers, and files that are no music."""

import contextlib
import dataclasses
import io
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from keras_music_vae.music import midi
from keras_music_vae.music.representations import PianoRoll

ROLLS = st_numpy.arrays(np.bool_, st.tuples(st.integers(1, 12), st.just(88)))


def chord(**changes):
    score = midi.Score(
        midi.make_notes([60, 64, 67], 0, [2, 2, 3], velocity=[70, 80, 90], program=19),
        ticks_per_quarter=2,
        tempos=np.array([(0, 90.0), (2, 60.0)], midi.Tempos),
        time_signatures=np.array([(0, 3, 4)], midi.TimeSignatures),
        names=("Choir organ",),
    )
    return dataclasses.replace(score, **changes)


@given(ROLLS, st.sampled_from([1, 2, 4, 12, 480, 1000]), st.booleans())
def test_written_notes_are_read_back(roll, ticks_per_quarter, join):
    score = PianoRoll(ticks_per_quarter, join_repeats=join).decode(roll)
    if not roll.any():
        with pytest.raises(midi.MidiError) as caught:
            midi.read(midi.to_bytes(score))
        assert caught.value.reason == "no_notes"
        return
    again = midi.read(midi.to_bytes(score))
    scale = again.ticks_per_quarter // ticks_per_quarter
    assert again.ticks_per_quarter == ticks_per_quarter * scale >= 480
    for name in midi.Notes.names:
        factor = scale if name in ("start", "end") else 1
        np.testing.assert_array_equal(again.notes[name], score.notes[name] * factor)


def test_what_other_programs_see():
    mido = pytest.importorskip("mido")
    drums = midi.make_notes(36, [0, 1], [1, 2], is_drum=True, track=1)
    score = chord(notes=np.concatenate([chord().notes, drums]))
    file = mido.MidiFile(file=io.BytesIO(midi.to_bytes(score)))
    assert (file.type, file.ticks_per_beat) == (1, 480)
    first, second = (list(track) for track in file.tracks)
    named = {message.type: message for message in first}
    assert named["track_name"].name == "Choir organ"
    assert named["program_change"].program == 19
    assert (named["time_signature"].numerator, named["time_signature"].denominator) == (3, 4)
    tempos = [message.tempo for message in first if message.type == "set_tempo"]
    assert [round(mido.tempo2bpm(tempo), 3) for tempo in tempos] == [90, 60]
    assert {message.name for message in second if message.type == "track_name"} == {"Drums"}
    assert {message.channel for message in second if not message.is_meta} == {9}


def test_tempo_metre_and_names_are_read_back():
    again = midi.read(midi.to_bytes(chord()))
    np.testing.assert_array_equal(again.tempos["start"], [0, 480])
    np.testing.assert_allclose(again.tempos["tempo_qpm"], [90, 60], rtol=1e-5)
    assert again.time_signatures.tolist() == [(0, 3, 4)]
    assert again.names == ("Choir organ",)
    bare = PianoRoll(program=40).decode(np.eye(4, 88))
    plain = midi.read(midi.to_bytes(bare))
    assert plain.tempos.tolist() == [(0, 120.0)]
    assert plain.time_signatures.tolist() == [(0, 4, 4)]
    assert plain.names == ("Strings",)
    faster = midi.read(midi.to_bytes(chord(), tempo_qpm=150))
    np.testing.assert_allclose(faster.tempos["tempo_qpm"], [150], rtol=1e-5)


def test_write_and_read_by_path(tmp_path):
    path = tmp_path / "chord.mid"
    midi.write(chord(), path)
    np.testing.assert_array_equal(midi.read(path).notes, midi.read(path.read_bytes()).notes)
    np.testing.assert_array_equal(midi.read(str(path)).notes["pitch"], [60, 64, 67])


def test_notes_are_ordered_by_start_then_pitch():
    notes = midi.make_notes([70, 60, 65], [1, 1, 0], [2, 2, 2])
    assert notes["pitch"].tolist() == [65, 60, 70]


def test_unwritable_notes_are_refused():
    for column, value in (
        ("end", 0),
        ("start", -1),
        ("velocity", 0),
        ("pitch", 128),
        ("end", 2**31),
    ):
        notes = chord().notes.copy()
        notes[column][1] = value
        with pytest.raises(ValueError, match="received as note 1"):
            midi.to_bytes(chord(notes=notes))
    with pytest.raises(ValueError, match="tempi"):
        midi.to_bytes(chord(), tempo_qpm=0)
    with pytest.raises(ValueError, match="at least one tick"):
        chord(ticks_per_quarter=0)


GOOD = midi.to_bytes(chord())
HEADER = b"MThd" + bytes([0, 0, 0, 6, 0, 1, 0, 1])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_midi"),
        (b"RIFF" + bytes(40), "not_midi"),
        (HEADER[:10], "truncated"),
        (GOOD[:-20], "truncated"),
        (HEADER + bytes([0xE7, 0x28]) + GOOD[14:], "smpte"),
        (HEADER + bytes(2) + GOOD[14:], "bad_division"),
        (HEADER[:9] + b"\7" + GOOD[10:], "not_midi"),
        (GOOD.replace(bytes([0x90, 60, 70]), bytes([0x90, 60, 0xC8])), "data_byte"),
        (GOOD.replace(bytes([0x90, 60, 70]), bytes([0xF4, 60, 70])), "bad_event"),
        (midi.to_bytes(chord(notes=np.empty(0, midi.Notes))), "no_notes"),
    ],
)
def test_each_fault_has_its_reason(data, reason, tmp_path):
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(midi.MidiError) as caught:
            midi.read(source)
        assert caught.value.reason == reason
    assert str(caught.value).startswith(f"{path}: ")
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (copied.reason, str(copied)) == (reason, str(caught.value))


def test_a_missing_file_is_no_midi_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        midi.read(tmp_path / "nowhere.mid")


def test_corrupt_files_are_read_or_refused(shared):
    folder = shared / "data" / "midi" / "corrupt"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".csv"]
    if not files:
        pytest.skip(f"{folder} is not there")
    refused = {}
    for path in files:
        try:
            notes = midi.read(path).notes
        except midi.MidiError as error:
            refused[error.reason] = refused.get(error.reason, 0) + 1
        else:
            assert notes.size
            assert (notes["end"] > notes["start"]).all()
    assert set(refused) >= {"not_midi", "truncated", "data_byte", "bad_event", "smpte", "no_notes"}
    assert "unreadable" not in refused


@given(st.data())
def test_mutated_files_are_read_or_refused(data):
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    # Anything but a MidiError would fail the test here.
    with contextlib.suppress(midi.MidiError):
        assert midi.read(bytes(content)).notes.size
