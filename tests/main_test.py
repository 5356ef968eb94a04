"""The command line, in this process where nothing else is asked for."""

import shlex
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_music_vae import commands, presets
from keras_music_vae.__main__ import main
from keras_music_vae.commands.parser import make_parser
from keras_music_vae.models import VAE, ClassifyingVAE, ClassifyingVAELSTM
from keras_music_vae.music import midi
from keras_music_vae.music.representations import PianoRoll
from keras_music_vae.papers import PAPERS

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="SavedModels are written by TensorFlow"
)
KEYS = ("C", "Eb", "G")
SAMPLE = ["sample", "--preset", "keyed", "--key", "G major", "--steps", "8", "--out", "a.mid"]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """A folder of presets: untrained models whose notes are few."""
    folder = tmp_path_factory.mktemp("presets")
    keras.utils.set_random_seed(1)
    sizes = {"latent_dim": 3, "hidden_dim": 8}
    models = {
        "keyed": ClassifyingVAE(KEYS, **sizes),
        "keyless": VAE(**sizes),
        "windows": ClassifyingVAELSTM(KEYS, seq_length=16, **sizes),
    }
    for name, model in models.items():
        model.head.bias.assign(np.full(88, -2.0))
        presets.save_preset(
            model,
            folder / name,
            summary=f"The {name} one.",
            representation=PianoRoll(steps_per_quarter=2),
            tempo_qpm=90,
        )
    return folder


