"""Fixtures that find material outside the repository, and skip with a reason without it."""

import os
from pathlib import Path

import numpy as np
import pytest

# The scripts change this default when they are imported; here all tests and the programs that they
# start are to have the same, whichever were collected first.
os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "false")

SHARED = Path(os.environ.get("KMV_SHARED", Path(__file__).parents[2] / "shared"))
_NOT_FOUND = (
    "{} is not there: set KMV_SHARED to the folder of shared material, which is not published"
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes():
    """Workers share the cores: libraries with a thread for each would wait for one another."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared():
    """Folder of data and golden files: $KMV_SHARED, or `shared` beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(_NOT_FOUND.format(SHARED))
    return SHARED


@pytest.fixture(scope="session")
def golden(shared):
    """Loads a golden file by name: golden("classifying_vae/mlp_xprev") -> dict of arrays."""

    def load(name):
        path = shared / "fixtures" / f"{name}.npz"
        if not path.is_file():
            pytest.skip(_NOT_FOUND.format(path))
        with np.load(path) as arrays:
            return dict(arrays)

    return load
