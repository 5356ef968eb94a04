"""Two replicas equal one, on one machine and on two; and a doubled gradient would be seen."""

import json
import re

import numpy as np
import pytest

from keras_music_vae.training import train
from tests.training.processes import finish, free_ports, read, read_error, start
from tests.training.toys import everything, make_toy, toy_data

pytestmark = pytest.mark.slow

SETTINGS = {"epochs": 3, "batch_size": 4, "seed": 7, "verbose": 0}
BARE_MEAN = {"toy": {"bare_mean": True}}
NOISY = {"toy": {"noise": 0.3, "optimizer": "adam"}}


def one_replica(toy=None, examples=22, **settings):
    data, validation = toy_data(examples), toy_data(9, seed=1)
    result = train(make_toy(**toy or {}), data, validation, **(SETTINGS | settings))
    return list(everything(result).items())


def largest_difference(measured, expected, kind=""):
    """Over all arrays whose name contains `kind`, paired in order."""
    pairs = zip(measured, expected, strict=True)
    return max(
        np.abs(np.float64(a) - np.float64(b)).max() for (name, a), (_, b) in pairs if kind in name
    )


def assert_equal_runs(measured, expected):
    assert largest_difference(measured, expected, "toy") < 1e-6
    # Sums in another order: float32 resolves a loss of about 2 to 2e-7.
    assert largest_difference(measured, expected, "history") < 2e-6


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """Runs on two logical CPUs, by name."""
    folder = tmp_path_factory.mktemp("mirrored")
    noisy_part = NOISY | {"workdir": str(folder / "run")}
    calls = {
        "plain": {},
        "bare_mean": BARE_MEAN,
        "noisy": NOISY,
        "noisy, first epoch": noisy_part | {"epochs": 1},
        "noisy, resumed": noisy_part | {"resume": True},
        "noisy twins": NOISY | {"epochs": 1, "examples": 1, "copies": 2, "batch_size": 2},
        "23 examples": {"epochs": 1, "examples": 23},
        "21 examples": {"epochs": 1, "examples": 21},
    }
    both = [SETTINGS | {"strategy": "mirrored"} | call for call in calls.values()]
    waiting = SETTINGS | {"strategy": "mirrored", "fails": True}
    waiting["toy"] = {"aggregation": "only_first_replica"}
    finish(start(folder, *both, waiting, CPUS="2"))
    runs = {name: read(folder, i) for i, name in enumerate(calls)}
    return runs | {"refusal": read_error(folder, len(calls))}


def test_two_replicas_equal_one(mirrored):
    assert_equal_runs(mirrored["plain"], one_replica())


def test_the_comparison_sees_a_doubled_gradient(mirrored):
    difference = largest_difference(mirrored["bare_mean"], one_replica(**BARE_MEAN), "kernel")
    assert difference > 1e-3


def test_replicas_resume(mirrored):
    assert largest_difference(mirrored["noisy, resumed"], mirrored["noisy"]) == 0


def test_replicas_draw_noise_of_their_own(mirrored):
    """With the same noise, two copies of an example would be worth exactly one."""
    one = one_replica(**NOISY, examples=1, batch_size=1, epochs=1)
    assert largest_difference(mirrored["noisy twins"], one, "kernel") > 1e-3


def test_a_counter_that_makes_replicas_wait_is_refused(mirrored):
    assert "must have aggregation='none'" in mirrored["refusal"]
    assert re.search(r"Received: \['toy_?\d*/updates'\]", mirrored["refusal"])


@pytest.mark.parametrize("examples", [21, 23])
def test_replicas_share_a_last_batch_equally(mirrored, examples):
    """21 = 5 batches of 4, and 1 left out; 23 = 5 batches of 4, 1 of 2, and 1 left out."""
    state = mirrored[f"{examples} examples"]
    updates = [array for name, array in state if name.endswith("updates")]
    assert updates == [{21: 5, 23: 6}[examples]]
    assert all(np.isfinite(array).all() for _, array in state)


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two processes on this machine: for each the runs by name and the last error; the files."""
    folder = tmp_path_factory.mktemp("machines")
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    common = SETTINGS | {"strategy": "multiworker", "patience": 1}
    part = common | {"workdir": str(folder / "run")}
    calls = {
        "plain": common,
        "first epoch": part | {"epochs": 1},
        "resumed": part | {"resume": True},
    }
    processes = []
    for i, workdir in enumerate(["run", "elsewhere"]):
        apart = common | {"workdir": str(folder / workdir), "resume": True, "fails": True}
        task = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": i}})
        processes.append(start(folder / str(i), *calls.values(), apart, TF_CONFIG=task))
    finish(*processes)
    runs = [
        {name: read(folder / str(i), k) for k, name in enumerate(calls)}
        | {"error": read_error(folder / str(i), len(calls))}
        for i in range(2)
    ]
    return runs, folder / "run"


@pytest.mark.parametrize("name", ["plain", "resumed"])
def test_two_machines_equal_one(machines, name):
    runs, _ = machines
    expected = one_replica(patience=1)
    for process in runs:
        assert_equal_runs(process[name], expected)


def test_machines_that_resume_from_different_folders_say_so(machines):
    runs, _ = machines
    for process in runs:
        assert "must agree on the epochs already trained" in process["error"]
        assert "[3, 0]" in process["error"]


def test_one_machine_writes_the_files(machines):
    _, folder = machines
    files = sorted(path.name for path in folder.iterdir())
    assert files == ["best.weights.h5", "checkpoint.npz", "history.jsonl"]
