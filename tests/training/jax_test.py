"""Under JAX, where TensorFlow cannot be imported, a run trains and resumes exactly."""

import importlib.util

import numpy as np
import pytest

from tests.training.processes import finish, read, read_error, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed"),
]


def test_trains_and_resumes_without_tensorflow(tmp_path):
    run = {"toy": {"noise": 0.3, "optimizer": "adam"}, "patience": 5}
    part = run | {"workdir": str(tmp_path / "run")}
    mirrored = {"strategy": "mirrored", "fails": True}
    calls = [run, part | {"epochs": 2}, part | {"resume": True}, mirrored]
    finish(start(tmp_path, *calls, KERAS_BACKEND="jax", BLOCK_TENSORFLOW="1"))
    whole, resumed = read(tmp_path, 0), read(tmp_path, 2)
    losses = dict(whole)["history loss"]
    assert losses.shape == (6,)
    assert losses[-1] < losses[0]
    for (name, value), (_, other) in zip(resumed, whole, strict=True):
        np.testing.assert_array_equal(value, other, err_msg=name)
    assert "needs the TensorFlow backend. Received: 'jax'" in read_error(tmp_path, 3)