@pytest.fixture(autouse=True)
def _workplace(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(presets, "SHIPPED", shipped)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def song(tmp_path):
    roll = np.random.default_rng(1).integers(0, 2, (20, 88), dtype=np.uint8)
    midi.write(PianoRoll(2).decode(roll), tmp_path / "song.mid", tempo_qpm=70)
    return roll


def read_roll(path, length):
    return PianoRoll(steps_per_quarter=2).encode(midi.read(path), length)


def test_sample_writes_what_the_model_samples(tmp_path, capsys):
    arguments = [*SAMPLE, "--seed", "3", "--temperature", "0.9"]
    assert main(arguments) == 0
    model = presets.from_preset("keyed")
    expected = model.sample(1, 8, "G major", temperature=0.9, seed=3)[0]
    np.testing.assert_array_equal(read_roll("a.mid", 8), expected)
    assert midi.read("a.mid").tempos["tempo_qpm"] == pytest.approx([90], rel=1e-6)
    output = capsys.readouterr()
    assert output.out == "a.mid: 8 steps, 3 s at 90 quarters a minute\n"
    assert output.err == ""
    first = (tmp_path / "a.mid").read_bytes()
    assert main(arguments) == 0
    assert (tmp_path / "a.mid").read_bytes() == first


def test_sample_of_several_pieces_at_another_tempo_with_plots(tmp_path):
    pytest.importorskip("matplotlib")
    arguments = [*SAMPLE, "--count", "10", "--tempo", "120", "--plot", "a.png"]
    assert main(arguments) == 0
    expected = presets.from_preset("keyed").sample(10, 8, "G major")
    for number, roll in enumerate(expected, 1):
        np.testing.assert_array_equal(read_roll(f"a_{number:02}.mid", 8), roll)
        assert (tmp_path / f"a_{number:02}.png").read_bytes().startswith(b"\x89PNG")
    assert midi.read("a_01.mid").tempos["tempo_qpm"] == pytest.approx([120])
    assert len(list(tmp_path.iterdir())) == 20


def test_sample_from_a_folder_without_keys(shipped):
    arguments = ["sample", "--preset", str(shipped / "keyless"), "--steps", "8", "--out", "a.mid"]
    assert main(arguments) == 0
    expected = presets.from_preset("keyless").sample(1, 8)[0]
    np.testing.assert_array_equal(read_roll("a.mid", 8), expected)


@pytest.mark.parametrize("preset", ["keyed", "keyless", "windows"])
def test_reconstruct_writes_what_the_model_reconstructs(song, preset, capsys):
    arguments = ["reconstruct", "song.mid", "--preset", preset, "--seed", "2", "--out", "b.mid"]
    assert main(arguments) == 0
    expected = presets.from_preset(preset).reconstruct(song[None], seed=2)[0]
    np.testing.assert_array_equal(read_roll("b.mid", 20), expected)
    assert midi.read("b.mid").tempos["tempo_qpm"] == pytest.approx([70], rel=1e-6)
    kept, new = int((expected & song).sum()), int((expected > song).sum())
    told = f"b.mid: 20 steps; {kept} of {song.sum()} notes kept, {new} new\n"
    assert capsys.readouterr().out == told


def test_presets(capsys):
    assert main(["presets"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "keyed  The keyed one.",
        "keyless  The keyless one.",
        "windows  The windows one.",
    ]


def test_no_presets(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(presets, "SHIPPED", tmp_path)
    assert main(["presets"]) == 0
    assert "no presets" in capsys.readouterr().out


def test_datasets_names_every_dataset_and_how_to_build_it(capsys):
    assert main(["datasets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for paper in PAPERS.values():
        for dataset in paper.datasets.values():
            name, config = dataset.tfds.split("/")
            assert f"{dataset.name}: {dataset.title}" in lines
            assert f"  tfds build {name} --config={config} --imports=tfds_builders" in lines


@pytest.mark.slow
@tensorflow_only
def test_export(tmp_path, capsys):
    import tensorflow as tf

    assert main(["export", "--preset", "keyless", "--out", "saved_model"]) == 0
    assert "saved_model: load it by tf.saved_model.load" in capsys.readouterr().out
    loaded = tf.saved_model.load("saved_model")
    how = {"count": tf.constant(1), "steps": tf.constant(8)}
    how |= {"temperature": tf.constant(1.0), "seed": tf.constant(3)}
    made = loaded.sample(how)["piano_roll"]
    np.testing.assert_array_equal(made, presets.from_preset("keyless").sample(1, 8, seed=3))


@tensorflow_only
def test_export_leaves_other_files_alone(tmp_path, capsys):
    (tmp_path / "song.mid").touch()
    assert main(["export", "--preset", "keyless", "--out", "."]) == 1
    assert "choose another name" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["song.mid"]


def test_plots_alone_need_matplotlib(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(SAMPLE) == 0
    assert main([*SAMPLE, "--plot", "a.png"]) == 1
    assert "pip install" in capsys.readouterr().err


MISTAKES = {
    "unknown preset": ([*SAMPLE, "--preset", "none"], "Names: keyed, keyless, windows"),
    "key of no song": ([*SAMPLE, "--key", "D major"], "one of C, Eb, G. Received: 'D major'"),
    "no key": (["sample", "--preset", "keyed", "--out", "a.mid"], "--key 'C major'"),
    "needless key": ([*SAMPLE, "--preset", "keyless"], "has no keys"),
    "no folder": ([*SAMPLE, "--out", "no/a.mid"], "no is not there to write a.mid to"),
    "no folder of plots": ([*SAMPLE, "--plot", "no/a.png"], "no is not there to write a.png to"),
    "folder as file": ([*SAMPLE, "--out", "."], "which is a folder"),
    "full disk": ([*SAMPLE, "--out", "/dev/full"], "/dev/full: No space left on device. Free"),
    "no MIDI file": (["reconstruct", "no.mid", "--preset", "keyed", "--out", "a"], "No such file"),
    "not MIDI": (["reconstruct", "text.mid", "--preset", "keyed", "--out", "a"], "not a MIDI file"),
    "drums": (["reconstruct", "drums.mid", "--preset", "keyed", "--out", "a"], "no notes on the"),
    "short": (["reconstruct", "short.mid", "--preset", "windows", "--out", "a"], "at least 16"),
    "no place to export": (["export", "--preset", "keyed", "--out", "no/model"], "no is not there"),
}


@pytest.mark.parametrize(("arguments", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_line(arguments, told, tmp_path, capsys):
    (tmp_path / "text.mid").write_text("This is no MIDI.")
    drums = midi.make_notes([40], [0], [2], is_drum=True)
    midi.write(midi.Score(drums, 2), tmp_path / "drums.mid")
    midi.write(midi.Score(midi.make_notes([60], [0], [2]), 2), tmp_path / "short.mid")
    before = set(tmp_path.iterdir())
    assert main(arguments) == 1
    output = capsys.readouterr()
    assert told in output.err
    assert output.err.startswith("keras-music-vae: ")
    assert output.err.count("\n") == 1
    assert output.out == ""
    assert set(tmp_path.iterdir()) == before


WRONG_ARGUMENTS = {
    "key": ([*SAMPLE, "--key", "H major"], 'Expected a key such as "G major"'),
    "seed": ([*SAMPLE, "--seed", "-1"], "a whole number from 0 to"),
    "steps": ([*SAMPLE, "--steps", "0"], "a whole number from 1 to"),
    "temperature": ([*SAMPLE, "--temperature", "-1"], "expected 0 to 100, received '-1'"),
    "tempo": ([*SAMPLE, "--tempo", "fast"], "expected 4 to 999, received 'fast'"),
    "no command": ([], "required: command"),
    "no preset": (["sample", "--out", "a.mid"], "required: --preset"),
}


@pytest.mark.parametrize(("arguments", "told"), WRONG_ARGUMENTS.values(), ids=WRONG_ARGUMENTS)
def test_a_wrong_argument_is_told(arguments, told, capsys):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert told in capsys.readouterr().err


def test_ctrl_c_is_told(monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(presets, "from_preset", interrupt)
    assert main(SAMPLE) == 130
    assert capsys.readouterr().err.startswith("keras-music-vae: Interrupted.")


def test_what_tensorflow_says_at_start_is_shown_when_starting_fails(monkeypatch, capfd):
    def fail(_):
        subprocess.run([sys.executable, "-c", "import os; os.write(2, b'why it failed')"])
        raise RuntimeError("no backend")

    monkeypatch.setattr(keras.ops, "zeros", fail)
    with pytest.raises(RuntimeError, match="no backend"):
        main(SAMPLE)
    assert "why it failed" in capfd.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        "sample",
        "reconstruct",
        "edit",
        "interpolate",
        "sweep",
        "presets",
        "export",
        "import-magenta",
        "datasets",
    ],
)
def test_help_has_examples_that_parse(command, capsys):
    with pytest.raises(SystemExit) as raised:
        main([command, "--help"])
    assert raised.value.code == 0
    examples = capsys.readouterr().out.split("examples:\n")[1].splitlines()
    assert examples
    for example in examples:
        if shlex.split(example)[1] != command:  # what to do next
            continue
        options = make_parser().parse_args(shlex.split(example)[1:])
        assert options.run is getattr(commands, command.replace("-", "_"))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["presets"], ["datasets"]], ids=str)
def test_listing_imports_neither_keras_nor_tensorflow(arguments):
    code = (
        "import sys\n"
        "from keras_music_vae.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    assert not {'keras', 'tensorflow', 'jax'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)


@pytest.mark.slow
def test_in_a_process_of_its_own(shipped, tmp_path):
    def run(*arguments):
        command = [sys.executable, "-m", "keras_music_vae", *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    preset = str(shipped / "keyed")
    made = run("sample", "--preset", preset, "--key", "G", "--steps", "8", "--out", "a.mid")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("a.mid: 8 steps")
    missed = run("sample", "--preset", preset, "--key", "D", "--out", "b.mid")
    assert missed.returncode == 1
    assert missed.stderr.startswith("keras-music-vae: Expected a key")
    assert missed.stderr.count("\n") == 1
