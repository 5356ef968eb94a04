"""Facts of the papers: what was printed, what was chosen and why. Standard library only."""

from keras_music_vae.papers.ar_vae import AR_VAE
from keras_music_vae.papers.classifying_vae import CLASSIFYING_VAE
from keras_music_vae.papers.configurations import CONFIGURATIONS
from keras_music_vae.papers.facts import (
    ASSUMED,
    CODE,
    PAPER,
    Configuration,
    Dataset,
    Experiment,
    Metric,
    Origin,
    Paper,
    Range,
    Reported,
    Row,
    Table,
    Training,
)
from keras_music_vae.papers.mus_ae import MUS_AE
from keras_music_vae.papers.music_vae import MUSIC_VAE

PAPERS = {paper.name: paper for paper in (CLASSIFYING_VAE, MUSIC_VAE, MUS_AE, AR_VAE)}

__all__ = [
    "ASSUMED",
    "CODE",
    "CONFIGURATIONS",
    "PAPER",
    "PAPERS",
    "Configuration",
    "Dataset",
    "Experiment",
    "Metric",
    "Origin",
    "Paper",
    "Range",
    "Reported",
    "Row",
    "Table",
    "Training",
]
