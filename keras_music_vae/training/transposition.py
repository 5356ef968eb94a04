"""Transposition of tokens inside a `tf.data` pipeline, after its cache: new keys in every epoch.

The papers transpose whole files before they cut windows and keep the result; on tokens it costs
nothing to draw again each time. Drums stay as they are. A note that leaves the range of its
representation is left out: Roberts et al. (2018) drop it from the file, Valenti, Carta and Bacciu
(2020) clear it from the roll. The token that ended there is then a rest.
"""

import tensorflow as tf

from keras_music_vae.music.representations import Band, Drums, Melody, Trio
from keras_music_vae.music.representations.band import HOLD, PARTS, SILENCE
from keras_music_vae.music.representations.melody import FIRST_NOTE, NO_EVENT, NOTE_OFF

# MusAE's 12 keys, each once; Magenta draws from -5 to 5 for its trios.
LOWEST, HIGHEST = -5, 6


def transpose(tokens, semitones, representation):
    """Transposes windows.

    Args:
        tokens: int tensor `(window, time)`, or `(window, time, part)` for a trio or a band.
        semitones: int tensor `(window,)`, positive is up.
        representation: `Melody`, `Drums`, `Trio` or `Band`, whose tokens they are.

    Returns:
        tensor of the shape and type of `tokens`.

    Raises:
        TypeError: if the representation is another.
    """
    shifted = tf.cast(tokens, tf.int32)
    semitones = tf.cast(semitones, tf.int32)[:, None]
    if isinstance(representation, Melody):
        shifted = _transpose_melody(shifted, semitones, representation.num_classes)
    elif isinstance(representation, Trio):
        melody, bass, drums = tf.unstack(shifted, axis=-1)
        classes = representation.num_classes
        melody = _transpose_melody(melody, semitones, classes[0])
        bass = _transpose_melody(bass, semitones, classes[1])
        shifted = tf.stack([melody, bass, drums], axis=-1)
    elif isinstance(representation, Band):
        lines = [
            line if part == "drums" else _transpose_line(line, semitones)
            for line, part in zip(tf.unstack(shifted, axis=-1), PARTS, strict=True)
        ]
        shifted = tf.stack(lines, axis=-1)
    elif isinstance(representation, Drums):
        return tf.convert_to_tensor(tokens)
    else:
        raise TypeError(
            f"Expected a Melody, Drums, Trio or Band, received {type(representation).__name__}. "
            "Piano rolls are transposed by music.theory.transpose_roll."
        )
    return tf.cast(shifted, tokens.dtype)


def _transpose_melody(tokens, semitones, num_classes):
    """int32 (window, time): pitches move, what leaves the range becomes a rest."""
    is_note = tokens >= FIRST_NOTE
    moved = tf.where(is_note, tokens + semitones, tokens)
    lost = is_note & ((moved < FIRST_NOTE) | (moved >= num_classes))
    kept = is_note & ~lost
    before_kept, before_lost = _previous(tokens != NO_EVENT, kept, lost)
    moved = tf.where(lost, tf.where(before_kept, NOTE_OFF, NO_EVENT), moved)
    return tf.where((tokens == NOTE_OFF) & before_lost, NO_EVENT, moved)


def _transpose_line(tokens, semitones):
    """int32 (window, time) of a band: pitches move, what leaves MIDI's range becomes silence."""
    is_note = tokens < SILENCE
    moved = tf.where(is_note, tokens + semitones, tokens)
    lost = is_note & ((moved < 0) | (moved >= SILENCE))
    silent = lost | (tokens == SILENCE)
    before_silent, _ = _previous(tokens != HOLD, silent, lost)
    # Silence goes on as a hold.
    goes_on = silent & before_silent & (lost | _previous(tokens != HOLD, lost, lost)[0])
    return tf.where(goes_on, HOLD, tf.where(lost, SILENCE, moved))


def _previous(is_event, *flags):
    """Looks up flags (window, time) at the last event before each step, else False."""
    events = tf.cast(is_event, tf.int32)
    before = tf.cumsum(events, axis=1, exclusive=True)
    windows, time = tf.unstack(tf.shape(events))
    # Row by row: the flag of the first event, of the second, and so on, behind a False.
    row = tf.where(is_event)[:, :1]
    number = tf.boolean_mask(before, is_event)[:, None] + 1
    index = tf.concat([tf.cast(row, tf.int32), number], axis=1)
    shape = tf.stack([windows, time + 1])
    tables = (
        tf.scatter_nd(index, tf.cast(tf.boolean_mask(flag, is_event), tf.int32), shape)
        for flag in flags
    )
    return tuple(tf.gather(table, before, batch_dims=1) > 0 for table in tables)
