"""Who imports whom: the arrows between the parts of the project, read from the sources."""

import ast
import sys
from pathlib import Path

import pytest

from keras_music_vae.papers import PAPERS

ROOT = Path(__file__).parents[1]

# Part of keras_music_vae -> the other parts that it may import.
LIBRARY = {"compiled", "files", "layers", "losses", "models", "music", "schedules"}
ARROWS = {
    "cards": set(),
    "compiled": set(),
    "files": set(),
    "music": set(),
    "papers": set(),
    "losses": set(),
    "schedules": set(),
    "layers": {"losses", "schedules"},
    "models": {"compiled", "layers", "losses", "music", "schedules"},
    "checkpoints": {"layers", "models", "papers"},
    "training": LIBRARY,
    "evaluation": LIBRARY,
    "presets": LIBRARY | {"cards"},
    "export": LIBRARY,
    "reproduction": {"papers"},
    "play": LIBRARY,
    "commands": LIBRARY | {"checkpoints", "export", "papers", "play", "presets"},
    "__main__": {"commands"},
}
STANDARD = set(sys.stdlib_module_names)
PLAIN_KERAS = ("layers", "losses", "models", "schedules")


def imports(path):
    """Full names that a file imports, inside functions too: {"keras.ops", "numpy"}."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files_of(part):
    """The sources of a part of keras_music_vae: its file, or those in its folder."""
    package = ROOT / "keras_music_vae"
    return sorted((package / part).rglob("*.py")) + sorted(package.glob(f"{part}.py"))


def parts_imported(path):
    """Parts of keras_music_vae that a file imports, and its names for other packages."""
    own, other = set(), set()
    for name in imports(path):
        package, _, rest = name.partition(".")
        if package == "keras_music_vae":
            part = rest.split(".")[0]
            if not part.startswith("__version"):
                own.add(part)
        else:
            other.add(package)
    return own, other


@pytest.mark.parametrize("part", ARROWS)
def test_a_part_imports_only_what_is_below_it(part):
    for path in files_of(part):
        own, other = parts_imported(path)
        assert own - {part} <= ARROWS[part], path
        assert not other & {"tfds_builders", "reproduce", "tests"}, path


def test_every_part_has_its_place():
    package = ROOT / "keras_music_vae"
    parts = {path.stem for path in package.iterdir() if path.suffix == ".py"}
    parts |= {path.parent.name for path in package.glob("*/__init__.py")}
    assert parts - {"__init__"} <= set(ARROWS)


@pytest.mark.parametrize("part", PLAIN_KERAS)
def test_models_and_their_parts_are_plain_keras(part):
    for path in files_of(part):
        others = parts_imported(path)[1] - STANDARD
        assert others <= {"keras", "numpy"}, path


@pytest.mark.parametrize("part", ["music", "reproduction"])
def test_music_and_reproduction_know_no_framework(part):
    for path in files_of(part):
        assert not parts_imported(path)[1] & {"keras", "tensorflow", "jax"}, path


@pytest.mark.parametrize("part", ["cards", "files", "papers", "reproduction", "__init__"])
def test_standard_library_only(part):
    for path in files_of(part):
        assert parts_imported(path)[1] <= STANDARD, path


def test_builders_know_only_the_music():
    for path in (ROOT / "tfds_builders").rglob("*.py"):
        own, other = parts_imported(path)
        assert own <= {"music"}, path
        assert not other & {"keras", "reproduce", "tests"}, path


def test_a_papers_model_imports_no_other_papers_model():
    models = {path.stem: path for path in files_of("models")}
    of_papers = set(PAPERS) & set(models)
    assert "classifying_vae" in of_papers
    for name in of_papers:
        for module in imports(models[name]):
            imported = set(module.split(".")[2:3]) if "keras_music_vae.models" in module else set()
            assert not imported & (of_papers - {name}), models[name]
