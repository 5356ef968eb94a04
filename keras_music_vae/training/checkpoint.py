"""Everything a run needs to go on as if nothing had happened, in one file that is never half there.

Written aside, synced to the disk and renamed, so the file is either the last state or the one
before. Keras's own weight files hold no state of random generators and are not enough.
"""

import contextlib
import json
import os
import re
import zipfile
import zlib
from dataclasses import asdict, dataclass

import keras
import numpy as np

FORMAT = "keras_music_vae training state 1"


class CheckpointError(Exception):
    """A state that cannot be written, read or continued; the message says what to do."""


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        epochs: int. Epochs completed.
        seconds: float. Wall-clock time they took.
        history: dict, metric -> list of float, one per epoch.
        stopper: dict. State of early stopping.
        config: dict. What a run that continues must have in common.
    """

    epochs: int
    seconds: float
    history: dict
    stopper: dict
    config: dict


def variables(model):
    """All state of a built model: weights, counters, random generators, optimizer."""
    return [*model.variables, *model.optimizer.variables]


def save(path, model, progress, best_weights=None):
    """Replaces the file `path` with the present state.

    Args:
        path: `pathlib.Path`.
        model: compiled and built `keras.Model`.
        progress: `Progress`.
        best_weights: list of arrays of `model.get_weights()`, or None.

    Raises:
        CheckpointError: when the disk is full or cannot be written; the old file stays.
    """
    state = variables(model)
    header = {"format": FORMAT, "variables": _names(state), **asdict(progress)}
    arrays = {"header": np.array(json.dumps(header))}
    arrays |= {f"variable/{i}": _storable(v.numpy()) for i, v in enumerate(state)}
    arrays |= {f"best/{i}": _storable(v) for i, v in enumerate(best_weights or ())}
    with replacing(path) as partial, open(partial, "wb") as file:
        np.savez(file, **arrays)


def load(path, model, config):
    """Puts the state of `path` into `model`.

    Args:
        path: `pathlib.Path`.
        model: compiled and built `keras.Model`, made as for the run that was saved.
        config: dict. As `Progress.config`.

    Returns:
        `Progress` and the best weights, a list of arrays (empty where none were kept).

    Raises:
        CheckpointError: when the file is damaged, foreign or of another configuration.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as saved:
            header = json.loads(saved["header"].item())
            arrays = {name: saved[name] for name in saved.files if name != "header"}
        if header.pop("format") != FORMAT:
            raise ValueError("another format")
        names = header.pop("variables")
        progress = Progress(**header)
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as e:
        raise CheckpointError(
            f"{path} cannot be read as a training state ({type(e).__name__}: {e}). It is damaged "
            "or not from this package: remove it to start again, or choose another workdir."
        ) from e
    state = variables(model)
    differences = _differences(
        {**progress.config, "variables": names}, {**config, "variables": _names(state)}
    )
    if differences:
        raise CheckpointError(
            f"{path} is from another configuration and cannot be continued:\n{differences}\n"
            "Repeat the earlier arguments, or choose another workdir."
        )
    for i, variable in enumerate(state):
        variable.assign(arrays[f"variable/{i}"])
    return progress, [arrays[f"best/{i}"] for i in range(len(arrays) - len(state))]


@contextlib.contextmanager
def replacing(path):
    """Gives a path to write to, whose file then takes the place of `path` at once.

    Raises:
        CheckpointError: for an error of the disk; whatever was at `path` is untouched.
    """
    # Keras wants weight files to end as they will be named.
    partial = path.with_name(f"partial.{path.name}")
    try:
        with explaining(path):
            yield partial
            with open(partial, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(partial, path)
            _sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def explaining(path):
    """Turns an error of the disk into a `CheckpointError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be written ({error}). What was saved before is untouched: make room "
            "or mend the disk, then resume."
        ) from error


def configuration(thing):
    """A Keras object's configuration as plain data, without names, which Keras numbers."""

    def unnamed(value):
        if isinstance(value, dict):
            return {k: unnamed(v) for k, v in value.items() if k != "name"}
        return [unnamed(v) for v in value] if isinstance(value, (list, tuple)) else value

    config = keras.saving.serialize_keras_object(thing)
    return json.loads(json.dumps(unnamed(config), default=str))


def _sync_folder(path):
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _storable(array):
    # NumPy's files have no bfloat16; float32 holds its values exactly.
    return array.astype("float32") if array.dtype.kind == "V" else array


def _names(state):
    # Without numbers: Keras counts names on for a second model in one process.
    names = [re.sub(r"_\d+(?=_|$)", "", v.path.split("/")[-1]) for v in state]
    return [[name, list(v.shape), v.dtype] for name, v in zip(names, state, strict=True)]


def _differences(saved, now):
    now = json.loads(json.dumps(now))
    lines = []
    for key in sorted({*saved, *now}):
        before, after = saved.get(key), now.get(key)
        if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            pairs = [(b, a) for b, a in zip(before, after, strict=True) if b != a]
        else:
            pairs = [(before, after)] if before != after else []
        lines += [f"  {key}: saved {b}, now {a}" for b, a in pairs]
    return "\n".join(lines)
