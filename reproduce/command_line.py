"""What the scripts' command lines share."""

import argparse
import os
import platform
from pathlib import Path

# Read when TensorFlow starts, after this. Its memory on a CPU is given back to the system after
# each use unless the second says otherwise, and to get it again costs up to half of a training.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")


def add_common_flags(parser, datasets, models, default_models, workdir):
    """Flags for data, models, seeds and how to run.

    Args:
        parser: `argparse.ArgumentParser`.
        datasets, models: iterables of str.
        default_models: str, what is run without --model, for the help.
        workdir: str, the default folder, for the help.
    """
    add = parser.add_argument
    add("--dataset", required=True, choices=datasets, help="the music to train on")
    add("--model", default="all", choices=("all", *models), help=f"default: {default_models}")
    add("--seed", type=int, default=0, help="the first seed (default: 0)")
    add("--seeds", type=int, default=1, metavar="N", help="how many seeds (default: 1)")
    add("--smoke", action="store_true", help="a few songs and updates, to see that it all runs")
    add("--resume", action="store_true", help="go on where an interrupted run was")
    add("--strategy", default="none", choices=("none", "mirrored", "multiworker"))
    add("--mixed-precision", action="store_true", help="compute in bfloat16")
    add("--tensorboard", action="store_true", help="write logs for TensorBoard to the workdir")
    add("--workdir", type=Path, help=f"default: {workdir}")
    add("--data-dir", help="where TFDS keeps data (default: its own)")
    add("--manual-dir", help="folder of files that you provide (see docs/data.md)")
    add("--record", action="store_true", help="add the results to reproduce/results, for the docs")


def add_hyperparameter_flags(parser, experiments, label, description, leave_out=()):
    """One flag for each hyperparameter, its help with the value of each model and its origin.

    Args:
        parser: `argparse.ArgumentParser`.
        experiments: list of `papers.Experiment`, those whose values the help shows.
        label: callable, experiment -> its short name in the help.
        description: str, of the group of flags.
        leave_out: names of hyperparameters that get no flag here.

    Returns:
        tuple of str, the names.
    """
    group = parser.add_argument_group("hyperparameters", description)
    every = dict.fromkeys(name for e in experiments for name in e.hyperparameters())
    names = tuple(name for name in every if name not in leave_out)
    for name in names:
        own = {label(e): e.hyperparameters()[name] for e in experiments if name in e.origins}
        values = ", ".join(
            f"{_text(value)} ({', '.join(model for model in own if own[model] == value)})"
            if len(set(own.values())) > 1
            else _text(value)
            for value in dict.fromkeys(own.values())
        )
        origin = next(e.origins[name] for e in experiments if name in e.origins)
        text = f"{values}. {origin}".replace("%", "%%")
        flag = f"--{name.replace('_', '-')}"
        group.add_argument(flag, default=None, help=text, **_kind(own.values()))
    return names


def given_hyperparameters(options, names):
    """Those that the command line gave."""
    values = {name: getattr(options, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def as_typed(flags):
    """Flags and their values, a dict, as one types them."""
    words = []
    for name, value in flags.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            values = value if isinstance(value, list | tuple) else [value]
            words += [f"--{flag}", *map(str, values)]
    return " ".join(words)


def _kind(values):
    values = tuple(values)
    kind = next((type(value) for value in values if value is not None), str)
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if kind is tuple:
        entries = [entry for value in values if value for entry in value]
        return {"type": type(entries[0]), "nargs": "*" if () in values else "+"}
    return {"type": kind}


def _text(value):
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def device():
    """What this machine computes on, in words."""
    import keras

    found = [name.split(":")[0] for name in keras.distribution.list_devices()]
    kinds = ", ".join(f"{found.count(kind)} {kind}" for kind in dict.fromkeys(found))
    return f"{kinds}, {os.cpu_count()} cores, {platform.machine()}"
