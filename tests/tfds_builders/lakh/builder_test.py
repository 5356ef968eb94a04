"""Whole builds of the Lakh datasets, from folders and archives of made-up songs."""

import dataclasses
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Band, Drums, Melody, Trio
from tests.tfds_builders.lakh.made_up import song

tfds = pytest.importorskip("tensorflow_datasets")
beam = pytest.importorskip("apache_beam")
requests = pytest.importorskip("requests")
builders = pytest.importorskip("tfds_builders")
lakh = pytest.importorskip("tfds_builders.lakh.builder")

pytestmark = pytest.mark.slow

SONGS = 30


@pytest.fixture(scope="module")
def contents():
    return {f"{number % 4}/{number:02}.mid": song(number) for number in range(SONGS)}


@pytest.fixture(scope="module")
def folder(contents, tmp_path_factory):
    """The songs, one of them twice, and two files that are no music."""
    folder = tmp_path_factory.mktemp("music")
    others = {"copy.mid": contents["0/00.mid"], "a.mid": b"nothing", "b/half.mid": song(0)[:99]}
    for name, content in {**contents, **others}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    # Made to order, since thirty songs may by chance leave a split without any.
    for split, number in (("valid", 0), ("test", 1)):
        (folder / split).mkdir()
        (folder / split / f"{split}.mid").write_bytes(song(SONGS + number))
    return folder


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    def build(name, manual_dir, *, options=None, **config):
        builder = tfds.builder(name, data_dir=tmp_path_factory.mktemp("data"), **config)
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(
                manual_dir=manual_dir,
                beam_options=options,
                try_download_gcs=False,
            )
        )
        return builder

    return build


def read(builder):
    """Dict of split and file to example; no file has two here."""
    return {
        (split, example["file"].decode()): example
        for split in ("train", "validation", "test")
        for example in tfds.as_numpy(builder.as_dataset(split=split))
    }


def equal(one, other):
    assert one.keys() == other.keys()
    for key in one:
        for name in one[key]:
            np.testing.assert_array_equal(one[key][name], other[key][name])


@pytest.mark.parametrize(
    ("name", "representation", "bars"),
    [
        ("lakh_melody/2bar", Melody(last_program=31), 2),
        ("lakh_drums/16bar", Drums(), 16),
        ("lakh_trio/16bar", Trio(), 16),
        ("lakh_band/2bar", Band(), 2),
    ],
)
def test_examples_are_the_windows_of_the_files(build, folder, name, representation, bars):
    builder = build(name, folder)
    examples = read(builder)
    for (_, file), example in examples.items():
        score = midi.read(folder / file)
        np.testing.assert_array_equal(example["windows"], representation.windows(score, bars))
        assert example["windows"].dtype == representation.dtype
    report = builder.info.metadata["report"]
    assert len(examples) == SONGS + 2
    assert report["files"] == SONGS + 4
    assert report["refused/duplicate"] == 1
    assert report["refused/not_midi"] == report["refused/truncated"] == 1
    assert {split for split, _ in examples} == {"train", "validation", "test"}
    windows = sum(len(example["windows"]) for example in examples.values())
    counted = sum(report[f"{split}/windows"] for split in ("train", "validation", "test"))
    assert windows == counted
    assert builder.info.metadata["options"] == dataclasses.asdict(representation)
    left = {path.name for path in Path(builder.data_dir).iterdir()}
    assert {name.partition("-")[0] for name in left} == {
        name.partition("/")[0] for name in (name, "dataset_info.json", "features.json")
    } | {"metadata.json", "LICENSE"}


def test_archives_and_worker_processes_give_the_same(build, folder, tmp_path):
    expected = read(build("lakh_drums/2bar", folder))
    with tarfile.open(tmp_path / "music.tar.gz", "w:gz") as archive:
        archive.add(folder, "music")
    options = beam.options.pipeline_options.PipelineOptions(
        direct_running_mode="multi_processing", direct_num_workers=2
    )
    packed = read(build("lakh_drums/2bar", tmp_path, options=options))
    unpacked = {}
    for (split, file), example in packed.items():
        name = file.removeprefix("music/")
        unpacked[split, name] = {**example, "file": name.encode()}
    equal(unpacked, expected)


