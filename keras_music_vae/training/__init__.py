"""One `train()` for every model: seeds, devices, early stopping, exact resume and logs."""

from keras_music_vae.training.checkpoint import CheckpointError
from keras_music_vae.training.distribution import Devices
from keras_music_vae.training.loop import TrainResult, train

__all__ = ["CheckpointError", "Devices", "TrainResult", "train"]
