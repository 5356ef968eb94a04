"""What README and docs tell a reader to do works: examples run, flags, extras and links exist."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import keras_music_vae as kmv
from keras_music_vae.__main__ import main
from keras_music_vae.evaluation.key_consistency import key_consistency
from tests.setup_test import metadata  # noqa: F401  (a fixture)
from tests.tfds_builders.lakh import made_up

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
BLOCKS = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def blocks(language, page=PAGES[0]):
    found = BLOCKS.findall(page.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def commands(program):
    """Arguments of every use of a program in the pages, shell loops left out."""
    found = []
    for page in PAGES:
        for line in "".join(blocks("bash", page)).replace("\\\n", "").splitlines():
            for command in line.split("#")[0].split("&&"):
                words = shlex.split(command)
                if words[: len(program)] == program and "$" not in command:
                    found.append(words[len(program) :])
    return found


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of the reader's own, with three songs in it."""
    monkeypatch.chdir(tmp_path)
    grid = kmv.music.representations.PianoRoll(steps_per_quarter=2)
    (tmp_path / "my_midi").mkdir()
    for song in range(3):
        roll = np.random.default_rng(song).random((40, 88)) < 0.03
        kmv.music.midi.write(grid.decode(roll), tmp_path / "my_midi" / f"{song}.mid")
    return tmp_path


def test_readme_has_three_examples_all_of_them_run_below():
    assert len(blocks("python")) == 3


def test_the_first_example_writes_music_in_its_key(here):
    exec(blocks("python")[0], names := {})
    assert names["roll"].shape == (64, 88)
    score = kmv.music.midi.read("bach.mid")
    np.testing.assert_array_equal(
        names["model"].representation.encode(score, length=64), names["roll"]
    )
    assert key_consistency(names["roll"][None], ["G major"]).geometric_mean > 0.8


@pytest.mark.slow
def test_the_second_example_trains_on_ones_own_music(here):
    exec(blocks("python")[1], names := {})
    model = kmv.from_preset("my_model")
    assert model.representation == names["grid"]
    for saved, trained in zip(model.weights, names["trained"].model.weights, strict=False):
        np.testing.assert_array_equal(saved, trained)


@pytest.mark.slow
def test_the_third_example_makes_music_from_a_saved_model(here):
    kmv.export.save(kmv.from_preset("classifying_vae_jsb_all_keys"), "saved_model")
    exec(blocks("python")[2], names := {})
    assert names["made"]["piano_roll"].shape == (2, 64, 88)


def build_lakh_trio(folder):
    """Builds the dataset from songs of our own, in place of a download."""
    tfds = pytest.importorskip("tensorflow_datasets")
    pytest.importorskip("tfds_builders")
    for number, split in enumerate(("train", "valid", "test")):
        path = folder / "music" / split / "song.mid"
        path.parent.mkdir(parents=True)
        path.write_bytes(made_up.song(number))
    config = tfds.download.DownloadConfig(manual_dir=folder / "music")
    tfds.builder("lakh_trio/16bar").download_and_prepare(download_config=config)


@pytest.mark.slow
def test_the_examples_of_the_docs_run(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    build_lakh_trio(tmp_path)
    monkeypatch.chdir(tmp_path)
    for page in PAGES[1:]:
        for text in blocks("python", page):
            exec(text, {})


@pytest.mark.parametrize("preset", ["classifying_vae_jsb_all_keys", "music_vae_lakh_drums_2bar"])
def test_the_sample_command_makes_the_file_it_names(preset, here):
    arguments = next(
        words
        for words in commands(["python", "-m", "keras_music_vae"])
        if words[0] == "sample" and preset in words
    )
    assert main(arguments) == 0
    assert kmv.music.midi.read(arguments[arguments.index("--out") + 1]).notes.size


def test_the_sweep_of_the_readme_is_of_the_sample_before_it(here):
    shown = [w for w in commands(["python", "-m", "keras_music_vae"]) if "bach.mid" in w]
    assert [words[0] for words in shown] == ["sample", "sweep"]
    for arguments in shown:
        assert main(arguments) == 0
    swept = Path(arguments[arguments.index("--out") + 1])
    assert {path.suffix for path in swept.iterdir()} >= {".mid", ".png"}


@pytest.mark.slow
def test_the_commands_for_an_imported_model_write_what_they_name(here):
    shown = [w for w in commands(["python", "-m", "keras_music_vae"]) if "melodies" in w]
    assert [words[0] for words in shown] == [
        "import-magenta", "sample", "reconstruct", "interpolate", "extend", "add-attribute",
        "export",
    ]  # fmt: skip
    model = kmv.MusicVAE((90,), latent_dim=4, encoder_units=(8,), decoder_units=(8,))
    kmv.presets.save_preset(model, "melodies", bars=2)
    melody = kmv.music.representations.Melody()
    for name in ("in", "a", "b", "high", "low"):
        tokens = np.random.default_rng(len(name)).integers(2, 90, 64)
        kmv.music.midi.write(melody.decode(tokens), f"{name}.mid")
    for arguments in shown[1:]:
        assert main(arguments) == 0, arguments
        assert Path(arguments[arguments.index("--out") + 1]).exists()


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("classifying_vae", "jsb_all_keys"),
        ("music_vae", "lakh_drums_2bar"),
        ("mus_ae", "lakh_band_2bar"),
        ("ar_vae", "bach_published_by_order"),
    ],
)
def test_the_scripts_know_the_flags_that_are_shown(name, dataset):
    script = pytest.importorskip(f"reproduce.{name}")
    shown = commands(["python", f"reproduce/{name}.py"])
    assert any(dataset in arguments for arguments in shown)
    for arguments in shown:
        if "--help" not in arguments:
            script.parse(arguments)


def test_extras_that_are_named_exist(metadata):  # noqa: F811
    named = {name for page in PAGES for name in re.findall(r'"\.\[(\w+)\]"', page.read_text())}
    assert named == {"reproduce", "test", "tfds"}
    assert named <= set(metadata["extras_require"])


def test_continuous_integration_runs_the_readmes_commands():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace("\\\n", "")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    first, second = [re.split(r" && ", text.strip()) for text in blocks("bash")[:2]]
    assert second == ['pip install -e ".[test]"', "pytest"]
    for command in (*second, first[1]):
        assert re.search(rf"^step {re.escape(command)}( |$)", script, re.MULTILINE), command
    assert ".ci/run" in workflow


def test_one_release_of_ruff_is_meant_everywhere(metadata):  # noqa: F811
    (wanted,) = [r for r in metadata["extras_require"]["test"] if r.startswith("ruff")]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert f"rev: v{wanted.removeprefix('ruff==')}" in hooks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_files_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]