def test_many_examples_are_sorted_on_disk_into_the_same_order(build, folder, monkeypatch):
    stock, in_buckets = lakh.shuffle.MAX_MEM_BUFFER_SIZE, []
    whole = build("lakh_drums/2bar", folder)
    assert lakh.shuffle.MAX_MEM_BUFFER_SIZE == stock > lakh._SORTED_IN_MEMORY
    monkeypatch.setattr(lakh, "_SORTED_IN_MEMORY", 1000)
    add = lakh.shuffle.Shuffler._add_to_bucket
    monkeypatch.setattr(
        lakh.shuffle.Shuffler,
        "_add_to_bucket",
        lambda self, key, data: (in_buckets.append(key), add(self, key, data)),
    )
    sorted_on_disk = build("lakh_drums/2bar", folder)
    assert in_buckets
    assert list(read(sorted_on_disk)) == list(read(whole))
    equal(read(sorted_on_disk), read(whole))


def test_more_files_move_no_song(build, folder, tmp_path):
    before = read(build("lakh_drums/2bar", folder))
    shutil.copytree(folder, tmp_path / "more")
    for number in range(10):
        (tmp_path / "more" / f"new{number}.mid").write_bytes(song(100 + number))
    after = read(build("lakh_drums/2bar", tmp_path / "more"))
    assert len(after) == len(before) + 10
    assert before.keys() <= after.keys()


def test_genres_come_from_a_table(build, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "music")
    table = "md5,song,genres\n"
    digests = {}
    for path in sorted((tmp_path / "music").rglob("*.mid")):
        digest = lakh.hashlib.md5(path.read_bytes()).hexdigest()
        digests[path.relative_to(tmp_path / "music").as_posix()] = digest
        table += f"{digest},song {digest[:2]},{'jazz|pop' if digest < '8' else 'pop'}\n"
    (tmp_path / "music" / "songs.csv").write_text(table)
    tags = "md5,folder_genre,tagtraum_cd1,tagtraum_cd1_minor,msd_ids,artist,title\n"
    (tmp_path / "lmd_tags.csv").write_text(tags)
    config = lakh.LakhConfig(bars=2, genres="own")
    assert config.name == "2bar_own"
    builder = build("lakh_band", tmp_path / "music", config=config)
    assert builder.info.metadata["genres"] == ["pop", "jazz"]
    assert builder.info.metadata["genre_source"] == "own"
    for (_, file), example in read(builder).items():
        assert example["song"].decode() == f"song {digests[file][:2]}"
        assert example["genres"].tolist() == [1, int(digests[file] < "8")]


def test_a_config_of_ones_own_is_named_after_what_differs(build, folder):
    config = lakh.LakhConfig(bars=4, options={"drum_map": "2017"})
    builder = build("lakh_drums", folder, config=config)
    assert builder.info.full_name == "lakh_drums/4bar_2017/1.0.0"
    for (_, file), example in read(builder).items():
        expected = Drums("2017").windows(midi.read(folder / file), 4)
        np.testing.assert_array_equal(example["windows"], expected)
    assert lakh.LakhConfig(bars=2).name == "2bar_default"


