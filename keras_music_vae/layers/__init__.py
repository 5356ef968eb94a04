"""Layers in plain Keras 3, shared by all models."""

from keras_music_vae.layers.lstm import LSTM
from keras_music_vae.layers.posteriors import GaussianPosterior, LogisticNormalPosterior
from keras_music_vae.layers.weight_norm import (
    Dense,
    NormalizedKernel,
    data_dependent_initialization,
)

__all__ = [
    "LSTM",
    "Dense",
    "GaussianPosterior",
    "LogisticNormalPosterior",
    "NormalizedKernel",
    "data_dependent_initialization",
]
