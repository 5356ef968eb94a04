"""Scores in several processes, and files that music21 cannot read."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("joblib")
pytest.importorskip("music21")
pytest.importorskip("tensorflow_datasets")
music21_corpus = pytest.importorskip("tfds_builders.music21_corpus")
scores = pytest.importorskip("tfds_builders.jsb_chorales.scores")


def test_the_number_of_workers_changes_nothing():
    names = [f"bach/bwv{number}" for number in (299, 269, 411, 26.6)]
    files = music21_corpus.find_files(names).values()
    alone = [scores.read_score(file) for file in files]
    for workers in (1, 2):
        together = music21_corpus.read_scores(scores.read_score, files, workers)
        for one, other in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one.onsets, other.onsets)
            np.testing.assert_array_equal(one.held, other.held)


@pytest.mark.slow
def test_a_script_needs_no_main_guard(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from tfds_builders import music21_corpus\n"
        "from tfds_builders.jsb_chorales.scores import read_score\n"
        "files = music21_corpus.find_files(['bach/bwv299', 'bach/bwv269']).values()\n"
        "read = music21_corpus.read_scores(read_score, files, workers=2)\n"
        "print([len(rolls.onsets) for rolls in read])\n"
    )
    run = subprocess.run(
        [sys.executable, script],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "[72, 84]\n"


def test_a_broken_score_is_named(tmp_path):
    path = tmp_path / "bwv1.mxl"
    path.write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"cannot read .*bwv1\.mxl.*Reinstall music21"):
        music21_corpus.parse(path)
