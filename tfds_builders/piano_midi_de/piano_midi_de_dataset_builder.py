"""Builds the piano music: Boulanger-Lewandowski's rolls, or a folder of MIDI files."""

import os
from typing import ClassVar

import tensorflow_datasets as tfds

from keras_music_vae.music import midi
from tfds_builders import boulanger_lewandowski, songs
from tfds_builders.piano_midi_de import collection


class Builder(tfds.core.GeneratorBasedBuilder):
    """Builds `piano_midi_de`."""

    VERSION = tfds.core.Version("1.1.0")
    RELEASE_NOTES: ClassVar = {
        "1.1.0": "Overlapping notes of one pitch end as pretty_midi ends them; `all_keys` changes.",
        "1.0.0": "First release.",
    }
    BUILDER_CONFIGS: ClassVar = [
        tfds.core.BuilderConfig(
            name="two_keys",
            description="Boulanger-Lewandowski's 124 pieces in C major and C minor, eighths.",
        ),
        tfds.core.BuilderConfig(
            name="all_keys",
            description="The pieces of a folder of MIDI files in their original keys, sixteenths.",
        ),
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = """\
    For `all_keys`, put MIDI files of http://www.piano-midi.de, or .zip or .tar archives of them,
    into a folder and build with --manual_dir=FOLDER. Any other MIDI files do as well. A subfolder
    called `piano_midi_de`, if there is one, is taken instead of the whole folder.

    For `two_keys`, and only on a machine without network: put Piano_midi.mat, whose address and
    SHA-256 are in checksums.tsv, into a folder and build with --manual_dir=FOLDER.
    """

    def _info(self):
        return self.dataset_info_from_configs(
            features=songs.features(),
            homepage="http://www.piano-midi.de",
            license="Files of piano-midi.de: CC BY-SA (Germany), Bernd Krueger, http://www.piano-midi.de",
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(),
        )

    def _split_generators(self, dl_manager):
        if self.builder_config.name == "two_keys":
            path = boulanger_lewandowski.fetch("Piano_midi.mat", dl_manager, self.url_infos)
            read = boulanger_lewandowski.read(path)
            read = {split: map(songs.to_two_keys, of_split) for split, of_split in read.items()}
        else:
            read = self._read_manual_dir(dl_manager.manual_dir)
        return {split: self._generate_examples(split, of_split) for split, of_split in read.items()}

    def _generate_examples(self, split, of_split):
        index = -1
        for index, song in enumerate(of_split):
            yield index, songs.to_example(song)
        if index < 0:
            raise ValueError(
                f"Expected songs in each split, found none for {split!r} "
                f"(left out: {self.info.metadata['left_out']}). Give more MIDI files, or sort them "
                "into folders called train, valid and test."
            )

    def _post_download_and_prepare_hook(self):
        left_out = self.info.metadata.get("left_out")
        if left_out is not None:
            songs_kept = sum(split.num_examples for split in self.info.splits.values())
            print(f"{songs_kept:6} songs")
            for reason, count in sorted(left_out.items()):
                print(f"{count:6} files left out: {reason}")

    def _read_manual_dir(self, manual_dir):
        folder = manual_dir / self.name
        folder = folder if folder.is_dir() else manual_dir
        print(f"Reading the MIDI files of {os.fspath(folder)}")
        files, left_out = collection.collect(folder)
        # Counted up while the songs are read, which is before TFDS writes the metadata.
        self.info.metadata["left_out"] = left_out
        return {
            split: self._parse([file for file in files if file.split == split])
            for split in ("train", "validation", "test")
        }

    def _parse(self, files):
        for file in files:
            try:
                yield collection.read_song(file)
            except midi.MidiError as error:
                self.info.metadata["left_out"][error.reason] += 1
