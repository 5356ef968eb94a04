"""Files by URL: from the manual folder, the download cache or the network, checked by SHA-256."""

import hashlib
from pathlib import Path

import requests
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download.resource import get_dl_fname


def fetch(url, dl_manager, url_infos):
    """Finds a file in the manual folder or the download cache, or else downloads it.

    Args:
        url: str, whose last part is the file's name in the manual folder.
        dl_manager: the download manager that TFDS passes to `_split_generators`.
        url_infos: dict, the builder's checksums.tsv.

    Returns:
        path to a file whose SHA-256 is the published one.

    Raises:
        ConnectionError: if the file is not there and cannot be downloaded.
        ValueError: if the file has another content.
    """
    file = url.rpartition("/")[2]
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
    with Path(path).open("rb") as content:
        received = hashlib.file_digest(content, "sha256").hexdigest()
    if received != expected:
        raise ValueError(
            f"Expected {path} to have SHA-256 {expected}, received {received}. Delete it and build "
            f"again, or replace it by a fresh copy of {url}."
        )
    return path


def _find_manual_copy(file, dl_manager):
    try:
        path = dl_manager.manual_dir / file
    except AssertionError:  # There is no manual folder.
        return None
    return path if path.exists() else None
