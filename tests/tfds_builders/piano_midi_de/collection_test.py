"""Finding MIDI files in folders and archives, splitting them, and refusing what is no music."""

import io
import os
import tarfile
import zipfile
from collections import Counter

import numpy as np
import pytest

from keras_music_vae.music import midi

pytest.importorskip("tensorflow_datasets")
pytest.importorskip("symusic")
collection = pytest.importorskip("tfds_builders.piano_midi_de.collection")
from tfds_builders import midi_files, splits  # noqa: E402


def song(pitch, start=0, quarters=1.0, is_drum=False):
    """A MIDI file of one note, as bytes."""
    ticks = 480
    end = int((start + quarters) * ticks)
    notes = midi.make_notes([pitch], start * ticks, end, is_drum=is_drum)
    return midi.to_bytes(midi.Score(notes, ticks))


def tar(path, members):
    mode = "w:gz" if path.suffix in (".gz", ".tgz") else "w"
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def zip_(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def find_split(name, content):
    return splits.find_split(name, content, train=0.7, validation=0.1)


def names(files):
    return [file.name for file in files]


def test_folders_and_archives_are_searched(tmp_path):
    (tmp_path / "Bach").mkdir()
    (tmp_path / "Bach" / "b.mid").write_bytes(song(60))
    (tmp_path / "a.MIDI").write_bytes(song(61))
    (tmp_path / "notes.txt").write_text("no music")
    zip_(tmp_path / "one.zip", {"x/c.mid": song(62), "x/._c.mid": b"macOS", "x/readme": b""})
    tar(tmp_path / "Bach" / "two.tar", {"d.mid": song(63)})
    tar(tmp_path / "three.tar.gz", {"e.mid": song(64)})
    tar(tmp_path / "four.tgz", {"f.mid": song(65)})
    files, left_out = collection.collect(tmp_path)
    assert names(files) == ["Bach/b.mid", "a.MIDI", "d.mid", "e.mid", "f.mid", "x/c.mid"]
    assert left_out == Counter()
    pitches = [int(midi.read(file.content).notes["pitch"][0]) for file in files]
    assert pitches == [60, 61, 63, 64, 65, 62]


def test_paths_in_archives_lead_nowhere(tmp_path):
    folder = tmp_path / "in" / "deep"
    folder.mkdir(parents=True)
    evil = {"../../evil.mid": song(60), f"{tmp_path}/absolute.mid": song(61)}
    zip_(folder / "a.zip", evil)
    tar(folder / "b.tar", {"../" + name: song(70 + i) for i, name in enumerate(evil)})
    with tarfile.open(folder / "c.tar", "w") as archive:
        link = tarfile.TarInfo("link.mid")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    before = sorted(tmp_path.rglob("*"))
    files, left_out = collection.collect(folder)
    assert len(files) == 4
    assert sorted(tmp_path.rglob("*")) == before
    assert not left_out


def test_files_of_equal_content_are_taken_once(tmp_path):
    for name in ("b.mid", "a.mid", "c.mid"):
        (tmp_path / name).write_bytes(song(60))
    zip_(tmp_path / "z.zip", {"0.mid": song(60), "d.mid": song(61)})
    files, left_out = collection.collect(tmp_path)
    assert names(files) == ["0.mid", "d.mid"]
    assert left_out == {"duplicate": 3}


def test_what_cannot_be_read_is_counted(tmp_path, monkeypatch):
    (tmp_path / "good.mid").write_bytes(song(60))
    (tmp_path / "none.zip").write_bytes(b"PK\x03\x04 not an archive")
    (tmp_path / "none.tar.gz").write_bytes(b"")
    zip_(tmp_path / "half.zip", {"good2.mid": song(61), "bad.mid": song(62)})
    content = bytearray((tmp_path / "half.zip").read_bytes())
    content[content.rindex(b"bad.mid", 0, content.index(b"PK\x01\x02")) + 12] ^= 0xFF
    (tmp_path / "half.zip").write_bytes(content)
    (tmp_path / "dangling.mid").symlink_to(tmp_path / "gone.mid")
    big = song(63) + bytes(1000)
    (tmp_path / "big.mid").write_bytes(big)
    zip_(tmp_path / "big.zip", {"big2.mid": big})
    monkeypatch.setattr(midi_files, "_MAX_BYTES", 500)
    files, left_out = collection.collect(tmp_path)
    assert names(files) == ["good.mid", "good2.mid"]
    assert left_out == {"broken_archive": 2, "unreadable_file": 1, "too_large_file": 2}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_locked_file_is_counted(tmp_path):
    (tmp_path / "a.mid").write_bytes(song(60))
    (tmp_path / "b.mid").write_bytes(song(61))
    (tmp_path / "b.mid").chmod(0)
    files, left_out = collection.collect(tmp_path)
    assert names(files) == ["a.mid"]
    assert left_out == {"unreadable_file": 1}


@pytest.mark.parametrize("unusable", [{}, {"none.zip": b"PK"}])
def test_a_folder_without_midi_is_refused(tmp_path, unusable):
    (tmp_path / "readme.txt").write_text("nothing here")
    for name, content in unusable.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FileNotFoundError) as caught:
        collection.collect(tmp_path)
    for part in (str(tmp_path), ".mid", ".zip", "--manual_dir"):
        assert part in str(caught.value)
    assert ("broken_archive" in str(caught.value)) == bool(unusable)


def test_the_split_depends_on_the_content_alone():
    rng = np.random.default_rng(0)
    contents = [rng.bytes(20) for _ in range(3000)]
    splits = [find_split(f"{i}.mid", content) for i, content in enumerate(contents)]
    assert splits == [find_split("other/name.mid", content) for content in contents]
    shares = {split: count / 3000 for split, count in Counter(splits).items()}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.03)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Piano-midi.de/train/a.mid", "train"),
        ("Piano-midi.de/Valid/a.mid", "validation"),
        ("validation/a.mid", "validation"),
        ("test/sub/a.mid", "test"),
    ],
)
def test_a_folder_may_name_the_split(name, split):
    rng = np.random.default_rng(0)
    assert {find_split(name, rng.bytes(8)) for _ in range(50)} == {split}


def test_a_step_is_a_sixteenth():
    read = collection.read_song(collection.MidiFile("a/b.c.mid", "train", song(69, 1, 0.5)))
    assert read.id == "a/b.c"
    assert np.argwhere(read.roll).tolist() == [[4, 48], [5, 48]]
    assert read.key.split()[0] in ("A", "D", "F", "F#")  # any key whose profile favours an A


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not_midi"),
        (b"RIFF" + bytes(40), "not_midi"),
        (song(60)[:30], "truncated"),
        (song(38, is_drum=True), "no_notes"),
        (song(10), "no_notes"),  # below the piano
        (song(60, start=30_000), "too_long"),
    ],
)
def test_what_is_no_music_says_why(content, reason):
    with pytest.raises(midi.MidiError) as caught:
        collection.read_song(collection.MidiFile("a.mid", "train", content))
    assert caught.value.reason == reason


def test_no_malformed_file_raises_anything_else(shared):
    folder = shared / "data" / "midi" / "corrupt"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    files, _ = collection.collect(folder)
    reasons = Counter()
    for file in files:
        try:
            assert collection.read_song(file).roll.any()
        except midi.MidiError as error:
            reasons[error.reason] += 1
    assert 10 < reasons.total() < len(files)
