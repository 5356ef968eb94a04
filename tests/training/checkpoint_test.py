"""The state file: complete or absent, checked when read, and never written over half-way."""

import io

import keras
import numpy as np
import pytest

from keras_music_vae.training.checkpoint import (
    CheckpointError,
    Progress,
    load,
    replacing,
    save,
    variables,
)
from tests.training.toys import make_toy, toy_data

CONFIG = {"seed": 1, "sizes": [1, 2]}


def progress():
    history = {"loss": [0.1 + 0.2, float("inf")]}
    return Progress(2, 1.5, history, {"wait": 1, "best": 0.25}, CONFIG)


def built_toy(**arguments):
    model = make_toy("adam", noise=0.3, **arguments)()
    data = toy_data(8)
    model.fit(*data, batch_size=4, verbose=0)
    return model


@pytest.fixture(scope="module")
def toy():
    return built_toy()


@pytest.fixture(scope="module")
def saved(toy, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "checkpoint.npz"
    save(path, toy, progress(), toy.get_weights())
    return path


def test_everything_comes_back_bit_for_bit(toy, saved):
    other = built_toy()
    read, best = load(saved, other, CONFIG)
    assert read == progress()
    for ours, theirs in zip(variables(other), variables(toy), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    for ours, theirs in zip(best, toy.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_random_generators_and_optimizer_are_among_the_state(toy):
    names = [variable.path for variable in variables(toy)]
    assert sum(name.endswith("seed_generator_state") for name in names) == 3
    assert sum("velocity" in name for name in names) == 4


def test_bfloat16_variables_come_back_exactly(tmp_path):
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("bfloat16")
    try:
        model, other = built_toy(), built_toy()
    finally:
        keras.config.set_dtype_policy(previous)
    save(tmp_path / "checkpoint.npz", model, progress())
    load(tmp_path / "checkpoint.npz", other, CONFIG)
    assert model.encoder.kernel.dtype == "bfloat16"
    for ours, theirs in zip(variables(other), variables(model), strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99, 0.9999])
def test_truncated_file_is_refused(toy, saved, tmp_path, share):
    damaged = tmp_path / "checkpoint.npz"
    content = saved.read_bytes()
    damaged.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match=r"(?s)checkpoint.npz cannot be read.*remove it"):
        load(damaged, toy, CONFIG)


def test_every_flipped_byte_of_the_state_is_noticed(toy, saved, tmp_path):
    damaged = tmp_path / "checkpoint.npz"
    content = saved.read_bytes()
    kernel = content.index(np.ascontiguousarray(toy.encoder.kernel.numpy()).tobytes())
    for place in (kernel, kernel + 50):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CheckpointError, match=r"BadZipFile.*damaged"):
            load(damaged, toy, CONFIG)


@pytest.mark.parametrize("header", [None, '{"format": "another"}', "[]", "not JSON"])
def test_foreign_file_is_refused(toy, tmp_path, header):
    foreign = tmp_path / "checkpoint.npz"
    np.savez(foreign, **({"x": np.zeros(3)} if header is None else {"header": header}))
    with pytest.raises(CheckpointError, match="not from this package"):
        load(foreign, toy, CONFIG)


def test_differences_are_listed_one_by_one_and_nothing_is_loaded(saved):
    other = built_toy(learning_rate=0.5)
    before = other.get_weights()
    with pytest.raises(CheckpointError) as error:
        load(saved, other, {"seed": 2, "sizes": [1, 3], "new": True})
    lines = str(error.value).splitlines()
    assert [line.strip() for line in lines if line.startswith("  ")] == [
        "new: saved None, now True",
        "seed: saved 1, now 2",
        "sizes: saved 2, now 3",
    ]
    for ours, theirs in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "state"
    path.write_text("old")

    def write_half():
        with replacing(path) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert [p.name for p in tmp_path.iterdir()] == ["state"]
    assert path.read_text() == "old"


def test_a_full_disk_is_explained(toy, tmp_path):
    path = tmp_path / "checkpoint.npz"
    path.write_text("old")
    (tmp_path / "partial.checkpoint.npz").symlink_to("/dev/full")
    with pytest.raises(CheckpointError, match=r"No space left.*untouched: make room"):
        save(path, toy, progress())
    assert path.read_text() == "old"


def test_no_code_is_run_from_a_file(toy, tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array([CheckpointError], dtype=object))
    (tmp_path / "checkpoint.npz").write_bytes(buffer.getvalue())
    with pytest.raises(CheckpointError, match="allow_pickle=False"):
        load(tmp_path / "checkpoint.npz", toy, CONFIG)
