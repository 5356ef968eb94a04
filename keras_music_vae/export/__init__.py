"""SavedModels: they make music where Keras is not installed, in TensorFlow or TF Serving.

Each family of models has its functions: `rolls` for piano rolls, `tokens` for windows of tokens.
"""

import dataclasses
import json

import keras

from keras_music_vae import files
from keras_music_vae.export import rolls, tokens

FAMILIES = (rolls, tokens)
MARKER = "saved_model.pb"
CONFIGURATION = "configuration.json"


class ExportError(RuntimeError):
    """Keras runs on a backend that writes no SavedModel, or the model is of no known family."""


def save(model, folder, jit_compile=False):
    """Writes `model` as a SavedModel, equal to the Keras model call by call.

    Every function takes one dict and gives one, for any batch size; equal seeds give equal music.
    Which functions there are, and of what: `rolls.signatures` for `VAE` and its like,
    `tokens.signatures` for `MusicVAE`, `MusAE` and
    `MeasureVAE`. `temperature` is a float32 scalar, `seed` and
    other numbers are int32 scalars.

    Beside it `configuration.json` says how the model was made and, if it has a representation,
    how its arrays become notes.

    Args:
        model: one of `keras_music_vae.models`.
        folder: path; a SavedModel in that place is replaced.
        jit_compile: bool. Let XLA compile the loops that make music. Short pieces in small batches
            take about half as long, large batches longer, and the first call of each shape seconds.

    Raises:
        ExportError: if Keras does not run on TensorFlow, or no family knows the model.
        OSError: if `folder` cannot be written, or has other content.
    """
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            "Expected Keras to run on TensorFlow, the one backend that writes SavedModels here. "
            f"Received: {keras.backend.backend()}. Save the model as a preset, and export that "
            "with KERAS_BACKEND=tensorflow."
        )
    family = _family(model)
    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, (function, inputs) in family.signatures(model, jit_compile).items():
        archive.add_endpoint(name, function, input_signature=[inputs])
    description = {"class": type(model).__name__, "config": model.get_config()}
    description |= family.description(model)
    if representation := getattr(model, "representation", None):
        settings = dataclasses.asdict(representation)
        description["representation"] = {
            "class": type(representation).__name__,
            "config": settings,
        }
    with files.new_folder(folder, MARKER) as aside:
        _write(archive, aside)
        text = json.dumps(description, indent=2, ensure_ascii=False)
        (aside / CONFIGURATION).write_text(text + "\n", encoding="utf-8")


def _family(model):
    for family in FAMILIES:
        if isinstance(model, family.MODELS):
            return family
    known = ", ".join(kind.__name__ for family in FAMILIES for kind in family.MODELS)
    raise ExportError(
        f"Expected a model of {known} or of a class made from them. "
        f"Received: {type(model).__name__}."
    )


def _write(archive, folder):
    import tensorflow as tf

    # The model is for use, not for training: the LSTM's own gradient stays behind.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    try:
        archive.write_out(folder, options, verbose=False)
    except tf.errors.OpError as error:
        raise OSError(f"TensorFlow could not write the SavedModel: {error.message}") from error
