"""The three ways of calling `tfds build`, and what registers where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

for module in ("tensorflow_datasets", "music21", "apache_beam", "mlcroissant"):
    pytest.importorskip(module)

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def tfds(tmp_path):
    """Runs `tfds` as if the package were installed and there were no network."""

    def run(folder, *arguments):
        nowhere = "http://127.0.0.1:9"
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "https_proxy": nowhere,
            "HTTPS_PROXY": nowhere,
            "no_proxy": "",
        }
        return subprocess.run(
            [
                *(sys.executable, "-m", "tensorflow_datasets.scripts.cli.main"),
                *arguments,
                f"--data_dir={tmp_path / 'data'}",
            ],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def manual_dir(shared):
    folder = shared / "data" / "classifying_vae"
    if not (folder / "Piano_midi.mat").is_file():
        pytest.skip(f"{folder / 'Piano_midi.mat'} is not there")
    return f"--manual_dir={folder}"


def built(tmp_path):
    """Returns which "dataset/config" are complete."""
    found = (tmp_path / "data").glob("*/*/*/dataset_info.json")
    return {path.parents[1].relative_to(tmp_path / "data").as_posix() for path in found}


def test_in_the_folder_all_but_the_downloaded_is_built_without_network(tfds, tmp_path):
    run = tfds(REPOSITORY / "tfds_builders", "build", "jsb_chorales")
    assert run.returncode != 0
    last = run.stderr.strip().splitlines()[-1]
    assert "build with --manual_dir=FOLDER" in last
    configs = ("all_keys", "all_keys_hold_fill", "two_keys_music21")
    assert built(tmp_path) == {f"jsb_chorales/{config}" for config in configs}


def test_by_path(tfds, tmp_path, manual_dir):
    for name in ("jsb_chorales", "piano_midi_de"):
        run = tfds(REPOSITORY, "build", f"tfds_builders/{name}", "--config=two_keys", manual_dir)
        assert run.returncode == 0, run.stderr
    assert built(tmp_path) == {"jsb_chorales/two_keys", "piano_midi_de/two_keys"}


def test_by_name_anywhere(tfds, tmp_path, manual_dir):
    run = tfds(
        tmp_path,
        *("build", "jsb_chorales/two_keys", "piano_midi_de/two_keys"),
        *("--imports=tfds_builders", manual_dir),
    )
    assert run.returncode == 0, run.stderr
    assert built(tmp_path) == {"jsb_chorales/two_keys", "piano_midi_de/two_keys"}
