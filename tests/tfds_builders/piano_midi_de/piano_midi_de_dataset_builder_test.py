"""The two piano datasets: sizes, the paper's Data cell, and builds from imperfect folders."""

import numpy as np
import pytest

from keras_music_vae.music import midi, theory

tfds = pytest.importorskip("tensorflow_datasets")
pytest.importorskip("tfds_builders")

SPLITS = ("train", "validation", "test")


def sizes(builder):
    return [builder.info.splits[split].num_examples for split in SPLITS]


def find(shared, *parts):
    path = shared.joinpath("data", *parts)
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path


def write_songs(folder, *numbers):
    folder.mkdir(parents=True)
    for number in numbers:
        notes = midi.make_notes(60 + np.arange(3) * 4, number, number + 2)
        (folder / f"{number}.mid").write_bytes(midi.to_bytes(midi.Score(notes, 1)))


def build_from(folder, data_dir):
    builder = tfds.builder("piano_midi_de/all_keys", data_dir=data_dir)
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(manual_dir=folder, try_download_gcs=False)
    )
    return builder


def test_two_keys_gives_the_papers_data_cell(build, read, data_cell, shared):
    """Table 2: 82.6 +- 0.1 %."""
    folder = find(shared, "classifying_vae", "Piano_midi.mat").parent
    builder = build("piano_midi_de/two_keys", folder)
    assert sizes(builder) == [87, 12, 25]
    test = read(builder, "test")
    assert {(e["key"], e["key_class"]) for e in test} == {("C major", "C"), ("C minor", "Eb")}
    cell = data_cell(test)
    assert round(100 * cell.geometric_mean, 1) == 82.6
    assert cell.geometric_mean == pytest.approx(0.82595, abs=5e-6)
    assert (cell.samples, cell.off_key_samples) == (18611, 40)


def test_all_keys_reads_a_copy_of_piano_midi_de(build, read, shared):
    folder = find(shared, "midi", "piano_midi_de")
    builder = build("piano_midi_de/all_keys", folder)
    count = len(list(folder.rglob("*.mid")))
    assert sum(sizes(builder)) == count
    assert builder.info.metadata["left_out"] == {}
    shares = np.array(sizes(builder)) / count
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.08)
    songs = [song for split in SPLITS for song in read(builder, split)]
    assert len({song["id"] for song in songs}) == count
    assert len({song["key_class"] for song in songs}) == 12
    for song in songs:
        assert song["piano_roll"].shape[1] == 88
        assert song["piano_roll"][-1].any()
        assert song["key"] == theory.find_key(song["piano_roll"])[0]


def test_a_prelude_lies_on_sixteenths_in_its_key(build, read, shared):
    """The first prelude of Bach's Well-Tempered Clavier: broken chords in sixteenths."""
    builder = build("piano_midi_de/all_keys", find(shared, "midi", "piano_midi_de"))
    songs = {song["id"]: song for split in SPLITS for song in read(builder, split)}
    prelude = songs["Bach/bach_846"]
    assert prelude["key"] == "C major"
    first_bar = prelude["piano_roll"][:16]
    sounding = {column + theory.PITCHES[0] for column in np.flatnonzero(first_bar.any(axis=0))}
    assert sounding == {60, 64, 67, 72, 76}
    assert theory.PITCHES[0] + np.flatnonzero(first_bar[0]).max() == 60


# TFDS 4.9.10 reads a field's label, which protobuf 6 calls deprecated.
@pytest.mark.filterwarnings(r"ignore:.*label\(\) is deprecated:DeprecationWarning")
def test_bad_files_do_not_stop_a_build_and_are_counted(tmp_path, capsys):
    write_songs(tmp_path / "midi" / "songs", *range(40))
    for number in range(3):
        (tmp_path / "midi" / f"bad{number}.mid").write_bytes(f"no midi {number}".encode())
    (tmp_path / "midi" / "again.mid").write_bytes(
        (tmp_path / "midi" / "songs" / "7.mid").read_bytes()
    )
    builder = build_from(tmp_path / "midi", tmp_path / "data")
    assert sum(sizes(builder)) == 40
    printed = capsys.readouterr().out
    for line in ("    40 songs", "     3 files left out: not_midi", "     1 files left out: dup"):
        assert line in printed
    # Another process reads the counts back.
    again = tfds.builder("piano_midi_de/all_keys", data_dir=tmp_path / "data")
    assert again.info.metadata["left_out"] == {"not_midi": 3, "duplicate": 1}


def test_a_subfolder_of_the_datasets_name_is_preferred(tmp_path):
    write_songs(tmp_path / "manual" / "piano_midi_de" / "train", 0, 1, 2)
    write_songs(tmp_path / "manual" / "piano_midi_de" / "valid", 3)
    # A song of train and test stays in test, which comes first by name.
    write_songs(tmp_path / "manual" / "piano_midi_de" / "test", 2, 4, 5)
    write_songs(tmp_path / "manual" / "other_music", 6)
    builder = build_from(tmp_path / "manual", tmp_path / "data")
    assert sizes(builder) == [2, 1, 3]
    assert builder.info.metadata["left_out"] == {"duplicate": 1}


def test_a_split_without_songs_is_refused(tmp_path):
    write_songs(tmp_path / "midi" / "train", 1, 2, 3)
    with pytest.raises(ValueError, match=r"none for 'validation'.*folders called train"):
        build_from(tmp_path / "midi", tmp_path / "data")
    assert not list((tmp_path / "data").rglob("dataset_info.json"))


def test_a_folder_without_midi_is_refused(tmp_path):
    (tmp_path / "midi").mkdir()
    (tmp_path / "midi" / "readme.txt").write_text("nothing")
    with pytest.raises(FileNotFoundError, match=r"Expected MIDI files .*found none"):
        build_from(tmp_path / "midi", tmp_path / "data")


def test_without_a_folder_the_instructions_are_shown(tmp_path):
    with pytest.raises(AssertionError, match=r"put MIDI files of http://www.piano-midi.de"):
        build_from(tmp_path / "nowhere", tmp_path / "data")
