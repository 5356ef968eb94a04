"""One run of Hennig et al. 2017: songs to windows, hyperparameters to a model, training."""

import functools
from typing import NamedTuple

import keras
import numpy as np

from keras_music_vae import models
from keras_music_vae.evaluation import generation
from keras_music_vae.music import theory, windows
from keras_music_vae.papers import PAPERS
from keras_music_vae.presets import parameters_of
from keras_music_vae.schedules import LinearWarmup
from keras_music_vae.training import train

PAPER = PAPERS["classifying_vae"]
CLASSES = {
    "vae": models.VAE,
    "vae_lstm": models.VAELSTM,
    "classifying_vae": models.ClassifyingVAE,
    "classifying_vae_lstm": models.ClassifyingVAELSTM,
}


class Songs(NamedTuple):
    """Songs of one split.

    Attributes:
        rolls: list of uint8 arrays `(time, pitch)`.
        keys: list of str, such as "G minor".
        key_classes: list of str, such as "Bb".
    """

    rolls: list
    keys: list
    key_classes: list

    def first(self, count):
        """The first `count` songs."""
        return Songs(*(field[:count] for field in self))


def load_songs(dataset, data_dir=None, manual_dir=None):
    """Reads a dataset, building it first where that was not done.

    Args:
        dataset: `papers.Dataset`.
        data_dir: path or None, where TFDS keeps data.
        manual_dir: path or None, files given by the user.

    Returns:
        dict, split -> `Songs`.
    """
    import tensorflow_datasets as tfds

    import tfds_builders  # noqa: F401  (registers the datasets)

    builder = tfds.builder(dataset.tfds, data_dir=data_dir)
    config = tfds.download.DownloadConfig(manual_dir=manual_dir)
    builder.download_and_prepare(download_config=config)
    class_name = builder.info.features["key_class"].int2str
    splits = {}
    for split in ("train", "validation", "test"):
        examples = list(tfds.as_numpy(builder.as_dataset(split)))
        splits[split] = Songs(
            [example["piano_roll"] for example in examples],
            [example["key"].decode() for example in examples],
            [class_name(example["key_class"]) for example in examples],
        )
    return splits


def arrays(songs, model, seq_length, classes):
    """Inputs and targets of one split: every window of every song.

    Args:
        songs: `Songs`.
        model: str, short name of the model.
        seq_length: int, steps of a window of the LSTM models.
        classes: list of str, the classes of the training songs.

    Returns:
        `(x, y)`, dicts of arrays `(window, [time,] ...)`; songs of other classes are left out where
        the model needs a class.
    """
    recurrent, classifying = model.endswith("lstm"), model.startswith("classifying")
    cut = windows.song_windows(songs.rolls, seq_length if recurrent else 1)
    x, x_prev = (cut.x, cut.x_prev) if recurrent else (cut.x[:, 0], cut.x_prev[:, 0])
    if not classifying:
        return {"x": x, "x_prev": x_prev}, {"x": x}
    names = np.asarray(songs.key_classes)[cut.song]
    known = np.isin(names, classes)
    w = (names[known, None] == np.asarray(classes)).astype("float32")
    return {"x": x[known], "x_prev": x_prev[known]}, {"x": x[known], "w": w}


def classes_of(songs):
    """The key classes of the training songs, in the original's order, which is alphabetical."""
    return sorted(set(songs["train"].key_classes))


