"""A run that is killed and resumed, over and over, ends bit for bit as one that ran through."""

import os
import signal
import time

import numpy as np
import pytest

from keras_music_vae.training import train
from tests.training.processes import start
from tests.training.toys import assert_same_run, make_toy, toy_data

pytestmark = pytest.mark.slow

TOY = {"noise": 0.3, "optimizer": "adam"}
RUN = {"epochs": 60, "batch_size": 4, "seed": 7, "patience": 40}


def train_here(**settings):
    data, validation = toy_data(22), toy_data(9, seed=1)
    return train(make_toy(**TOY), data, validation, **RUN, **settings, verbose=0)


def killed(folder, **settings):
    return start(folder, RUN | {"toy": TOY, "workdir": str(folder), "resume": True} | settings)


@pytest.fixture(scope="module")
def uninterrupted():
    return train_here()


def read_until(process, epochs):
    """Reads the announcements of the next epochs; the first comes before the model is traced."""
    for _ in range(epochs):
        line = process.stdout.readline()
        assert line.startswith("epoch"), process.stderr.read()
    return line


def test_killed_at_random_moments(tmp_path, uninterrupted):
    random = np.random.default_rng()
    reached = [-1]
    for _ in range(4):
        process = killed(tmp_path)
        line = read_until(process, 3)
        time.sleep(random.uniform(0, 0.1))
        process.kill()
        line = [line, *process.communicate()[0].splitlines()][-1]
        assert process.returncode == -signal.SIGKILL
        reached.append(int(line.split()[1]))
    assert (np.diff(reached) > 0).all(), f"each should get further than the last: {reached}"
    assert_same_run(train_here(workdir=tmp_path, resume=True), uninterrupted)


@pytest.mark.parametrize(
    "die",
    [
        ("fsync", 1, "before"),  # the first state is written, but not on the disk
        ("replace", 1, "after"),  # it is in place, the history is not
        ("replace", 11, "before"),  # the sixth is on the disk, the fifth still in place
    ],
)
def test_killed_while_saving(tmp_path, uninterrupted, die):
    process = killed(tmp_path, die=die)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert_same_run(train_here(workdir=tmp_path, resume=True), uninterrupted)


def test_ctrl_c_exits_with_an_error_and_says_how_to_go_on(tmp_path, uninterrupted):
    process = killed(tmp_path)
    read_until(process, 6)
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode not in (0, -signal.SIGKILL)
    assert "their state is saved in" in errors
    assert_same_run(train_here(workdir=tmp_path, resume=True), uninterrupted)
