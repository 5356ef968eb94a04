"""Music as NumPy arrays: keys, windows, MIDI, piano rolls. Knows no Keras and no TensorFlow."""

from keras_music_vae.music import (
    attributes,
    audio,
    chords,
    convert,
    genres,
    midi,
    plotting,
    quantize,
    representations,
    theory,
    windows,
)

__all__ = [
    "attributes",
    "audio",
    "chords",
    "convert",
    "genres",
    "midi",
    "plotting",
    "quantize",
    "representations",
    "theory",
    "windows",
]
