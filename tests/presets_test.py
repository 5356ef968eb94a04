import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_music_vae import play, presets
from keras_music_vae.__main__ import main
from keras_music_vae.models import VAE, ClassifyingVAE, MusAE, MusicVAE
from keras_music_vae.music import midi
from keras_music_vae.music.representations import Band, Drums, Groove, Melody, PianoRoll, Trio
from keras_music_vae.papers import PAPERS
from keras_music_vae.reproduction import card_rows, documents, results


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    return ClassifyingVAE(["C", "Eb", "G"], latent_dim=3, hidden_dim=8, classifier_dim=5)


@pytest.fixture
def folder(model, tmp_path):
    presets.save_preset(
        model,
        tmp_path / "small",
        summary="A small one.",
        representation=PianoRoll(steps_per_quarter=2, join_repeats=False),
        tempo_qpm=90,
        facts={"Paper": "Hennig et al. 2017", "Licence": "free | open"},
        results=[{"metric": "elbo", "paper": "", "measured": -9.5}],
    )
    return tmp_path / "small"


def change(folder, **fields):
    path = folder / presets.CONFIGURATION
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_load_gives_model_representation_and_description(model, folder):
    loaded = presets.from_preset(folder)
    for received, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(received, expected)
    assert loaded.representation == PianoRoll(steps_per_quarter=2, join_repeats=False)
    assert loaded.preset == presets.find_preset(folder)
    assert loaded.preset.name == "small"
    assert loaded.preset.tempo_qpm == 90
    assert loaded.preset.parameters == sum(v.size for v in map(np.asarray, model.trainable_weights))
    assert loaded.preset.versions["keras"] == keras.__version__


def test_a_loaded_preset_saved_again_is_the_same(folder, tmp_path):
    first = presets.find_preset(folder)
    again = presets.save_preset(
        presets.from_preset(folder), tmp_path / "again", summary="A small one.", tempo_qpm=90
    )
    assert again.weights_sha256 == first.weights_sha256
    assert (again.config, again.representation) == (first.config, first.representation)


def test_the_optimizer_is_left_out_and_a_preset_as_large_as_the_paper_s_stays_small(tmp_path):
    classes = [f"class {i}" for i in range(10)]
    model = ClassifyingVAE(classes, latent_dim=16, hidden_dim=512)
    model.compile("adam")
    x = np.zeros((2, 88), np.uint8)
    model.fit({"x": x, "x_prev": x}, {"x": x, "w": np.eye(10)[:2]}, verbose=0)
    presets.save_preset(model, tmp_path / "large")
    assert sum(path.stat().st_size for path in (tmp_path / "large").iterdir()) < 2e6


def test_card(folder):
    card = (folder / presets.CARD).read_text()
    assert card.startswith("# small\n\nA small one.\n")
    assert '--preset small --key "C major" --seed 1 --out music.mid' in card
    assert "| **Paper** | Hennig et al. 2017 |" in card
    assert r"| **Licence** | free \| open |" in card
    assert "| elbo |  | -9.5 |" in card
    assert presets.find_preset(folder).weights_sha256 in card


