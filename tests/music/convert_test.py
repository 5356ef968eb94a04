"""Conversions carry notes, programs, drums and tempo across and back."""

import numpy as np
import pytest

from keras_music_vae.music import convert, midi


def make_score():
    melody = midi.make_notes([60, 64, 60], [0, 480, 960], [480, 960, 1200], program=40)
    drums = midi.make_notes([36, 38], [0, 480], [120, 600], is_drum=True, track=1)
    return midi.Score(
        np.concatenate([melody, drums]),
        480,
        np.array([(0, 100.0)], midi.Tempos),
        names=("Violin", "Kit"),
    )


def columns(notes):
    return sorted(notes[["pitch", "start", "end", "velocity", "program", "is_drum"]].tolist())


def test_pretty_midi_round_trip():
    pytest.importorskip("pretty_midi")
    pretty = convert.to_pretty_midi(make_score())
    violin, kit = pretty.instruments
    assert (violin.program, violin.name, kit.is_drum, kit.name) == (40, "Violin", True, "Kit")
    assert [note.pitch for note in violin.notes] == [60, 64, 60]
    np.testing.assert_allclose([note.start for note in violin.notes], [0, 0.6, 1.2], atol=1e-6)
    again = convert.from_pretty_midi(pretty)
    assert again.ticks_per_quarter == 480
    assert columns(again.notes) == columns(make_score().notes)
    np.testing.assert_allclose(again.tempos["tempo_qpm"], 100, rtol=1e-5)


def test_note_sequence_round_trip():
    pytest.importorskip("note_seq")
    sequence = convert.to_note_sequence(make_score())
    assert [note.pitch for note in sequence.notes if not note.is_drum] == [60, 64, 60]
    assert sequence.tempos[0].qpm == pytest.approx(100, rel=1e-5)
    assert sequence.total_time == pytest.approx(1.5, abs=1e-6)
    again = convert.from_note_sequence(sequence)
    assert again.ticks_per_quarter == sequence.ticks_per_quarter
    assert columns(again.notes) == columns(make_score().notes)


def test_music_without_notes_has_a_reason():
    pretty_midi = pytest.importorskip("pretty_midi")
    with pytest.raises(midi.MidiError) as caught:
        convert.from_pretty_midi(pretty_midi.PrettyMIDI())
    assert caught.value.reason == "no_notes"


def band_files(folder, count=10):
    """Scores with drums and changes of tempo and metre."""
    files = sorted((folder / "data" / "midi" / "lmd_band").rglob("*.mid"))
    if not files:
        pytest.skip("There are no files in lmd_band")
    found = []
    for file in files:
        try:
            score = midi.read(file)
        except midi.MidiError:
            continue
        has_changes = len(score.tempos) > 3 and len(score.time_signatures) > 1
        if has_changes and score.notes["is_drum"].any() and len(score.notes) < 5000:
            found.append(score)
        if len(found) == count:
            break
    return found


def seconds(score, ticks):
    """Times of ticks by adding up tempi, the last of those at one tick."""
    starts, tempos = score.tempos["start"], score.tempos["tempo_qpm"]
    assert starts[0] == 0
    scales = 60 / (tempos * score.ticks_per_quarter)
    since = np.append(0, np.cumsum(np.diff(starts) * scales[:-1]))
    tempo = np.searchsorted(starts, ticks, side="right") - 1
    return since[tempo] + (ticks - starts[tempo]) * scales[tempo]


def timed(score):
    """Array (note, column): pitch, program, drum, velocity, start and end in seconds; ordered."""
    notes = score.notes
    kinds = [notes[name] for name in ("pitch", "program", "is_drum", "velocity")]
    times = [seconds(score, notes[name]) for name in ("start", "end")]
    return in_order(np.stack([*kinds, *times], axis=-1))


def in_order(rows):
    rows = np.asarray(rows, float)
    return rows[np.lexsort(rows.round(6).T)]


