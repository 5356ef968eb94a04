"""The command `sweep` and `play.sweep` with small presets of measures, and of longer windows."""

import keras
import numpy as np
import pytest

from keras_music_vae import play, presets
from keras_music_vae.__main__ import main
from keras_music_vae.models import VAE, MeasureVAE, MusAE, MusicVAE
from keras_music_vae.music import midi, reading
from keras_music_vae.music.attributes import measure_attributes
from keras_music_vae.music.representations import Band, Melody, SpelledMelody
from keras_music_vae.music.representations.band import HOLD, sounding
from tests.play_test import band

DIMS = {"note_density": 1, "contour": 2}
VALUES = (-4.0, -2.0, 0.0, 2.0, 4.0)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A folder of untrained presets: of measures, melodies, bands, no order, and piano rolls."""
    folder = tmp_path_factory.mktemp("presets")
    keras.utils.set_random_seed(1)
    sizes = {"latent_dim": 3, "encoder_units": (4,), "decoder_units": (6,)}
    measures = MeasureVAE((77,), encoder_units=8, decoder_units=8, latent_dim=4)
    melodies = MusicVAE((90,), **sizes)
    bands = MusAE(latent_dim=3, units=4, depth=1)
    for model in (measures, melodies, bands):
        for weight in model.trainable_weights:
            weight.assign(keras.random.normal(weight.shape))
    measures.compile("sgd", attribute_dims=DIMS)
    melodies.compile("sgd", attribute_dims={"mood": 0})
    bands.compile("sgd", attribute_dims={"size": 0})
    models = {
        "measures": (measures, SpelledMelody(), None),
        "melodies": (melodies, Melody(), 2),
        "bands": (bands, Band(), 4),
        "unordered": (MusicVAE((90,), **sizes), Melody(), 2),
        "rolls": (VAE(latent_dim=3, hidden_dim=8), None, None),
    }
    for name, (model, representation, bars) in models.items():
        presets.save_preset(model, folder / name, representation=representation, bars=bars)
    return folder


@pytest.fixture(autouse=True)
def _workplace(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", shipped)
    monkeypatch.chdir(tmp_path)
    midi.write(band(), "song.mid", tempo_qpm=70)


def made_by_hand(model, bar, attribute):
    """Tokens (value, tick) of a sweep of one measure of the song."""
    line = model.representation.encode(reading.lines(band(), model.representation))
    x = line[24 * (bar - 1) : 24 * bar, None].astype("int32")
    return model.sweep(x[None], DIMS[attribute], VALUES, 24, 0.0)[0, ..., 0]


def test_a_preset_keeps_which_dimension_is_which_attribute(shipped, tmp_path):
    model = presets.from_preset("measures")
    assert model.preset.attributes == DIMS
    assert "| **Attributes** | note_density z[1], contour z[2] |" in (
        shipped / "measures" / "README.md"
    ).read_text(encoding="utf-8")
    assert "| **Windows** | 1 bar of 24 steps |" in (shipped / "measures" / "README.md").read_text(
        encoding="utf-8"
    )
    # Loaded to be played, it is not compiled; saved again, it knows them still.
    presets.save_preset(model, tmp_path / "again")
    assert presets.from_preset(tmp_path / "again").preset.attributes == DIMS
    assert presets.from_preset("unordered").preset.attributes is None


def test_a_loaded_preset_is_swept_by_the_name_of_an_attribute():
    model = presets.from_preset("measures")
    x = np.arange(24, dtype="int32")[None, :, None]
    found, expected = (model.sweep(x, dim, VALUES) for dim in ("contour", DIMS["contour"]))
    np.testing.assert_array_equal(found, expected)


def test_no_note_of_an_alternative_sounds_into_the_next():
    model = presets.from_preset("measures")
    names = model.representation.names
    held = [names.index("__")] * 23
    windows = np.array([[names.index(first), *held] for first in ("C5", "__", "E5")])
    notes = play.alternatives(windows[..., None], model.representation).notes
    quarter = 12
    assert notes["pitch"].tolist() == [72, 76]
    assert notes["start"].tolist() == [0, 8 * quarter]
    assert notes["end"].tolist() == [4 * quarter, 12 * quarter]


@pytest.mark.parametrize("bar", [None, 5])
def test_a_measure_is_made_anew_for_each_value(bar):
    model = presets.from_preset("measures")
    swept = play.sweep(model, band(), "contour", VALUES, bar)
    made = made_by_hand(model, bar or 1, "contour")
    expected = play.alternatives(made[..., None], model.representation)
    np.testing.assert_array_equal(swept.score.notes, expected.notes)
    attributes = measure_attributes(model.representation.onsets(made))
    np.testing.assert_array_equal(swept.found, attributes["contour"])


@pytest.mark.parametrize(
    ("name", "attribute", "own", "least"),
    [("measures", "contour", 0.0, 0.0), ("melodies", "mood", 1.0, 0.01), ("bands", "size", 0, 0)],
)
def test_sweeps_are_of_the_likeliest_whatever_the_model_s_own_temperature(
    name, attribute, own, least
):
    model = presets.from_preset(name)
    found = play.sweep(model, band(), attribute, (-1.0, 1.0), bar=2).score
    asked = play.sweep(model, band(), attribute, (-1.0, 1.0), 2, least).score
    np.testing.assert_array_equal(found.notes, asked.notes)
    found = play.reconstruct(model, band(), seed=3).made
    np.testing.assert_array_equal(found, play.reconstruct(model, band(), own, 3).made)


def test_a_window_of_a_band_says_at_first_what_sounds_at_its_bar(monkeypatch):
    model = presets.from_preset("bands")
    tokens = model.representation.encode(reading.lines(band(), model.representation))
    assert (tokens[64] == HOLD).any()
    seen, sweep = [], model.sweep
    monkeypatch.setattr(model, "sweep", lambda x, *how: seen.append(x) or sweep(x, *how))
    swept = play.sweep(model, band(), "size", (-1.0, 1.0), bar=5)
    ((window,),) = seen
    np.testing.assert_array_equal(window[0], sounding(tokens)[64])
    np.testing.assert_array_equal(window[1:], tokens[65:128])
    assert swept.score.notes["end"].max(initial=0) <= 2 * 64


def test_windows_of_sixteenths_are_swept_too_without_a_measure_of_the_attribute():
    model = presets.from_preset("melodies")
    swept = play.sweep(model, band(), "mood", (-1.0, 1.0))
    assert swept.found is None
    assert swept.score.notes["end"].max(initial=0) <= 2 * 32


def test_the_command_writes_all_attributes_and_a_picture(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert main(["sweep", "song.mid", "--preset", "measures", "--out", "swept"]) == 0
    assert {path.name for path in (tmp_path / "swept").iterdir()} == {
        "note_density.mid", "contour.mid", "sweep.png",
    }  # fmt: skip
    output = capsys.readouterr()
    density, _, picture = output.out.splitlines()
    assert picture == "swept/sweep.png"
    model = presets.from_preset("measures")
    made = made_by_hand(model, 1, "note_density")
    found = measure_attributes(model.representation.onsets(made))["note_density"]
    assert density == "swept/note_density.mid: " + " ".join(f"{each:.2f}" for each in found)
    written = midi.read("swept/note_density.mid")
    scale = written.ticks_per_quarter // 12
    expected = play.alternatives(made[..., None], model.representation).notes
    np.testing.assert_array_equal(written.notes["start"], expected["start"] * scale)
    np.testing.assert_array_equal(written.notes["pitch"], expected["pitch"])
    assert written.tempos["tempo_qpm"] == pytest.approx([70], rel=1e-6)


def test_the_command_takes_attributes_values_and_a_bar(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arguments = ["sweep", "song.mid", "--preset", "measures", "--attribute", "contour"]
    arguments += ["--values", "-1", "0.5", "--bar", "9", "--out", "swept"]
    assert main(arguments) == 0
    assert {path.name for path in (tmp_path / "swept").iterdir()} == {"contour.mid", "sweep.png"}
    assert len(capsys.readouterr().out.splitlines()[0].split()) == 3


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--preset", "unordered"], "unordered has codes in no order"),
        (
            ["--preset", "rolls"],
            "rolls has a code for each step, not for a window. Choose a preset of MeasureVAE",
        ),
        (
            ["--preset", "measures", "--attribute", "pitch_range"],
            "were ordered: note_density, contour. Received: pitch_range",
        ),
        (["--preset", "measures", "--bar", "10"], "Expected a bar from 1 to 9"),
        (["--preset", "melodies", "--bar", "9"], "Expected a bar from 1 to 8"),
        (["--preset", "melodies", "--temperature", "0"], "a --temperature of 0.01 or more"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments, told, tmp_path, capsys):
    assert main(["sweep", "song.mid", *arguments, "--out", "swept"]) == 1
    output = capsys.readouterr()
    assert told in output.err
    assert output.err.count("\n") == 1
    assert not (tmp_path / "swept").exists()


def test_measures_can_be_sampled_and_reconstructed(capsys):
    assert main(["sample", "--preset", "measures", "--out", "a.mid"]) == 0
    assert "a.mid: 1 bar, 2 s at 120 quarters a minute" in capsys.readouterr().out
    assert main(["reconstruct", "song.mid", "--preset", "measures", "--out", "b.mid"]) == 0
    assert "b.mid: 9 bars in windows of 1; read from Lead; " in capsys.readouterr().out
    arguments = ["interpolate", "song.mid", "song.mid", "--preset", "measures", "--steps", "3"]
    assert main([*arguments, "--out", "c.mid"]) == 0
    assert capsys.readouterr().out == "c.mid: 3 windows, 3 bars\n"


def test_a_model_of_measures_makes_one_at_a_time(capsys):
    assert main(["sample", "--preset", "measures", "--bars", "2", "--out", "a.mid"]) == 1
    assert "makes pieces of 1 bars. Received: 2 bars" in capsys.readouterr().err
    model = presets.from_preset("measures")
    del model.preset
    assert play.window_bars(model) == 1
