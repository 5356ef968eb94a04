"""The commands with presets of models of windows, in this process."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_music_vae import play, presets
from keras_music_vae.__main__ import main
from keras_music_vae.models import VAE, MusAE, MusicVAE
from keras_music_vae.music import midi
from keras_music_vae.music.representations import (
    Band,
    Drums,
    Groove,
    Melody,
    Performance,
    Trio,
    tokens_of,
)
from tests.play_test import BAND, ENSEMBLE, SIZES, TRIO, band

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="SavedModels are written by TensorFlow"
)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A folder of presets: untrained models, and one of piano rolls."""
    folder = tmp_path_factory.mktemp("presets")
    keras.utils.set_random_seed(1)
    models = {
        "melody": (MusicVAE((90,), **SIZES), Melody(), None),
        "drums": (MusicVAE((512,), **SIZES, encoder_input="drum_roll"), Drums(), 1),
        "trio": (MusicVAE(**SIZES | TRIO), Trio(), 4),
        "alone": (MusicVAE((90,), **SIZES | {"latent_dim": 0}), Melody(), None),
        "chords": (MusicVAE((90,), **SIZES, control_dim=49), Melody(), None),
        "told": (MusicVAE((90,), **SIZES, control_dim=2), Melody(), None),
        "hits": (MusicVAE((2,) * 9, **SIZES, head="groove", control_dim=9), Groove(), None),
        "ensemble": (MusicVAE(**ENSEMBLE), Performance(), 1),
        "groove": (MusicVAE((2,) * 9, **SIZES, head="groove"), Groove(source="taps"), None),
        "eight": (MusicVAE((2,) * 8, **SIZES, head="groove"), None, None),
        "bands": (MusAE(**BAND, genre_order=(2, 0, 1)), Band(), 4),
        "normal": (MusAE(**BAND | {"genres": ()}), Band(), 4),
        "rolls": (VAE(latent_dim=3, hidden_dim=8), None, None),
    }
    for name in ("bands", "normal"):  # or all notes would be one
        for weight in models[name][0].trainable_weights:
            weight.assign(0.5 * keras.random.normal(weight.shape))
    for name, (model, representation, bars) in models.items():
        presets.save_preset(
            model, folder / name, representation=representation, bars=bars, tempo_qpm=90
        )
    return folder