def test_the_card_s_python_example_runs(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", folder.parent)
    monkeypatch.chdir(tmp_path)
    code = (folder / presets.CARD).read_text().split("```python\n")[1].split("```")[0]
    exec(code, {})
    assert (tmp_path / "music.mid").read_bytes().startswith(b"MThd")


def test_shipped_presets_are_listed_and_loaded_by_name(folder, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", folder.parent)
    assert [preset.name for preset in presets.list_presets()] == ["small"]
    assert presets.find_preset("small").folder == folder


def test_every_shipped_preset_loads_and_is_small():
    for preset in presets.list_presets():
        assert presets.from_preset(preset.name).preset == preset
        assert sum(path.stat().st_size for path in preset.folder.iterdir()) < 20e6


@pytest.mark.parametrize("attribute", ["rhythmic_complexity", "note_density", "contour"])
@pytest.mark.parametrize("pitches", [(72, 74, 76, 77), (67, 71, 72, 71), (76, 74, 72, 74)])
def test_music_of_ar_vae_bach_follows_its_attributes(attribute, pitches):
    start = 12 * np.arange(4)
    score = midi.Score(midi.make_notes(pitches, start, start + 12), 12)
    found = play.sweep(presets.from_preset("ar_vae_bach"), score, attribute, (-2, 0, 2)).found
    assert (np.diff(found) >= 0).all()
    assert found[-1] > found[0]


def test_the_card_of_ar_vae_bach_tells_what_was_recorded():
    """Its facts name the run."""
    facts = PAPERS["ar_vae"]
    experiment = facts.experiment("ar_vae", "bach_published")
    path = documents.results_path(Path(__file__).parents[1], facts)
    run = next(
        run for run in results.read(path) if (run.experiment, run.seed) == (experiment.name, 0)
    )
    card = (presets.find_preset("ar_vae_bach").folder / presets.CARD).read_text(encoding="utf-8")
    assert "--dataset bach_published --model ar_vae --seed 0`" in card
    for row in card_rows(facts, experiment, [run]):
        line = " | ".join(row.values()).replace("(z|x) || p", r"(z\|x) \|\| p")
        assert f"| {line} |" in card


def test_listing_costs_no_keras():
    code = (
        "import sys; from keras_music_vae import presets; presets.list_presets(); "
        "sys.exit('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_name_lists_the_known(folder, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", folder.parent)
    with pytest.raises(presets.PresetError, match=r"Received: 'large'\. Names: small"):
        presets.from_preset("large")


def test_the_folder_of_a_run_names_its_presets(folder, tmp_path):
    for place in ("run/one", "run/seed_0/two"):
        shutil.copytree(folder, tmp_path / place)
    run = str(tmp_path / "run")
    told = f"Received: '{run}', in which are {run}/one, {run}/seed_0/two. Names: "
    with pytest.raises(presets.PresetError, match=re.escape(told)):
        presets.from_preset(run)


def test_damaged_weights(folder):
    path = folder / presets.WEIGHTS
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(presets.PresetError, match="damaged or of another preset"):
        presets.from_preset(folder)


def test_missing_weights(folder):
    (folder / presets.WEIGHTS).unlink()
    with pytest.raises(presets.PresetError, match="they are not there"):
        presets.from_preset(folder)


def test_weights_of_another_size(folder):
    config = presets.find_preset(folder).config | {"latent_dim": 4}
    change(folder, config=config)
    with pytest.raises(presets.PresetError, match=r"posterior/.*shape \(4,\)\. Received: \(3,\)"):
        presets.from_preset(folder)


def test_weights_of_another_class(folder):
    config = VAE(latent_dim=3, hidden_dim=8).get_config()
    change(folder, model="VAE", config=config)
    with pytest.raises(presets.PresetError, match="do not match their configuration"):
        presets.from_preset(folder)


def test_configuration_that_makes_no_model(folder):
    change(folder, config={"classes": ["C"]})
    with pytest.raises(presets.PresetError, match=r"makes no ClassifyingVAE.*at least two classes"):
        presets.from_preset(folder)


def test_unknown_model(folder):
    change(folder, model="MusicVAE2")
    with pytest.raises(presets.PresetError, match=r"Received: 'MusicVAE2'\. A newer release"):
        presets.from_preset(folder)


def test_newer_format(folder):
    change(folder, format=presets.FORMAT + 1, surprise=1)
    with pytest.raises(presets.PresetError, match="Upgrade: pip install -U keras-music-vae"):
        presets.from_preset(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1}', "{}"])
def test_damaged_configuration(folder, text):
    (folder / presets.CONFIGURATION).write_text(text)
    with pytest.raises(presets.PresetError, match=r"preset\.json is damaged"):
        presets.from_preset(folder)


def test_a_folder_of_other_files_is_left_alone(model, tmp_path):
    (tmp_path / "song.mid").touch()
    with pytest.raises(FileExistsError, match="choose another name"):
        presets.save_preset(model, tmp_path)


WINDOWS = {
    "melody": ({"num_classes": (90,)}, Melody()),
    "workshop melody": ({"num_classes": (130,)}, Melody("workshop")),
    "drums": ({"num_classes": (512,)}, Drums()),
    "single drums": ({"num_classes": (2,) * 9, "head": "nade"}, Drums()),
    "trio": ({"num_classes": (90, 90, 512), "subsequences": 2}, Trio()),
}
SIZES = {"latent_dim": 3, "encoder_units": (4,), "decoder_units": (6,), "nade_units": 3}


@pytest.mark.parametrize(("settings", "representation"), WINDOWS.values(), ids=WINDOWS)
def test_a_model_of_windows_has_a_representation_that_fits(
    settings, representation, tmp_path, monkeypatch
):
    monkeypatch.setattr(presets, "SHIPPED", tmp_path)
    monkeypatch.chdir(tmp_path)
    model = MusicVAE(**SIZES | settings)
    model.decoder.heads[0].projection.bias.assign(
        np.random.default_rng(0).normal(size=model.decoder.heads[0].output_size)
    )
    presets.save_preset(model, tmp_path / "windows")
    assert presets.from_preset("windows").representation == representation
    card = (tmp_path / "windows" / presets.CARD).read_text()
    assert "| **Windows** | 2 bars of 16 steps |" in card
    exec(card.split("```python\n")[1].split("```")[0], names := {})
    assert names["window"].shape == (32, model.parts)
    assert midi.read("music.mid").notes.size
    command = card.split("```bash\n")[1].split("```")[0]
    assert command == (
        "python -m keras_music_vae sample --preset windows --seed 1 --out music.mid\n"
    )
    written = midi.read("music.mid").notes
    assert main(shlex.split(command)[3:]) == 0
    np.testing.assert_array_equal(midi.read("music.mid").notes, written)


def test_a_mus_ae_plays_bands(tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", tmp_path)
    monkeypatch.chdir(tmp_path)
    model = MusAE(latent_dim=3, units=4, depth=1, genres=("rock", "jazz"), genre_order=(1, 0))
    for head in model.decoder.heads:
        head.projection.bias.assign(np.random.default_rng(0).normal(size=130))
    presets.save_preset(model, tmp_path / "band", bars=4)
    loaded = presets.from_preset("band")
    assert loaded.representation == Band()
    assert loaded.genres == ("rock", "jazz")
    card = (tmp_path / "band" / presets.CARD).read_text()
    assert "| **Genres** | jazz, rock |" in card
    exec(card.split("```python\n")[1].split("```")[0], names := {})
    assert names["window"].shape == (64, 4)
    written = midi.read("music.mid").notes
    assert written.size
    sample, edit = card.split("```bash\n")[1].split("```")[0].splitlines()
    assert main(shlex.split(sample)[3:]) == 0
    np.testing.assert_array_equal(midi.read("music.mid").notes, written)
    # A piece in which all parts play in every bar.
    tokens = np.full((64, 4), 129, np.uint8)
    tokens[::8] = 36, 40, 60, 70
    midi.write(Band().decode(tokens), "in.mid")
    assert main(shlex.split(edit)[3:]) == 0
    edited = play.edit(loaded, "in.mid", "jazz", 0.5).score
    np.testing.assert_array_equal(midi.read("out.mid").notes["pitch"], edited.notes["pitch"])
    remade = play.reconstruct(loaded, "in.mid")
    np.testing.assert_array_equal(remade.tokens, tokens)
    assert remade.events_kept == (remade.made == tokens)[::8].mean()


def test_a_representation_of_other_tokens_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"of \(90,\) tokens.*of \(512,\)"):
        presets.save_preset(MusicVAE((90,), **SIZES), tmp_path / "a", representation=Drums())


@pytest.mark.parametrize(
    "settings", [{"num_classes": (5,)}, {"num_classes": (2,) * 8, "head": "groove"}], ids=str
)
def test_where_no_representation_fits_there_is_none(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", tmp_path)
    presets.save_preset(MusicVAE(**SIZES | settings), tmp_path / "none")
    assert presets.from_preset("none").representation is None
    card = (tmp_path / "none" / presets.CARD).read_text()
    assert "| **Representation** | none |" in card
    assert "```bash" not in card
    exec(card.split("```python\n")[1].split("```")[0], names := {})
    assert names["window"].shape[0] == 32


def test_grooves_belong_to_models_of_grooves(tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", tmp_path)
    model = MusicVAE((2,) * 9, **SIZES, head="groove")
    presets.save_preset(model, tmp_path / "grooves")
    again = presets.from_preset("grooves")
    assert again.representation == Groove()
    card = (tmp_path / "grooves" / presets.CARD).read_text()
    assert "| **Representation** | Groove, drum_map 2019, source groove |" in card
    exec(card.split("```python\n")[1].split("```")[0].replace("music.mid", f"{tmp_path}/a.mid"))
    presets.save_preset(model, tmp_path / "taps", representation=Groove("roland", "taps"))
    assert presets.from_preset("taps").representation == Groove("roland", "taps")
    for wrong, of in ((model, Drums()), (MusicVAE((2,) * 9, **SIZES, head="nade"), Groove())):
        with pytest.raises(ValueError, match="and no other, has the representation Groove"):
            presets.save_preset(wrong, tmp_path / "wrong", representation=of)


def test_the_card_of_a_model_that_is_told_chords_gives_some(tmp_path):
    model = MusicVAE((90,), **SIZES, control_dim=49)
    for bars, told in ((1, "C"), (2, "C Am"), (16, "C Am F G")):
        presets.save_preset(model, tmp_path / "chords", bars=bars)
        card = (tmp_path / "chords" / presets.CARD).read_text()
        assert f"sample --preset chords --chords {told} --seed 1 --out music.mid\n```" in card


def test_the_card_of_a_model_that_is_told_hits_takes_them_from_a_file(tmp_path):
    model = MusicVAE((2,) * 9, **SIZES, head="groove", control_dim=9)
    presets.save_preset(model, tmp_path / "hits", representation=Groove())
    card = (tmp_path / "hits" / presets.CARD).read_text()
    assert "sample --preset hits --hits drums.mid --seed 1 --out music.mid\n```" in card
    assert '`play.sample(model, hits="drums.mid")`' in card


def test_a_model_that_is_told_what_are_no_chords_plays_in_python_alone(tmp_path):
    presets.save_preset(MusicVAE((90,), **SIZES, control_dim=4), tmp_path / "chords")
    card = (tmp_path / "chords" / presets.CARD).read_text()
    assert "is told 4 values at each step" in card
    assert "```" not in card


def test_bars_of_windows_are_kept_or_follow_from_the_model(tmp_path):
    def window_bars(bars=None, **settings):
        presets.save_preset(MusicVAE((90,), **SIZES | settings), tmp_path / "a", bars=bars)
        presets.save_preset(presets.from_preset(tmp_path / "a"), tmp_path / "b")
        return presets.find_preset(tmp_path / "b").window_bars

    assert window_bars() == 2
    assert window_bars(bars=4) == 4
    assert window_bars(subsequences=16) == 16
    assert window_bars(bars=8, subsequences=16) == 8
    assert window_bars(encoder_units=(4, 4), encoder_lengths=(16, 3)) == 3


def test_rolls_have_no_windows(folder):
    assert presets.find_preset(folder).window_bars is None
