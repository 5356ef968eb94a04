"""Metadata, dependencies and package data; the tools' own settings are in pyproject.toml."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "([^"]+)"$',
    (ROOT / "keras_music_vae" / "__init__.py").read_text(encoding="utf-8"),
    re.MULTILINE,
).group(1)

# What it takes to load a preset, play, train and export. Lower bounds are releases that the tests
# have run on; upper bounds are the next release that may break its interface.
CORE = [
    "keras>=3.15,<4",
    "numpy>=2.0",
    "symusic>=0.6,<1",
    "tensorflow>=2.21,<3",
]

# The datasets, figures and logs of the papers: what reproduce/*.py needs on top of the core.
# TensorBoard is named because TensorFlow 2.21 no longer brings it, importlib_resources because
# tensorflow-datasets imports it (through etils) and does not ask for it.
REPRODUCE = [
    "etils>=1.9",
    "h5py>=3.11",
    "importlib_resources>=6",
    "joblib>=1.4",
    "matplotlib>=3.9",
    "music21>=10.5,<11",
    "requests>=2.32",
    "scikit-learn>=1.6",
    "scipy>=1.14",
    "tensorboard>=2.20,<3",
    "tensorflow-datasets>=4.9.10,<5",
    "tqdm>=4.66",
]

# `tfds build` does not start without Apache Beam and mlcroissant, which tensorflow-datasets
# itself does not ask for.
TFDS = [*REPRODUCE, "apache-beam>=2.77,<3", "mlcroissant>=1.1,<2"]

# Conversions from and to other libraries' music. note-seq imports pydub, which needs the module
# `audioop` that Python 3.13 dropped.
CONVERT = [
    "audioop-lts>=0.2; python_version >= '3.13'",
    "note-seq>=0.0.5",
    "pretty_midi>=0.2.11",
]

# Oracles (TensorFlow Probability, with the tf_keras it imports), the second backend (JAX), what
# `tfds.testing` imports (dill), and the checks themselves. Everything else comes along, so that
# no test is skipped.
TEST = [
    *TFDS,
    *CONVERT,
    "dill>=0.3.8",
    "hypothesis>=6.100",
    "jax>=0.10",
    "pytest>=8.3",
    "pytest-xdist>=3.6",
    "ruff==0.17.5",
    "tensorflow-probability[tf]>=0.25,<0.27",
]

setup(
    name="keras-music-vae",
    version=VERSION,
    description="Variational autoencoders for music in Keras 3, each reproduced from its paper",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",
    packages=find_packages(
        include=["keras_music_vae", "keras_music_vae.*", "tfds_builders", "tfds_builders.*"]
    ),
    package_data={
        "keras_music_vae": ["presets/*/*"],
        "tfds_builders": ["**/*.md", "**/*.bib", "**/*.txt", "**/*.tsv", "**/*.csv"],
    },
    install_requires=CORE,
    extras_require={"reproduce": REPRODUCE, "tfds": TFDS, "convert": CONVERT, "test": TEST},
    entry_points={"console_scripts": ["keras-music-vae = keras_music_vae.__main__:main"]},
    keywords=["variational autoencoder", "music generation", "keras", "midi", "reproducibility"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Sound/Audio :: MIDI",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
