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


def test_a_missing_library_comes_with_its_command(monkeypatch):
    def refuse(name, *args, **kwargs):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(convert.importlib, "import_module", refuse)
    for convert_it in (convert.to_pretty_midi, convert.to_note_sequence):
        with pytest.raises(ImportError, match=r"pip install 'keras-music-vae\[convert\]'"):
            convert_it(make_score())
