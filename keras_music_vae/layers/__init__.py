"""Layers in plain Keras 3, shared by all models."""

from keras_music_vae.layers.critics import Critic
from keras_music_vae.layers.decoders import HierarchicalDecoder, LSTMDecoder
from keras_music_vae.layers.encoders import BidirectionalEncoder, HierarchicalEncoder
from keras_music_vae.layers.gru import GRU, GRUEncoder
from keras_music_vae.layers.heads import CategoricalHead, GrooveHead, NADEHead
from keras_music_vae.layers.lstm import LSTM
from keras_music_vae.layers.measures import MeasureDecoder, TokenEmbedding
from keras_music_vae.layers.posteriors import (
    DiagonalPosterior,
    FreeNatsPosterior,
    GaussianPosterior,
    LogisticNormalPosterior,
    LogStddevPosterior,
)
from keras_music_vae.layers.priors import Flower, standard_normal
from keras_music_vae.layers.track_decoders import TrackDecoder
from keras_music_vae.layers.weight_norm import (
    Dense,
    NormalizedKernel,
    data_dependent_initialization,
)

__all__ = [
    "GRU",
    "LSTM",
    "BidirectionalEncoder",
    "CategoricalHead",
    "Critic",
    "Dense",
    "DiagonalPosterior",
    "Flower",
    "FreeNatsPosterior",
    "GRUEncoder",
    "GaussianPosterior",
    "GrooveHead",
    "HierarchicalDecoder",
    "HierarchicalEncoder",
    "LSTMDecoder",
    "LogStddevPosterior",
    "LogisticNormalPosterior",
    "MeasureDecoder",
    "NADEHead",
    "NormalizedKernel",
    "TokenEmbedding",
    "TrackDecoder",
    "data_dependent_initialization",
    "standard_normal",
]
