"""Builds the chorales: the authors' 347 from music21, or Boulanger-Lewandowski's 382."""

import dataclasses
from typing import ClassVar

import tensorflow_datasets as tfds

from tfds_builders import boulanger_lewandowski, songs
from tfds_builders.jsb_chorales import chorales


@dataclasses.dataclass(eq=False)
class JsbChoralesConfig(tfds.core.BuilderConfig):
    """Which chorales, and how they are written down.

    Attributes:
        music21: bool, the authors' list read from music21's corpus; else the downloaded .mat file.
        hold_fill: bool, fill steps in which nothing begins or ends with what is held. music21 only.
        two_keys: bool, transpose each song to C major or C minor.
    """

    music21: bool = True
    hold_fill: bool = False
    two_keys: bool = False


class Builder(tfds.core.GeneratorBasedBuilder):
    """Builds `jsb_chorales`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "First release."}
    # `tfds build` without --config goes through these in order; the one that downloads comes last.
    BUILDER_CONFIGS: ClassVar = [
        JsbChoralesConfig(
            name="all_keys",
            description="347 chorales in their original keys, the authors' list and split.",
        ),
        JsbChoralesConfig(
            name="all_keys_hold_fill",
            description="all_keys with held chords written into the steps they are held through.",
            hold_fill=True,
        ),
        JsbChoralesConfig(
            name="two_keys_music21",
            description="all_keys transposed to C major and C minor.",
            two_keys=True,
        ),
        JsbChoralesConfig(
            name="two_keys",
            description="Boulanger-Lewandowski's 382 chorales in C major and C minor.",
            music21=False,
            two_keys=True,
        ),
    ]

    MANUAL_DOWNLOAD_INSTRUCTIONS = """\
    For `two_keys`, and only on a machine without network: put JSB_Chorales.mat, whose address and
    SHA-256 are in checksums.tsv, into a folder and build with --manual_dir=FOLDER.
    """

    def _info(self):
        return self.dataset_info_from_configs(
            features=songs.features(),
            homepage="https://arxiv.org/abs/1711.07050",
            license="Encodings of music21's corpus; some may not be used commercially.",
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(),
        )

    def _split_generators(self, dl_manager):
        config = self.builder_config
        if config.music21:
            read = self._read_music21()
        else:
            path = boulanger_lewandowski.fetch("JSB_Chorales.mat", dl_manager, self.url_infos)
            read = boulanger_lewandowski.read(path)
        if config.two_keys:
            read = {split: map(songs.to_two_keys, of_split) for split, of_split in read.items()}
        return {split: self._generate_examples(of_split) for split, of_split in read.items()}

    def _generate_examples(self, of_split):
        for index, song in enumerate(of_split):
            yield index, songs.to_example(song)

    def _read_music21(self):
        import music21

        self.info.metadata["music21"] = music21.__version__
        rolls = chorales.read_corpus()
        read = {"train": [], "validation": [], "test": []}
        for split, name, key in chorales.read_list():
            roll = rolls[name].held if self.builder_config.hold_fill else rolls[name].onsets
            read[split].append(songs.Song(name, roll, key))
        return read
