"""The authors' list, its keys, and what is missing from an installation."""

from collections import Counter

import numpy as np
import pytest

from keras_music_vae.music import theory

joblib = pytest.importorskip("joblib")
music21 = pytest.importorskip("music21")
pytest.importorskip("tensorflow_datasets")
music21_corpus = pytest.importorskip("tfds_builders.music21_corpus")
chorales = pytest.importorskip("tfds_builders.jsb_chorales.chorales")
scores = pytest.importorskip("tfds_builders.jsb_chorales.scores")


def test_the_list_is_the_authors():
    listed = chorales.read_list()
    assert Counter(chorale.split for chorale in listed) == {
        "train": 209,
        "validation": 68,
        "test": 70,
    }
    assert len({chorale.name for chorale in listed}) == 328
    assert listed[0] == ("train", "bach/bwv245.3", "g")


@pytest.mark.slow
def test_keys_agree_with_the_authors_for_344_of_347():
    """The paper's labels are the keys that music21 finds in the score as it is played."""
    listed = chorales.read_list()
    files = music21_corpus.find_files(sorted({c.name for c in listed}))
    read = joblib.Parallel(n_jobs=2)(joblib.delayed(scores.read_notes)(f) for f in files.values())
    found = {}
    for name, (notes, _) in zip(files, read, strict=True):
        quarters = np.zeros(12)
        for start, end, pitches in notes:
            for pitch in pitches:
                quarters[pitch % 12] += end - start
        found[name] = theory.find_key(quarters)[0]
    other = {c.name for c in listed if found[c.name] != theory.parse_key(c.key)}
    assert other == {"bach/bwv123.6", "bach/bwv8.6", "bach/bwv426"}


def test_a_missing_chorale_is_named(monkeypatch):
    listed = music21.corpus.corpora.CoreCorpus.getWorkList

    def without(corpus, name, *args, **kwargs):
        return [] if name in ("bach/bwv411", "bach/bwv26.6") else listed(corpus, name)

    monkeypatch.setattr(music21.corpus.corpora.CoreCorpus, "getWorkList", without)
    with pytest.raises(FileNotFoundError) as caught:
        chorales.read_corpus.__wrapped__()
    message = str(caught.value)
    for part in ("bach/bwv411", "bach/bwv26.6", music21.__version__, "pip install"):
        assert part in message
    assert "2 are missing" in message
