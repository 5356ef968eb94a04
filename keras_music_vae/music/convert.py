"""Converts scores from and to the objects of pretty_midi and note-seq.

Both libraries count time in seconds, a score in ticks: what comes from them moves to the nearest
tick. Pitch bends, controllers, keys, lyrics and chord symbols are left behind, and so is silence
after the last note. A score goes to them as a MIDI file in memory, in which the end of a note ends
every note of its pitch and track.
"""

import importlib
import io

import numpy as np

from keras_music_vae.music import midi

# What note-seq takes where a sequence does not say it.
_TICKS_PER_QUARTER = 220
_TEMPO_QPM = 120.0
_VELOCITY = 80


def from_pretty_midi(pretty):
    """Converts a `pretty_midi.PrettyMIDI` to a `midi.Score`, a track for each instrument.

    Raises:
        midi.MidiError: if it has no notes.
        ValueError: if notes, tempi or metres have values that MIDI does not have.
    """
    rows = [
        (note.pitch, note.start, note.end, note.velocity, part.program, part.is_drum, track)
        for track, part in enumerate(pretty.instruments)
        for note in part.notes
    ]
    metres = [(m.time, m.numerator, m.denominator) for m in pretty.time_signature_changes]
    names = [part.name for part in pretty.instruments]
    tempos = zip(*pretty.get_tempo_changes(), strict=True)
    return _score(rows, pretty.resolution, tempos, metres, names)


def to_pretty_midi(score):
    """Converts a `midi.Score` to a `pretty_midi.PrettyMIDI`.

    Raises:
        ImportError: if pretty_midi is not installed.
        ValueError: if the score is not writable as MIDI.
    """
    pretty_midi = _import("pretty_midi")
    # Its reader expects names in Latin-1, where `midi` writes UTF-8.
    return pretty_midi.PrettyMIDI(io.BytesIO(midi.to_bytes(score)), charset="utf-8")


def from_note_sequence(sequence):
    """Converts a note_seq `NoteSequence` to a `midi.Score`.

    A track is the notes of one instrument and program. Notes without a velocity get 80. If the
    sequence is quantized to steps of a quarter note, these are the ticks of the score.

    Raises:
        midi.MidiError: if it has no notes.
        ValueError: if notes, tempi or metres have values that MIDI does not have.
    """
    steps = sequence.quantization_info
    if steps.steps_per_quarter:
        times = [(note.quantized_start_step, note.quantized_end_step) for note in sequence.notes]
    elif steps.steps_per_second:
        times = [
            (
                note.quantized_start_step / steps.steps_per_second,
                note.quantized_end_step / steps.steps_per_second,
            )
            for note in sequence.notes
        ]
    else:
        times = [(note.start_time, note.end_time) for note in sequence.notes]
    parts = [(note.instrument, note.program, note.is_drum) for note in sequence.notes]
    tracks = {part: track for track, part in enumerate(sorted(set(parts)))}
    rows = [
        (note.pitch, *time, note.velocity or _VELOCITY, note.program, note.is_drum, tracks[part])
        for note, time, part in zip(sequence.notes, times, parts, strict=True)
    ]
    named = {info.instrument: info.name for info in sequence.instrument_infos}
    return _score(
        rows,
        steps.steps_per_quarter or sequence.ticks_per_quarter or _TICKS_PER_QUARTER,
        [(tempo.time, tempo.qpm) for tempo in sequence.tempos],
        [(m.time, m.numerator, m.denominator) for m in sequence.time_signatures],
        [named.get(instrument, "") for instrument, _, _ in tracks],
        in_ticks=bool(steps.steps_per_quarter),
    )


def to_note_sequence(score):
    """Converts a `midi.Score` to a note_seq `NoteSequence`.

    Raises:
        ImportError: if note-seq is not installed.
        ValueError: if the score is not writable as MIDI.
    """
    note_seq = _import("note_seq")
    return note_seq.midi_to_note_sequence(to_pretty_midi(score))


