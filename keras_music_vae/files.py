"""Writes aside, then renames, so that a full disk or Ctrl-C loses nothing."""

import contextlib
import os
import shutil
from pathlib import Path


def write_bytes(path, data):
    """Writes `data` to `path`; an existing file keeps its content until all of it is written.

    Raises:
        OSError: if the folder is not there or the disk is full.
    """
    path = Path(path)
    # A device or a pipe cannot be replaced.
    aside = path if path.exists() and not path.is_file() else _beside(path)
    try:
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:  # a full disk's names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if aside != path:
            aside.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(folder, marker):
    """A folder to write in, which becomes `folder` when the block ends without an error.

    Args:
        folder: path; its parent must exist.
        marker: str. A file by which an older folder of the same kind is known; such a folder is
            replaced, any other that is not empty is left alone.

    Raises:
        FileExistsError: if `folder` has other content.
        OSError: if the parent is not there or the disk is full.
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / marker).is_file():
        raise FileExistsError(
            f"Expected a new folder, an empty one or one with {marker} in it, to be replaced. "
            f"Received: {folder}, which has other files; choose another name."
        )
    aside, old = _beside(folder), _beside(folder, "old")
    aside.mkdir()
    try:
        yield aside
        if folder.exists():
            folder.rename(old)
        aside.rename(folder)
    except BaseException:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _beside(path, suffix="new"):
    return path.with_name(f".{path.name}.{os.getpid()}.{suffix}")