@pytest.mark.parametrize("library", ["pretty_midi", "note_seq"])
def test_real_files_keep_notes_tempi_and_metres(library, shared):
    pytest.importorskip(library)
    scores = band_files(shared)
    assert len(scores) == 10
    for score in scores:
        if library == "pretty_midi":
            other = convert.to_pretty_midi(score)
            rows = [
                (note.pitch, part.program, part.is_drum, note.velocity, note.start, note.end)
                for part in other.instruments
                for note in part.notes
            ]
            metres = other.time_signature_changes
            again = convert.from_pretty_midi(other)
        else:
            other = convert.to_note_sequence(score)
            rows = [
                (n.pitch, n.program, n.is_drum, n.velocity, n.start_time, n.end_time)
                for n in other.notes
            ]
            metres = other.time_signatures
            again = convert.from_note_sequence(other)
        expected = timed(score)
        np.testing.assert_allclose(in_order(rows), expected, rtol=0, atol=1e-9)
        np.testing.assert_allclose(timed(again), expected, rtol=0, atol=1e-9)
        written = score.time_signatures
        np.testing.assert_allclose(
            [(m.time, m.numerator, m.denominator) for m in metres],
            np.stack(
                [seconds(score, written["start"]), written["numerator"], written["denominator"]], -1
            ),
            atol=1e-9,
        )
        scale = again.ticks_per_quarter // score.ticks_per_quarter
        written = [(start * scale, *metre) for start, *metre in written.tolist()]
        assert again.time_signatures.tolist() == written
        # The tempo everywhere, whether or not a file repeats it.
        end = int(score.notes["end"].max())
        ticks = np.unique(np.append(score.tempos["start"], np.arange(0, end, 100)))
        now = np.searchsorted(score.tempos["start"], ticks, side="right") - 1
        then = np.searchsorted(again.tempos["start"], ticks * scale, side="right") - 1
        np.testing.assert_allclose(
            again.tempos["tempo_qpm"][then], score.tempos["tempo_qpm"][now], rtol=1e-9
        )


def make_sequence(**fields):
    note_seq = pytest.importorskip("note_seq")
    return note_seq.NoteSequence(**fields)


def test_times_between_ticks_move_by_half_a_tick_at_most():
    # In no order, and with changes of tempo between ticks, which must not add up.
    rng = np.random.default_rng(3)
    starts = rng.uniform(0, 60, 200)
    sequence = make_sequence(
        ticks_per_quarter=24,
        notes=[
            {"pitch": 60 + i % 5, "velocity": 70, "start_time": start, "end_time": start + 0.5}
            for i, start in enumerate(starts)
        ],
        tempos=[
            {"time": time, "qpm": rng.uniform(60, 180)} for time in rng.permutation(40) + 0.333
        ],
        time_signatures=[
            {"time": 9, "numerator": 3, "denominator": 4},
            {"numerator": 5, "denominator": 8},
        ],
    )
    score = convert.from_note_sequence(sequence)
    half = 0.5 * 60 / score.tempos["tempo_qpm"].min() / 24 + 1e-9
    assert score.tempos[0].tolist() == (0, 120.0)
    np.testing.assert_allclose(
        np.sort(seconds(score, score.notes["start"])), np.sort(starts), rtol=0, atol=half
    )
    np.testing.assert_allclose(
        np.sort(seconds(score, score.notes["end"])), np.sort(starts) + 0.5, rtol=0, atol=half
    )
    assert score.time_signatures[["numerator", "denominator"]].tolist() == [(5, 8), (3, 4)]


def test_a_bare_sequence_gets_a_tempo_ticks_and_velocities():
    sequence = make_sequence(notes=[{"pitch": 64, "start_time": 1, "end_time": 1.5}], total_time=9)
    score = convert.from_note_sequence(sequence)
    assert score.ticks_per_quarter == 220
    assert columns(score.notes) == [(64, 440, 660, 80, 0, False)]
    assert score.tempos.tolist() == [(0, 120.0)]


