"""Importing the package costs nothing, and each public name arrives when it is asked for."""

import subprocess
import sys

import pytest

import keras_music_vae


def test_importing_the_package_loads_no_framework():
    script = "import keras_music_vae, sys; keras_music_vae.music.theory; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert "keras_music_vae.music.theory" in loaded
    assert not {"tensorflow", "keras", "jax", "tensorflow_datasets"} & set(loaded)


def test_papers_need_the_standard_library_only():
    script = (
        "import sys; before = set(sys.modules); import keras_music_vae.reproduction; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    loaded = subprocess.check_output([sys.executable, "-I", "-c", script], text=True).split()
    assert set(loaded) - set(sys.stdlib_module_names) == {"keras_music_vae"}


@pytest.mark.parametrize("name", keras_music_vae.__all__)
def test_every_public_name_exists(name):
    value = getattr(keras_music_vae, name)
    assert value is getattr(keras_music_vae, name)
    assert name in dir(keras_music_vae)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'keras_music_vae' has no attribute 'musik'"):
        _ = keras_music_vae.musik
