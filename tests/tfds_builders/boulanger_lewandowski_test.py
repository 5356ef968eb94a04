"""Getting the .mat files: manual folder, cache, network, and what may be wrong with each."""

import shutil
from pathlib import Path

import numpy as np
import pytest

tfds = pytest.importorskip("tensorflow_datasets")
requests = pytest.importorskip("requests")
pytest.importorskip("scipy")
bl = pytest.importorskip("tfds_builders.boulanger_lewandowski")
from tfds_builders import downloads  # noqa: E402

FILE = "JSB_Chorales.mat"


@pytest.fixture
def mat(shared):
    path = shared / "data" / "classifying_vae" / FILE
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


@pytest.fixture
def fetch(tmp_path):
    """Calls `fetch` with TFDS's own download manager: fetch(manual_dir)."""
    builder = tfds.builder("jsb_chorales/two_keys", data_dir=tmp_path)

    def call(manual_dir=tmp_path / "none"):
        manager = tfds.download.DownloadManager(
            download_dir=tmp_path / "downloads",
            manual_dir=manual_dir,
            manual_dir_instructions="-",
            url_infos=builder.url_infos,
        )
        return bl.fetch(FILE, manager, builder.url_infos)

    return call


@pytest.fixture
def offline(monkeypatch):
    def fail(url, **kwargs):
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(requests, "head", fail)


@pytest.fixture
def cached(tmp_path):
    """Path under which TFDS would keep the file after a download, with its note of it."""
    url, info = next(
        iter(tfds.builder("jsb_chorales/two_keys", data_dir=tmp_path).url_infos.items())
    )
    path = tmp_path / "downloads" / downloads.get_dl_fname(url, info.checksum)
    path.parent.mkdir()
    path.with_suffix(".mat.INFO").write_text("{}")
    return path


def test_a_manual_copy_needs_no_network(fetch, mat, offline):
    path = fetch(mat.parent)
    assert Path(path) == mat
    songs = bl.read(path)
    assert [len(songs[split]) for split in ("train", "validation", "test")] == [229, 76, 77]
    first = songs["train"][0]
    assert (first.id, first.roll.shape, first.roll.dtype) == ("train/000", (129, 88), np.uint8)


@pytest.mark.parametrize("damage", ["cut", "edited"])
def test_a_wrong_manual_copy_is_refused(fetch, mat, tmp_path, damage):
    content = bytearray(mat.read_bytes())
    content[-1] ^= 1
    folder = tmp_path / "manual"
    folder.mkdir()
    (folder / FILE).write_bytes(content if damage == "edited" else content[:-1])
    with pytest.raises(ValueError, match=r"JSB_Chorales.mat to have SHA-256 ac0e608.*Delete it"):
        fetch(folder)


def test_a_cached_download_needs_no_network(fetch, mat, cached, offline):
    shutil.copy(mat, cached)
    assert Path(fetch()) == cached


def test_a_damaged_download_is_refused(fetch, cached, offline):
    cached.write_bytes(b"MATLAB 5.0")
    with pytest.raises(ValueError, match=r"to have SHA-256 ac0e608.*Delete it and build again"):
        fetch()


def test_without_network_it_says_what_to_do(fetch, offline):
    with pytest.raises(ConnectionError) as caught:
        fetch()
    for part in ("raw.githubusercontent.com", FILE, "--manual_dir", "manual_dir=FOLDER"):
        assert part in str(caught.value)
