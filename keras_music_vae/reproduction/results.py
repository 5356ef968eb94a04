"""The results file: one line of JSON for every finished run, appended whole or not at all."""

import dataclasses
import fcntl
import importlib.metadata
import json
import math
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Those whose releases change what is measured.
PACKAGES = ("jax", "keras", "music21", "numpy", "symusic", "tensorflow", "tensorflow-datasets")


class ResultsError(ValueError):
    """A results file or a result that cannot be trusted; the message says where and why."""


@dataclass(frozen=True)
class Result:
    """What one finished run measured, and how.

    Args:
        experiment: str. Name of a `papers.Experiment`.
        model: str. As in the experiment.
        dataset: str. As in the experiment.
        seed: int. Of the run.
        metrics: mapping of str to finite float, keyed and scaled as the paper's `metrics`.
        config: mapping. Every hyperparameter of the run.
        device: str. What it ran on, in words.
        wall_seconds: float. From the first to the last step of the run.
        commit: str. Of the project; "unknown" outside a git checkout.
        dirty: bool. Whether the checkout differed from the commit.
        versions: mapping of str to str. Python and packages.
        time: str. When it finished, UTC, ISO 8601.

    Raises:
        ResultsError: if a value is missing, of the wrong type, not finite or not JSON.
    """

    experiment: str
    model: str
    dataset: str
    seed: int
    metrics: Mapping[str, float]
    config: Mapping[str, Any]
    device: str
    wall_seconds: float
    commit: str
    dirty: bool
    versions: Mapping[str, str]
    time: str

    def __post_init__(self):
        expected = {field.name: field.type for field in dataclasses.fields(self)}
        for name, kind in expected.items():
            value = getattr(self, name)
            kind = Mapping if kind not in (str, int, float, bool) else kind
            kind = (int, float) if kind is float else kind
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise ResultsError(f"{name} has the wrong type. Received: {value!r}")
        for name, value in {**self.metrics, "wall_seconds": self.wall_seconds}.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ResultsError(f"{name} must be a number. Received: {value!r}")
            if not math.isfinite(value):
                raise ResultsError(
                    f"{name} must be finite. Received: {value}. The run failed; it is not recorded."
                )
        try:
            datetime.fromisoformat(self.time)
        except ValueError as error:
            raise ResultsError(f"time must be ISO 8601. Received: {self.time!r}") from error

    def to_json(self):
        """The line of the file, without its end."""
        try:
            return json.dumps(dataclasses.asdict(self), allow_nan=False, sort_keys=True)
        except (TypeError, ValueError) as error:
            raise ResultsError(f"{self.experiment}: cannot be written as JSON: {error}") from error


def finished_run(experiment, seed, metrics, config, device, wall_seconds):
    """The `Result` of a run that ends now, with commit, versions and time filled in.

    Args:
        experiment: `papers.Experiment`.
        seed, metrics, config, device, wall_seconds: see `Result`.
    """
    commit, dirty = commit_of(__file__)
    return Result(
        experiment=experiment.name,
        model=experiment.model,
        dataset=experiment.dataset,
        seed=seed,
        metrics={name: float(value) for name, value in metrics.items()},
        config=dict(config),
        device=device,
        wall_seconds=wall_seconds,
        commit=commit,
        dirty=dirty,
        versions=versions(),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def commit_of(path):
    """The commit that a file belongs to, and whether its git checkout differs from it.

    Results that were just appended do not count as a difference. Outside a checkout, and for a
    file that git does not track, ("unknown", False).
    """
    path = Path(path)

    def git(*arguments):
        command = ["git", "-C", os.fspath(path.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", path.name)
        changed = git("status", "--porcelain", "--", ":/", ":(exclude,top)reproduce/results")
        return git("rev-parse", "HEAD"), bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return "unknown", False


def versions():
    """Versions of Python and of the packages that matter, those that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def append(path, result):
    """Adds a line to the results file; several processes may do so at once.

    Args:
        path: path of the `.jsonl` file, made with its folder where there is none.
        result: `Result`.

    Raises:
        ResultsError: if the result cannot be written as JSON.
        OSError: if the disk refuses; the file is then as it was before.
    """
    line = (result.to_json() + "\n").encode()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            # A writer was killed within its line: what it left shall not swallow this one.
            line = b"\n" + line
        try:
            if file.write(line) != len(line):
                raise OSError(f"{path}: the disk took only a part of the line")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise


def read(path):
    """All results of a file, oldest first; none where there is no file.

    Raises:
        ResultsError: naming file and line of what is not a result.
    """
    path = Path(path)
    if not path.exists():
        return []
    results = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            values = json.loads(line, parse_constant=_refuse_constant)
            results.append(Result(**values))
        except (ResultsError, TypeError, ValueError) as error:
            raise ResultsError(
                f"{path}, line {number}: not a result: {error}. Remove or mend the line."
            ) from error
    return results


def _refuse_constant(name):
    raise ResultsError(f"{name} is not JSON")
