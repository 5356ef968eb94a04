"""Converts scores from and to the objects of pretty_midi and note-seq.

Both libraries read and write MIDI themselves, so a MIDI file in memory carries the music across:
what MIDI cannot hold (chord symbols, quantized steps) is left behind, and seconds become ticks.
"""

import importlib
import io

from keras_music_vae.music import midi


def from_pretty_midi(pretty):
    """Converts a `pretty_midi.PrettyMIDI` to a `midi.Score`.

    Raises:
        midi.MidiError: if it has no notes.
    """
    file = io.BytesIO()
    pretty.write(file)
    return midi.read(file.getvalue())


def to_pretty_midi(score):
    """Converts a `midi.Score` to a `pretty_midi.PrettyMIDI`.

    Raises:
        ImportError: if pretty_midi is not installed.
    """
    pretty_midi = _import("pretty_midi")
    return pretty_midi.PrettyMIDI(io.BytesIO(midi.to_bytes(score)))


def from_note_sequence(sequence):
    """Converts a note_seq `NoteSequence` to a `midi.Score`.

    Raises:
        midi.MidiError: if it has no notes.
        ImportError: if note-seq is not installed.
    """
    note_seq = _import("note_seq")
    return from_pretty_midi(note_seq.note_sequence_to_pretty_midi(sequence))


def to_note_sequence(score):
    """Converts a `midi.Score` to a note_seq `NoteSequence`.

    Raises:
        ImportError: if note-seq is not installed.
    """
    note_seq = _import("note_seq")
    return note_seq.midi_to_note_sequence(midi.to_bytes(score))


def _import(module):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"Converting needs {module}, which could not be imported ({error}). "
            "Install it: pip install 'keras-music-vae[convert]'"
        ) from error
