"""Reads and writes MIDI files as NumPy arrays of notes."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Notes = np.dtype(
    [
        ("pitch", np.uint8),
        ("start", np.int64),
        ("end", np.int64),
        ("velocity", np.uint8),
        ("program", np.uint8),
        ("is_drum", np.bool_),
        ("track", np.int32),
    ]
)
"""Fields of an array of notes. Pitch, velocity and program are MIDI's numbers; start and end are in
ticks of the `Score` that holds the notes."""

Tempos = np.dtype([("start", np.int64), ("tempo_qpm", np.float64)])
"""Fields of an array of tempo changes: tick, quarter notes per minute."""

TimeSignatures = np.dtype([("start", np.int64), ("numerator", np.int64), ("denominator", np.int64)])
"""Fields of an array of metre changes: tick, beats per bar, and the note value of a beat."""

_FILE_TICKS = 480
_LAST_TICK = 2**31 - 1
_DEFAULT_TEMPO_QPM = 120.0
_FAMILIES = (
    "Piano", "Chromatic percussion", "Organ", "Guitar", "Bass", "Strings", "Ensemble", "Brass",
    "Reed", "Pipe", "Synth lead", "Synth pad", "Synth effects", "Ethnic", "Percussive",
    "Sound effects",
)  # fmt: skip

_SENTENCES = {
    "not_midi": "This is not a MIDI file: it does not begin with a MIDI header.",
    "truncated": "The file ends early: a part of it is missing. Fetch it again.",
    "smpte": "The file counts time in film frames, not in beats, so it has no bars or steps.",
    "bad_division": "The file gives a quarter note no ticks, so that nothing has a length.",
    "data_byte": "A value in the file is above MIDI's 127. The file is damaged.",
    "bad_event": "The file has a byte where MIDI has no event. The file is damaged.",
    "too_long": "A note lies beyond the longest time that can be counted. The file is damaged.",
    "no_notes": "The file has no notes.",
    "unreadable": "The file could not be read as MIDI.",
}

# What the reader says when it gives up, most specific first.
_READER_MESSAGES = (
    ("first chunk length", "not_midi"),
    ("midi format", "not_midi"),
    ("remaining bytes", "truncated"),
    ("EOF", "truncated"),
    ("status", "bad_event"),
    ("Get ", "data_byte"),
)


class MidiError(ValueError):
    """Says why a file gave no music.

    Attributes:
        reason: str for programs, one of `MidiError.REASONS`.
        message: str, a sentence for people.
        path: the file, or None if it came as bytes.
    """

    REASONS = tuple(_SENTENCES)

    def __init__(self, reason, message=None, path=None):
        self.reason = reason
        self.message = message or _SENTENCES[reason]
        self.path = path
        super().__init__(f"{path}: {self.message}" if path is not None else self.message)

    def __reduce__(self):
        return type(self), (self.reason, self.message, self.path)


@dataclass(frozen=True, eq=False)
class Score:
    """Notes with the grid they stand on. On a grid of steps, a tick is a step.

    Attributes:
        notes: array (note,) of dtype `Notes`, ordered by start, then pitch.
        ticks_per_quarter: int, ticks in a quarter note.
        tempos: array (change,) of dtype `Tempos`; empty means 120 quarters per minute.
        time_signatures: array (change,) of dtype `TimeSignatures`; empty means 4/4.
        names: tuple of str (track,), names of the tracks that notes refer to; empty means unnamed.
    """

    notes: np.ndarray
    ticks_per_quarter: int
    tempos: np.ndarray = field(default_factory=lambda: np.empty(0, Tempos))
    time_signatures: np.ndarray = field(default_factory=lambda: np.empty(0, TimeSignatures))
    names: tuple[str, ...] = ()

    def __post_init__(self):
        if self.ticks_per_quarter < 1:
            raise ValueError(
                f"Expected at least one tick or step per quarter note, received "
                f"{self.ticks_per_quarter}. Use 1 for quarter notes, 4 for sixteenths."
            )


def make_notes(pitch, start, end, *, velocity=80, program=0, is_drum=False, track=0):
    """Joins columns, each an array (note,) or one value for all, to ordered notes.

    Returns:
        array (note,) of dtype `Notes`.
    """
    columns = (pitch, start, end, velocity, program, is_drum, track)
    notes = np.empty(np.broadcast_shapes(*map(np.shape, columns), (1,)), Notes)
    for name, column in zip(Notes.names, columns, strict=True):
        notes[name] = column
    return notes[np.lexsort((notes["track"], notes["pitch"], notes["start"]))]


def read(source):
    """Reads a MIDI file.

    Notes without length make no sound and are left out.

    Args:
        source: path, or the file's bytes.

    Returns:
        `Score` with at least one note.

    Raises:
        MidiError: if the content is no usable MIDI.
        OSError: if the path cannot be read.
    """
    import symusic

    is_bytes = isinstance(source, bytes | bytearray | memoryview)
    path = None if is_bytes else source
    data = bytes(source) if is_bytes else Path(source).read_bytes()
    _check_header(data, path)
    try:
        score = symusic.Score.from_midi(data)
    except Exception as error:  # symusic has no exception type of its own
        raise _from_reader(str(error), path) from error
    notes = _notes(score)
    if (notes["start"] < 0).any() or (notes["end"] < notes["start"]).any():
        raise MidiError("too_long", path=path)
    notes = notes[notes["end"] > notes["start"]]
    if not notes.size:
        raise MidiError("no_notes", path=path)
    tempos = [(tempo.time, tempo.qpm) for tempo in score.tempos]
    metres = [(metre.time, metre.numerator, metre.denominator) for metre in score.time_signatures]
    return Score(
        notes,
        score.ticks_per_quarter,
        np.array(tempos, Tempos),
        np.array(metres, TimeSignatures),
        tuple(track.name for track in score.tracks),
    )


def write(score, path, *, tempo_qpm=None):
    """Writes a score as a MIDI file that players and notation programs open well.

    The file has tempo, metre, and per track a name, a program and, for drums, channel 10. A track
    without a name gets that of its family of instruments.

    Args:
        score: `Score`.
        path: where to write; an existing file is replaced.
        tempo_qpm: float, quarter notes per minute in place of the score's tempi, or None.

    Raises:
        ValueError: if the notes are not writable as MIDI.
    """
    Path(path).write_bytes(to_bytes(score, tempo_qpm=tempo_qpm))


def to_bytes(score, *, tempo_qpm=None):
    """Returns the MIDI file that `write` writes, as bytes."""
    import symusic

    # Notation programs need ticks that divide into triplets and short notes.
    scale = -(-_FILE_TICKS // score.ticks_per_quarter)
    _check_notes(score.notes, scale)
    file = symusic.Score(score.ticks_per_quarter * scale)
    tempos = score.tempos if tempo_qpm is None else np.array([(0, tempo_qpm)], Tempos)
    if not (tempos["tempo_qpm"] > 0).all():
        raise ValueError(f"Expected tempi above 0 quarters per minute, received {tempos}.")
    if not (tempos["start"] == 0).any():
        tempos = np.concatenate([np.array([(0, _DEFAULT_TEMPO_QPM)], Tempos), tempos])
    for start, qpm in tempos.tolist():
        file.tempos.append(symusic.Tempo(start * scale, qpm))
    metres = score.time_signatures
    if not (metres["start"] == 0).any():
        metres = np.concatenate([np.array([(0, 4, 4)], TimeSignatures), metres])
    for start, numerator, denominator in metres.tolist():
        file.time_signatures.append(symusic.TimeSignature(start * scale, numerator, denominator))
    for key in np.unique(score.notes[["track", "program", "is_drum"]]):
        track, program, is_drum = key.tolist()
        notes = score.notes[score.notes[["track", "program", "is_drum"]] == key]
        name = score.names[track] if track < len(score.names) else ""
        part = symusic.Track(
            name or ("Drums" if is_drum else _FAMILIES[program // 8]), program, is_drum
        )
        part.notes.extend(
            symusic.Note.from_numpy(
                time=(notes["start"] * scale).astype(np.int32),
                duration=((notes["end"] - notes["start"]) * scale).astype(np.int32),
                pitch=notes["pitch"].astype(np.int8),
                velocity=notes["velocity"].astype(np.int8),
            )
        )
        file.tracks.append(part)
    return file.dumps_midi()


def _check_header(data, path):
    if data[:4] != b"MThd":
        raise MidiError("not_midi", path=path)
    if len(data) < 14:
        raise MidiError("truncated", path=path)
    division = int.from_bytes(data[12:14], "big")
    if division & 0x8000:
        raise MidiError("smpte", path=path)
    if division == 0:
        raise MidiError("bad_division", path=path)


def _from_reader(message, path):
    reason = next((reason for part, reason in _READER_MESSAGES if part in message), "unreadable")
    return MidiError(reason, f"{_SENTENCES[reason]} (The reader says: {message})", path)


def _notes(score):
    """Returns the notes of a symusic score, its tracks numbered in order."""
    parts = [np.empty(0, Notes)]
    for number, track in enumerate(score.tracks):
        columns = track.notes.numpy()
        start = columns["time"].astype(np.int64)
        parts.append(
            make_notes(
                columns["pitch"],
                start,
                start + columns["duration"],
                velocity=columns["velocity"],
                program=track.program,
                is_drum=track.is_drum,
                track=number,
            )
        )
    notes = np.concatenate(parts)
    return notes[np.lexsort((notes["track"], notes["pitch"], notes["start"]))]


def _check_notes(notes, scale):
    if notes.dtype != Notes:
        raise ValueError(f"Expected notes of dtype midi.Notes, received {notes.dtype}.")
    good = (
        (notes["start"] >= 0)
        & (notes["end"] > notes["start"])
        & (notes["end"] <= _LAST_TICK // scale)
        & (notes["pitch"] <= 127)
        & (notes["velocity"] >= 1)
        & (notes["velocity"] <= 127)
        & (notes["program"] <= 127)
    )
    if not good.all():
        bad = int(np.argmin(good))
        raise ValueError(
            f"Expected notes with 0 <= start < end <= {_LAST_TICK // scale}, pitch and program up "
            f"to 127, velocity 1 to 127, received as note {bad}: {notes[bad]} of {Notes.names}."
        )
