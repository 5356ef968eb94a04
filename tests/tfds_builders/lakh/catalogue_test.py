"""Tables of songs and genres, each in the form in which it is published."""

import io
import json
import tarfile
import zipfile

import pytest

h5py = pytest.importorskip("h5py")
catalogue = pytest.importorskip("tfds_builders.lakh.catalogue")

A, B, C = "TRAAAAA128F0000001", "TRBBBBB128F0000002", "TRCCCCC128F0000003"


def h5(*terms):
    file = io.BytesIO()
    with h5py.File(file, "w") as song:
        song["metadata/artist_terms"] = [term.encode() for term in terms]
    return file.getvalue()


def test_without_tables_only_the_path_names_the_song(tmp_path):
    empty = catalogue.read(tmp_path)
    assert empty == catalogue.Catalogue({}, {})
    assert empty.song("lmd_matched/A/A/A/" + A + "/0.mid", "0") == A
    assert empty.song("0/0.mid", "0") is None


def test_a_file_belongs_to_the_song_that_it_matches_best(tmp_path):
    scores = {A: {"0": 0.6, "1": 0.5}, B: {"0": 0.9, "1": 0.5}, C: {"2": 0.7}}
    (tmp_path / "match_scores.json").write_text(json.dumps(scores))
    found = catalogue.read(tmp_path)
    # Equal scores go to the first song in the alphabet, whatever the order of the table.
    assert found.songs == {"0": B, "1": A, "2": C}
    assert found.song(f"{C}/0.mid", "0") == B


def test_own_table_of_songs_and_genres(tmp_path):
    table = "\ufeffmd5,song,genres\nAB,Yesterday,pop| rock |\ncd,Aria,\nef,,jazz\n"
    (tmp_path / "songs.csv").write_text(table, encoding="utf-8")
    found = catalogue.read(tmp_path)
    assert found.songs == {"ab": "Yesterday", "cd": "Aria"}
    assert found.genre_names == ("pop", "rock")
    assert found.genres == {"Yesterday": (0, 1), "Aria": ()}


def test_genres_of_songs_that_paths_name_count_beside_a_table_of_ones_own(tmp_path):
    (tmp_path / "songs.csv").write_text("md5,song\nab,Yesterday\n")
    (tmp_path / "msd_tagtraum_cd1.cls").write_text(f"{A}\tJazz\n")
    found = catalogue.read(tmp_path)
    assert found.genre_names == ("Jazz",)
    assert found.genres[A] == (0,)


@pytest.mark.parametrize("zipped", [False, True])
def test_tagtraum(tmp_path, zipped):
    text = f"# comment\n{A}\tPop_Rock\n{B}\tJazz\tBlues\n{C}\tPop_Rock\n"
    if zipped:
        with zipfile.ZipFile(tmp_path / "msd_tagtraum_cd1.cls.zip", "w") as archive:
            archive.writestr("msd_tagtraum_cd1.cls", text)
    else:
        (tmp_path / "msd_tagtraum_cd1.cls").write_text(text)
    found = catalogue.read(tmp_path)
    assert found.genre_names == ("Pop_Rock", "Blues", "Jazz")
    assert found.genre_counts == (2, 1, 1)
    assert found.genres == {A: (0,), B: (1, 2), C: (0,)}


@pytest.mark.parametrize("archived", [False, True])
def test_artist_terms(tmp_path, archived):
    files = {f"lmd_matched_h5/A/A/A/{A}.h5": h5("ska", "pop"), f"lmd_matched_h5/{B}.h5": h5("pop")}
    if archived:
        with tarfile.open(tmp_path / "lmd_matched_h5.tar.gz", "w:gz") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    else:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content)
    found = catalogue.read(tmp_path)
    assert found.genre_names == ("pop", "ska")
    assert found.genres == {A: (0, 1), B: (0,)}


