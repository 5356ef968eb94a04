"""The script: its help, its settings, its errors; what it trains on."""

from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.papers import PAPERS
from reproduce import classifying_vae as script
from reproduce import classifying_vae_run as run

PAPER = PAPERS["classifying_vae"]


def songs(count=3, seed=0):
    rng = np.random.default_rng(seed)
    rolls = [(rng.random((20 + i, 88)) < 0.1).astype("uint8") for i in range(count)]
    for roll in rolls:
        roll[:, :24] = roll[:, -24:] = 0  # leaves room to transpose
    return run.Songs(rolls, ["C major", "A minor", "G major"], ["C", "C", "G"])


def test_help_shows_every_hyperparameter_with_its_origin(capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in PAPER.experiment("classifying_vae_lstm", "jsb_all_keys").hyperparameters():
        assert f"--{name.replace('_', '-')}" in text
    assert "0.001. paper: Implementation, Training: Adam" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "mozart"], "invalid choice: 'mozart'"),
        (["--dataset", "jsb_all_keys", "--model", "gan"], "invalid choice: 'gan'"),
        (["--dataset", "jsb_all_keys", "--seeds", "0"], "--seeds must be at least 1, received 0"),
        (["--dataset", "jsb_all_keys", "--hidden-dim", "x"], "invalid int value: 'x'"),
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_flags_come_before_the_search_and_the_search_before_the_facts(tmp_path, monkeypatch):
    experiment = PAPER.experiment("vae", "jsb_all_keys")
    monkeypatch.setattr(script, "TRIALS", tmp_path / "none.jsonl")
    values, source = script.settle(experiment, {}, smoke=False)
    assert values == experiment.hyperparameters()
    assert source == "the paper's facts"

    found = type("Trial", (), {"config": experiment.hyperparameters() | {"hidden_dim": 77}})
    monkeypatch.setattr(script.search, "best", lambda path, experiment: found)
    values, source = script.settle(experiment, {"latent_dim": 3}, smoke=False)
    assert (values["hidden_dim"], values["latent_dim"]) == (77, 3)
    assert source == "the best trial on jsb_all_keys, with latent_dim 3"


def test_a_folder_without_midi_is_an_error_in_words(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(Path(script.__file__).parent)
    (tmp_path / "empty").mkdir()
    arguments = ["--dataset", "piano_all_keys", "--manual-dir", str(tmp_path / "empty")]
    assert script.main([*arguments, "--data-dir", str(tmp_path / "data"), "--smoke"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: ")
    assert str(tmp_path / "empty") in message


def test_windows_of_the_mlp_are_steps_and_of_the_lstm_sequences():
    inputs, targets = run.arrays(songs(), "classifying_vae", 1, ["C", "G"])
    assert inputs["x"].shape == inputs["x_prev"].shape == (19 + 20 + 21, 88)
    np.testing.assert_array_equal(inputs["x"][0], songs().rolls[0][1])
    np.testing.assert_array_equal(inputs["x_prev"][0], songs().rolls[0][0])
    np.testing.assert_array_equal(targets["w"].sum(axis=0), [19 + 20, 21])

    inputs, targets = run.arrays(songs(), "vae_lstm", 16, ["C", "G"])
    assert inputs["x"].shape == (4 + 5 + 6, 16, 88)
    assert set(targets) == {"x"}


def test_validation_songs_of_a_class_that_training_lacks_are_left_out():
    inputs, targets = run.arrays(songs(), "classifying_vae", 1, ["C"])
    assert len(inputs["x"]) == len(targets["w"]) == 19 + 20


def test_two_keys_are_two_classes():
    moved = run.in_two_keys({"train": songs()})["train"]
    assert moved.keys == ["C major", "C minor", "C major"]
    assert moved.key_classes == ["C", "Eb", "C"]
    for before, after in zip(songs().rolls, moved.rolls, strict=True):
        assert before.sum() == after.sum()


def test_a_song_that_leaves_the_piano_in_c_is_left_out_of_the_two_keys():
    wide = np.zeros((4, 88), np.uint8)
    wide[:, [0, 87]] = 1
    first, *others = songs().rolls
    given = songs()._replace(rolls=[wide, *others])
    moved = run.in_two_keys({"train": given._replace(keys=["G major", *given.keys[1:]])})["train"]
    assert len(moved.rolls) == len(moved.keys) == len(moved.key_classes) == len(others)
    np.testing.assert_array_equal(moved.rolls[0].sum(), others[0].sum())
    assert len(run.in_two_keys({"train": songs()})["train"].rolls) == len([first, *others])
