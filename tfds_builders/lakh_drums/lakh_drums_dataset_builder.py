"""Builds windows of drum patterns from Lakh's MIDI files, or from a folder of one's own."""

from typing import ClassVar

from keras_music_vae.music.representations import Drums
from tfds_builders.lakh.builder import LakhBuilder, LakhConfig


class Builder(LakhBuilder):
    """Builds `lakh_drums`."""

    REPRESENTATION = Drums
    BUILDER_CONFIGS: ClassVar = [
        LakhConfig(name="2bar", bars=2, description="Two bars, nine classes of drums: 512 codes."),
        LakhConfig(
            name="16bar", bars=16, description="Sixteen bars, nine classes of drums: 512 codes."
        ),
    ]
