"""Magenta's variables in and out of a model."""

import json
import tarfile

import numpy as np
import pytest

from keras_music_vae.checkpoints import magenta
from keras_music_vae.models.music_vae import MusicVAE
from keras_music_vae.papers.magenta import MAGENTA

SIZES = {"num_classes": (6,), "latent_dim": 3, "encoder_units": (4,), "decoder_units": (5, 4)}


def test_what_is_assigned_is_read_back():
    rng = np.random.default_rng(0)
    nade = {"num_classes": (2,) * 4, "head": "nade", "nade_units": 3}
    for settings in ({}, {"subsequences": 2, "conductor_units": (7,)}, nade):
        model = MusicVAE(**SIZES | settings)
        given = {
            name: rng.normal(size=value.shape).astype("float32")
            for name, value in magenta.variables(model).items()
        }
        magenta.assign(model, given)
        found = magenta.variables(model)
        assert found.keys() == given.keys()
        for name, value in given.items():
            np.testing.assert_allclose(found[name], value, atol=1e-6)


def test_what_does_not_fit_is_named():
    model = MusicVAE(**SIZES)
    given = magenta.variables(model)
    before = magenta.variables(model)
    given["encoder/mu/kernel"] = given["encoder/mu/kernel"][:, :2]
    del given["decoder/output_projection/bias"]
    given["decoder/nade/w_enc"] = np.zeros(1)
    given["encoder/sigma/bias"] = given["encoder/sigma/bias"] + 1
    with pytest.raises(ValueError, match="not those of this model") as raised:
        magenta.assign(model, given)
    for part in (
        "encoder/mu/kernel has shape (8, 2), expected (8, 3)",
        "decoder/output_projection/bias is missing, expected with shape (6,)",
        "decoder/nade/w_enc belongs to no layer",
    ):
        assert part in str(raised.value)
    np.testing.assert_array_equal(
        magenta.variables(model)["encoder/sigma/bias"], before["encoder/sigma/bias"]
    )


SMALL = {
    "latent_dim": 16,
    "encoder_units": (20, 24),
    "decoder_units": (24, 20),
    "subsequences": 4,
}


@pytest.fixture
def checkpoint(shared):
    folder = shared / "fixtures" / "magenta" / "hierdec-trio" / "checkpoint"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


def test_a_checkpoint_is_read_from_a_folder_a_prefix_and_an_archive(checkpoint, golden, tmp_path):
    with tarfile.open(tmp_path / "model.tar", "w") as archive:
        archive.add(checkpoint, "some/where")
    expected = {
        name.removeprefix("var/"): value
        for name, value in golden("magenta/hierdec-trio/golden").items()
        if name.startswith("var/")
    }
    for path in (checkpoint, checkpoint / "model.ckpt-0", tmp_path / "model.tar"):
        found = magenta.variables(magenta.load(path, "hierdec-trio_16bar", **SMALL))
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, atol=1e-6)


@pytest.mark.parametrize(
    ("folder", "name", "settings"),
    [
        ("nade-drums", "nade-drums_2bar_full", {"nade_units": 12}),
        ("groovae", "groovae_2bar_humanize", {}),
    ],
)
def test_checkpoints_of_drums_and_grooves_are_read(folder, name, settings, shared, golden):
    expected = golden(f"magenta/{folder}/golden")
    sizes = {"latent_dim": 16, "encoder_units": (24,), "decoder_units": (20, 20)} | settings
    path = shared / "fixtures" / "magenta" / folder / "checkpoint"
    found = magenta.variables(magenta.load(path, name, **sizes))
    assert {f"var/{key}" for key in found} == {key for key in expected if key.startswith("var/")}
    for key, value in found.items():
        np.testing.assert_allclose(value, expected[f"var/{key}"], atol=1e-6)


