"""Builds windows of melodies from Lakh's MIDI files, or from a folder of one's own."""

from typing import ClassVar

from keras_music_vae.music.representations import Melody
from tfds_builders.lakh.builder import LakhBuilder, LakhConfig


class Builder(LakhBuilder):
    """Builds `lakh_melody`."""

    REPRESENTATION = Melody
    BUILDER_CONFIGS: ClassVar = [
        LakhConfig(
            name="2bar",
            bars=2,
            options={"last_program": 31},
            description="Two bars of parts for programs 0 to 31, pitches 21 to 108: 90 classes.",
        ),
        LakhConfig(
            name="16bar",
            bars=16,
            description="Sixteen bars of any part, pitches 21 to 108: 90 classes.",
        ),
        LakhConfig(
            name="32bar",
            bars=32,
            options={"profile": "workshop"},
            description="Thirty-two bars of any part, all pitches: 130 classes, as in 2017.",
        ),
    ]
