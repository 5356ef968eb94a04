"""The authors' list of chorales, found and read in the installed music21's corpus.

The paper says "the entire corpus of 382 chorales"; its data in all keys are these 347, which the
authors took from music21 and split at random.
"""

import csv
import functools
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from tfds_builders.jsb_chorales.scores import read_score

_SPLIT_LIST = Path(__file__).with_name("jsb_all_keys_to_music21.csv")
_SPLITS = {"train": "train", "valid": "validation", "test": "test"}
_MAX_WORKERS = 16  # A worker takes about a second to start, so more would not pay.


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
    files = find_files(sorted({chorale.name for chorale in read_list()}))
    return dict(zip(files, read_scores(files.values()), strict=True))


def read_scores(files, workers=None):
    """Reads scores in several processes, with a progress bar.

    Args:
        files: collection of paths.
        workers: int, processes to use, or None for one per core.

    Returns:
        list of `Rolls` in the order of the files.
    """
    # music21 depends on joblib, whose workers neither fork a process that holds TensorFlow nor need
    # a `__main__` guard in the user's script.
    import joblib

    workers = workers or min(joblib.cpu_count(), _MAX_WORKERS)
    with joblib.parallel_config("loky", n_jobs=workers, idle_worker_timeout=5):
        read = joblib.Parallel(return_as="generator")(
            joblib.delayed(read_score)(file) for file in files
        )
        return list(tqdm(read, "Reading chorales", total=len(files), unit=" chorales"))


def find_files(names):
    """Finds chorales in the installed music21's corpus.

    Where several files fit a name, such as two editions, the first in alphabetical order is taken,
    as `music21.corpus.parse` does.

    Args:
        names: list of str, names in the corpus.

    Returns:
        dict of name to path.

    Raises:
        FileNotFoundError: if a chorale is missing; the message lists all that are.
    """
    import music21

    corpus = music21.corpus.corpora.CoreCorpus()
    found = {name: corpus.getWorkList(name) for name in names}
    missing = [name for name, paths in found.items() if not paths]
    if missing:
        raise FileNotFoundError(
            f"Expected {len(names)} chorales in the corpus of music21 {music21.__version__} at "
            f"{music21.common.getCorpusFilePath()}, but {len(missing)} are missing: "
            f"{', '.join(missing)}. Install a release that has them, with its corpus: "
            'pip install --force-reinstall "music21>=10.5,<11".'
        )
    return {name: paths[0] for name, paths in found.items()}
