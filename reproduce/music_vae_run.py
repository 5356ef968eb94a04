"""One run of Roberts et al. 2017: windows of Lakh's songs, a model, its training, its figures."""

from typing import Any, NamedTuple

import numpy as np

from keras_music_vae.evaluation import interpolation, reconstruction
from keras_music_vae.models.music_vae import MusicVAE
from keras_music_vae.music import windows
from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.music_vae import ARCHITECTURE, PARTS
from keras_music_vae.presets import parameters_of
from keras_music_vae.schedules import compile_arguments
from keras_music_vae.training import train
from keras_music_vae.training.window_datasets import window_batches

PAPER = PAPERS["music_vae"]
VALIDATION_WINDOWS = 512
# As many as Valenti et al. 2020 have, figure 4.
INTERPOLATIONS = 256


class Music(NamedTuple):
    """Windows of a dataset.

    Attributes:
        representation: of `music.representations`.
        windows: dict, split -> int array `(window, time)` or `(window, time, part)`, all different.
    """

    representation: Any
    windows: dict

    @property
    def num_classes(self):
        """Tuple of int, the tokens of each part."""
        classes = self.representation.num_classes
        return classes if isinstance(classes, tuple) else (classes,)

    @property
    def parts(self):
        """Tuple of str, the names of the parts; "" for an only one."""
        return PARTS if len(self.num_classes) > 1 else ("",)

    @property
    def bars(self):
        """Int, the bars of a window."""
        return self.windows["test"].shape[1] // reconstruction.STEPS_PER_BAR

    def some(self, split, count):
        """`count` windows `(window, time, part)`, evenly taken; all where there are fewer."""
        of_split = self.windows[split]
        chosen = of_split[np.unique(np.linspace(0, len(of_split) - 1, count).astype(int))]
        return with_parts(chosen)

    def first(self, count):
        """The first `count` windows of each split."""
        return self._replace(windows={key: each[:count] for key, each in self.windows.items()})


def with_parts(tokens):
    """int32 `(window, time, part)` of windows with or without that axis."""
    return (tokens if tokens.ndim == 3 else tokens[..., None]).astype("int32")


def load_music(dataset, data_dir=None, manual_dir=None):
    """Reads a dataset, building it first where that was not done.

    Args:
        dataset: `papers.Dataset`.
        data_dir: path or None, where TFDS keeps data.
        manual_dir: path or None, a folder of MIDI files.

    Returns:
        `Music`.
    """
    import tensorflow_datasets as tfds

    import tfds_builders  # noqa: F401  (registers the datasets)

    builder = tfds.builder(dataset.tfds, data_dir=data_dir)
    config = tfds.download.DownloadConfig(manual_dir=manual_dir)
    builder.download_and_prepare(download_config=config)
    splits = {}
    for split in ("train", "validation", "test"):
        songs = tfds.as_numpy(builder.as_dataset(split))
        every = np.concatenate([song["windows"] for song in songs])
        splits[split] = every[windows.first_of_equal(every)]
    return Music(builder.representation, splits)


def make_model(values, num_classes):
    """A compiled `MusicVAE` with the hyperparameters of an experiment."""
    model = MusicVAE(num_classes, **{name: values[name] for name in ARCHITECTURE})
    model.compile(**compile_arguments(values))
    return model


def train_model(experiment, values, music, seed, **options):
    """Trains the model of an experiment.

    Args:
        experiment: `papers.Experiment`.
        values: dict, every hyperparameter.
        music: `Music`.
        seed: int.
        **options: further arguments of `training.train`.

    Returns:
        `training.TrainResult`, with the last weights.
    """
    epochs = min(values["epochs"], values["updates"])
    updates = values["updates"] // epochs
    batches = window_batches(
        music.windows["train"],
        music.representation,
        values["batch_size"],
        updates,
        values["transpose"],
    )
    x = {"x": music.some("validation", VALIDATION_WINDOWS)}
    return train(
        lambda: make_model(values, music.num_classes),
        batches,
        (x, x),
        epochs=epochs,
        batch_size=values["batch_size"],
        seed=seed,
        steps_per_epoch=updates,
        # The paper's models are those of the last update, not of the best validation loss.
        start_from_epoch=epochs,
        config={"experiment": experiment.name} | values,
        **options,
    )


def measure_model(result, values, music, seed):
    """All metrics of one trained model on test windows, and how its training went."""
    test = music.some("test", values["test_windows"])
    metrics = reconstruction.measure(result.model, test, music.parts, seed=seed)
    return metrics | {
        "updates": values["updates"],
        "parameters": parameters_of(result.model),
        "train_windows": len(music.windows["train"]),
        "test_windows": len(test),
    }


def interpolate(model, music):
    """The `interpolation.Distances` between pairs of test windows; None of a decoder alone."""
    if not model.latent_dim:
        return None
    ends = music.some("test", 2 * INTERPOLATIONS)
    # Halves that lie far apart, so that the windows of a pair are hardly ever of one song.
    half = -(-len(ends) // 2)
    return interpolation.measure(model, ends[:half], ends[-half:])


def measure_trivial(music, count):
    """The metrics of what needs no model: name -> dict."""
    train_windows = with_parts(music.windows["train"])
    return reconstruction.trivial(train_windows, music.some("test", count), music.parts)
