import errno
from pathlib import Path

import pytest

from keras_music_vae import files


def test_bytes_replace_a_file_and_leave_nothing_beside_it(tmp_path):
    path = tmp_path / "a.mid"
    for data in (b"first", b"second"):
        files.write_bytes(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.mid"
    path.write_bytes(b"first")

    def full(self, data):
        Path(self).open("wb").close()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left.*a\.mid"):
        files.write_bytes(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_device_is_written_to_and_not_replaced():
    with pytest.raises(OSError, match="No space left") as raised:
        files.write_bytes("/dev/full", b"data")
    assert raised.value.errno == errno.ENOSPC
    assert Path("/dev/full").is_char_device()


def write(folder, content, fail=None):
    with files.new_folder(folder, "marker") as aside:
        (aside / "marker").write_text(content)
        if fail:
            raise fail


def test_a_folder_appears_when_all_is_written(tmp_path):
    folder = tmp_path / "model"
    for content in ("first", "second"):
        write(folder, content)
        assert [path.name for path in folder.iterdir()] == ["marker"]
        assert (folder / "marker").read_text() == content
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("fail", [OSError("disk full"), KeyboardInterrupt()], ids=repr)
def test_a_failure_leaves_the_old_folder(tmp_path, fail):
    folder = tmp_path / "model"
    write(folder, "first")
    with pytest.raises(type(fail)):
        write(folder, "second", fail)
    assert (folder / "marker").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_failed_rename_brings_the_old_folder_back(tmp_path, monkeypatch):
    folder = tmp_path / "model"
    write(folder, "first")
    rename = Path.rename

    def rename_once(self, target):
        if self.name.endswith(".new"):
            raise OSError("cannot rename")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_once)
    with pytest.raises(OSError, match="cannot rename"):
        write(folder, "second")
    assert (folder / "marker").read_text() == "first"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_of_another_kind_is_left_alone(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    write(folder, "first")  # an empty one is taken
    (folder / "marker").rename(folder / "song.mid")
    with pytest.raises(FileExistsError, match="other files; choose another name"):
        write(folder, "second")
    assert [path.name for path in folder.iterdir()] == ["song.mid"]
