"""Draws music and what models make of it. Needs matplotlib: the extra `reproduce`."""

from keras_music_vae.music.plotting.attributes import attribute_scatter, sweeps
from keras_music_vae.music.plotting.curves import interpolation_curves, training_curves
from keras_music_vae.music.plotting.genre_space import genre_scatter, metric_changes
from keras_music_vae.music.plotting.grid import grid
from keras_music_vae.music.plotting.latents import latent_map, note_heatmaps
from keras_music_vae.music.plotting.multitrack import multitrack
from keras_music_vae.music.plotting.pitch_classes import pitch_class_distribution
from keras_music_vae.music.plotting.rolls import piano_roll

__all__ = [
    "attribute_scatter",
    "genre_scatter",
    "grid",
    "interpolation_curves",
    "latent_map",
    "metric_changes",
    "multitrack",
    "note_heatmaps",
    "piano_roll",
    "pitch_class_distribution",
    "sweeps",
    "training_curves",
]
