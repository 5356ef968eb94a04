"""The builder that the Lakh datasets derive from."""

import contextlib
import dataclasses
import hashlib
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core import shuffle

from tfds_builders import downloads, midi_files
from tfds_builders.lakh import catalogue, report
from tfds_builders.lakh.extract import Extractor
from tfds_builders.splits import SPLITS

_SITE = "http://hog.ee.columbia.edu/craffel/lmd/"
_ARCHIVE, _MATCHES = _SITE + "lmd_full.tar.gz", _SITE + "match_scores.json"

_SORTED_IN_MEMORY = 32 << 20  # bytes


@dataclasses.dataclass(eq=False)
class LakhConfig(tfds.core.BuilderConfig):
    """Which windows to cut.

    Attributes:
        bars: int, bars per window.
        options: dict, arguments of the representation that are not its defaults.
        genres: str, where genres are from, one of `catalogue.GENRE_SOURCES`; "" for the first of
            these that there is.
        name: str; without one, made of the bars, the values of the options and the genres, such as
            "16bar_2017", or "16bar_default" where there are none.
    """

    name: str = ""
    bars: int = 16
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    genres: str = ""

    def __post_init__(self):
        if not isinstance(self.bars, int) or self.bars < 1:
            raise ValueError(f"Expected a number of bars per window from 1 on, got {self.bars!r}.")
        if not isinstance(self.options, dict):
            raise ValueError(f"Expected options as a dict, got {self.options!r}.")
        if self.genres not in ("", *catalogue.GENRE_SOURCES):
            raise ValueError(
                f"Expected genres from one of {', '.join(catalogue.GENRE_SOURCES)}, got "
                f"{self.genres!r}."
            )
        parts = [
            value if isinstance(value, str) else key if value is True else f"{key}_{value}"
            for key, value in sorted(self.options.items())
        ]
        parts += [self.genres] if self.genres else []
        self.name = self.name or "_".join([f"{self.bars}bar", *(parts or ["default"])])
        if not re.fullmatch(r"[\w.-]+", self.name):
            raise ValueError(
                f"Expected a name of letters, digits, '_', '.' and '-', got {self.name!r}."
            )


class LakhBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Cuts windows out of MIDI files: Lakh's, or those of a folder.

    Subclasses say which representation, and may add genres.
    """

    REPRESENTATION: ClassVar[type]
    WITH_GENRES: ClassVar[bool] = False
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "First release."}
    MANUAL_DOWNLOAD_INSTRUCTIONS = """\
    Without a manual folder, lmd_full.tar.gz and match_scores.json of the Lakh MIDI Dataset are
    downloaded (1.8 GB) from http://hog.ee.columbia.edu/craffel/lmd/. On a machine without network,
    put both into a folder and build with --manual_dir=FOLDER.

    To build from your own music, put .mid files, or .zip or .tar archives of them, into a folder
    and build with --manual_dir=FOLDER. Tables of songs and genres may lie beside the files; see the
    dataset's README.
    """

    @property
    def representation(self):
        """The representation of `music.representations` that the config asks for."""
        known = [field.name for field in dataclasses.fields(self.REPRESENTATION)]
        unknown = sorted(set(self.builder_config.options) - set(known))
        if unknown:
            raise ValueError(
                f"Expected options of {self.name} among {', '.join(known)}, got "
                f"{', '.join(unknown)}."
            )
        return self.REPRESENTATION(**self.builder_config.options)

    def _info(self):
        if self.builder_config.genres and not self.WITH_GENRES:
            raise ValueError(f"{self.name} has no genres. Leave them out of the config.")
        representation, bars = self.representation, self.builder_config.bars
        features = {
            "windows": tfds.features.Tensor(
                shape=(None, *representation.window_shape(bars)),
                dtype=representation.dtype,
                encoding=tfds.features.Encoding.ZLIB,
                doc="Tokens, one row a window.",
            ),
            "song": tfds.features.Text(doc="Equal for files of the same song."),
            "file": tfds.features.Text(doc="Path of the file."),
            "grid_fit": tfds.features.Scalar(
                np.float32, doc="Share of notes within a tenth of a step of the grid, 0 to 1."
            ),
        }
        if self.WITH_GENRES:
            features["genres"] = tfds.features.Tensor(
                shape=(None,),
                dtype=np.uint8,
                doc="1 for each genre of the song; names in metadata.",
            )
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            homepage="https://colinraffel.com/projects/lmd/",
            license="From Lakh: CC BY 4.0 as a collection, Colin Raffel. From a folder: its own.",
            metadata=tfds.core.MetadataDict(),
        )

    def _download_and_prepare(self, dl_manager, download_config):
        self._beam = {
            "options": download_config.beam_options,
            "runner": download_config.beam_runner,
        }
        self._asked_folder = download_config.manual_dir
        with _sorting_on_disk():
            super()._download_and_prepare(dl_manager, download_config)
        (self.data_path / "spool").rmtree()

    def _split_generators(self, dl_manager):
        folder, sources, match_scores = self._find(dl_manager)
        print(f"Reading the MIDI of {os.fspath(folder)}")
        skipped, left_out = _list(sources)
        if left_out.pop("listed") == 0:
            raise midi_files.none_found(folder, left_out)
        songs = catalogue.read(folder, match_scores, self.builder_config.genres)
        extractor = Extractor(
            self.representation, self.builder_config.bars, songs, with_genres=self.WITH_GENRES
        )
        # Inside the folder of the unfinished dataset, which a killed build leaves under another
        # name.
        spool_folder = self.data_path / "spool"
        spool_folder.mkdir()
        spools, counts = _pipeline().run(sources, skipped, extractor, spool_folder, **self._beam)
        self.info.metadata.update(
            source="Lakh" if match_scores else "a folder",
            representation=self.REPRESENTATION.__name__,
            options=dataclasses.asdict(self.representation),
            bars=self.builder_config.bars,
            genres=list(songs.genre_names),
            genre_counts=list(songs.genre_counts),
            genre_source=songs.genre_source,
            report=counts | {f"refused/{reason}": count for reason, count in left_out.items()},
        )
        for split in SPLITS:
            if not spools[split]:
                self._print_report()
                raise ValueError(
                    f"Expected songs in each split, found none for {split!r}. Give more MIDI "
                    "files, or sort them into folders called train, valid and test."
                )
        return {split: self._generate_examples(spools[split]) for split in SPLITS}

    def _generate_examples(self, spools):
        for spool in spools:
            yield from _pipeline().read_spool(spool)
            spool.unlink()

    def _post_download_and_prepare_hook(self):
        self._print_report()

    def _print_report(self):
        for line in report.lines(self.info.metadata["report"]):
            print(line)
        for warning in report.warnings(self.info.metadata["report"]):
            print(f"WARNING: {warning}")

    def _find(self, dl_manager):
        """Returns (folder, sources, path of match_scores.json or None)."""
        asked = self._asked_folder is not None
        if asked and not (Path(self._asked_folder) / _ARCHIVE.rpartition("/")[2]).is_file():
            folder = Path(self._asked_folder).expanduser()
            sources = [each for each in midi_files.find(folder) if not catalogue.is_table(each)]
            if not sources:
                raise midi_files.none_found(folder)
            return folder, sources, None
        archive = Path(downloads.fetch(_ARCHIVE, dl_manager, self.url_infos))
        matches = Path(downloads.fetch(_MATCHES, dl_manager, self.url_infos))
        # Other tables may lie in the user's folder.
        folder = Path(self._asked_folder) if asked else archive.parent
        return folder, [midi_files.Source(os.fspath(archive), "lmd_full.tar.gz")], matches


@contextlib.contextmanager
def _sorting_on_disk():
    """Makes TFDS sort more examples than a few on disk, of which it would keep a gigabyte."""
    before = shuffle.MAX_MEM_BUFFER_SIZE
    shuffle.MAX_MEM_BUFFER_SIZE = _SORTED_IN_MEMORY
    try:
        yield
    finally:
        shuffle.MAX_MEM_BUFFER_SIZE = before


def _list(sources):
    """Reads all files once, to find those of equal content.

    Returns:
        (skipped, left_out): set of (source name, number), and `Counter` by reason, with the number
        of files to read under "listed".
    """
    seen, skipped, left_out = set(), set(), Counter(listed=0)
    for source in sources:
        for number, _, content in midi_files.read(source, left_out):
            digest = hashlib.sha256(content).digest()  # twice as quick as MD5
            if digest in seen:
                left_out["duplicate"] += 1
                skipped.add((source.name, number))
            else:
                left_out["listed"] += 1
                seen.add(digest)
    return skipped, left_out


def _pipeline():
    try:
        from tfds_builders.lakh import pipeline
    except ImportError as error:
        raise ImportError(
            f"Building from Lakh needs Apache Beam, which could not be imported ({error}). "
            "Install it: pip install 'keras-music-vae[tfds]'"
        ) from error
    return pipeline