@pytest.fixture(autouse=True)
def _workplace(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", shipped)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def song(tmp_path):
    midi.write(band(), "song.mid", tempo_qpm=70)
    midi.write(band(lead=1), "other.mid", tempo_qpm=80)
    return midi.read("song.mid")


def assert_same_notes(path, score):
    """Files have finer ticks than scores of steps."""
    written = midi.read(path)
    scale = written.ticks_per_quarter // score.ticks_per_quarter
    notes = score.notes.copy()
    notes["start"] *= scale
    notes["end"] *= scale
    for field in ("start", "end", "pitch", "velocity", "is_drum"):
        np.testing.assert_array_equal(np.sort(written.notes[field]), np.sort(notes[field]))


@pytest.mark.parametrize(
    ("preset", "told"),
    [
        ("melody", "2 bars, 5 s"),
        ("drums", "1 bar, 3 s"),
        ("trio", "4 bars, 11 s"),
        ("bands", "4 bars, 11 s"),
        ("groove", "2 bars, 5 s"),
    ],
)
def test_sample_writes_what_the_model_samples(preset, told, capsys):
    arguments = ["sample", "--preset", preset, "--seed", "3", "--temperature", "0.9"]
    assert main([*arguments, "--out", "a.mid"]) == 0
    output = capsys.readouterr()
    assert (output.out, output.err) == (f"a.mid: {told} at 90 quarters a minute\n", "")
    model = presets.from_preset(preset)
    window = model.sample(1, 16 * int(told[0]), 0.9, 3)[0]
    expected = model.representation.decode(tokens_of(window, model.representation))
    assert_same_notes("a.mid", expected)
    assert midi.read("a.mid").tempos["tempo_qpm"] == pytest.approx([90], rel=1e-6)


def test_without_a_temperature_bands_are_of_their_likeliest_tokens():
    arguments = ["sample", "--preset", "bands", "--out", "a.mid"]
    assert main([*arguments, "--genre", "jazz", "--seed", "3"]) == 0
    window = presets.from_preset("bands").sample(1, 64, 0.0, 3, "jazz")[0]
    assert_same_notes("a.mid", Band().decode(window))
    likeliest = midi.read("a.mid").notes
    assert main([*arguments, "--genre", "jazz", "--seed", "3", "--temperature", "0"]) == 0
    np.testing.assert_array_equal(midi.read("a.mid").notes, likeliest)
    assert main([*arguments, "--genre", "folk", "--seed", "3"]) == 0
    other = presets.from_preset("bands").sample(1, 64, 0.0, 3, "folk")[0]
    assert (other != window).any()
    assert_same_notes("a.mid", Band().decode(other))


def test_several_pieces_of_other_lengths_with_plots(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arguments = ["sample", "--preset", "melody", "--bars", "3", "--count", "2", "--tempo", "120"]
    assert main([*arguments, "--out", "a.mid", "--plot", "a.png"]) == 0
    expected = presets.from_preset("melody").sample(2, 48)
    for number, window in enumerate(expected, 1):
        assert_same_notes(f"a_{number}.mid", Melody().decode(window[:, 0]))
        assert (tmp_path / f"a_{number}.png").read_bytes().startswith(b"\x89PNG")
    assert "a_2.mid: 3 bars, 6 s at 120 quarters a minute" in capsys.readouterr().out


def test_an_ensemble_is_sampled_reconstructed_and_interpolated(song, capsys):
    model = presets.from_preset("ensemble")
    assert main(["sample", "--preset", "ensemble", "--seed", "3", "--out", "a.mid"]) == 0
    assert capsys.readouterr().out == "a.mid: 1 bar, 3 s at 90 quarters a minute\n"
    assert_same_notes("a.mid", play.sample(model, seed=3)[0])
    assert main(["reconstruct", "song.mid", "--preset", "ensemble", "--out", "b.mid"]) == 0
    assert capsys.readouterr().out.startswith("b.mid: 9 bars in windows of 1; ")
    assert_same_notes("b.mid", play.reconstruct(model, song).score)
    assert main(between("ensemble", out="c.mid")) == 0
    assert capsys.readouterr().out == "c.mid: 9 windows, 9 bars\n"
    assert_same_notes("c.mid", play.interpolate(model, "song.mid", "other.mid"))


def test_chords_are_told_to_every_command(song):
    model = presets.from_preset("chords")
    told = ["--chords", "C", "F#m7", "--preset", "chords"]
    chords = ["C", "F#m7"]
    assert main(["sample", *told, "--bars", "4", "--out", "a.mid"]) == 0
    assert_same_notes("a.mid", play.sample(model, 1, 4, chords=chords)[0])
    assert main(["reconstruct", "song.mid", *told, "--out", "b.mid"]) == 0
    assert_same_notes("b.mid", play.reconstruct(model, song, chords=chords).score)
    assert main(["interpolate", "song.mid", "other.mid", *told, "--out", "c.mid"]) == 0
    expected = play.interpolate(model, "song.mid", "other.mid", chords=chords)
    assert_same_notes("c.mid", expected)


@pytest.mark.parametrize("preset", ["melody", "drums", "trio", "groove", "bands", "ensemble"])
def test_add_attribute_writes_the_piece_moved(song, preset, capsys):
    groups = ["--with", "other.mid", "song.mid", "--without", "song.mid"]
    arguments = ["add-attribute", "song.mid", "--preset", preset, *groups, "--amount", "-1.5"]
    assert main([*arguments, "--seed", "2", "--out", "b.mid"]) == 0
    model = presets.from_preset(preset)
    made = play.add_attribute(model, song, ["other.mid", song], [song], -1.5, seed=2)
    assert_same_notes("b.mid", made.score)
    told = "; moved -1.5 times from 1 file without to 2 files with; "
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("preset", ["melody", "drums", "trio", "groove", "bands", "ensemble"])
def test_extend_writes_the_piece_and_what_follows(song, preset, capsys):
    arguments = ["extend", "song.mid", "--preset", preset, "--windows", "2", "--seed", "2"]
    assert main([*arguments, "--out", "b.mid"]) == 0
    model = presets.from_preset(preset)
    assert_same_notes("b.mid", play.extend(model, song, 2, seed=2))
    assert midi.read("b.mid").tempos["tempo_qpm"] == pytest.approx([70], rel=1e-6)
    bars = play.window_bars(model)
    told = f"b.mid: the piece and 2 windows of {bars} bar{'' if bars == 1 else 's'}"
    assert capsys.readouterr().out.startswith(told)


def test_hits_are_told_to_every_command(song):
    model = presets.from_preset("hits")
    hits = ["--hits", "other.mid", "--preset", "hits"]
    assert main(["sample", *hits, "--bars", "4", "--out", "a.mid"]) == 0
    assert_same_notes("a.mid", play.sample(model, 1, 4, hits="other.mid")[0])
    assert main([*again("hits")[:-1], "b.mid"]) == 0
    assert_same_notes("b.mid", play.reconstruct(model, song).score)
    assert main(["interpolate", "song.mid", "other.mid", *hits, "--out", "c.mid"]) == 0
    expected = play.interpolate(model, "song.mid", "other.mid", hits="other.mid")
    assert_same_notes("c.mid", expected)
    assert main(["interpolate", "song.mid", "other.mid", *hits[2:], "--out", "d.mid"]) == 0
    assert_same_notes("d.mid", play.interpolate(model, "song.mid", "other.mid"))
    assert main(["extend", "song.mid", *hits, "--windows", "1", "--out", "e.mid"]) == 0
    assert_same_notes("e.mid", play.extend(model, "song.mid", 1, hits="other.mid"))


@pytest.mark.parametrize(
    ("preset", "tracks"),
    [
        ("melody", "Lead; "),
        ("drums", None),
        ("trio", "Lead and Bass; "),
        ("groove", None),
        ("bands", "Lead, Bass, Violin and Viola; "),
    ],
)
def test_reconstruct_writes_what_the_model_reconstructs(song, preset, tracks, capsys):
    arguments = ["reconstruct", "song.mid", "--preset", preset, "--seed", "2", "--out", "b.mid"]
    assert main(arguments) == 0
    model = presets.from_preset(preset)
    remade = play.reconstruct(model, song, seed=2)
    assert_same_notes("b.mid", remade.score)
    assert midi.read("b.mid").tempos["tempo_qpm"] == pytest.approx([70], rel=1e-6)
    bars = play.window_bars(model)
    told = f"b.mid: 9 bars in windows of {bars}; " + (f"read from {tracks}" if tracks else "")
    told += f"{remade.kept:.0%} of tokens kept, {remade.events_kept:.0%} where something happens\n"
    assert capsys.readouterr().out == told


def test_edit_writes_the_piece_moved(song, capsys):
    arguments = ["edit", "song.mid", "--preset", "bands", "--genre", "jazz", "--out", "b.mid"]
    assert main([*arguments, "--amount", "0.8"]) == 0
    model = presets.from_preset("bands")
    edited = play.edit(model, song, "jazz", 0.8)
    assert_same_notes("b.mid", edited.score)
    assert midi.read("b.mid").tempos["tempo_qpm"] == pytest.approx([70], rel=1e-6)
    told = "b.mid: 9 bars in windows of 4; read from Lead, Bass, Violin and Viola; "
    told += f"moved 80% of the way to jazz; {edited.kept:.0%} of tokens kept, "
    assert capsys.readouterr().out.startswith(told)
    assert main([*arguments, "--amount", "0"]) == 0
    assert_same_notes("b.mid", play.reconstruct(model, song).score)


def test_bands_are_interpolated_by_straight_lines(song, capsys):
    arguments = ["interpolate", "song.mid", "other.mid", "--preset", "bands", "--steps", "3"]
    assert main([*arguments, "--out", "c.mid"]) == 0
    expected = play.interpolate(presets.from_preset("bands"), "song.mid", "other.mid", 3, 0.0)
    assert_same_notes("c.mid", expected)
    assert capsys.readouterr().out == "c.mid: 3 windows, 12 bars\n"


@pytest.mark.slow
@tensorflow_only
def test_an_exported_mus_ae_samples_of_a_genre():
    import tensorflow as tf

    assert main(["export", "--preset", "bands", "--out", "saved_model"]) == 0
    genres = json.loads(Path("saved_model", "configuration.json").read_text())["config"]["genres"]
    how = {"count": tf.constant(2), "length": tf.constant(64), "seed": tf.constant(3)}
    how |= {"temperature": tf.constant(0.0), "genre": tf.constant([genres.index("jazz")])}
    loaded = tf.saved_model.load("saved_model")
    made = loaded.sample(how)["tokens"]
    expected = presets.from_preset("bands").sample(2, 64, seed=3, genre="jazz")
    np.testing.assert_array_equal(made, expected)


def test_presets_tell_their_genres_in_the_order_of_the_circle(capsys):
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = lines.index("  genres, neighbours side by side: folk, rock, jazz")
    assert lines[told - 1].startswith("bands")
    assert sum("genres" in line for line in lines) == 1


@pytest.mark.parametrize("preset", ["melody", "groove"])
def test_interpolate_writes_the_windows_between(song, preset, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arguments = ["interpolate", "song.mid", "other.mid", "--preset", preset, "--seed", "2"]
    arguments += ["--steps", "4", "--temperature", "0.5", "--out", "c.mid", "--plot", "c.png"]
    assert main(arguments) == 0
    model = presets.from_preset(preset)
    expected = play.interpolate(model, "song.mid", "other.mid", 4, 0.5, 2)
    assert_same_notes("c.mid", expected)
    assert midi.read("c.mid").tempos["tempo_qpm"] == pytest.approx([70], rel=1e-6)
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == "c.mid: 4 windows, 8 bars\nc.png\n"


def again(preset, path="song.mid"):
    return ["reconstruct", path, "--preset", preset, "--out", "a.mid"]


def between(preset, first="song.mid", second="other.mid", out="a.mid"):
    return ["interpolate", first, second, "--preset", preset, "--out", out]


def new(preset, *more):
    return ["sample", "--preset", preset, "--out", "a.mid", *more]


def edit(preset, path="song.mid", genre="rock"):
    return ["edit", path, "--preset", preset, "--genre", genre, "--out", "a.mid"]


def add(preset, group):
    groups = ["--with", "song.mid", "--without", group]
    return ["add-attribute", "song.mid", "--preset", preset, *groups, "--out", "a.mid"]


MISTAKES = {
    "key": (new("melody", "--key", "C"), "melody has no keys to choose from; leave out --key"),
    "steps": (new("melody", "--steps", "8"), "melody counts in bars; give --bars, not --steps"),
    "bars of rolls": (new("rolls", "--bars", "8"), "give --steps, not --bars"),
    "bars of a hierarchy": (new("trio", "--bars", "2"), "makes pieces of 4 bars. Received: 2 bars"),
    "no chords": (new("chords"), "plays to chords, which MIDI files do not have. Give them, such"),
    "unknown chords": (new("chords", "--chords", "Gsus4"), "triad, such as"),
    "many chords": (new("chords", "--chords", *["C"] * 33), "Expected 1 to 32 chords"),
    "chords of none": (new("melody", "--chords", "C"), "This model is told no chords."),
    "chords of rolls": (new("rolls", "--chords", "C"), "rolls is told no chords; leave out"),
    "no chords but told": (new("told"), "is told 2 values at each step that are neither chords"),
    "hits from nothing": (new("hits"), "Give a MIDI file of drums that has them."),
    "no hits in the file": (new("hits", "--hits", "melody.mid"), "melody.mid: No part on channel"),
    "few hits": (new("hits", "--hits", "song.mid", "--bars", "20"), "shorter than a window"),
    "hits are not there": (new("hits", "--hits", "no.mid"), "No such file"),
    "hits of none": (new("groove", "--hits", "song.mid"), "This model is told no hits. Leave them"),
    "hits of rolls": (new("rolls", "--hits", "song.mid"), "rolls is told no hits; leave out"),
    "chords of hits": ([*again("hits"), "--chords", "C"], "This model is told no chords."),
    "no ensemble": (again("ensemble", "melody.mid"), "melody.mid: No bar has two to eight instru"),
    "no representation": (new("eight"), "has no representation"),
    "no groove": (again("groove", "melody.mid"), "melody.mid: No part on channel 10 has a drum"),
    "decoder alone": (again("alone"), "a decoder alone"),
    "no melody": (again("melody", "drums.mid"), "drums.mid: No part has notes in the range"),
    "no drums": (again("drums", "melody.mid"), "melody.mid: No part on channel 10 has a drum"),
    "no bass": (again("trio", "melody.mid"), "The file lacks a bass (32 to 39) and drums."),
    "short": (again("melody", "short.mid"), "short.mid: The music is shorter than a window"),
    "no MIDI": (again("melody", "text.mid"), "not a MIDI file"),
    "second is short": (between("melody", second="short.mid"), "short.mid: The music is shorter"),
    "first is not there": (between("melody", first="no.mid"), "No such file"),
    "extension of rolls": (
        ["extend", "song.mid", "--preset", "rolls", "--out", "a.mid"],
        "Choose a preset of MusicVAE or MusAE to extend",
    ),
    "attribute of rolls": (
        add("rolls", "song.mid"),
        "Choose a preset of MusicVAE or MusAE to add an attribute with",
    ),
    "attribute of no music": (
        add("melody", "drums.mid"),
        "drums.mid: No part has notes in the range",
    ),
    "attribute of no file": (add("melody", "no.mid"), "No such file"),
    "attribute of chords": (add("chords", "song.mid"), "Use `attribute_vector` of the model in"),
    "extension of hits without": (
        ["extend", "song.mid", "--preset", "hits", "--out", "a.mid"],
        "Give a MIDI file of drums that has them.",
    ),
    "interpolation of rolls": (between("rolls"), "has a code for each step, not for a window"),
    "unknown genre": (edit("bands", genre="polka"), "of rock, jazz, folk. Received: 'polka'"),
    "unknown genre to sample": (new("bands", "--genre", "polka"), "of rock, jazz, folk. Received"),
    "no genres to edit": (edit("melody"), "This model has no genres. Choose a MusAE"),
    "no genres in the prior": (edit("normal"), "This model has no genres. Choose a MusAE"),
    "no genres to sample": (new("melody", "--genre", "rock"), "This model has no genres"),
    "genres of rolls": (new("rolls", "--genre", "rock"), "no genres to choose from; leave out"),
    "edit of rolls": (edit("rolls"), "Choose a preset of MusAE to edit"),
    "no band to edit": (edit("bands", "melody.mid"), "melody.mid: The file lacks drums, a bass"),
    "no MIDI to edit": (edit("bands", "text.mid"), "not a MIDI file"),
    "likeliest melody": (new("melody", "--temperature", "0"), "of 0.01 or more. Received: 0."),
    "likeliest rolls": (new("rolls", "--temperature", "0"), "of 0.01 or more. Received: 0."),
    "no folder": (between("melody", out="no/a.mid"), "no is not there to write a.mid to"),
}


@pytest.mark.parametrize(("arguments", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_line(song, arguments, told, tmp_path, capsys):
    (tmp_path / "text.mid").write_text("This is no MIDI.")
    quarters = np.arange(36)
    drums = midi.make_notes(40, quarters, quarters + 1, is_drum=True)
    melody = midi.make_notes(60, quarters, quarters + 1)
    midi.write(midi.Score(drums, 1), "drums.mid")
    midi.write(midi.Score(melody, 1), "melody.mid")
    midi.write(midi.Score(melody[:2], 1), "short.mid")
    before = set(tmp_path.iterdir())
    assert main(arguments) == 1
    output = capsys.readouterr()
    assert told in output.err
    assert output.err.startswith("keras-music-vae: ")
    assert output.err.count("\n") == 1
    assert output.out == ""
    assert set(tmp_path.iterdir()) == before
