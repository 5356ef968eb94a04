"""A results file keeps every finished run whole, whatever happens to the process or the disk."""

import dataclasses
import errno
import json
import multiprocessing
import os
import subprocess

import numpy as np
import pytest

from keras_music_vae.papers import PAPERS
from keras_music_vae.reproduction import results
from keras_music_vae.reproduction.results import Result, ResultsError

EXPERIMENT = PAPERS["classifying_vae"].experiments["vae_jsb_all_keys"]


def result(seed=1, **changes):
    values = {
        "experiment": "vae_jsb_all_keys",
        "model": "vae",
        "dataset": "jsb_all_keys",
        "seed": seed,
        "metrics": {"log_likelihood": -8.9},
        "config": {"latent_dim": 16},
        "device": "2 CPU cores",
        "wall_seconds": 31.5,
        "commit": "0" * 40,
        "dirty": False,
        "versions": {"python": "3.11"},
        "time": "2024-01-02T03:04:05+00:00",
    }
    return Result(**(values | changes))


def append_many(path, first):
    for seed in range(first, first + 50):
        results.append(path, result(seed))


def test_what_is_appended_is_read_back_in_order(tmp_path):
    path = tmp_path / "new" / "toy.jsonl"
    assert results.read(path) == []
    written = [result(seed) for seed in range(3)]
    for one in written:
        results.append(path, one)
    assert results.read(path) == written
    assert path.read_text().count("\n") == 3


def test_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "toy.jsonl"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(path, 50 * k)) for k in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(one.seed for one in results.read(path)) == list(range(150))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_failed_run_is_refused(value):
    with pytest.raises(
        ResultsError, match=r"log_likelihood must be finite\. Received: -?(nan|inf)"
    ):
        result(metrics={"log_likelihood": value})
    with pytest.raises(ResultsError, match="wall_seconds must be finite"):
        result(wall_seconds=value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": "one"}, "seed has the wrong type. Received: 'one'"),
        ({"seed": True}, "seed has the wrong type"),
        ({"dirty": 1}, "dirty has the wrong type"),
        ({"metrics": [1.0]}, "metrics has the wrong type"),
        ({"metrics": {"elbo": "low"}}, "elbo must be a number. Received: 'low'"),
        ({"time": "yesterday"}, "time must be ISO 8601. Received: 'yesterday'"),
    ],
)
def test_a_result_of_wrong_types_is_refused(changes, message):
    with pytest.raises(ResultsError, match=message):
        result(**changes)


def test_what_is_not_json_is_refused_before_the_file_is_touched(tmp_path):
    path = tmp_path / "toy.jsonl"
    for value in (object(), float("nan")):
        with pytest.raises(ResultsError, match="vae_jsb_all_keys: cannot be written as JSON"):
            results.append(path, result(config={"latent_dim": value}))
    assert not path.exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not a result: Expecting property name"),
        ("[1]", "line 2: not a result: "),
        ("", "line 2: not a result: Expecting value"),
        ('{"experiment": "x"}', "line 2: not a result: .*missing 11 required"),
        ('{"color": 3}', "line 2: not a result: .*unexpected keyword argument 'color'"),
        (result().to_json().replace("-8.9", "NaN"), "line 2: not a result: NaN is not JSON"),
        (result().to_json()[:-9], "line 2: not a result: "),
    ],
)
def test_a_bad_line_is_named_with_its_file(tmp_path, line, message):
    path = tmp_path / "toy.jsonl"
    path.write_text(f"{result().to_json()}\n{line}\n{result().to_json()}\n")
    with pytest.raises(ResultsError, match=f"toy.jsonl, {message}"):
        results.read(path)


def test_a_torn_line_does_not_swallow_the_next(tmp_path):
    path = tmp_path / "toy.jsonl"
    results.append(path, result(1))
    with path.open("a") as file:
        file.write(result(2).to_json()[:40])
    results.append(path, result(3))
    lines = path.read_text().splitlines()
    assert [json.loads(lines[n])["seed"] for n in (0, 2)] == [1, 3]
    with pytest.raises(ResultsError, match="line 2"):
        results.read(path)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "toy.jsonl"
    results.append(path, result(1))
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        results.append(path, result(2))
    assert path.read_bytes() == before


def test_a_finished_run_is_described_by_the_machine():
    metrics = {"log_likelihood": np.float32(-8.5)}
    run = results.finished_run(EXPERIMENT, 7, metrics, {"latent_dim": 16}, "2 CPU cores", 3.25)
    assert (run.experiment, run.model, run.dataset) == ("vae_jsb_all_keys", "vae", "jsb_all_keys")
    assert run.metrics == {"log_likelihood": -8.5}
    assert type(run.metrics["log_likelihood"]) is float
    assert run.versions["numpy"] == np.__version__
    assert "python" in run.versions
    assert dataclasses.replace(run) == run


def git(folder, *arguments):
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@localhost")
    command = ["git", "-C", folder, *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_that_of_the_file_and_knows_changes(tmp_path):
    source = tmp_path / "package" / "module.py"
    source.parent.mkdir()
    source.write_text("x = 1\n")
    git(tmp_path, "init", "--quiet")
    assert results.commit_of(source) == ("unknown", False)
    git(tmp_path, "add", "package")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert results.commit_of(source) == (head, False)
    recorded = tmp_path / "reproduce" / "results" / "toy.jsonl"
    recorded.parent.mkdir(parents=True)
    recorded.write_text("{}\n")
    assert results.commit_of(source) == (head, False)
    source.write_text("x = 2\n")
    assert results.commit_of(source) == (head, True)


def test_outside_a_checkout_the_commit_is_unknown(tmp_path):
    assert results.commit_of(tmp_path / "module.py") == ("unknown", False)