def test_songs_that_are_shorter_than_a_window_leave_no_split(build, folder, capsys):
    with pytest.raises(ValueError, match="found none for 'train'"):
        build("lakh_melody/32bar", folder)
    assert f"{SONGS + 2:9} files left out: too_short" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("dataset", "config", "said"),
    [
        ("lakh_drums", {"options": {"drum_mapp": "2017"}}, "among drum_map, got drum_mapp"),
        ("lakh_trio", {"options": {"profile": "wrokshop"}}, "magenta, workshop, got 'wrokshop'"),
        ("lakh_melody", {"options": {"first_program": "40"}}, "0 <= first_program"),
        ("lakh_melody", {"bars": "4"}, "number of bars per window from 1 on, got '4'"),
        ("lakh_melody", {"bars": 0}, "number of bars per window from 1 on, got 0"),
        ("lakh_melody", {"name": "a/b"}, "Expected a name of letters"),
        ("lakh_melody", {"options": "2017"}, "Expected options as a dict"),
        ("lakh_band", {"genres": "mood"}, "genres from one of own, artist_terms, .* got 'mood'"),
        ("lakh_drums", {"genres": "own"}, "lakh_drums has no genres"),
    ],
)
def test_a_wrong_config_is_refused_at_once(dataset, config, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        tfds.builder(dataset, config=lakh.LakhConfig(**config), data_dir=tmp_path)


def test_too_few_songs_are_refused_with_advice(build, tmp_path, capsys):
    (tmp_path / "only.mid").write_bytes(song(0))
    with pytest.raises(ValueError, match="sort them into folders called train, valid and test"):
        build("lakh_trio/16bar", tmp_path)
    assert "1 files read" in capsys.readouterr().out


def test_a_name_may_stand_twice_in_an_archive_and_be_no_text(build, contents, tmp_path):
    first, second, third = list(contents.values())[:3]
    with tarfile.open(tmp_path / "music.tar", "w") as archive:
        for name, content in (
            ("train/a.mid", first),
            ("train/a.mid", second),
            ("train/a.mid", first),
            ("valid/b\udce9.mid", third),
            ("test/c.mid", song(99)),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    builder = build("lakh_drums/2bar", tmp_path)
    assert builder.info.metadata["report"]["files"] == 4
    assert builder.info.metadata["report"]["refused/duplicate"] == 1
    assert builder.info.splits["train"].num_examples == 2
    ((_, file),) = [key for key in read(builder) if key[0] == "validation"]
    assert file == "valid/b\ufffd.mid"


def test_a_cut_archive_warns(build, folder, tmp_path, capsys):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        packed.add(folder, "music")
    (tmp_path / "half.tar.gz").write_bytes(archive.getvalue()[:-3000])
    shutil.copytree(folder, tmp_path / "whole")
    build("lakh_drums/2bar", tmp_path)
    assert "WARNING: 1 archives could not be read to their end" in capsys.readouterr().out


def test_links_to_folders_are_followed_and_lead_nowhere_twice(build, folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(read(build("lakh_drums/2bar", tmp_path))) == SONGS + 2


@pytest.mark.parametrize("name", ["empty", "gone"])
def test_a_folder_without_midi_is_refused(build, tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "readme.txt").write_text("no music")
    with pytest.raises(FileNotFoundError, match=f"Expected MIDI files .* in .*{name}"):
        build("lakh_trio/16bar", tmp_path / name)


def test_an_archive_of_lakh_in_the_folder_must_be_whole(build, tmp_path):
    (tmp_path / "lmd_full.tar.gz").write_bytes(b"cut")
    with pytest.raises(ValueError, match=r"lmd_full\.tar\.gz to have SHA-256 6fcfe2ac"):
        build("lakh_trio/16bar", tmp_path)


def test_without_folder_and_network_the_way_out_is_told(build, monkeypatch):
    def fail(url, **settings):
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(requests, "head", fail)
    with pytest.raises(ConnectionError, match=r"lmd_full\.tar\.gz.*\n.*--manual_dir=FOLDER"):
        build("lakh_trio/16bar", None)


def test_a_killed_build_leaves_nothing_that_looks_finished(folder, tmp_path):
    # Enough songs to be in the middle of when the spool has begun.
    for number in range(3):
        shutil.copytree(folder, tmp_path / "music" / str(number))
        for path in (tmp_path / "music" / str(number)).rglob("*.mid"):
            path.write_bytes(path.read_bytes() + bytes(number))
    command = [
        *(sys.executable, "-m", "tensorflow_datasets.scripts.cli.main", "build", "lakh_trio"),
        *("--imports=tfds_builders", f"--manual_dir={tmp_path / 'music'}"),
        f"--data_dir={tmp_path / 'data'}",
    ]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and not list((tmp_path / "data").rglob("spool/*.gz")):
            time.sleep(0.01)
        assert process.poll() is None, "the build was over before it could be killed"
        process.send_signal(signal.SIGKILL)
    assert not list((tmp_path / "data").rglob("dataset_info.json"))
    with pytest.raises(AssertionError, match="could not find data"):
        tfds.load("lakh_trio", split="train", data_dir=tmp_path / "data", download=False)
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    # Beam would rather run pipelines by a program that it downloads.
    assert "prism" not in again.stderr.lower()
    builder = tfds.builder("lakh_trio", data_dir=tmp_path / "data")
    assert builder.info.metadata["report"]["files"] == 3 * (SONGS + 4)


def test_without_a_folder_the_archive_is_read(build, folder, tmp_path, monkeypatch):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        packed.add(folder, "lmd_full")
    (tmp_path / "lmd_full.tar.gz").write_bytes(archive.getvalue())
    (tmp_path / "match_scores.json").write_text("{}")
    fetched = []

    def fetch(url, dl_manager, url_infos):
        fetched.append(url.rpartition("/")[2])
        assert len(url_infos[url].checksum) == 64
        return tmp_path / fetched[-1]

    monkeypatch.setattr(lakh.downloads, "fetch", fetch)
    builder = build("lakh_drums/2bar", None)
    assert builder.info.metadata["source"] == "Lakh"
    examples = read(builder)
    assert fetched == ["lmd_full.tar.gz", "match_scores.json"]
    assert len(examples) == SONGS + 2
