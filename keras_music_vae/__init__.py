"""Variational autoencoders for music: papers as facts, models in plain Keras 3.

Names are imported when they are first used, so `import keras_music_vae` costs neither Keras nor
TensorFlow.
"""

import importlib

__version__ = "0.1.0"

_MODULES = (
    "evaluation",
    "export",
    "layers",
    "losses",
    "models",
    "music",
    "papers",
    "play",
    "presets",
    "reproduction",
    "schedules",
    "training",
)
_NAMES = {
    "ClassifyingVAE": "models",
    "ClassifyingVAELSTM": "models",
    "MeasureVAE": "models",
    "MusAE": "models",
    "MusicVAE": "models",
    "VAE": "models",
    "VAELSTM": "models",
    "from_preset": "presets",
    "train": "training",
}
__all__ = ["__version__", *_MODULES, *_NAMES]


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        module = importlib.import_module(f"{__name__}.{_NAMES[name]}")
        value = getattr(module, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
