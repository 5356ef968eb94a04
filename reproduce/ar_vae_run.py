"""One run of Pati and Lerch 2020: measures of sopranos, a model, its training, its figures."""

from typing import Any, NamedTuple

import keras
import numpy as np

from keras_music_vae.evaluation import codes, latent_space, reconstruction, sweeps
from keras_music_vae.losses import gaussian_kl
from keras_music_vae.models import MeasureVAE
from keras_music_vae.music.attributes import ATTRIBUTES, measure_attributes
from keras_music_vae.music.representations import classes_of, tokens_of
from keras_music_vae.papers.ar_vae import ARCHITECTURE
from keras_music_vae.presets import parameters_of
from keras_music_vae.training import train

SPLITS = ("train", "validation", "test")
VALIDATION_MEASURES = 2048


class Measures(NamedTuple):
    """Measures in the order of the dataset.

    Attributes:
        tokens: uint8 array `(measure, tick)`.
        attributes: float32 array `(measure, attribute)`, in the order of `ATTRIBUTES`.
    """

    tokens: np.ndarray
    attributes: np.ndarray

    def at(self, index):
        """The measures at an index: an array of int, or a slice."""
        return Measures(*(each[index] for each in self))

    def some(self, count):
        """`count` measures, evenly taken; all where there are fewer."""
        last = len(self.tokens) - 1
        return self.at(np.unique(np.linspace(0, last, count).astype(int)))

    @property
    def windows(self):
        """int32 `(measure, tick, part)`, as models take them."""
        return self.tokens[..., None].astype("int32")


class Music(NamedTuple):
    """A dataset.

    Attributes:
        representation: of `music.representations`.
        splits: dict, each of `SPLITS` -> `Measures`.
    """

    representation: Any
    splits: dict

    def first(self, count):
        """At most `count` measures of each split, evenly taken."""
        return self._replace(splits={name: each.some(count) for name, each in self.splits.items()})

    def test(self, values):
        """The `Measures` that metrics are of: whole batches, the last of all in the authors' split.

        Args:
            values: dict with `test_batch`, and `test_share` of all measures or None.
        """
        test, batch = self.splits["test"], values["test_batch"]
        if values["test_share"]:
            total = sum(len(each.tokens) for each in self.splits.values())
            test = test.at(slice(int((1 - values["test_share"]) * total) - total, None))
        count = len(test.tokens)
        return test.at(slice(count // batch * batch or count))

    def attributes_of(self, windows):
        """Dict, attribute -> float32 `(window,)`, of int tokens `(window, tick, part)`."""
        tokens = tokens_of(windows, self.representation)
        return measure_attributes(self.representation.onsets(tokens))


def load_music(dataset, data_dir=None):
    """Reads a dataset, building it first where that was not done.

    Args:
        dataset: `papers.Dataset`.
        data_dir: path or None, where TFDS keeps data.

    Returns:
        `Music`.
    """
    import tensorflow_datasets as tfds

    import tfds_builders  # noqa: F401  (registers the datasets)
    from keras_music_vae.music import representations

    builder = tfds.builder(dataset.tfds, data_dir=data_dir)
    builder.download_and_prepare()
    splits = {}
    for split in SPLITS:
        every = tfds.as_numpy(builder.as_dataset(split, batch_size=-1))
        columns = [every[name] for name in ATTRIBUTES]
        splits[split] = Measures(every["measure"], np.stack(columns, axis=1))
    made = builder.info.metadata
    representation = getattr(representations, made["representation"])(**made["options"])
    return Music(representation, splits)


def make_model(values, representation):
    """A compiled `MeasureVAE` with the hyperparameters of an experiment."""
    model = MeasureVAE(classes_of(representation), **{name: values[name] for name in ARCHITECTURE})
    adam = (values[name] for name in ("learning_rate", "beta_1", "beta_2", "epsilon"))
    model.compile(
        keras.optimizers.Adam(*adam),
        kl_weight=values["kl_weight"],
        teacher_forcing=values["teacher_forcing"],
        attribute_dims={name: dim for dim, name in enumerate(values["attributes"])} or None,
        attribute_weight=values["attribute_weight"],
        attribute_delta=values["attribute_delta"],
    )
    return model


def examples(measures, attributes):
    """Tuple of inputs and targets, as the model takes them.

    Args:
        measures: `Measures`.
        attributes: sequence of str, those that the model's codes are ordered by.
    """
    targets = {"x": measures.windows}
    inputs = dict(targets)
    if attributes:
        columns = [ATTRIBUTES.index(name) for name in attributes]
        inputs["attributes"] = measures.attributes[:, columns]
    return inputs, targets


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
    own = music.splits["train"]
    validation = music.splits["validation"].some(VALIDATION_MEASURES)
    return train(
        lambda: make_model(values, music.representation),
        examples(own, values["attributes"]),
        examples(validation, values["attributes"]),
        epochs=values["epochs"],
        batch_size=values["batch_size"],
        seed=seed,
        # The authors drop what is left over in an epoch, and keep the weights of the last.
        steps_per_epoch=len(own.tokens) // values["batch_size"],
        start_from_epoch=values["epochs"],
        config={"experiment": experiment.name} | values,
        **options,
    )


def measure_model(result, values, music, seed):
    """All metrics of one trained model on test measures, and how its training went."""
    model, test = result.model, music.test(values)
    windows = test.windows
    posterior = codes.encode(model, windows)
    z = np.asarray(posterior.sample(seed))
    of_code = latent_space.measure(z, dict(zip(ATTRIBUTES, test.attributes.T, strict=True)), seed)
    spread = slice(None, None, -(-len(z) // values["sweep_windows"]))
    followed = sweeps.measure(
        model,
        z[spread],
        turned_dimensions(model, of_code),
        np.linspace(-values["sweep_end"], values["sweep_end"], values["sweep_values"]),
        windows.shape[1],
        music.attributes_of,
    )
    kl = gaussian_kl(posterior.mean, 2 * np.log(posterior.stddev))
    given_back, by_mean = (
        reconstruction.decoded_accuracy(model, each, windows) for each in (z, posterior.mean)
    )
    return (
        of_code
        | followed
        | {
            "reconstruction_accuracy": 100 * given_back,
            "mean_reconstruction_accuracy": 100 * by_mean,
            "kl": float(np.mean(kl)),
            "updates": int(model.updates.value),
            "parameters": parameters_of(model),
            "train_measures": len(music.splits["train"].tokens),
            "test_measures": len(windows),
        }
    )


def turned_dimensions(model, metrics):
    """Dict, attribute -> the dimension that is turned for it.

    That is the one which the model orders by it. Where it orders none, it is the one that has the
    most information on it, `dimension_<attribute>` of the metrics.
    """
    known = {name: int(metrics[f"dimension_{name}"]) for name in ATTRIBUTES}
    return known | dict(model.attribute_dims)
