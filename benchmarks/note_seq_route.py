"""The way from a MIDI file to windows with note-seq, as Magenta's converters went it.

Magenta itself can no longer be installed; its converters call the functions of note-seq that are
called here, in the same order, and do the little between them that is written out. As there, each
converter gets the parsed file and splits and quantizes it for itself.
"""

import copy

import note_seq
from note_seq import drums_lib, melodies_lib, sequences_lib

from keras_music_vae.music.representations.drums import MAPS

BAR = 16
_MAX_BARS = 100
_CLASS_OF_PITCH = {
    pitch: number for number, pitches in enumerate(MAPS["2019"]) for pitch in pitches
}


def parse(content):
    """Returns the `NoteSequence` of a MIDI file's bytes."""
    return note_seq.midi_to_note_sequence(content)


def quantized_spans(sequence):
    """Splits a `NoteSequence` where tempo or metre change; lists the quantized spans in 4/4."""
    spans = []
    for span in sequences_lib.split_note_sequence_on_time_changes(sequence):
        try:
            quantized = sequences_lib.quantize_note_sequence(span, steps_per_quarter=4)
        except (sequences_lib.BadTimeSignatureError, sequences_lib.NegativeTimeError):
            continue
        if sequences_lib.steps_per_bar_in_quantized_sequence(quantized) == BAR:
            spans.append(quantized)
    return spans


def melody_windows(sequence, bars, first_program, last_program):
    """Windows of `OneHotMelodyConverter` with pitches 21 to 108, by span.

    Returns:
        list of sets of tuples, one for each span.
    """
    found = []
    for span in quantized_spans(sequence):
        kept = copy.deepcopy(span)
        del kept.notes[:]
        kept.notes.extend(
            note
            for note in span.notes
            if 21 <= note.pitch <= 108 and first_program <= note.program <= last_program
        )
        windows = set()
        for instrument in sorted({note.instrument for note in kept.notes}):
            for melody in _melodies(kept, instrument):
                windows |= {
                    tuple(event + 2 if event < 0 else event - 21 + 2 for event in part)
                    for part in _cut(melody, bars)
                }
        found.append(windows)
    return found


def drum_windows(sequence, bars):
    """Windows of `DrumsConverter` with the map of 2019, by span, as sets of tuples of codes."""
    found = []
    for span in quantized_spans(sequence):
        kept = copy.deepcopy(span)
        del kept.notes[:]
        kept.notes.extend(
            note for note in span.notes if note.is_drum and note.pitch in _CLASS_OF_PITCH
        )
        windows = set()
        for track in _drum_tracks(kept):
            codes = [
                sum(1 << drum for drum in {_CLASS_OF_PITCH[pitch] for pitch in event})
                for event in track
            ]
            windows |= {tuple(part) for part in _cut(codes, bars)}
        found.append(windows)
    return found


def _melodies(span, instrument):
    start = 0
    while True:
        melody = melodies_lib.Melody()
        melody.from_quantized_sequence(
            span,
            search_start_step=start,
            instrument=instrument,
            gap_bars=1,
            ignore_polyphonic_notes=True,
            pad_end=True,
        )
        if not len(melody):
            return
        start = melody.end_step
        melody.set_length(min(len(melody), _MAX_BARS * BAR))
        yield melody


def _drum_tracks(span):
    start = 0
    while True:
        track = drums_lib.DrumTrack()
        track.from_quantized_sequence(span, search_start_step=start, gap_bars=1, pad_end=True)
        if not len(track):
            return
        start = track.end_step
        track.set_length(min(len(track), _MAX_BARS * BAR))
        yield track


def _cut(events, bars):
    for start in range(0, len(events) - bars * BAR + 1, BAR):
        yield events[start : start + bars * BAR]
