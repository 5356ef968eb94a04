"""Reads and writes MIDI files as NumPy arrays of notes."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from keras_music_vae.music.sorting import stable_order

# Wide fields first, so that each lies where a processor reads it at once.
Notes = np.dtype(
    [
        ("start", np.int64),
        ("end", np.int64),
        ("track", np.int32),
        ("pitch", np.uint8),
        ("velocity", np.uint8),
        ("program", np.uint8),
        ("is_drum", np.bool_),
    ]
)
"""Fields of an array of notes. Pitch, velocity and program are MIDI's numbers; start and end are in
ticks of the `Score` that holds the notes."""

Tempos = np.dtype([("start", np.int64), ("tempo_qpm", np.float64)])
"""Fields of an array of tempo changes: tick, quarter notes per minute."""

TimeSignatures = np.dtype([("start", np.int64), ("numerator", np.int64), ("denominator", np.int64)])
"""Fields of an array of metre changes: tick, beats per bar, and the note value of a beat."""

QUARTERS_PER_BAR = 4
"""Of 4/4, in which all music here is seen."""
_FILE_TICKS = 480
_LAST_TICK = 2**31 - 1
# pretty_midi's limit too, beyond which it calls a file corrupt.
_LONGEST_TICKS = 10_000_000
_MOST_CHANGES = 100_000
# With the number of bytes that follow, so that they hardly occur by chance.
_TEMPO_EVENT, _METRE_EVENT = b"\xff\x51\x03", b"\xff\x58\x04"
_DEFAULT_TEMPO_QPM = 120.0
FAMILIES = (
    "Piano", "Chromatic percussion", "Organ", "Guitar", "Bass", "Strings", "Ensemble", "Brass",
    "Reed", "Pipe", "Synth lead", "Synth pad", "Synth effects", "Ethnic", "Percussive",
    "Sound effects",
)  # fmt: skip
"""Names of the families of eight programs: a program's is `FAMILIES[program // 8]`."""

