"""What models see of music: `encode` turns a score into an array, `decode` turns it back.

All but piano rolls also cut windows, from bar line to bar line, out of any score: `windows`.
All are whole numbers but `Groove`, which has also how hard and when drums are hit.
Models take these with an axis of parts: `window_of` gives it, `tokens_of` takes it away.
"""

from keras_music_vae.music.representations.band import Band
from keras_music_vae.music.representations.drums import Drums
from keras_music_vae.music.representations.groove import Groove, tells_hits
from keras_music_vae.music.representations.melody import Melody
from keras_music_vae.music.representations.performance import Performance
from keras_music_vae.music.representations.piano_roll import PianoRoll
from keras_music_vae.music.representations.spelled_melody import SpelledMelody
from keras_music_vae.music.representations.steps import (
    classes_of,
    fits,
    fitting,
    no_event,
    steps_per_bar,
    tokens_of,
    window_of,
)
from keras_music_vae.music.representations.trio import Trio

__all__ = [
    "Band",
    "Drums",
    "Groove",
    "Melody",
    "Performance",
    "PianoRoll",
    "SpelledMelody",
    "Trio",
    "classes_of",
    "fits",
    "fitting",
    "no_event",
    "steps_per_bar",
    "tells_hits",
    "tokens_of",
    "window_of",
]
