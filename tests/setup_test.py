"""What the sources import is declared, and what is declared is imported, tested or explained."""

import importlib.metadata
import re
import runpy
import sys
from pathlib import Path

import pytest

from tests.architecture_test import imports

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def metadata():
    """The arguments that setup.py passes to setuptools."""
    setuptools = pytest.importorskip("setuptools")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", lambda **arguments: found.update(arguments))
        patch.chdir(ROOT)
        runpy.run_path(str(ROOT / "setup.py"))
    return found


def names(requirements):
    return {
        re.split(r"[^A-Za-z0-9_.-]", text)[0].lower().replace("_", "-") for text in requirements
    }


def distributions(folder):
    """Distributions that the sources under a folder import."""
    packages = {name.split(".")[0] for path in folder.rglob("*.py") for name in imports(path)}
    packages -= {*sys.stdlib_module_names, "keras_music_vae", "tfds_builders", "reproduce"}
    known = importlib.metadata.packages_distributions()
    return {known[name][0].lower().replace("_", "-") for name in packages if name in known}


def test_what_is_imported_is_declared(metadata):
    extras = metadata["extras_require"]
    declared = names(metadata["install_requires"]) | names(extras["reproduce"])
    # Lakh's builders run a pipeline of Beam, which the extra of the command `tfds` brings.
    assert distributions(ROOT / "tfds_builders") <= declared | {"apache-beam"}
    assert "apache-beam" in names(extras["tfds"])
    assert distributions(ROOT / "reproduce") <= declared
    # JAX is the user's other choice of backend; whoever chooses it brings it.
    declared |= names(extras["convert"]) | {"jax"}
    assert distributions(ROOT / "keras_music_vae") <= declared


def test_the_test_extra_holds_all_others(metadata):
    extras = metadata["extras_require"]
    for name, requirements in extras.items():
        assert set(requirements) <= set(extras["test"]), name


def test_the_packages_the_project_is_about_are_declared(metadata):
    declared = names(metadata["install_requires"] + metadata["extras_require"]["test"])
    assert declared >= {
        "keras",
        "music21",
        "note-seq",
        "pretty-midi",
        "pytest",
        "tensorflow",
        "tensorflow-datasets",
        "tensorflow-probability",
    }


def test_every_file_beside_the_sources_is_shipped(metadata):
    shipped = set()
    for package, patterns in metadata["package_data"].items():
        for pattern in patterns:
            shipped |= {path for path in (ROOT / package).glob(pattern) if path.is_file()}
    for package in ("keras_music_vae", "tfds_builders"):
        beside = {
            path
            for path in (ROOT / package).rglob("*")
            if path.is_file() and path.suffix not in (".py", ".pyc")
        }
        assert beside <= shipped


def test_every_folder_of_sources_is_a_package(metadata):
    folders = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for package in ("keras_music_vae", "tfds_builders")
        for path in (ROOT / package).rglob("*.py")
    }
    assert folders == set(metadata["packages"])
