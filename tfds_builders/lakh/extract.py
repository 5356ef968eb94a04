"""One MIDI file to the examples that hold its windows, and to its line of the report."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import grid_fit
from tfds_builders import splits
from tfds_builders.lakh.catalogue import Catalogue

# Few enough to be read into memory at once, of the longest windows too.
WINDOWS_PER_EXAMPLE = 1024


@dataclass(frozen=True)
class Extractor:
    """Makes examples of files.

    Attributes:
        representation: of `music.representations`, with `windows`.
        bars: int, bars per window.
        catalogue: `Catalogue`.
        with_genres: bool, whether examples have genres.
    """

    representation: Any
    bars: int
    catalogue: Catalogue
    with_genres: bool = False

    def __call__(self, name, content):
        """Reads a file.

        Args:
            name: str, its path.
            content: bytes.

        Returns:
            (split, examples, counts): str or None where there are no examples; list of (key, dict);
            dict of str to int, what the report adds up.
        """
        try:
            score = midi.read(content)
            windows = self.representation.windows(score, self.bars)
        except midi.MidiError as error:
            return None, [], {"files": 1, f"refused/{error.reason}": 1}
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        known = self.catalogue.song(name, md5)
        song = known or _fingerprint(score.notes)
        split = splits.find_split(name, song.encode(), train=0.8, validation=0.1)
        fit = grid_fit(score)
        example = {"song": song, "file": name, "grid_fit": fit}
        if self.with_genres:
            genres = self.catalogue.genres
            own = genres.get(song, genres.get(md5, ()))
            example["genres"] = [int(n in own) for n in range(len(self.catalogue.genre_names))]
        examples = [
            (
                f"{md5}/{first:07}",
                {**example, "windows": windows[first : first + WINDOWS_PER_EXAMPLE]},
            )
            for first in range(0, len(windows), WINDOWS_PER_EXAMPLE)
        ]
        return split, examples, self._counts(split, windows, fit, known, example)

    def _counts(self, split, windows, fit, known, example):
        return {
            "files": 1,
            f"{split}/files": 1,
            f"{split}/windows": len(windows),
            f"windows_per_file/{len(str(len(windows)))}": 1,
            f"grid_fit/{min(9, int(fit * 10))}": 1,
            "songs_known": int(known is not None),
            "genres_known": int(any(example.get("genres", ()))),
        }


def _fingerprint(notes):
    """Names a song by how often it has each pitch, which survives new names, tempi and tracks."""
    pitches, is_pitched = notes["pitch"], ~notes["is_drum"]
    pitches = pitches[is_pitched] if is_pitched.any() else pitches
    counts = np.bincount(pitches, minlength=128).astype("<u4")
    return "pitches-" + hashlib.sha256(counts.tobytes()).hexdigest()[:32]
