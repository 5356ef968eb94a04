"""What of a MIDI file a model reads: its lines and their windows, and why it has none."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.representations import (
    Band,
    Melody,
    Performance,
    SpelledMelody,
    Trio,
    band,
)


def lines(score, representation):
    """Takes of the tracks that may be one part, such as a melody, the one of the most bars.

    Tracks that are laid over each other are no line. All drums of a `Trio`, and all strings of a
    `Band`, are taken.

    Args:
        score: `midi.Score`.
        representation: of `music.representations`.

    Returns:
        `midi.Score` of notes that a `Melody`, `SpelledMelody`, `Trio` or `Band` can hold; of others
        all notes.
    """
    notes = score.notes
    if isinstance(representation, Trio):
        kept = representation.drums.accepts(notes)
        single = [each.accepts(notes) for each in (representation.melody, representation.bass)]
    elif isinstance(representation, Band):
        part = band.part_of(notes)
        kept = part == band.PARTS.index("strings")
        single = [part == number for number in np.unique(part[~kept])]
    elif isinstance(representation, Melody | SpelledMelody):
        kept, single = np.zeros(len(notes), bool), [representation.accepts(notes)]
    else:
        return score
    for own in single:
        if own.any():
            bar = notes["start"][own] // (4 * score.ticks_per_quarter)
            played = np.unique(np.stack([notes["track"][own], bar]), axis=1)[0]
            kept |= own & (notes["track"] == np.bincount(played).argmax())
    return dataclasses.replace(score, notes=notes[kept])


def score_of(source):
    """The `midi.Score` of a path or the bytes of a MIDI file, or the score itself."""
    return source if isinstance(source, midi.Score) else midi.read(source)


def windows_of(source, representation, bars):
    """Windows of the chosen lines, or where these have none, of all combinations of tracks.

    Args:
        source: path or bytes of a MIDI file, or `midi.Score`.
        representation: of `music.representations`.
        bars: int, bars per window.

    Returns:
        array as of the representation's `windows`, never empty.

    Raises:
        midi.MidiError: if there is no window; says why, track by track.
        OSError: if the path cannot be read.
    """
    score = score_of(source)
    try:
        return representation.windows(lines(score, representation), bars)
    except midi.MidiError:
        pass
    try:
        return representation.windows(score, bars)
    except midi.MidiError as error:
        path = source if isinstance(source, str | Path) else None
        message = error.message + _track_by_track(score, representation, bars)
        raise midi.MidiError(error.reason, message, path) from error


def _track_by_track(score, representation, bars):
    """What is wrong with each track of several, or what it is to a whole; "" of ensembles."""
    tracks = np.unique(score.notes["track"])
    if len(tracks) < 2 or isinstance(representation, Performance):
        return ""
    named = {}
    for track in tracks:
        alone = dataclasses.replace(score, notes=score.notes[score.notes["track"] == track])
        name = score.names[track] if score.names else ""
        if why := _why_none(alone, representation, bars):
            named.setdefault(why, []).append(name or f"track {track + 1}")
    each = " ".join(f"{', '.join(of)}: {why}" for why, of in named.items())
    return f" By track: {each}" if each else ""


def _why_none(alone, representation, bars):
    """A sentence on a track alone; "" if it has windows by itself."""
    if isinstance(representation, Trio | Band):
        parts = _parts(alone.notes, representation)
        if not parts:
            return "no part of it."
        bar = alone.notes["start"] // (4 * alone.ticks_per_quarter) + 1
        return f"{' and '.join(parts)}, bars {bar.min()} to {bar.max()}."
    try:
        representation.windows(alone, bars)
    except midi.MidiError as error:
        return error.message
    return ""


def _parts(notes, representation):
    """List of str, the parts of a `Trio` or `Band` that notes may be."""
    if isinstance(representation, Band):
        return [part for i, part in enumerate(band.PARTS) if (band.part_of(notes) == i).any()]
    names = "melody", "bass", "drums"
    return [name for name in names if getattr(representation, name).accepts(notes).any()]