def test_of_several_checkpoints_the_newest_is_read(tmp_path):
    import tensorflow as tf

    for updates in (900, 2000, 1000):
        path, value = str(tmp_path / f"model.ckpt-{updates}"), tf.constant(float(updates))
        tf.raw_ops.SaveV2(prefix=path, tensor_names=["x"], shape_and_slices=[""], tensors=[value])
    assert magenta.read(tmp_path) == {"x": 2000}
    # As TensorFlow writes it, of the machine that trained.
    named = 'model_checkpoint_path: "/elsewhere/model.ckpt-1000"\n'
    (tmp_path / "checkpoint").write_text(named)
    assert magenta.read(tmp_path) == {"x": 1000}
    (tmp_path / "checkpoint").write_text(named.replace("1000", "3000"))
    assert magenta.read(tmp_path) == {"x": 2000}


@pytest.mark.parametrize("kind", ["", "gz", "xz"])
def test_an_archive_that_was_cut_short_is_refused(checkpoint, tmp_path, kind):
    archive = tmp_path / "model.tar"
    with tarfile.open(archive, f"w:{kind}") as members:
        members.add(checkpoint, "model")
    whole = archive.read_bytes()
    for share in (0.5, 0.95):
        archive.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ValueError, match=r"model\.tar cannot be unpacked .* Fetch it again"):
            magenta.read(archive)


def test_an_archive_without_a_checkpoint_is_called_by_its_name(tmp_path):
    archive = tmp_path / "model.tar"
    with tarfile.open(archive, "w") as members:
        members.add(__file__, "notes.txt")
    with pytest.raises(FileNotFoundError, match=r"with one at .*model\.tar, found none"):
        magenta.read(archive)


def test_what_is_no_checkpoint_is_refused(checkpoint, tmp_path):
    with pytest.raises(FileNotFoundError, match="found none"):
        magenta.read(tmp_path)
    with pytest.raises(ValueError, match="cat-mel_2bar_big"):
        magenta.load(checkpoint, "cat-mel_3bar")
    for path in checkpoint.glob("model.ckpt-0.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes()[:50])
    with pytest.raises(ValueError, match="Fetch it again"):
        magenta.read(tmp_path)


# Today's names, and how the decoder of the first release named the same.
FIRST_RELEASE = {
    "core_decoder/core_decoder_": "core_decoder_",
    "core_decoder/decoder/": "core_decoder_0/decoder/",
    "decoder/hierarchical_level_0/initial_state/": "hierarchical_layer_0/e_to_initial_state/",
    "decoder/hierarchical_level_0/cell_": "hierarchical_layer_0/rnn/multi_rnn_cell/cell_",
}


@pytest.mark.parametrize("folder", ["hierdec-trio", "hierdec-mel"])
def test_names_of_the_first_release_are_read(folder, golden, tmp_path):
    tf = pytest.importorskip("tensorflow")
    expected = {
        name.removeprefix("var/"): value
        for name, value in golden(f"magenta/{folder}/golden").items()
        if name.startswith("var/")
    }
    old = {}
    for name, value in expected.items():
        start = next((each for each in FIRST_RELEASE if name.startswith(each)), "")
        old[FIRST_RELEASE.get(start, "") + name.removeprefix(start)] = value
    assert len(set(old) - set(expected)) == (30 if folder == "hierdec-trio" else 14)
    tf.raw_ops.SaveV2(
        prefix=str(tmp_path / "model.ckpt"),
        tensor_names=list(old),
        shape_and_slices=[""] * len(old),
        tensors=[tf.constant(value) for value in old.values()],
    )
    model = magenta.load(tmp_path / "model.ckpt", f"{folder}_16bar", **SMALL)
    found = magenta.variables(model)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", MAGENTA)
def test_names_and_shapes_are_those_of_the_published_models(name, shared):
    path = shared / "fixtures" / "magenta" / "variable_shapes.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    published = {row[0]: row for row in json.loads(path.read_text())}
    if name not in published:
        pytest.skip(f"{path} has no {name}")
    *_, parameters, shapes = published[name]
    model = MusicVAE(**MAGENTA[name].model)
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == parameters
    found = {key: list(value.shape) for key, value in magenta.variables(model).items()}
    assert found == dict(shapes)
