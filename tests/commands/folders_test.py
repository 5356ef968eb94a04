"""Checkpoints of Magenta as presets, and what is done with these."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_music_vae import presets
from keras_music_vae.__main__ import main
from keras_music_vae.checkpoints import magenta
from keras_music_vae.commands.folders import magenta_representation
from keras_music_vae.models import MusicVAE
from keras_music_vae.music.representations import (
    Drums,
    Groove,
    Melody,
    Performance,
    Trio,
    steps_per_bar,
)
from keras_music_vae.papers.magenta import MAGENTA

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="SavedModels are written by TensorFlow"
)
SIZES = {"latent_dim": 3, "encoder_units": (4,), "decoder_units": (6, 4)}
CONFIG = "cat-mel_2bar_small"


@pytest.fixture(autouse=True)
def _workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def checkpoint(monkeypatch, tmp_path):
    """A checkpoint of TensorFlow 1 of a small model, with the sizes that the command takes."""
    tf = pytest.importorskip("tensorflow")
    settings = MAGENTA[CONFIG].model | SIZES
    monkeypatch.setitem(MAGENTA, CONFIG, dataclasses.replace(MAGENTA[CONFIG], model=settings))
    model = MusicVAE(**settings)
    random = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(0.5 * random.normal(size=weight.shape))
    arrays = magenta.variables(model)
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "model.ckpt"),
        tensor_names=list(arrays),
        shape_and_slices=[""] * len(arrays),
        tensors=[tf.constant(array) for array in arrays.values()],
    )
    return model


def imported(*more):
    return main(["import-magenta", "model.ckpt", "--config", CONFIG, "--out", "melodies", *more])


def test_a_checkpoint_becomes_a_preset_that_the_other_commands_take(checkpoint, capsys):
    assert imported() == 0
    output = capsys.readouterr()
    count = sum(int(np.prod(weight.shape)) for weight in checkpoint.trainable_weights)
    told = f"melodies: a preset of {count:,} parameters, for --preset melodies\n"
    assert (output.out, output.err) == (told, "")
    model = presets.from_preset("melodies")
    assert (model.representation, model.preset.bars) == (Melody(last_program=31), 2)
    for received, expected in zip(model.weights, checkpoint.weights, strict=True):
        np.testing.assert_allclose(received, expected, atol=1e-6)
    assert main(["sample", "--preset", "melodies", "--out", "a.mid"]) == 0
    assert main(["reconstruct", "a.mid", "--preset", "melodies", "--out", "b.mid"]) == 0
    assert main(["interpolate", *["a.mid"] * 2, "--preset", "melodies", "--out", "c.mid"]) == 0
    card = (model.preset.folder / presets.CARD).read_text()
    assert "| **Weights** | Magenta's checkpoint model.ckpt |" in card


def test_an_imported_model_learns_with_a_fresh_optimizer(checkpoint):
    assert imported() == 0
    model = presets.from_preset("melodies")
    x = np.random.default_rng(1).integers(0, 90, (8, 32, 1))
    model.compile(keras.optimizers.Adam(0.01), kl_weight=0.2, sampling_probability=0.1)
    losses = model.fit({"x": x}, {"x": x}, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    presets.save_preset(model, "tuned")
    tuned = presets.from_preset("tuned")
    assert (tuned.representation, tuned.preset.bars) == (Melody(last_program=31), 2)
    np.testing.assert_array_equal(tuned.get_weights()[1], model.get_weights()[1])


@pytest.mark.slow
@tensorflow_only
def test_an_imported_model_is_exported(checkpoint):
    import tensorflow as tf

    assert imported() == 0
    assert main(["export", "--preset", "melodies", "--out", "saved_model"]) == 0
    configuration = json.loads(Path("saved_model", "configuration.json").read_text())
    assert (configuration["bars"], configuration["representation"]["class"]) == (2, "Melody")
    loaded = tf.saved_model.load("saved_model")
    how = {"count": tf.constant(1), "length": tf.constant(32)}
    how |= {"temperature": tf.constant(1.0), "seed": tf.constant(3)}
    made = loaded.sample(how)["tokens"]
    np.testing.assert_array_equal(made, presets.from_preset("melodies").sample(1, 32, seed=3))


def test_another_configuration_is_told_in_one_line(checkpoint, tmp_path, capsys):
    arguments = ["import-magenta", "model.ckpt", "--config", "cat-mel_2bar_med_chords"]
    assert main([*arguments, "--out", "other"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("keras-music-vae: model.ckpt: The variables are not those of this model")
    assert "differ, such as encoder/" in told
    assert told.count("\n") == 1
    assert not (tmp_path / "other").exists()


def test_events_of_instruments_are_imported_and_played(monkeypatch, capsys, tmp_path):
    config = "hier-multiperf_vel_1bar_med"
    sizes = SIZES | {"encoder_units": (4, 4), "conductor_units": (4,)}
    model = MusicVAE(**MAGENTA[config].model | sizes)
    monkeypatch.setattr(magenta, "load", lambda path, name: model)
    assert main(["import-magenta", "any", "--config", config, "--out", "events"]) == 0
    again = presets.from_preset("events")
    assert (again.representation, again.preset.window_bars) == (Performance(), 1)
    assert "1 bar of 512 steps |" in (tmp_path / "events" / presets.CARD).read_text()
    assert main(["sample", "--preset", "events", "--out", "new.mid"]) == 0
    assert "new.mid: 1 bar, 2 s at 120" in capsys.readouterr().out


def test_that_a_model_needs_chords_is_told(monkeypatch, capsys):
    config = "cat-mel_2bar_med_chords"
    chords = MusicVAE(**MAGENTA[config].model | SIZES)
    monkeypatch.setattr(magenta, "load", lambda path, name: chords)
    assert main(["import-magenta", "any", "--config", config, "--out", "chords"]) == 0
    assert "It plays to chords: give the commands --chords C Am\n" in capsys.readouterr().out
    assert main(["sample", "--preset", "chords", "--chords", "C", "G7", "--out", "new.mid"]) == 0


def test_that_a_model_needs_hits_is_told(monkeypatch, capsys):
    config = "groovae_2bar_hits_control_tfds"
    hits = MusicVAE(**MAGENTA[config].model | SIZES)
    monkeypatch.setattr(magenta, "load", lambda path, name: hits)
    assert main(["import-magenta", "any", "--config", config, "--out", "hits"]) == 0
    told = "It plays hits that it is told: give sample, interpolate and extend --hits DRUMS.mid\n"
    assert told in capsys.readouterr().out


def test_what_is_no_checkpoint_is_told(capsys):
    assert imported() == 1
    assert "Expected a checkpoint of TensorFlow 1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["import-magenta", "model.ckpt", "--config", "cat-mel_3bar", "--out", "a"])
    assert "invalid choice: 'cat-mel_3bar'" in capsys.readouterr().err


def test_a_groove_is_imported_with_what_its_encoder_is_told(monkeypatch):
    config = "groovae_2bar_tap_fixed_velocity"
    groove = MusicVAE(**MAGENTA[config].model | SIZES)
    monkeypatch.setattr(magenta, "load", lambda path, name: groove)
    assert main(["import-magenta", "any", "--config", config, "--out", "grooves"]) == 0
    assert presets.from_preset("grooves").representation == Groove("2019", "taps")


def test_every_configuration_has_its_representation_and_its_bars():
    found = {}
    for name, configuration in MAGENTA.items():
        known = magenta_representation(name, configuration.model["num_classes"])
        found[name] = known, configuration.training["seq_length"] // steps_per_bar(known)
    assert found["cat-mel_2bar_big"] == (Melody(last_program=31), 2)
    assert found["hierdec-mel_16bar"] == (Melody(), 16)
    assert found["cat-drums_2bar_small"] == (Drums("2017"), 2)
    assert found["nade-drums_2bar_reduced"] == (Drums("2017"), 2)
    assert found["nade-drums_2bar_full"] == (Drums("pitches"), 2)
    assert found["hier-trio_16bar"] == (Trio(drum_map="2017"), 16)
    assert found["groovae_4bar"] == (Groove(), 4)
    assert found["groovae_2bar_humanize"] == (Groove(source="hits"), 2)
    assert found["hier-multiperf_vel_1bar_med"] == (Performance(), 1)
    assert {bars for _, bars in found.values()} == {1, 2, 4, 16}


def test_a_preset_says_bars_and_representation(tmp_path):
    model = MusicVAE((90,), **SIZES)
    presets.save_preset(model, "small", bars=2)
    fields = json.loads((tmp_path / "small" / presets.CONFIGURATION).read_text())
    assert (fields["bars"], fields["representation"]["class"]) == (2, "Melody")
