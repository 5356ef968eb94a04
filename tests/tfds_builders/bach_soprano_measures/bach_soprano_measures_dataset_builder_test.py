"""The four datasets of measures, of a few chorales."""

import numpy as np
import pytest

from keras_music_vae.music.attributes import ATTRIBUTES, measure_attributes
from keras_music_vae.music.representations import SpelledMelody

pytest.importorskip("music21")
tfds = pytest.importorskip("tensorflow_datasets")
music21_corpus = pytest.importorskip("tfds_builders.music21_corpus")
sopranos = pytest.importorskip("tfds_builders.bach_soprano_measures.sopranos")

SPLITS = ("train", "validation", "test")
CONFIGS = ("music21_10", "music21_10_by_order", "published", "published_by_order")
# With and without repeats of every split, two versions of one piece, and bwv36.4-2, which is left
# out.
PIECES = [
    f"bach/bwv{number}"
    for number in ("269", "86.6", "248.53-5", "286", "18.5-l", "18.5-w", "36.4-2", "290", "153.1")
]


@pytest.fixture(scope="module")
def few():
    """What `read_corpus` gives of a few pieces, the first of which has two numbers."""
    files = music21_corpus.find_files(PIECES)
    read = [(piece, sopranos.read_soprano(file)) for piece, file in files.items()]
    return [(piece, soprano) for piece, soprano in [*read, read[0]] if soprano]


@pytest.fixture(scope="module", params=CONFIGS)
def built(request, few, tmp_path_factory):
    """A config, its builder, and a dict of columns of each of its splits."""
    pytest.importorskip("tfds_builders")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sopranos, "read_corpus", lambda: few)
        builder = tfds.builder(
            f"bach_soprano_measures/{request.param}", data_dir=tmp_path_factory.mktemp("tfds")
        )
        builder.download_and_prepare()
    return request.param, builder, {split: columns(builder, split) for split in SPLITS}


def columns(builder, split):
    """A dict of arrays (example, ...)."""
    batches = list(tfds.as_numpy(builder.as_dataset(split=split).batch(4096)))
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}


def joined(splits):
    return {
        name: np.concatenate([splits[split][name] for split in SPLITS]) for name in splits["test"]
    }


def test_labels_are_those_of_the_measures(built):
    _, builder, splits = built
    assert builder.info.metadata["representation"] == "SpelledMelody"
    representation = SpelledMelody(**builder.info.metadata["options"])
    every = joined(splits)
    assert every["measure"].dtype == np.uint8
    found = measure_attributes(representation.onsets(every["measure"]))
    for name in ATTRIBUTES:
        assert every[name].dtype == np.float32
        np.testing.assert_array_equal(every[name], found[name])
    names = np.array(representation.names)[every["measure"]]
    np.testing.assert_array_equal((names == "START").all(axis=1), every["bar"] == 0)


def test_all_measures_are_there(built, few):
    config, builder, splits = built
    chosen = [pair for pair in few if pair[1].has_repeats or config.startswith("music21_10")]
    assert builder.info.metadata["pieces"] == len(chosen)
    assert len(chosen) == (9 if config.startswith("music21_10") else 7)
    every = joined(splits)
    assert set(every["piece"].tolist()) == {piece.encode() for piece, _ in chosen}
    assert every["semitones"].dtype == np.int8
    original = every["semitones"] == 0
    assert original.sum() == sum(-(-(int(soprano.end) + 4) // 4) for _, soprano in chosen)
    assert every["semitones"].min() < 0 < every["semitones"].max()


def test_splits_are_by_order_or_by_piece(built, few):
    config, _, splits = built
    pieces = {split: set(splits[split]["piece"].tolist()) for split in SPLITS}
    sizes = [len(splits[split]["bar"]) for split in SPLITS]
    if config.endswith("by_order"):
        total = sum(sizes)
        assert sizes == [
            int(0.7 * total),
            int(0.9 * total) - int(0.7 * total),
            total - int(0.9 * total),
        ]
        order = list(dict.fromkeys(joined(splits)["piece"].tolist()))
        chosen = [piece for piece, s in few if s.has_repeats or config.startswith("music21_10")]
        assert order == [piece.encode() for piece in dict.fromkeys(chosen)]
        # The last piece is the first once more.
        assert pieces["train"] & pieces["test"]
    else:
        assert min(sizes) > 0
        assert sum(map(len, pieces.values())) == len(set.union(*pieces.values()))
        versions = {b"bach/bwv18.5-l", b"bach/bwv18.5-w"}
        assert any(versions <= of_split for of_split in pieces.values())
