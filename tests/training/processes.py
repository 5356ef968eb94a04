"""Starts `run_toy` in processes of their own, as a user would start a script."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
# Keras 3.15 itself warns of NumPy 2 whenever a variable becomes an array.
WARNINGS = ("-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning")


def start(folder, *calls, **environment):
    """A process that makes these calls of `train` and writes their states to `folder`."""
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [
            sys.executable,
            *WARNINGS,
            "-m",
            "tests.training.run_toy",
            folder,
            *map(json.dumps, calls),
        ],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*processes, seconds=900):
    """Waits for all to succeed."""
    try:
        for process in processes:
            _, errors = process.communicate(timeout=seconds)
            assert process.returncode == 0, errors[-4000:]
    finally:
        for process in processes:
            with process:
                process.kill()


def read(folder, call):
    """Names and arrays of the state after the `call`-th call, in order."""
    with np.load(folder / f"{call}.npz") as arrays:
        return list(arrays.items())


def read_error(folder, call):
    """What the `call`-th call raised, as it should."""
    return (folder / f"{call}.txt").read_text(encoding="utf-8")


def free_ports(count):
    """Ports of this machine that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
