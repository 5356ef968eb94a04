"""Trains the toy model in a process of its own; the tests start, kill and compare such processes.

    python -m tests.training.run_toy FOLDER '{"strategy": "mirrored", ...}' ...

Each JSON holds the arguments of one call of `train` and, beside them, `toy`: arguments of
`make_toy`, `examples` and `copies`: of `toy_data`, `die`: [function, count, "before" or "after"],
to kill this process at the count-th call of os.<function>, `fails`: true where an error is wanted.
The state after the i-th call goes to FOLDER/<i>.npz, a wanted error to FOLDER/<i>.txt.

CPUS in the environment is the number of logical CPU devices; with BLOCK_TENSORFLOW its import
fails as where it is not installed.
"""

import json
import os
import signal
import sys
from pathlib import Path


def kill_at(name, count, when):
    """Makes the count-th call of os.<name> the last thing this process does."""
    original = getattr(os, name)
    calls = 0

    def wrapper(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == count and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(os, name, wrapper)


def prepare():
    """What must happen before Keras is imported."""
    # A shell that starts the tests in the background has its children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("BLOCK_TENSORFLOW"):
        sys.modules["tensorflow"] = None
    cpus = int(os.environ.get("CPUS", 1))
    if cpus > 1:
        import tensorflow as tf

        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * cpus,
        )


def main(folder, *calls):
    """Makes the calls one after the other."""
    import keras
    import numpy as np

    from keras_music_vae.training import train
    from tests.training.toys import everything, make_toy, toy_data

    class Announce(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            print("epoch", epoch, flush=True)

    for i, call in enumerate(calls):
        settings = {"epochs": 6, "batch_size": 4, "seed": 7, "verbose": 0} | json.loads(call)
        make = make_toy(**settings.pop("toy", {}))
        data = toy_data(settings.pop("examples", 22), copies=settings.pop("copies", 1))
        if "die" in settings:
            kill_at(*settings.pop("die"))
        error = Exception if settings.pop("fails", False) else ()
        try:
            result = train(make, data, toy_data(9, seed=1), callbacks=[Announce()], **settings)
        except error as e:
            Path(f"{folder}/{i}.txt").write_text(f"{type(e).__name__}: {e}", encoding="utf-8")
        else:
            np.savez(f"{folder}/{i}.npz", **everything(result))


if __name__ == "__main__":
    prepare()
    main(*sys.argv[1:])