def _score(rows, ticks_per_quarter, tempos, metres, names, *, in_ticks=False):
    """Makes a score of notes in seconds, or with `in_ticks` of notes in ticks.

    Args:
        rows: list of (pitch, start, end, velocity, program, is_drum, track).
        ticks_per_quarter: int.
        tempos: iterable of (seconds, quarters per minute).
        metres: list of (seconds, numerator, denominator).
        names: sequence of str (track,).
    """
    columns = np.array(rows, float).reshape(-1, 7).T
    pitch, start, end, velocity, program, is_drum, track = columns
    good = np.isfinite(columns).all(axis=0) & (start >= 0) & (end >= start)
    for value, least in ((pitch, 0), (velocity, 1), (program, 0)):
        good &= (value >= least) & (value <= 127)
    if not good.all():
        bad = int(np.argmin(good))
        raise ValueError(
            "Expected notes with 0 <= start <= end, pitch and program 0 to 127 and velocity 1 to "
            "127, received as (pitch, start, end, velocity, program, is_drum, track) of note "
            f"{bad}: {rows[bad]}. Change it or leave it out."
        )
    if not all(numerator > 0 and denominator > 0 for _, numerator, denominator in metres):
        raise ValueError(
            f"Expected metres as (seconds, numerator, denominator) with numbers above 0, received "
            f"{metres}. Write 4/4 as 4 and 4."
        )
    clock = _Clock(tempos, ticks_per_quarter)
    if not in_ticks:
        start, end = clock.ticks(start), clock.ticks(end)
    notes = midi.make_notes(
        pitch, start, end, velocity=velocity, program=program, is_drum=is_drum, track=track
    )
    # As in `midi.read`: notes without length make no sound.
    notes = notes[notes["end"] > notes["start"]]
    if not notes.size:
        raise midi.MidiError("no_notes", "The music has no notes.")
    changes = [(int(clock.ticks(time)), *metre) for time, *metre in sorted(metres)]
    metres = np.array(changes, midi.TimeSignatures)
    return midi.Score(notes, ticks_per_quarter, clock.tempos, metres, tuple(names))


class _Clock:
    """Turns seconds into ticks.

    Attributes:
        tempos: array (change,) of dtype `midi.Tempos`, the first at tick 0.
    """

    def __init__(self, tempos, ticks_per_quarter):
        tempos = sorted(tempos, key=lambda tempo: tempo[0])
        if not all(qpm > 0 for _, qpm in tempos):
            raise ValueError(
                f"Expected tempi as (seconds, quarters per minute) above 0, received {tempos}. "
                "Leave them out for 120 quarters per minute."
            )
        if not tempos or tempos[0][0] > 0:
            tempos.insert(0, (0.0, _TEMPO_QPM))
        qpm = np.array([qpm for _, qpm in tempos], float)
        self._per_second = qpm * ticks_per_quarter / 60
        self.tempos = np.zeros(len(tempos), midi.Tempos)
        self.tempos["tempo_qpm"] = qpm
        # A tempo changes on a tick, so time from there on is counted from that tick.
        self._seconds = np.zeros(len(tempos))
        for i, (time, _) in enumerate(tempos[1:], 1):
            ticks = np.rint((time - self._seconds[i - 1]) * self._per_second[i - 1])
            self.tempos["start"][i] = self.tempos["start"][i - 1] + ticks
            self._seconds[i] = self._seconds[i - 1] + ticks / self._per_second[i - 1]

    def ticks(self, seconds):
        """Int array of the shape of `seconds`."""
        tempo = np.searchsorted(self._seconds, seconds, side="right") - 1
        since = np.rint((seconds - self._seconds[tempo]) * self._per_second[tempo])
        return self.tempos["start"][tempo] + since.astype(np.int64)


def _import(module):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"Converting needs {module}, which could not be imported ({error}). "
            "Install it: pip install 'keras-music-vae[convert]'"
        ) from error
