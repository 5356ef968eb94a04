"""Which song a MIDI file is a version of, and the song's genres, as far as tables tell.

Tables are looked for in the folder of the MIDI files, under the names that their publishers gave
them:

* `songs.csv`, one's own, with columns md5, song and, if wanted, genres (several joined by "|");
* `match_scores.json` of the Lakh MIDI Dataset, from songs of the Million Song Dataset to files;
* `lmd_matched_h5.tar.gz`, or the folder, whose artist terms Valenti, Carta and Bacciu (2020) used;
* `msd_tagtraum_cd1.cls`, `cd2` or `cd2c`, as .cls or .cls.zip, with tagtraum's genres of songs;
* `lmd_tags.csv`, which may also lie beside the folder, of files of Lakh that other collections
  have too: columns md5, folder_genre (of the folder that they keep it in), tagtraum_cd1,
  tagtraum_cd1_minor, msd_ids, artist, title.
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
# Where genres may be from, the first that there is being taken.
GENRE_SOURCES = {
    "own": "column genres of songs.csv",
    "artist_terms": "lmd_matched_h5.tar.gz",
    "tagtraum": "msd_tagtraum_cd1.cls, cd2 or cd2c, or column tagtraum_cd1 of lmd_tags.csv",
    "folder": "column folder_genre of lmd_tags.csv",
}
_TERMS, _TAGS = "lmd_matched_h5", "lmd_tags.csv"
_MSD_ID = re.compile(r"TR[A-Z]{5}[0-9A-F]{11}")
_TAGTRAUM = re.compile(r"msd_tagtraum_.*\.cls(\.zip)?")


@dataclass(frozen=True)
class Catalogue:
    """Songs and genres of files.

    Attributes:
        songs: dict from the MD5 of a file's bytes, in hexadecimal, to the id of its song.
        genres: dict from the id of a song, or the MD5 of a file whose song has none, to a tuple of
            indices of `genre_names`.
        genre_names: tuple of str, the most frequent genres of the tables, most frequent first.
        genre_counts: tuple of int, files of the tables that have each genre.
        genre_source: str, one of `GENRE_SOURCES`, or "" without genres.
    """

    songs: dict
    genres: dict
    genre_names: tuple = ()
    genre_counts: tuple = ()
    genre_source: str = ""

    def song(self, name, md5):
        """Returns the id of a file's song, or None where neither a table nor the path has it."""
        if md5 in self.songs:
            return self.songs[md5]
        for part in name.split("/"):
            if _MSD_ID.fullmatch(part):
                return part
        return None


def read(folder, match_scores=None, genre_source=""):
    """Reads the tables that a folder has.

    Args:
        folder: path.
        match_scores: path of `match_scores.json` if it lies elsewhere.
        genre_source: str, one of `GENRE_SOURCES`; "" takes the first of these that there is. Never
            several, whose words for genres differ.

    Returns:
        `Catalogue`. Genres are ranked by the number of files in the tables, not in the folder, so
        that adding files changes no label.

    Raises:
        ValueError: if a table is not what its name says, or there is none of the genres asked for.
    """
    folder = Path(folder)
    songs, sources = {}, {}
    match_scores = match_scores or folder / "match_scores.json"
    if match_scores.is_file():
        songs |= _read("match_scores.json", _match_scores, match_scores)
    tags = next(
        (path / _TAGS for path in (folder, folder.parent) if (path / _TAGS).is_file()), None
    )
    if tags:
        songs_of_tags, sources = _read(_TAGS, _tagged, tags)
        songs |= songs_of_tags
    for path in sorted(folder.iterdir()):
        if _TAGTRAUM.fullmatch(path.name):
            sources.setdefault("tagtraum", {}).update(_read(path.name, _tagtraum, path))
        elif path.name in (_TERMS, f"{_TERMS}.tar.gz"):
            sources["artist_terms"] = _read(path.name, _artist_terms, path)
    if (folder / "songs.csv").is_file():
        own_songs, own_genres = _read("songs.csv", _own, folder / "songs.csv")
        songs |= own_songs
        sources |= own_genres
    if genre_source and genre_source not in sources:
        raise ValueError(
            f"Expected a table of genres {genre_source!r} ({GENRE_SOURCES[genre_source]}) in "
            f"{folder}, found none. Put it there, or ask for other genres; there are: "
            f"{', '.join(sources) or 'none'}."
        )
    genre_source = genre_source or next((name for name in GENRE_SOURCES if name in sources), "")
    genres = sources.get(genre_source, {})
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
    names, counts = zip(*ranked, strict=True) if ranked else ((), ())
    return Catalogue(songs, kept, names, counts, genre_source)


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


def _rows(path, columns):
    """The rows of a table that has these columns, as dicts of str without spaces around."""
    # Spreadsheets begin their files with a mark.
    with path.open(newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        if table.fieldnames is None or not set(columns) <= set(table.fieldnames):
            raise ValueError(f"expected columns {', '.join(columns)}, found {table.fieldnames}")
        for row in table:
            yield {
                name: (text or "").strip() for name, text in row.items() if name in table.fieldnames
            }


def _own(path):
    """Songs of files, and {"own": genres of songs} if there is such a column."""
    songs, genres = {}, {}
    for row in _rows(path, ("md5", "song")):
        if row["song"]:
            songs[row["md5"].lower()] = row["song"]
            if "genres" in row:
                genres[row["song"]] = _names(row["genres"].split("|"))
    return songs, {"own": genres} if genres else {}


def _tagged(path):
    """Songs of files, and genres "tagtraum" and "folder" of songs or, without one, of files.

    A song may have several ids of the Million Song Dataset, or none and a title: files that share
    one of these are of one song, which is named after the first in the alphabet.
    """
    genres = "folder_genre tagtraum_cd1 tagtraum_cd1_minor"
    rows = list(_rows(path, f"md5 {genres} msd_ids artist title".split()))
    leader = {}

    def find(name):
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    keys = []
    for row in rows:
        keys.append(_names(row["msd_ids"].split("|")))
        if row["artist"] and row["title"]:
            keys[-1] += (f"{row['artist']} - {row['title']}".casefold(),)
        leaders = sorted(map(find, keys[-1]))
        leader.update(dict.fromkeys(leaders, *leaders[:1]))
    songs, sources = {}, {"tagtraum": {}, "folder": {}}
    for row, own in zip(rows, keys, strict=True):
        md5 = row["md5"].lower()
        if own:
            songs[md5] = find(own[0])
        song = songs.get(md5, md5)
        found = {
            "tagtraum": [row["tagtraum_cd1"], row["tagtraum_cd1_minor"]],
            "folder": row["folder_genre"].split("|"),
        }
        for name, genres in found.items():
            sources[name][song] = _names([*sources[name].get(song, ()), *genres])
    return songs, sources


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
