"""The loop that the scripts share: what is kept, what is printed, how errors end."""

import argparse
from types import SimpleNamespace

import pytest
import running

from keras_music_vae.papers import PAPERS

PAPER = PAPERS["music_vae"]
EXPERIMENT = PAPER.experiment("small_flat_vae", "lakh_drums_2bar")
METRICS = {"next_accuracy": 0.7, "kl": 30.0, "reconstruction_accuracy": 0.6, "event_accuracy": 0.5}


def made(tmp_path, **others):
    options = {"workdir": tmp_path / "work", "dataset": "lakh_drums_2bar", "strategy": "none"}
    options |= {"seed": 3, "seeds": 2, "smoke": False, "record": True, "resume": False}
    options |= {"mixed_precision": False, "tensorboard": False}
    options = argparse.Namespace(**options | others)
    return running.Runs(PAPER, options, tmp_path / "recorded.jsonl")


def run(runs):
    seen = []

    def train(experiment, values, seed, **how):
        seen.append((experiment.name, values, seed, how["workdir"].name))
        return SimpleNamespace(model=f"model {seed}", wall_seconds=2.0)

    settled = {EXPERIMENT.name: {"updates": 5}}
    return seen, runs.train(settled, train, lambda *_: dict(METRICS))


def test_every_seed_is_trained_and_kept_and_the_first_model_given_back(tmp_path):
    runs = made(tmp_path)
    seen, trained = run(runs)
    assert seen == [
        (EXPERIMENT.name, {"updates": 5}, 3, "seed_3"),
        (EXPERIMENT.name, {"updates": 5}, 4, "seed_4"),
    ]
    assert trained == {EXPERIMENT.name: "model 3"}
    assert [result.seed for result in runs.results] == [3, 4]
    assert runs.results[0].metrics == METRICS | {"training_seconds": 2.0}
    assert runs.results[0].wall_seconds >= 2
    assert (tmp_path / "recorded.jsonl").read_text() == runs.results_file.read_text()


@pytest.mark.parametrize("others", [{"record": False}, {"smoke": True}])
def test_what_is_not_to_be_recorded_stays_in_the_workdir(tmp_path, others):
    runs = made(tmp_path, **others)
    run(runs)
    assert len(runs.results) == 2
    assert not (tmp_path / "recorded.jsonl").exists()


def test_the_plan_tells_the_time_that_recorded_runs_took(tmp_path, capsys):
    runs = made(tmp_path)
    runs.print_plan("4 windows", {EXPERIMENT.name: {}}, lambda name: f"{name}!")
    assert "Time, as recorded" not in capsys.readouterr().out
    runs.keep(EXPERIMENT, METRICS, {}, seconds=600.0)
    runs.print_plan("4 windows", {EXPERIMENT.name: {}}, lambda name: f"{name}!")
    text = capsys.readouterr().out
    assert f"  {EXPERIMENT.name}!" in text
    assert "about 20 minutes" in text  # 10 for each of two seeds


def test_the_report_has_the_cells_that_were_measured(tmp_path, capsys):
    runs = made(tmp_path, smoke=True)
    run(runs)
    runs.report([("preset", "there")], "A note.", "do this")
    text = capsys.readouterr().out
    assert "0.979" in text  # the paper's
    assert "0.700" in text
    assert "not run" not in text
    assert "its figures mean nothing" in text
    assert text.endswith("A note.\n\nWritten:\n  preset: there\ndo this\n")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (None, 0, ""),
        (KeyboardInterrupt(), 130, "\nInterrupted; add --resume to go on.\n"),
        (ValueError("no MIDI"), 1, "error: no MIDI\n"),
    ],
)
def test_errors_end_in_a_line_and_a_status(error, status, message, capsys):
    def fail():
        if error is not None:
            raise error

    assert running.exit_status(fail) == status
    assert capsys.readouterr().err == message