def train_model(experiment, values, songs, seed, **options):
    """Trains the model of an experiment.

    Args:
        experiment: `papers.Experiment`.
        values: dict, every hyperparameter.
        songs: dict of `Songs` by split.
        seed: int.
        **options: further arguments of `training.train`.

    Returns:
        `training.TrainResult`.
    """
    name, classes = experiment.model, classes_of(songs)
    seq_length = values.get("seq_length", 1)
    data = {split: arrays(songs[split], name, seq_length, classes) for split in songs}
    steps = -(-len(data["train"][0]["x"]) // values["batch_size"])
    classifying = name.startswith("classifying")

    def warmup(prefix):
        epochs = values[f"{prefix}_warmup_epochs"]
        return LinearWarmup(values[f"{prefix}_warmup_start"], 1.0, epochs * steps, staircase=steps)

    def make_model():
        architecture = {key: values[key] for key in experiment.architecture}
        if name == "classifying_vae_lstm":
            architecture["seq_length"] = seq_length
        objective = {"kl_weight": warmup("kl")}
        if classifying:
            architecture["classes"] = classes
            objective |= {
                "w_kl_weight": warmup("w_kl"),
                "class_weight": values["class_weight"],
            }
        model = CLASSES[name](**architecture)
        model.compile(
            keras.optimizers.Adam(
                values["learning_rate"], values["beta_1"], values["beta_2"], values["epsilon"]
            ),
            **objective,
        )
        return model

    warmups = [values["kl_warmup_epochs"], values.get("w_kl_warmup_epochs", 0)]
    result = train(
        make_model,
        data["train"],
        data["validation"],
        epochs=values["epochs"],
        batch_size=values["batch_size"],
        seed=seed,
        patience=values["patience"],
        # As in the original: an epoch counts only when the warm-ups have ended.
        start_from_epoch=max(warmups) + 1 if max(warmups) else 0,
        steps_per_execution=1 if name.endswith("lstm") else steps,
        config={"experiment": experiment.name} | values,
        **options,
    )
    if classifying:
        inputs, targets = data["train"]
        result.model.learn_class_codes(inputs["x"], targets["w"])
    return result


class Trial:
    """Trains one trial of a search in a worker process; picklable.

    Args:
        data_dir, manual_dir: see `load_songs`; the dataset must have been built.
    """

    def __init__(self, data_dir=None, manual_dir=None):
        self.data_dir = data_dir
        self.manual_dir = manual_dir

    def __call__(self, name, values, seed):
        experiment = PAPER.experiments[name]
        songs = _songs(experiment.dataset, self.data_dir, self.manual_dir)
        result = train_model(experiment, values, songs, seed, verbose=0)
        keras.backend.clear_session()
        at_best = {key: values[result.best_epoch] for key, values in result.history.items()}
        validation = {key: value for key, value in at_best.items() if key.startswith("val_")}
        return validation | {"epochs": result.epochs}, result.wall_seconds


@functools.cache
def _songs(dataset, data_dir, manual_dir):
    return load_songs(PAPER.datasets[dataset], data_dir, manual_dir)


def use_one_core():
    """What a worker does first: several trainings at a time share the cores, one each."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def measure_model(result, values, songs, seed):
    """All metrics of one trained model on the test songs, and how its training went."""
    metrics = generation.measure(
        result.model,
        songs.rolls,
        songs.key_classes,
        draws=values["importance_samples"],
        seed_steps=values["seed_steps"],
        sample_steps=values["sample_steps"],
        scheme=values["scheme"],
        w_inference=values.get("w_inference", "sample"),
        seed=seed,
    )
    training = {"epochs": result.epochs, "parameters": parameters_of(result.model)}
    if result.best_epoch is not None:
        training["val_loss"] = result.history["val_loss"][result.best_epoch]
    return metrics | training


def measure_music(songs):
    """The row "Data" of Table 2."""
    return generation.measure_music(songs.rolls, songs.key_classes)


def in_two_keys(songs):
    """Songs of every split transposed to C major or C minor, but for those that leave the piano."""
    return {split: _in_two_keys(of_split) for split, of_split in songs.items()}


def _in_two_keys(songs):
    rolls, keys = [], []
    for roll, key in zip(songs.rolls, songs.keys, strict=True):
        try:
            rolls.append(theory.transpose_roll(roll, theory.semitones_to_C(key)))
        except ValueError:  # Some piano music uses nearly all keys.
            continue
        keys.append(f"C {key.split()[1]}")
    return Songs(rolls, keys, [theory.key_class(key) for key in keys])
