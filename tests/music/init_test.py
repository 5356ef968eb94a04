"""Importing music costs NumPy and nothing else."""

import subprocess
import sys

import pytest

HEAVY = "jax keras matplotlib music21 note_seq pretty_midi symusic tensorflow"


def loaded_by(script):
    """Runs a script in a new interpreter and returns the names of the modules it loaded."""
    script += "\nimport sys; print(*sys.modules)"
    return subprocess.check_output([sys.executable, "-c", script], text=True).split()


def test_import_is_light():
    loaded = loaded_by("import keras_music_vae.music")
    assert "keras_music_vae.music.midi" in loaded
    assert not set(HEAVY.split()) & set(loaded)


def test_drawing_leaves_pyplot_alone():
    pytest.importorskip("matplotlib")
    loaded = loaded_by(
        "from keras_music_vae.music import plotting; plotting.piano_roll([[0] * 88])"
    )
    assert "matplotlib.figure" in loaded
    assert "matplotlib.pyplot" not in loaded