_SENTENCES = {
    "not_midi": "This is not a MIDI file: it does not begin with a MIDI header.",
    "truncated": "The file ends early: a part of it is missing. Fetch it again.",
    "smpte": "The file counts time in film frames, not in beats, so it has no bars or steps.",
    "bad_division": "The file gives a quarter note no ticks, so that nothing has a length.",
    "data_byte": "A value in the file is above MIDI's 127. The file is damaged.",
    "bad_event": "The file has a byte where MIDI has no event. The file is damaged.",
    "bad_tempo": "The file has a tempo without end: no time passes in a beat. It is damaged.",
    "too_long": "The file lasts for more than ten million ticks. It is damaged.",
    "too_many_changes": "The file changes tempo or metre more than 100,000 times. It is damaged.",
    "no_notes": "The file has no notes.",
    "no_melody": "No part has notes in the range and among the instruments that were asked for.",
    "no_drums": "No part on channel 10 has a drum that the drum map knows.",
    "no_trio": "The file lacks a melody (programs 0 to 31), a bass (32 to 39) or drums.",
    "no_band": "The file lacks drums, a bass, a guitar or piano, or any other instrument.",
    "no_ensemble": "No bar has two to eight instruments, each of at most 62 events there.",
    "no_4_4": "No part of the music with notes has bars of sixteen sixteenths, as 4/4 has.",
    "not_4_4": "Not all of the music is in 4/4.",
    "changing_tempo": "The tempo or the metre changes each time before a window is full.",
    "too_short": "The music is shorter than a window, or its rests leave no part as long as one.",
    "too_sparse": "The parts never sound together for as long as a window.",
    "too_polyphonic": "A chord comes before a window is full, and chords end a part here.",
    "too_large": "The file would give more windows than a file of music has. Leave it out.",
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
    columns = (start, end, track, pitch, velocity, program, is_drum)
    notes = np.empty(np.broadcast_shapes(*map(np.shape, columns), (1,)), Notes)
    for name, column in zip(Notes.names, columns, strict=True):
        notes[name] = column
    return notes[np.lexsort((notes["track"], notes["pitch"], notes["start"]))]


def join(scores, names):
    """Puts scores on top of each other, each as one track.

    Args:
        scores: sequence of `Score` with the same ticks per quarter note; tempo and metre are those
            of the first.
        names: sequence of str, a name for each track.

    Returns:
        `Score`.
    """
    parts = [score.notes.copy() for score in scores]
    for track, notes in enumerate(parts):
        notes["track"] = track
    notes = np.concatenate(parts)
    order = np.lexsort((notes["track"], notes["pitch"], notes["start"]))
    return dataclasses.replace(scores[0], notes=notes[order], names=tuple(names))


def succession(scores, length):
    """Plays scores one after the other, none of which goes on in the next.

    Args:
        scores: sequence of `Score` with the same ticks per quarter note; tempo, metre and names are
            those of the first.
        length: int, the ticks from the beginning of one to that of the next; longer notes are cut.

    Returns:
        `Score`.
    """
    parts = []
    for number, score in enumerate(scores):
        notes = score.notes.copy()
        notes["end"] = np.minimum(notes["end"], length) + number * length
        notes["start"] += number * length
        parts.append(notes)
    return dataclasses.replace(scores[0], notes=np.concatenate(parts))


def read(source):
    """Reads a MIDI file.

    Notes are paired as pretty_midi (and so note-seq and Magenta) does: the end of a note ends every
    note of its pitch that sounds on its track and channel, and notes without length, which make no
    sound, are left out. Tempo and metre are those of the first track, where the standard has them.
    MIDI that is wrapped in a RIFF file is unwrapped.

    Args:
        source: path, or the file's bytes.

    Returns:
        `Score` with at least one note. A track of it is what pretty_midi calls an instrument: the
        notes that a track of the file has in one channel and with one program.

    Raises:
        MidiError: if the content is no usable MIDI.
        OSError: if the path cannot be read.
    """
    import symusic

    is_bytes = isinstance(source, bytes | bytearray | memoryview)
    path = None if is_bytes else source
    data = _unwrap(bytes(source) if is_bytes else Path(source).read_bytes())
    _check_header(data, path)
    try:
        score = symusic.Score.from_midi(data)
        is_first = _has_all_changes(data, score)
        first = score if is_first else symusic.Score.from_midi(_first_track(data))
    except Exception as error:  # symusic has no exception type of its own
        raise _from_reader(str(error), path) from error
    if len(first.tempos) + len(first.time_signatures) > _MOST_CHANGES:
        raise MidiError("too_many_changes", path=path)
    notes = _notes(score, path)
    if not notes.size:
        raise MidiError("no_notes", path=path)
    tempos = np.empty(len(first.tempos), Tempos)
    if len(tempos):
        columns = first.tempos.numpy()
        if not (columns["mspq"] > 0).all():
            raise MidiError("bad_tempo", path=path)
        tempos["start"], tempos["tempo_qpm"] = columns["time"], 6e7 / columns["mspq"]
    metres = [(metre.time, metre.numerator, metre.denominator) for metre in first.time_signatures]
    names = tuple(track.name for track in score.tracks)
    return Score(notes, score.ticks_per_quarter, tempos, np.array(metres, TimeSignatures), names)


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
            name or ("Drums" if is_drum else FAMILIES[program // 8]), program, is_drum
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


def _unwrap(data):
    """Returns the MIDI file in a RIFF file, or the data as they are."""
    if data[:4] == b"RIFF" and data[8:12] == b"RMID" and data[12:16] == b"data":
        return data[20:]
    return data


def _track_chunks(data):
    """Yields where each track of a file begins and ends, as its lengths say."""
    position = 8 + int.from_bytes(data[4:8], "big")
    while position + 8 <= len(data):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "big")
        if data[position : position + 4] == b"MTrk":
            yield position, end
        position = end


def _has_all_changes(data, score):
    """Says whether the first track has all tempi and metres that were read."""
    start, end = next(_track_chunks(data), (0, 0))
    tempos, metres = data.count(_TEMPO_EVENT, start, end), data.count(_METRE_EVENT, start, end)
    found = len(score.tempos), len(score.time_signatures)
    # Where there is no track to look into, there is nothing to leave out.
    return not end or (tempos, metres) == found


def _first_track(data):
    """Returns a file that has the first track alone."""
    start, end = next(_track_chunks(data))
    return data[:4] + (6).to_bytes(4, "big") + b"\0\0\0\1" + data[12:14] + data[start:end]


def _notes(score, path):
    """Returns the notes of a symusic score, its tracks numbered in order, paired anew."""
    tracks = list(score.tracks)
    sizes = [len(part.notes) for part in tracks]
    if not any(sizes):
        return np.empty(0, Notes)
    # Joined by symusic, which takes less time than to make arrays of each track.
    joined = tracks[0].notes
    for part in tracks[1:]:
        joined.extend(part.notes)
    columns = joined.numpy()
    start, end, pitch = columns["time"], columns["duration"], columns["pitch"]
    if min(start.min(), end.min()) < 0 or max(start.max(), end.max()) > _LONGEST_TICKS:
        raise MidiError("too_long", path=path)
    end += start
    if end.max() > _LONGEST_TICKS:
        raise MidiError("too_long", path=path)
    track = np.arange(len(sizes), dtype=np.int32).repeat(sizes)
    sounds, end = _pair(track, pitch, start, end)
    # By start, then pitch; equal ones stay in the order of their tracks.
    order = stable_order(start, pitch)
    track = track.take(order)
    notes = np.empty(len(order), Notes)
    notes["start"], notes["end"], notes["track"] = start.take(order), end.take(order), track
    notes["pitch"], notes["velocity"] = pitch.take(order), columns["velocity"].take(order)
    notes["program"] = np.array([part.program for part in tracks], np.uint8).take(track)
    notes["is_drum"] = np.array([part.is_drum for part in tracks]).take(track)
    return notes if sounds.all() else notes.compress(sounds.take(order))


def _pair(track, pitch, start, end):
    """Ends notes where pretty_midi ends them: at the first end in their voice after their start.

    A voice is what a note-off can end: one pitch of one track.

    Args:
        track, pitch, start, end: int arrays (note,), track by track, paired first in, first out.

    Returns:
        (sounds, end): bool and int arrays (note,), whether a note sounds, and its new end.
    """
    sounds = end > start
    # By voice, since tracks are in order; of numbers of one byte NumPy finds the order by counting.
    order = pitch.argsort(kind="stable")
    voice = (track << 7 | pitch).take(order)
    starts, ends = start.take(order), end.take(order)
    overlaps = np.flatnonzero((ends[:-1] > starts[1:]) & (voice[:-1] == voice[1:]))
    if not len(overlaps):
        return sounds, end
    # Where notes follow one another, each has its end already: only other voices are looked at.
    looked_at = np.zeros(voice.max() + 1, bool)
    looked_at[voice.take(overlaps)] = True
    index = np.flatnonzero(looked_at.take(voice))
    order, high = order.take(index), voice.take(index).astype(np.int64) << 32
    starts, ends = high | starts.take(index), np.sort(high | ends.take(index))
    found = ends.searchsorted(starts, side="right")
    paired = ends.take(found, mode="clip")
    sounds[order] &= (found < len(ends)) & (paired >> 32 == starts >> 32)
    end[order] = paired & 0xFFFFFFFF
    return sounds, end


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