def test_genres_are_ranked_by_files_and_the_32_most_frequent_stay(tmp_path):
    rows = [f"{n:04},song {n},genre {n % 40:02}|rare {n}" for n in range(400)]
    rows += [f"x{n},song {n},genre {n % 40:02}" for n in range(0, 400, 40)]
    (tmp_path / "songs.csv").write_text("\n".join(["md5,song,genres", *rows]))
    found = catalogue.read(tmp_path)
    assert found.genre_names == tuple(f"genre {n:02}" for n in range(32))
    assert found.genre_counts == (20, *[10] * 31)
    assert found.genres["song 39"] == ()


TAGS = f"""\
md5,subset,folder_genre,tagtraum_cd1,tagtraum_cd1_minor,msd_ids,artist,title
A1,x,pop|dance,Pop_Rock,RnB,{B},Bjork,Joga
a2,x,jazz,,,{A}|{B},,
a3,x,pop,,,,bjork,JOGA
a4,x,rock,,,,,
a5,x,,Jazz,,{C},,
"""


@pytest.mark.parametrize("beside", [False, True])
def test_table_of_files_that_other_collections_have(tmp_path, beside):
    music = tmp_path / "music"
    music.mkdir()
    (tmp_path if beside else music).joinpath("lmd_tags.csv").write_text(TAGS)
    folder = catalogue.read(music, genre_source="folder")
    # One song by the id of the first two and the title of the first and the third.
    assert folder.songs == {"a1": A, "a2": A, "a3": A, "a5": C}
    assert folder.genre_source == "folder"
    assert folder.genre_names == ("dance", "jazz", "pop", "rock")
    assert folder.genre_counts == (3, 3, 3, 1)
    assert folder.genres == {A: (0, 1, 2), "a4": (3,), C: ()}
    tagtraum = catalogue.read(music, genre_source="tagtraum")
    assert tagtraum.songs == folder.songs
    assert tagtraum.genre_names == ("Pop_Rock", "RnB", "Jazz")
    assert tagtraum.genres == {A: (0, 1), "a4": (), C: (2,)}


def test_genres_are_of_one_source_the_first_or_the_one_asked_for(tmp_path):
    (tmp_path / "lmd_tags.csv").write_text(TAGS)
    assert catalogue.read(tmp_path).genre_source == "tagtraum"
    (tmp_path / "lmd_matched_h5").mkdir()
    (tmp_path / "lmd_matched_h5" / f"{A}.h5").write_bytes(h5("ska"))
    found = catalogue.read(tmp_path)
    assert (found.genre_source, found.genre_names) == ("artist_terms", ("ska",))
    (tmp_path / "songs.csv").write_text("md5,song,genres\na4,Aria,opera\n")
    own = catalogue.read(tmp_path)
    assert (own.genre_source, own.genre_names) == ("own", ("opera",))
    assert own.songs["a4"] == "Aria"
    assert own.songs["a1"] == A
    assert catalogue.read(tmp_path, genre_source="folder").genre_names[0] == "dance"


def test_genres_that_no_table_has_are_refused(tmp_path):
    (tmp_path / "songs.csv").write_text("md5,song,genres\na4,Aria,opera\n")
    with pytest.raises(ValueError, match=r"'artist_terms' \(lmd_matched_h5.* there are: own"):
        catalogue.read(tmp_path, genre_source="artist_terms")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("match_scores.json", b"[1"),
        ("match_scores.json", b"[1]"),
        ("songs.csv", b"file,title\n0,a\n"),
        ("songs.csv", b"md5;song\n0;a\n"),
        ("songs.csv", b"md5,song\n0," + bytes(200_000).replace(b"\0", b"a")),
        ("lmd_tags.csv", b"md5,song\n0,a\n"),
        ("msd_tagtraum_cd1.cls", b"no table\n"),
        ("msd_tagtraum_cd2.cls.zip", b"no archive"),
        ("lmd_matched_h5.tar.gz", b"no archive"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="could not be read") as raised:
        catalogue.read(tmp_path)
    assert str(tmp_path / name) in str(raised.value)
