"""Presets: a trained model as a folder with its configuration, its weights and a model card.

Listing and describing presets needs no Keras; loading and saving import it.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_music_vae import __version__, files
from keras_music_vae.cards import model_card
from keras_music_vae.music import chords, representations

FORMAT = 1
CONFIGURATION = "preset.json"
WEIGHTS = "weights.npz"
CARD = "README.md"
STEPS_PER_BAR = 16
SHIPPED = Path(__file__).parent / "presets"
"""The presets that come with the package, one folder each."""


class PresetError(ValueError):
    """A preset that is not there, is damaged, or is of a newer version."""


@dataclass(frozen=True)
class Preset:
    """What the configuration of a preset says.

    Attributes:
        name: str.
        summary: str. One line.
        model: str. Name of the class in `keras_music_vae.models`.
        config: mapping. Arguments of its constructor.
        parameters: int. Number of trained values.
        representation: mapping of `class`, a name in `music.representations`, and its `config`;
            None where none of them turns the model's arrays to music.
        tempo_qpm: float. Quarter notes per minute at which its music is written.
        weights_sha256: str. Of the file of weights.
        versions: mapping. The releases of Keras and of this package that made it.
        bars: int or None. Of a model of windows, the bars of those it was trained on, if known.
        attributes: mapping of str to int, attribute -> the dimension of the code that was ordered
            by it; None where there is none.
        folder: path of the preset; not in the file.
    """

    name: str
    summary: str
    model: str
    config: Mapping[str, Any]
    parameters: int
    representation: Mapping[str, Any] | None
    tempo_qpm: float
    weights_sha256: str
    versions: Mapping[str, str]
    bars: int | None = None
    attributes: Mapping[str, int] | None = None
    folder: Path | None = None

    @property
    def steps_per_bar(self):
        """Int, the steps of a bar of a model of tokens."""
        representation = _made(self.representation)
        return representations.steps_per_bar(representation) if representation else STEPS_PER_BAR

    @property
    def window_bars(self):
        """Int, the bars of a window of a model of tokens; None for piano rolls.

        Where nothing else is known, a bar for each subsequence, one for measures, or two.
        """
        if "num_classes" not in self.config:
            return None
        if lengths := self.config.get("encoder_lengths"):
            return math.prod(lengths) // self.steps_per_bar
        bars = self.bars or self.config.get("subsequences")
        return bars or (1 if "ticks_per_beat" in self.config else 2)

    @property
    def chord_example(self):
        """Tuple of str, chords for the bars of a window; () of models that are told none."""
        told = self.representation and self.config.get("control_dim") == chords.CLASSES
        return ("C", "Am", "F", "G")[: self.window_bars] if told else ()

    @property
    def is_told_hits(self):
        """Bool, whether the model is told the hits of a groove."""
        made = _made(self.representation)
        return representations.tells_hits(made, self.config.get("control_dim"))

    @property
    def genres(self):
        """Tuple of str, the genres of the prior in the order of its circle; () of other models."""
        names = self.config.get("genres") or ()
        order = self.config.get("genre_order")
        return tuple(names) if order is None else tuple(names[i] for i in order)


def list_presets():
    """The `Preset`s that come with the package, by name."""
    return [_read(path.parent) for path in sorted(SHIPPED.glob(f"*/{CONFIGURATION}"))]


def find_preset(name_or_folder):
    """The `Preset` of that name, or in that folder.

    Raises:
        PresetError: if there is none, or its configuration cannot be read.
    """
    for folder in (SHIPPED / str(name_or_folder), Path(name_or_folder)):
        if (folder / CONFIGURATION).is_file():
            return _read(folder)
    names = [preset.name for preset in list_presets()]
    below = [
        str(path.parent)
        for depth in ("*", "*/*")
        for path in sorted(Path(name_or_folder).glob(f"{depth}/{CONFIGURATION}"))
    ]
    raise PresetError(
        f"Expected the name of a preset or a folder with a {CONFIGURATION}. "
        f"Received: {str(name_or_folder)!r}"
        + (f", in which are {', '.join(below)}" if below else "")
        + f". Names: {', '.join(names) or 'none in this release'}."
    )


def from_preset(name_or_folder):
    """Loads a trained model.

    Args:
        name_or_folder: str or path. A name from `list_presets`, or a folder from `save_preset`.

    Returns:
        The model, which knows its `attribute_dims`, with two attributes more: `representation`,
        which turns scores into what it takes and back, and `preset`, a `Preset`.

    Raises:
        PresetError: if the preset is unknown or damaged, or the weights belong to another model.
    """
    preset = find_preset(name_or_folder)
    weights = _read_weights(preset)
    model = _build(preset)
    _assign(model, weights, preset.folder)
    model.representation = _made(preset.representation)
    model.preset = preset
    model.attribute_dims = dict(preset.attributes or {})
    return model


def save_preset(
    model,
    folder,
    *,
    summary="",
    representation=None,
    tempo_qpm=120.0,
    bars=None,
    facts=None,
    results=(),
):
    """Saves a trained model as a preset, named as the folder.

    Args:
        model: one of `keras_music_vae.models`. The optimizer's state is left out.
        folder: path; a preset in that place is replaced.
        summary: str. One line, for lists.
        representation: of `music.representations`; None for the one the model was loaded with, or
            one that fits: a `PianoRoll` of one step per quarter, a `Groove`, or by the classes of
            tokens a `Melody`, `Drums`, `Trio` or `Band`. A model that none of these fits is saved
            without.
        tempo_qpm: float. Quarter notes per minute at which its music is to be written.
        bars: int. Bars of the windows that the model was trained on; None for those of the preset
            that the model was loaded from, if it was.
        facts: mapping of str to str, for the card: paper, data, licence, training, limits.
        results: sequence of mappings, the rows of the card's table, of equal keys.

    Returns:
        The `Preset`.

    Raises:
        ValueError: if the tokens of the representation are not those of the model.
        OSError: if `folder` cannot be written, or has other content.
    """
    import keras

    representation = _representation(model, representation)
    loaded_from = getattr(model, "preset", None)
    config = {key: value for key, value in model.get_config().items() if key != "name"}
    weights = {_name(variable): keras.ops.convert_to_numpy(variable) for variable in model.weights}
    folder = Path(folder).absolute()
    with files.new_folder(folder, CONFIGURATION) as aside:
        np.savez(aside / WEIGHTS, **weights)
        preset = Preset(
            name=folder.name,
            summary=summary,
            model=type(model).__name__,
            config=config,
            parameters=parameters_of(model),
            representation=representation
            and {
                "class": type(representation).__name__,
                "config": dataclasses.asdict(representation),
            },
            tempo_qpm=float(tempo_qpm),
            weights_sha256=_sha256(aside / WEIGHTS),
            versions={"keras": keras.__version__, "keras_music_vae": __version__},
            bars=bars or getattr(loaded_from, "bars", None),
            attributes=dict(model.attribute_dims) or None,
            folder=folder,
        )
        fields = {"format": FORMAT} | dataclasses.asdict(preset)
        del fields["folder"]
        text = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
        (aside / CONFIGURATION).write_text(text, encoding="utf-8")
        card = model_card(preset, facts or {}, results)
        (aside / CARD).write_text(card, encoding="utf-8")
    return preset


def parameters_of(model):
    """Int, the values that training changes: not counters, nor states of draws."""
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def _made(described):
    """The representation that a configuration describes, or None."""
    if not described:
        return None
    return getattr(representations, described["class"])(**described["config"])


def _representation(model, given):
    """The representation to save with a model: the one given, its own, or one that fits."""
    given = given or getattr(model, "representation", None)
    num_classes = getattr(model, "num_classes", None)
    if num_classes is None:
        return given or representations.PianoRoll()
    # Grooves are no tokens, though the classes are those of single drums.
    grooves = getattr(model, "head", None) == "groove"
    if given and grooves != isinstance(given, representations.Groove):
        raise ValueError(
            f"A model with head='groove', and no other, has the representation Groove. Received: "
            f"{given} for a model {'with' if grooves else 'without'} this head."
        )
    if grooves and not given:
        groove = representations.Groove()
        return groove if representations.fits(groove, num_classes) else None
    if given and not representations.fits(given, num_classes):
        raise ValueError(
            f"Expected a representation of {tuple(num_classes)} tokens, as the model has. "
            f"Received: {given}, of {representations.classes_of(given)}."
        )
    return given or representations.fitting(num_classes)


def _read(folder):
    path = folder / CONFIGURATION
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        version = fields.pop("format")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PresetError(f"{path} is damaged ({error!r}). Fetch the preset again.") from error
    if version > FORMAT:
        raise PresetError(
            f"{path}: expected a preset of format {FORMAT} or older. Received: format {version}, "
            "of a newer release. Upgrade: pip install -U keras-music-vae"
        )
    try:
        return Preset(**fields, folder=folder)
    except TypeError as error:
        raise PresetError(f"{path} is damaged ({error}). Fetch the preset again.") from error


def _read_weights(preset):
    """Name -> array, after a look at the checksum."""
    path = preset.folder / WEIGHTS
    if not path.is_file():
        raise PresetError(f"Expected the weights in {path}; they are not there. Fetch them again.")
    if (received := _sha256(path)) != preset.weights_sha256:
        raise PresetError(
            f"{path} is damaged or of another preset. Expected: SHA-256 {preset.weights_sha256}. "
            f"Received: {received}. Fetch the preset again."
        )
    with np.load(path) as weights:
        return dict(weights)


def _build(preset):
    from keras_music_vae import models

    if preset.model not in models.__all__:
        raise PresetError(
            f"{preset.folder}: expected one of the models {', '.join(models.__all__)}. "
            f"Received: {preset.model!r}. A newer release may have it."
        )
    try:
        return getattr(models, preset.model).from_config(dict(preset.config))
    except (TypeError, ValueError) as error:
        raise PresetError(
            f"{preset.folder}: {CONFIGURATION} makes no {preset.model}. "
            f"Undo the changes to it, or save the preset again. Keras says: {error}"
        ) from error


def _assign(model, weights, folder):
    variables = {_name(variable): variable for variable in model.weights}
    expected = {name: tuple(variable.shape) for name, variable in variables.items()}
    received = {name: weight.shape for name, weight in weights.items()}
    if wrong := [n for n in expected | received if expected.get(n) != received.get(n)]:
        first = wrong[0]
        raise PresetError(
            f"{folder}: {len(wrong)} weights do not match their configuration. Expected for "
            f"{first}: shape {expected.get(first)}. Received: {received.get(first)}. "
            f"Undo the changes to {CONFIGURATION}, or save the preset again."
        )
    for name, variable in variables.items():
        variable.assign(weights[name])


def _name(variable):
    """The variable's path without the name of the model, which counts models."""
    return variable.path.partition("/")[2]


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
