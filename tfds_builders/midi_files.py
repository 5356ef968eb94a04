"""MIDI files of a folder, those in its archives included.

Archives (.zip and .tar, plain or compressed) are read in memory, one file at a time: nothing is
unpacked to disk, and the paths in them are only names.
"""

import functools
import os
import posixpath
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

MIDI = (".mid", ".midi")
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
ARCHIVES = (".zip", *_TAR)
_MAX_BYTES = 8 << 20


class Source(NamedTuple):
    """A MIDI file, or an archive with any number of them.

    Fields:
        path: str, where it lies.
        name: str, its path inside the folder.
    """

    path: str
    name: str

    @property
    def is_archive(self):
        return self.name.lower().endswith(ARCHIVES)


def find(folder):
    """Lists the MIDI files and archives below a folder, as `Source` in order of their names."""
    found, seen, top = [], set(), os.fspath(folder)
    for parent, subfolders, names in os.walk(top, followlinks=True):
        # A link may lead back to a folder above.
        seen.add(os.path.realpath(parent))
        subfolders[:] = [
            name for name in subfolders if os.path.realpath(os.path.join(parent, name)) not in seen
        ]
        inside = "" if parent == top else Path(parent).relative_to(folder).as_posix() + "/"
        for name in names:
            path = os.path.join(parent, name)
            if (_is_midi(name) or name.lower().endswith(ARCHIVES)) and os.path.isfile(path):
                found.append(Source(path, f"{inside}{name}"))
    return sorted(found, key=lambda source: source.name)


def read(source, left_out, wanted=None):
    """Yields (number, name, content) of the MIDI file, or of each MIDI file in the archive.

    The number is that in the archive, which may have a name twice. Bytes of a name that are not
    UTF-8 are replaced.

    Args:
        source: `Source`.
        left_out: Counter that counts up the reasons for which files are not yielded.
        wanted: function of a file's number in the archive and its name that says whether to read
            it; None reads all.
    """
    # Archives break in many ways (zlib, lzma, encryption, offsets), none of which may stop a build.
    try:
        for number, (name, size, open_file) in enumerate(_open(source)):
            if wanted is not None and not wanted(number, name):
                continue
            try:
                # Memory for as many bytes as are asked for is set aside before they are read.
                with open_file() as file:
                    content = file.read(min(size, _MAX_BYTES) + 1)
            except Exception:
                left_out["unreadable_file"] += 1
                continue
            if len(content) > _MAX_BYTES:
                left_out["too_large_file"] += 1
            else:
                yield number, _as_text(name), content
    except Exception:
        left_out["broken_archive"] += 1


def none_found(folder, left_out=()):
    """Returns the error to raise where a folder has no MIDI."""
    unusable = f" (unusable: {dict(left_out)})" if left_out else ""
    return FileNotFoundError(
        f"Expected MIDI files ({' '.join(MIDI)}) in {folder}, its subfolders or archives in "
        f"them ({' '.join(ARCHIVES)}), found none{unusable}. Give the folder that holds your "
        "files as --manual_dir."
    )


def _open(source):
    """Yields (name, bytes, function that opens it) of the file, or of those in the archive."""
    if not source.is_archive:
        size = os.stat(source.path).st_size
        yield source.name, size, functools.partial(open, source.path, "rb")
    elif source.name.lower().endswith(".zip"):
        with zipfile.ZipFile(source.path) as archive:
            for member in archive.infolist():
                if _is_midi(member.filename):
                    yield member.filename, member.file_size, functools.partial(archive.open, member)
    else:
        # As a stream, which forgets the members that it has passed.
        with tarfile.open(source.path, "r|*") as archive:
            for member in archive:
                if member.isfile() and _is_midi(member.name):
                    yield member.name, member.size, functools.partial(archive.extractfile, member)


def _as_text(name):
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _is_midi(name):
    # macOS puts a hidden "._song.mid", which is no MIDI, beside each file of an archive.
    return name.lower().endswith(MIDI) and not posixpath.basename(name).startswith(".")
