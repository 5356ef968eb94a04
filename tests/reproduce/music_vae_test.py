"""The script: its help, its settings, its errors; what it trains on and leaves."""

import json
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae import reproduction
from keras_music_vae.music import midi
from keras_music_vae.music.representations import Melody, Trio
from keras_music_vae.papers import PAPERS
from reproduce import music_vae as script
from reproduce import music_vae_products as products
from reproduce import music_vae_run as run

PAPER = PAPERS["music_vae"]


def music(representation=Melody(), steps=32, count=30):  # noqa: B008
    shape = (count, steps) if isinstance(representation, Melody) else (count, steps, 3)
    windows = np.random.default_rng(0).integers(0, 40, shape).astype(np.uint8)
    return run.Music(representation, dict.fromkeys(("train", "validation", "test"), windows))


def small(experiment, **others):
    return script.settle(experiment, {"updates": 4, "epochs": 2, **others}, smoke=True)


def test_help_shows_every_hyperparameter_with_its_origin(capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in PAPER.experiment("small_flat_vae", "lakh_drums_2bar").hyperparameters():
        assert f"--{name.replace('_', '-')}" in text
    assert "2048 2048 2048 (workshop melody_2bar, magenta melody_2bar)" in text
    assert "paper: Appendix, Training Details: 48 or 256 free bits" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "jsb"], "invalid choice: 'jsb'"),
        (["--dataset", "lakh_drums_2bar", "--seeds", "0"], "--seeds must be at least 1"),
        (
            ["--dataset", "lakh_drums_2bar", "--model", "hierarchical_vae"],
            "lakh_drums_2bar has no hierarchical_vae; choose one of flat_baseline, flat_vae",
        ),
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_flags_come_before_the_facts():
    options = script.parse(
        ["--dataset", "lakh_melody_16bar", "--decoder-units", "8", "9", "--updates", "7"]
    )
    assert [m for m in options.models if "flat" in m] == options.models[:3]
    experiment = PAPER.experiment("small_hierarchical_vae", "lakh_melody_16bar")
    values = script.settle(experiment, options.given, smoke=False)
    assert values["decoder_units"] == (8, 9)
    assert values["updates"] == 7
    assert values["conductor_units"] == experiment.hyperparameters()["conductor_units"]


def test_a_smoke_run_keeps_what_tells_the_arms_apart():
    arms = [PAPER.experiment(f"small_flat_{arm}", "lakh_drums_2bar") for arm in script.ARMS]
    values = [script.settle(arm, {}, smoke=True) for arm in arms]
    assert [v["latent_dim"] for v in values] == [0, 4, 4]
    assert [v["sampling_rate"] > 0 for v in values] == [False, False, True]
    assert [v["subsequences"] for v in values] == [None] * 3


@pytest.mark.parametrize("arm", list(script.ARMS))
def test_training_makes_the_updates_and_keeps_the_last_weights(arm):
    experiment = PAPER.experiment(f"small_flat_{arm}", "lakh_melody_2bar")
    values = small(experiment)
    result = run.train_model(experiment, values, music(), seed=0, verbose=0)
    assert int(result.model.updates.value) == 4
    assert result.best_epoch is None
    metrics = run.measure_model(result, values, music(), 0)
    assert {"next_accuracy", "reconstruction_accuracy", "event_accuracy"} <= metrics.keys()
    assert metrics["test_windows"] == 20


def test_windows_are_taken_evenly_and_with_an_axis_of_parts():
    some = music().some("test", 4)
    assert some.shape == (4, 32, 1)
    np.testing.assert_array_equal(some[[0, -1], :, 0], music().windows["test"][[0, -1]])
    assert len(music().some("test", 1000)) == 30
    assert music(Trio()).some("test", 4).shape == (4, 32, 3)
    assert music(Trio()).parts == ("lead", "bass", "drums")


def test_products_can_be_played_and_loaded(tmp_path):
    experiment = PAPER.experiment("small_flat_vae", "lakh_melody_2bar")
    values = small(experiment)
    result = run.train_model(experiment, values, music(), seed=0, verbose=0)
    line = reproduction.finished_run(
        experiment, 0, run.measure_model(result, values, music(), 0), values, "here", 1.0
    )
    flags = "--dataset lakh_melody_2bar --profile small --model flat_vae --seed 0"
    flags += " --encoder-units 8 9 --no-split-parts"
    options = script.parse([*flags.split(), "--workdir", str(tmp_path)])
    curves = {"small_flat_vae": run.interpolate(result.model, music())}
    listed = products.write(options, music(), [line], {"small_flat_vae": result.model}, curves)
    written = dict(listed)
    card = (written["preset"] / "README.md").read_text()
    assert "reconstruction accuracy | 0.951" in card
    assert f"`python reproduce/music_vae.py {flags}`" in card
    config = json.loads((written["preset"] / "preset.json").read_text())
    assert config["representation"]["class"] == "Melody"
    names = {path.stem for path in Path(written["MIDI"]).glob("*.mid")}
    assert {"original_0", "reconstructed_0", "interpolation_0"} <= names
    assert len(midi.read(written["MIDI"] / "original_0.mid").notes)
    figures = {path.name: path for _, path in listed if path.suffix == ".png"}
    assert figures.keys() == {
        "samples.png",
        "reconstructions.png",
        "interpolation.png",
        *(f"interpolation_{number}.png" for number in range(3)),
    }
    for path in figures.values():
        assert path.read_bytes().startswith(b"\x89PNG")


def test_ways_lead_from_the_first_half_of_the_test_windows_to_the_second(monkeypatch):
    class Model:
        latent_dim = 2

    monkeypatch.setattr(run.interpolation, "measure", lambda model, *ends: ends)
    ends = run.interpolate(Model(), music())
    np.testing.assert_array_equal(ends, music().some("test", 30).reshape(2, 15, 32, 1))
    Model.latent_dim = 0
    assert run.interpolate(Model(), music()) is None
