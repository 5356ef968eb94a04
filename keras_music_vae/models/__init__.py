"""One file per paper."""

from keras_music_vae.models.ar_vae import MeasureVAE
from keras_music_vae.models.classifying_vae import (
    VAE,
    VAELSTM,
    ClassifyingVAE,
    ClassifyingVAELSTM,
)
from keras_music_vae.models.mus_ae import MusAE
from keras_music_vae.models.music_vae import MusicVAE

__all__ = [
    "VAE",
    "VAELSTM",
    "ClassifyingVAE",
    "ClassifyingVAELSTM",
    "MeasureVAE",
    "MusAE",
    "MusicVAE",
]
