"""The commands of the command line; each takes the parsed options and prints what it wrote."""

from keras_music_vae.commands.folders import datasets, export, import_magenta, presets
from keras_music_vae.commands.music import (
    add_attribute,
    edit,
    extend,
    interpolate,
    reconstruct,
    sample,
    sweep,
)

__all__ = [
    "add_attribute",
    "datasets",
    "edit",
    "export",
    "extend",
    "import_magenta",
    "interpolate",
    "presets",
    "reconstruct",
    "sample",
    "sweep",
]
