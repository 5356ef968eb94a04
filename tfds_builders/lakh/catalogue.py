"""Which song a MIDI file is a version of, and the song's genres, as far as tables tell.

Tables are looked for in the folder of the MIDI files, under the names that their publishers gave
them:

* `songs.csv`, one's own, with columns md5, song and, if wanted, genres (several joined by "|");
* `match_scores.json` of the Lakh MIDI Dataset, from songs of the Million Song Dataset to files;
* `lmd_matched_h5.tar.gz`, or the folder, whose artist terms Valenti, Carta and Bacciu (2020) used;
* `msd_tagtraum_cd1.cls`, `cd2` or `cd2c`, as .cls or .cls.zip, with tagtraum's genres of songs.
"""

import csv
import io
import json
import re
import tarfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MAX_GENRES = 32
_TERMS = "lmd_matched_h5"
_MSD_ID = re.compile(r"TR[A-Z]{5}[0-9A-F]{11}")
_TAGTRAUM = re.compile(r"msd_tagtraum_.*\.cls(\.zip)?")


@dataclass(frozen=True)
class Catalogue:
    """Songs and genres of files.

    Attributes:
        songs: dict from the MD5 of a file's bytes, in hexadecimal, to the id of its song.
        genres: dict from the id of a song to a tuple of indices of `genre_names`.
        genre_names: tuple of str, the most frequent genres of the tables, most frequent first.
        genre_counts: tuple of int, files of the tables that have each genre.
    """

    songs: dict
    genres: dict
    genre_names: tuple = ()
    genre_counts: tuple = ()

    def song(self, name, md5):
        """Returns the id of a file's song, or None where neither a table nor the path has it."""
        if md5 in self.songs:
            return self.songs[md5]
        for part in name.split("/"):
            if _MSD_ID.fullmatch(part):
                return part
        return None


def read(folder, match_scores=None):
    """Reads the tables that a folder has.

    Args:
        folder: path.
        match_scores: path of `match_scores.json` if it lies elsewhere.

    Returns:
        `Catalogue`. Genres are ranked by the number of files in the tables, not in the folder, so
        that adding files changes no label.

    Raises:
        ValueError: if a table is not what its name says.
    """
    folder = Path(folder)
    songs, genres = {}, {}
    match_scores = match_scores or folder / "match_scores.json"
    if match_scores.is_file():
        songs |= _read("match_scores.json", _match_scores, match_scores)
    for path in sorted(folder.iterdir()):
        if _TAGTRAUM.fullmatch(path.name):
            genres |= _read(path.name, _tagtraum, path)
        elif path.name in (_TERMS, f"{_TERMS}.tar.gz"):
            genres |= _read(path.name, _artist_terms, path)
    if (folder / "songs.csv").is_file():
        own_songs, own_genres = _read("songs.csv", _own, folder / "songs.csv")
        songs |= own_songs
        genres |= own_genres
    files = Counter(songs.values())
    counts = Counter()
    for song, of_song in genres.items():
        # Songs that no table has files of may be named by paths.
        counts.update(dict.fromkeys(of_song, files[song] or 1))
    # Equal counts in alphabetical order, so that the list is always the same.
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_GENRES]
    index = {name: number for number, (name, _) in enumerate(ranked)}
    kept = {
        song: tuple(sorted({index[genre] for genre in of_song if genre in index}))
        for song, of_song in genres.items()
    }
    return Catalogue(
        songs, kept, tuple(name for name, _ in ranked), tuple(count for _, count in ranked)
    )


def is_table(source):
    """Says whether an archive, a `midi_files.Source`, is one of the tables."""
    file = PurePosixPath(source.name).name
    return bool(_TAGTRAUM.fullmatch(file)) or file == f"{_TERMS}.tar.gz"


def _read(name, reader, path):
    try:
        return reader(path)
    # Damaged files fail in many ways (JSON, CSV, archives, HDF5), and each is this one's fault.
    except Exception as error:
        raise ValueError(
            f"Expected {path} to be a table as {name} should be, but it could not be read: "
            f"{error!r}. Mend it or fetch it again, or take it out of the folder to build without."
        ) from error


def _own(path):
    songs, genres = {}, {}
    # Spreadsheets begin their files with a mark.
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        if table.fieldnames is None or not {"md5", "song"} <= set(table.fieldnames):
            raise ValueError(f"expected columns md5 and song, found {table.fieldnames}")
        for row in table:
            song = (row["song"] or "").strip()
            if song:
                songs[row["md5"].strip().lower()] = song
                genres[song] = _names((row.get("genres") or "").split("|"))
    return songs, genres


def _match_scores(path):
    """Maps each file to the song that it matches best."""
    best = {}
    for song, files in json.loads(path.read_text(encoding="utf-8")).items():
        for md5, score in files.items():
            # Of equally good matches the first in the alphabet.
            if (-score, song) < best.get(md5, (0.0, "")):
                best[md5] = (-score, song)
    return {md5: song for md5, (_, song) in best.items()}


def _tagtraum(path):
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            text = archive.read(archive.namelist()[0]).decode("utf-8")
    else:
        text = path.read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    genres = {song: _names(names) for song, *names in rows}
    if not all(_MSD_ID.fullmatch(song) and names for song, names in genres.items()):
        raise ValueError("expected lines of a song's id, a tabulator and a genre")
    return genres


def _names(texts):
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _artist_terms(path):
    """Maps each song to the terms of its artist, read from the metadata of each song's file."""
    if path.is_dir():
        files = ((file.name, file.read_bytes()) for file in sorted(path.rglob("*.h5")))
        return dict(map(_terms_of_song, files))
    with tarfile.open(path, "r|*") as archive:
        files = (
            (PurePosixPath(member.name).name, archive.extractfile(member).read())
            for member in archive
            if member.isfile() and member.name.endswith(".h5")
        )
        return dict(map(_terms_of_song, files))


def _terms_of_song(file):
    import h5py

    name, content = file
    with h5py.File(io.BytesIO(content), "r") as song:
        terms = song["metadata/artist_terms"][()]
    return PurePosixPath(name).stem, tuple(term.decode("utf-8") for term in terms)
