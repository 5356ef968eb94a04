"""Builds windows of trios from Lakh's MIDI files, or from a folder of one's own."""

from typing import ClassVar

from keras_music_vae.music.representations import Trio
from tfds_builders.lakh.builder import LakhBuilder, LakhConfig


class Builder(LakhBuilder):
    """Builds `lakh_trio`."""

    REPRESENTATION = Trio
    BUILDER_CONFIGS: ClassVar = [
        LakhConfig(
            name="16bar",
            bars=16,
            description="Sixteen bars of a melody, a bass (90 classes each) and drums (512 codes).",
        ),
    ]
