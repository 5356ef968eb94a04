"""Layers in plain Keras 3, shared by all models."""

from keras_music_vae.layers.decoders import HierarchicalDecoder, LSTMDecoder
from keras_music_vae.layers.encoders import BidirectionalEncoder, HierarchicalEncoder
from keras_music_vae.layers.heads import CategoricalHead, GrooveHead, NADEHead
from keras_music_vae.layers.lstm import LSTM
from keras_music_vae.layers.posteriors import (
    FreeNatsPosterior,
    GaussianPosterior,
    LogisticNormalPosterior,
)
from keras_music_vae.layers.weight_norm import (
    Dense,
    NormalizedKernel,
    data_dependent_initialization,
)

__all__ = [
    "LSTM",
    "BidirectionalEncoder",
    "CategoricalHead",
    "Dense",
    "FreeNatsPosterior",
    "GaussianPosterior",
    "GrooveHead",
    "HierarchicalDecoder",
    "HierarchicalEncoder",
    "LSTMDecoder",
    "LogisticNormalPosterior",
    "NADEHead",
    "NormalizedKernel",
    "data_dependent_initialization",
]
