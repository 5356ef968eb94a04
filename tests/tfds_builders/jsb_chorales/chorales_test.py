"""The authors' list, what is missing from an installation, and reading in several processes."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.music import theory

joblib = pytest.importorskip("joblib")
music21 = pytest.importorskip("music21")
pytest.importorskip("tensorflow_datasets")
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
    files = chorales.find_files(sorted({c.name for c in listed}))
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


def test_the_number_of_workers_changes_nothing():
    files = chorales.find_files([f"bach/bwv{number}" for number in (299, 269, 411, 26.6)]).values()
    alone = [scores.read_score(file) for file in files]
    for workers in (1, 2):
        together = chorales.read_scores(files, workers)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one.onsets, other.onsets)
            np.testing.assert_array_equal(one.held, other.held)


@pytest.mark.slow
def test_a_script_needs_no_main_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from tfds_builders.jsb_chorales import chorales\n"
        "files = chorales.find_files(['bach/bwv299', 'bach/bwv269']).values()\n"
        "print([len(rolls.onsets) for rolls in chorales.read_scores(files, workers=2)])\n"
    )
    run = subprocess.run(
        [sys.executable, script],
        env={"PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "[72, 84]\n"
