"""One file per paper."""

from keras_music_vae.models.classifying_vae import (
    VAE,
    VAELSTM,
    ClassifyingVAE,
    ClassifyingVAELSTM,
)

__all__ = ["VAE", "VAELSTM", "ClassifyingVAE", "ClassifyingVAELSTM"]
