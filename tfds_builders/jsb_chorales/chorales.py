"""The authors' list of chorales, found and read in the installed music21's corpus.

The paper says "the entire corpus of 382 chorales"; its data in all keys are these 347, which the
authors took from music21 and split at random.
"""

import csv
import functools
from pathlib import Path
from typing import NamedTuple

from tfds_builders import music21_corpus
from tfds_builders.jsb_chorales.scores import read_score

_SPLIT_LIST = Path(__file__).with_name("jsb_all_keys_to_music21.csv")
_SPLITS = {"train": "train", "valid": "validation", "test": "test"}


class Listed(NamedTuple):
    """A chorale of the authors' list.

    Fields:
        split: str, "train", "validation" or "test".
        name: str, name in music21's corpus, such as "bach/bwv245.3".
        key: str, the authors' label in music21's spelling, such as "g" or "B-".
    """

    split: str
    name: str
    key: str


def read_list():
    """Returns the authors' 347 chorales, a list of `Listed` in the authors' order."""
    with _SPLIT_LIST.open(newline="", encoding="utf-8") as file:
        return [
            Listed(_SPLITS[row["split"]], row["corpus_path"], row["pickle_key"])
            for row in csv.DictReader(file)
        ]


@functools.cache
def read_corpus():
    """Reads every listed chorale from the installed music21, once per process.

    Returns:
        dict of corpus name to `Rolls`.

    Raises:
        FileNotFoundError: if the corpus lacks a chorale.
    """
    files = music21_corpus.find_files(sorted({chorale.name for chorale in read_list()}))
    rolls = music21_corpus.read_scores(read_score, files.values())
    return dict(zip(files, rolls, strict=True))
