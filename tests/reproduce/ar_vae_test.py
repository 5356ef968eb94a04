"""The script: its help, its settings, its errors; what it trains on, measures and leaves."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from keras_music_vae import presets, reproduction
from keras_music_vae.music import midi
from keras_music_vae.music.attributes import ATTRIBUTES, measure_attributes
from keras_music_vae.music.representations import SpelledMelody
from keras_music_vae.papers import PAPERS
from reproduce import ar_vae as script
from reproduce import ar_vae_products as products
from reproduce import ar_vae_run as run

PAPER = PAPERS["ar_vae"]
DATASET = "bach_published_by_order"


def measures(count, seed=0):
    """Measures of up to twelve notes of any spelling."""
    representation = SpelledMelody("published")
    random = np.random.default_rng(seed)
    tokens = random.integers(0, representation.num_classes, (count, 24))
    hold = representation.names.index("__")
    tokens = np.where(random.random(tokens.shape) < 0.7, hold, tokens).astype("uint8")
    found = measure_attributes(representation.onsets(tokens))
    return run.Measures(tokens, np.stack([found[name] for name in ATTRIBUTES], axis=1))


@pytest.fixture(scope="module")
def music():
    splits = {split: measures(70, number) for number, split in enumerate(run.SPLITS)}
    return run.Music(SpelledMelody("published"), splits)


def small(model="ar_vae", **others):
    return script.settle(PAPER.experiment(model, DATASET), {"epochs": 1, **others}, smoke=True)


@pytest.fixture(scope="module")
def trained(music):
    """A model that was trained for an epoch, and what is measured of it."""
    values = small()
    experiment = PAPER.experiment("ar_vae", DATASET)
    result = run.train_model(experiment, values, music, seed=0, verbose=0)
    return result, run.measure_model(result, values, music, 0)


def test_help_shows_every_hyperparameter_with_its_origin(capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in PAPER.experiment("ar_vae", DATASET).hyperparameters():
        assert f"--{name.replace('_', '-')}" in text
    assert "none (beta_vae, s_vae_base)" in text
    assert "512 (s_vae_rhy, s_vae_pr, s_vae_rhy_pr, s_vae_base)" in text
    assert "released code: train_measure_vae.py, delta" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "jsb"], "invalid choice: 'jsb'"),
        (["--dataset", DATASET, "--seeds", "0"], "--seeds must be at least 1"),
        (
            ["--dataset", DATASET, "--attributes", "contour", "loudness"],
            "--attributes may be rhythmic_complexity, pitch_range, note_density, contour, "
            "received loudness",
        ),
        (
            ["--dataset", DATASET, "--model", "beta_vae", "--attributes", "contour"],
            "--model beta_vae is the one that no --attributes order",
        ),
        (
            ["--dataset", "bach_published", "--model", "beta_vae_60_epochs"],
            f"--model beta_vae_60_epochs is of --dataset {DATASET} alone",
        ),
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_flags_come_before_the_facts():
    options = script.parse(["--dataset", DATASET, "--attributes", "contour", "--epochs", "7"])
    assert options.models == ["ar_vae", "beta_vae"]
    assert options.workdir == Path("runs", "ar_vae", DATASET)
    values = script.settle(PAPER.experiment("ar_vae", DATASET), options.given, smoke=False)
    assert values["attributes"] == ("contour",)
    assert values["epochs"] == 7
    assert values["latent_dim"] == 32
    values = script.settle(PAPER.experiment("beta_vae", DATASET), options.given, smoke=False)
    assert (values["attributes"], values["epochs"]) == ((), 7)
    none = script.parse(["--dataset", DATASET, "--model", "s_vae_rhy", "--attributes"])
    experiment = PAPER.experiment("s_vae_rhy", DATASET)
    assert script.settle(experiment, none.given, smoke=False)["attributes"] == ()


def test_the_authors_split_is_measured_on_its_last_twentieth(music):
    values = {"test_share": 0.05, "test_batch": 4}
    test = music.test(values)
    # 210 measures, of which the last 11 make two whole batches of 4.
    np.testing.assert_array_equal(test.tokens, music.splits["test"].tokens[-11:-3])
    assert len(music.test(values | {"test_batch": 256}).tokens) == 11
    by_piece = music.test({"test_share": None, "test_batch": 32})
    np.testing.assert_array_equal(by_piece.tokens, music.splits["test"].tokens[:64])


@pytest.mark.parametrize(("total", "last"), [(108_091, 5405), (57_059, 2853), (56_774, 2839)])
def test_the_last_twentieth_is_as_long_as_the_authors(total, last):
    counts = total * 7 // 10, total * 9 // 10 - total * 7 // 10, total - total * 9 // 10
    splits = {
        split: run.Measures(np.zeros((count, 1), "uint8"), np.zeros((count, 4), "float32"))
        for split, count in zip(run.SPLITS, counts, strict=True)
    }
    music = run.Music(SpelledMelody(), splits)
    assert len(music.test({"test_share": 0.05, "test_batch": 1}).tokens) == last


def test_examples_bring_the_attributes_that_order_the_codes(music):
    own = music.splits["train"]
    inputs, targets = run.examples(own, ("contour", "rhythmic_complexity"))
    np.testing.assert_array_equal(inputs["attributes"], own.attributes[:, [3, 0]])
    np.testing.assert_array_equal(targets["x"][..., 0], own.tokens)
    assert inputs["attributes"].dtype == np.float32
    assert run.examples(own, ())[0].keys() == {"x"}


def test_attributes_of_what_is_decoded_are_those_of_the_data(music):
    test = music.splits["test"]
    found = music.attributes_of(test.windows)
    for number, name in enumerate(ATTRIBUTES):
        np.testing.assert_array_equal(found[name], test.attributes[:, number])


def test_training_makes_the_updates_of_whole_batches(trained, music):
    result, metrics = trained
    assert int(result.model.updates.value) == 70 // 32
    assert result.best_epoch is None
    assert {"loss", "val_loss", "attribute_contour", "reconstruction"} <= result.history.keys()
    assert metrics.keys() >= PAPER.metrics.keys()
    assert metrics["updates"] == 2
    assert metrics["test_measures"] == 11
    assert 0 <= metrics["reconstruction_accuracy"] <= 100


def test_models_are_compiled_as_the_facts_say(music):
    orders = {
        name: run.make_model(small(name), music.representation).attribute_order
        for name in ("ar_vae", "beta_vae", "s_vae_pr")
    }
    assert orders["ar_vae"].dims == {name: dim for dim, name in enumerate(ATTRIBUTES)}
    assert (orders["ar_vae"].weight, orders["ar_vae"].delta) == (1.0, 10.0)
    assert orders["beta_vae"].dims == {}
    assert orders["s_vae_pr"].dims == {"pitch_range": 0}


def test_sweeps_are_of_what_the_model_orders_and_else_of_what_tells_the_most(music):
    told = {f"dimension_{name}": dim for dim, name in enumerate(ATTRIBUTES, 4)}
    model = run.make_model(small(attributes=("contour", "pitch_range")), music.representation)
    assert run.turned_dimensions(model, told) == {
        "rhythmic_complexity": 4, "pitch_range": 1, "note_density": 6, "contour": 0,
    }  # fmt: skip


def test_products_can_be_played_and_loaded(trained, music, tmp_path):
    result, metrics = trained
    experiment, values = PAPER.experiment("ar_vae", DATASET), small()
    line = reproduction.finished_run(experiment, 0, metrics, values, "here", 1.0)
    flags = f"--dataset {DATASET} --model ar_vae --seed 0 --attributes contour pitch_range"
    options = script.parse([*flags.split(), "--workdir", str(tmp_path)])
    listed = products.write(
        options,
        music,
        [line],
        {"ar_vae": result.model},
        {"ar_vae": result.history},
        {experiment.name: values},
    )
    written = dict(listed)
    card = (written["preset"] / "README.md").read_text()
    assert "interpretability | 0.960" in card
    assert f"`python reproduce/ar_vae.py {flags}`" in card
    config = json.loads((written["preset"] / "preset.json").read_text())
    assert config["representation"] == {
        "class": "SpelledMelody",
        "config": {"profile": "published"},
    }
    assert presets.from_preset(written["preset"]).preset.window_bars == 1
    swept = written["sweeps to play"]
    names = {path.stem for path in swept.glob("*.mid")}
    assert {f"original_{number}" for number in range(3)} <= names
    assert names - {f"sweep_{n}_{name}" for n in range(3) for name in ATTRIBUTES} == {
        f"original_{number}" for number in range(3)
    }
    for path in swept.glob("*.mid"):
        assert len(midi.read(path).notes)
    assert f"sweep {swept / 'original_0.mid'}" in products.next_commands(listed)
    figures = {path.name: path for _, path in listed if path.suffix == ".png"}
    assert figures.keys() == {
        "attributes.png", "training.png", *(f"sweep_{number}.png" for number in range(3)),
    }  # fmt: skip
    for path in figures.values():
        assert path.read_bytes().startswith(b"\x89PNG")


def test_a_sweep_moves_the_dimension_of_each_attribute_alone(trained, music):
    class Moved:
        def sweep(self, codes, dim, values, length):
            assert (codes.shape, length) == ((1, 8), 24)
            self.seen = [*getattr(self, "seen", []), dim]
            return np.full((1, len(values), length, 1), 5, "int32")

    model, dimensions = Moved(), dict(zip(ATTRIBUTES, (3, 1, 0, 2), strict=True))
    found = products.sweep(model, music, np.zeros(8), dimensions, (-1.0, 1.0))
    assert model.seen == [3, 1, 0, 2]
    for name, (score, attribute) in found.items():
        assert score.notes["start"].max() < 2 * 4 * score.ticks_per_quarter
        expected = measure_attributes(music.representation.onsets(np.full((2, 24), 5)))[name]
        np.testing.assert_array_equal(attribute, expected)
