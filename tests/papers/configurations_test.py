"""Every named configuration makes a model and its training; the paper's four are as it states."""

import math

import pytest

from keras_music_vae.models import MusicVAE
from keras_music_vae.music.representations import Groove
from keras_music_vae.papers import CONFIGURATIONS
from keras_music_vae.schedules import compile_arguments


def smaller(model):
    """The same model with layers of a few units."""
    units = ("encoder_units", "decoder_units", "conductor_units")
    return model | {"latent_dim": 2} | {key: (3,) * len(model[key] or ()) or None for key in units}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_makes_a_model_and_its_training(name):
    configuration = CONFIGURATIONS[name]
    settings = smaller(configuration.model)
    model = MusicVAE(**settings)
    # The conductor's layers are the decoder's where they are not given.
    settings["conductor_units"] = settings["conductor_units"] or settings["decoder_units"]
    assert {key: getattr(model, key) for key in settings} == settings
    model.compile(**compile_arguments(configuration.training))
    assert float(model.kl_weight(10**7)) == pytest.approx(configuration.training["kl_weight"])


def test_the_papers_four_are_as_it_states():
    stated = {
        "workshop-drums_2bar": ((512,), 256, 32, 48, 0.2, 100_000),
        "workshop-mel_2bar": ((130,), 256, 32, 48, 0.2, 100_000),
        "workshop-mel_32bar": ((130,), 512, 512, 256, 1.0, 150_000),
        "workshop-trio_16bar": ((130, 130, 512), 512, 256, 256, 0.2, 50_000),
    }
    for name, (classes, latent_dim, steps, bits, weight, updates) in stated.items():
        model, training = CONFIGURATIONS[name].model, CONFIGURATIONS[name].training
        assert (model["num_classes"], model["latent_dim"]) == (classes, latent_dim)
        assert model["free_nats"] == pytest.approx(bits * math.log(2))
        assert (training["seq_length"], training["updates"]) == (steps, updates)
        assert (training["kl_weight"], training["batch_size"]) == (weight, 512)
        assert (training["sampling_schedule"], training["sampling_rate"]) == (
            "inverse_sigmoid",
            1000.0,
        )


def test_instruments_end_and_what_differs_is_said():
    ended = {name for name, c in CONFIGURATIONS.items() if c.model.get("end_token")}
    assert ended == {name for name in CONFIGURATIONS if name.startswith("hier-multiperf")}
    for name in ended:
        assert CONFIGURATIONS[name].model["end_token"] == 489
        assert "MultiInstrumentPerformanceConverter: events, programs" in str(CONFIGURATIONS[name])
        assert "begins less than half a step before a bar line" in str(CONFIGURATIONS[name])


def test_grooves_are_trained_with_dropout_and_say_where_it_is_from():
    dropping = {name: c for name, c in CONFIGURATIONS.items() if c.model.get("dropout")}
    assert list(dropping) == [name for name in CONFIGURATIONS if name.startswith("groovae")]
    for name, configuration in dropping.items():
        assert configuration.model["dropout"] == pytest.approx(1 - 0.3)
        assert f"{name}: dropout_keep_prob" in str(configuration)
        assert ("max_note_dropout" in str(configuration)) == name.endswith("note_dropout")


def test_grooves_say_what_their_encoder_is_told():
    source = {name: c.training["source"] for name, c in CONFIGURATIONS.items() if "groo" in name}
    assert source == {
        "groovae_4bar": "groove",
        "groovae_2bar_humanize": "hits",
        "groovae_2bar_tap_fixed_velocity": "taps",
        "groovae_2bar_tap_fixed_velocity_note_dropout": "taps",
        "groovae_2bar_add_closed_hh": "no_closed_hi_hat",
        "groovae_2bar_hits_control_tfds": "groove",
    }
    for name in source:
        configuration = CONFIGURATIONS[name]
        Groove(configuration.training["drum_map"], source[name])  # a known map and source
        assert "GrooveConverter, pitch_classes" in str(configuration)
    assert "GrooveConverter, humanize" in str(CONFIGURATIONS["groovae_2bar_humanize"])
    assert "source" not in CONFIGURATIONS["cat-drums_2bar_small"].hyperparameters()
