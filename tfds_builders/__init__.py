"""Datasets for tensorflow-datasets; importing the package registers their names.

`tfds build jsb_chorales --imports=tfds_builders` works anywhere after installation, and so does
`tfds.load("jsb_chorales/all_keys")` after `import tfds_builders`.
"""

from tfds_builders.bach_soprano_measures import bach_soprano_measures_dataset_builder
from tfds_builders.jsb_chorales import jsb_chorales_dataset_builder
from tfds_builders.lakh_band import lakh_band_dataset_builder
from tfds_builders.lakh_drums import lakh_drums_dataset_builder
from tfds_builders.lakh_melody import lakh_melody_dataset_builder
from tfds_builders.lakh_trio import lakh_trio_dataset_builder
from tfds_builders.piano_midi_de import piano_midi_de_dataset_builder

__all__ = [
    "bach_soprano_measures_dataset_builder",
    "jsb_chorales_dataset_builder",
    "lakh_band_dataset_builder",
    "lakh_drums_dataset_builder",
    "lakh_melody_dataset_builder",
    "lakh_trio_dataset_builder",
    "piano_midi_de_dataset_builder",
]
