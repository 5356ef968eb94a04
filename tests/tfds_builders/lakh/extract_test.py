"""One file to examples: songs, splits, chunks and counts."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Band, Drums

extract = pytest.importorskip("tfds_builders.lakh.extract")
from tfds_builders.lakh.catalogue import Catalogue  # noqa: E402

NOTHING_KNOWN = Catalogue({}, {})


def drums(bars=4, seed=0):
    rng = np.random.default_rng(seed)
    return Drums().decode(rng.integers(0, 512, bars * 16))


def test_windows_and_the_song_they_are_from():
    content = midi.to_bytes(drums())
    split, examples, counts = extract.Extractor(Drums(), 2, NOTHING_KNOWN)("a/b.mid", content)
    ((key, example),) = examples
    np.testing.assert_array_equal(example["windows"], Drums().windows(midi.read(content), 2))
    assert example["file"] == "a/b.mid"
    assert example["grid_fit"] == 1
    assert set(example) == {"windows", "file", "song", "grid_fit"}
    assert key.endswith("/0000000")
    assert counts["files"] == counts[f"{split}/files"] == counts["grid_fit/9"] == 1
    assert counts[f"{split}/windows"] == len(example["windows"])


def test_versions_of_a_song_are_one_song():
    score = drums()
    slower = dataclasses.replace(score, tempos=np.array([(0, 77.0)], midi.Tempos), names=("x",))
    read = extract.Extractor(Drums(), 2, NOTHING_KNOWN)
    first, second, other = (
        read(name, midi.to_bytes(each))
        for name, each in (("a.mid", score), ("b.mid", slower), ("a.mid", drums(seed=1)))
    )
    assert first[1][0][1]["song"] == second[1][0][1]["song"] != other[1][0][1]["song"]
    assert first[0] == second[0]
    assert first[1][0][0] != second[1][0][0]


def test_splits_are_80_10_10_by_song_and_a_folder_may_decide():
    content = midi.to_bytes(drums())
    known = [f"song {number}" for number in range(400)]
    read = extract.Extractor(Drums(), 2, NOTHING_KNOWN)
    md5 = read("a.mid", content)[1][0][0].partition("/")[0]
    splits = Counter(
        extract.Extractor(Drums(), 2, Catalogue({md5: song}, {}))("a.mid", content)[0]
        for song in known
    )
    shares = {split: count / len(known) for split, count in splits.items()}
    assert shares == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.05)
    assert {read(f"{folder}/a.mid", content)[0] for folder in ("train", "test")} == {
        "train",
        "test",
    }


def test_genres_of_the_song():
    rng = np.random.default_rng(0)
    pitches = rng.integers(40, 60, (64, 4))
    content = midi.to_bytes(Band().decode(pitches))
    read = extract.Extractor(Band(), 2, NOTHING_KNOWN, with_genres=True)
    _, ((key, example),), counts = read("a.mid", content)
    assert example["genres"] == []
    assert counts["genres_known"] == 0
    known = Catalogue(
        {key.partition("/")[0]: "x"}, {"x": (0, 2)}, ("pop", "ska", "folk"), (1, 1, 1)
    )
    _, ((_, example),), counts = dataclasses.replace(read, catalogue=known)("a.mid", content)
    assert example["genres"] == [1, 0, 1]
    assert counts["genres_known"] == counts["songs_known"] == 1
    # Of a song that no table names.
    of_file = Catalogue({}, {key.partition("/")[0]: (1,)}, ("pop", "ska"), (1, 1))
    _, ((_, example),), counts = dataclasses.replace(read, catalogue=of_file)("a.mid", content)
    assert example["genres"] == [0, 1]
    assert (counts["genres_known"], counts["songs_known"]) == (1, 0)


def test_many_windows_are_several_examples(monkeypatch):
    monkeypatch.setattr(extract, "WINDOWS_PER_EXAMPLE", 3)
    content = midi.to_bytes(drums(bars=9))
    _, examples, _ = extract.Extractor(Drums(), 2, NOTHING_KNOWN)("a.mid", content)
    keys = [key for key, _ in examples]
    assert [len(example["windows"]) for _, example in examples] == [3, 3, 2]
    assert keys == sorted(set(keys))
    whole = np.concatenate([example["windows"] for _, example in examples])
    np.testing.assert_array_equal(whole, Drums().windows(midi.read(content), 2))


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"no midi", "not_midi"), (midi.to_bytes(drums(bars=1)), "too_short")],
)
def test_a_file_without_windows_is_counted_by_reason(content, reason):
    read = extract.Extractor(Drums(), 2, NOTHING_KNOWN)
    assert read("a.mid", content) == (None, [], {"files": 1, f"refused/{reason}": 1})
