"""Builds windows of bands from Lakh's MIDI files, or from a folder of one's own."""

from typing import ClassVar

from keras_music_vae.music.representations import Band
from tfds_builders.lakh.builder import LakhBuilder, LakhConfig


class Builder(LakhBuilder):
    """Builds `lakh_band`."""

    REPRESENTATION = Band
    WITH_GENRES = True
    BUILDER_CONFIGS: ClassVar = [
        LakhConfig(name="2bar", bars=2, description="Two bars of drums, bass, guitar and strings."),
        LakhConfig(
            name="16bar", bars=16, description="Sixteen bars of drums, bass, guitar and strings."
        ),
    ]
