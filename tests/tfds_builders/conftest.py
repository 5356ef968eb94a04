"""Datasets that several tests read, built once each."""

import numpy as np
import pytest

tfds = pytest.importorskip("tensorflow_datasets")

from keras_music_vae.evaluation.key_consistency import key_consistency  # noqa: E402
from keras_music_vae.music import windows  # noqa: E402


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """Builds a dataset, or returns the one built: build("name/config", manual_dir=None)."""
    data_dir = tmp_path_factory.mktemp("tfds")
    built = {}

    def build(name, manual_dir=None):
        pytest.importorskip("tfds_builders")
        if name not in built:
            builder = tfds.builder(name, data_dir=data_dir)
            builder.download_and_prepare(
                download_config=tfds.download.DownloadConfig(
                    manual_dir=manual_dir, try_download_gcs=False
                )
            )
            built[name] = builder
        return built[name]

    return build


@pytest.fixture(scope="session")
def read():
    """Reads a split as a list of examples with text: read(builder, "test")."""

    def read(builder, split):
        names = builder.info.features["key_class"].names
        return [
            {
                "id": example["id"].decode(),
                "piano_roll": example["piano_roll"],
                "key": example["key"].decode(),
                "key_class": names[example["key_class"]],
            }
            for example in tfds.as_numpy(builder.as_dataset(split=split))
        ]

    return read


@pytest.fixture(scope="session")
def data_cell():
    """Measures the Data row of Table 2 on examples, on windows cut as the released code does."""

    def measure(examples):
        cut = windows.compat_windows([example["piano_roll"] for example in examples], 16)
        classes = np.array([example["key_class"] for example in examples])
        return key_consistency(cut.x_prev, classes[cut.song])

    return measure