def test_quantized_steps_become_ticks():
    note_seq = pytest.importorskip("note_seq")
    note = {"pitch": 64, "velocity": 9, "quantized_start_step": 3, "quantized_end_step": 8}
    sequence = note_seq.NoteSequence(
        notes=[note],
        tempos=[{"qpm": 90}],
        time_signatures=[{"time": 4, "numerator": 3, "denominator": 4}],
        quantization_info={"steps_per_quarter": 4},
    )
    score = convert.from_note_sequence(sequence)
    assert score.ticks_per_quarter == 4
    assert columns(score.notes) == [(64, 3, 8, 9, 0, False)]
    assert score.tempos.tolist() == [(0, 90.0)]
    assert score.time_signatures.tolist() == [(24, 3, 4)]
    sequence.quantization_info.steps_per_second = 10
    score = convert.from_note_sequence(sequence)
    np.testing.assert_allclose(seconds(score, score.notes["start"]), 0.3, atol=1e-9)
    np.testing.assert_allclose(seconds(score, score.notes["end"]), 0.8, atol=2e-3)


def test_what_note_seq_quantizes_has_its_steps():
    note_seq = pytest.importorskip("note_seq")
    sequence = note_seq.quantize_note_sequence(convert.to_note_sequence(make_score()), 4)
    score = convert.from_note_sequence(sequence)
    assert score.ticks_per_quarter == 4
    assert score.notes["start"].tolist() == [0, 0, 4, 4, 8]
    assert score.names == ("Violin", "Kit")


def test_one_instrument_may_have_several_programs():
    notes = [
        {"pitch": 60, "velocity": 9, "end_time": 1, "program": 5},
        {"pitch": 62, "velocity": 9, "end_time": 1, "program": 7},
        {"pitch": 36, "velocity": 9, "end_time": 1, "is_drum": True},
    ]
    score = convert.from_note_sequence(make_sequence(notes=notes))
    found = score.notes[["pitch", "program", "is_drum"]].tolist()
    assert found == [(36, 0, True), (60, 5, False), (62, 7, False)]
    assert len(np.unique(score.notes["track"])) == 3


def test_names_beyond_latin_are_kept():
    pytest.importorskip("note_seq")
    score = midi.Score(midi.make_notes(60, 0, 480), 480, names=("Flöte 笛",))
    assert convert.from_pretty_midi(convert.to_pretty_midi(score)).names == score.names
    assert convert.from_note_sequence(convert.to_note_sequence(score)).names == score.names


def test_notes_that_sound_together_stay_apart():
    pretty_midi = pytest.importorskip("pretty_midi")
    pretty = pretty_midi.PrettyMIDI(resolution=100)
    part = pretty_midi.Instrument(3)
    part.notes = [pretty_midi.Note(80, 60, 0, 2), pretty_midi.Note(80, 60, 1, 3)]
    pretty.instruments.append(part)
    notes = convert.from_pretty_midi(pretty).notes
    assert notes[["start", "end"]].tolist() == [(0, 400), (200, 600)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"notes": [{"pitch": 128, "end_time": 1}]}, "pitch and program 0 to 127.*note 0: .128, "),
        ({"notes": [{"pitch": 60, "start_time": 2, "end_time": 1}]}, "0 <= start <= end"),
        ({"notes": [{"pitch": 60, "end_time": float("nan")}]}, "0 <= start <= end"),
        ({"notes": [{"pitch": 60, "end_time": 1}], "tempos": [{"time": 1}]}, "tempi .* above 0"),
        (
            {"notes": [{"pitch": 60, "end_time": 1}], "time_signatures": [{"numerator": 3}]},
            "metres .* above 0",
        ),
    ],
)
def test_values_that_midi_lacks_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        convert.from_note_sequence(make_sequence(**fields))


def test_notes_without_length_are_left_out():
    with pytest.raises(midi.MidiError) as caught:
        convert.from_note_sequence(make_sequence(notes=[{"pitch": 60}]))
    assert caught.value.reason == "no_notes"


def test_a_missing_library_comes_with_its_command(monkeypatch):
    def refuse(name, *args, **kwargs):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(convert.importlib, "import_module", refuse)
    for convert_it in (convert.to_pretty_midi, convert.to_note_sequence):
        with pytest.raises(ImportError, match=r"pip install 'keras-music-vae\[convert\]'"):
            convert_it(make_score())
