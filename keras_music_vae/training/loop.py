"""`train()`: seeds, devices, early stopping, exact resume and logs around Keras's `fit`."""

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from keras_music_vae.training.batches import describe, training_batches, validation_batches
from keras_music_vae.training.callbacks import Backup, BestWeights
from keras_music_vae.training.checkpoint import configuration
from keras_music_vae.training.distribution import Devices, fit_replicas


@dataclass(frozen=True)
class TrainResult:
    """A trained model and how it came about.

    Attributes:
        model: `keras.Model` with the best weights, or the last where there is nothing to compare.
        history: dict, metric -> list of float, one per epoch, those before a resume included.
        best_epoch: int or None. Index into the lists of `history`.
        epochs: int. Epochs trained, those before a resume included.
        stopped_early: bool. Whether patience ran out.
        wall_seconds: float. Time spent on the epochs, those before a resume included.
    """

    model: Any
    history: dict
    best_epoch: int | None
    epochs: int
    stopped_early: bool
    wall_seconds: float


def train(
    make_model,
    train_data,
    validation_data=None,
    *,
    epochs,
    batch_size,
    seed,
    workdir=None,
    resume=False,
    config=None,
    strategy="none",
    patience=None,
    start_from_epoch=0,
    monitor="val_loss",
    steps_per_epoch=None,
    steps_per_execution=1,
    jit_compile=None,
    mixed_precision=False,
    tensorboard=False,
    callbacks=(),
    verbose=1,
):
    """Trains a model; killed anywhere and resumed, it ends as if it had run through.

    Equal arguments give equal results bit for bit on one CPU, resumed or not. The state is saved
    after every epoch; a resumed run repeats the epoch that was interrupted. State that is in
    neither the model nor its optimizer, such as that of `callbacks`, is not saved.

    Args:
        make_model: callable without arguments that returns a compiled `keras.Model`. Called after
            seeding, under the dtype policy and the scope of the strategy. Its random layers keep
            `keras.random.SeedGenerator`s as attributes; its losses are `keras.losses.Loss`
            objects or added by `add_loss`.
        train_data: tuple `(x, y)` of arrays or dicts of arrays, examples first; or a callable
            `(seed, epoch)` -> `tf.data.Dataset` of batches `(x, y)`, always the same for the same
            arguments.
        validation_data: tuple `(x, y)` of arrays, a `tf.data.Dataset` of batches, or None.
        epochs: int. Passes over the data, those before a resume included; it may grow when a run
            is resumed.
        batch_size: int. Examples per update, over all replicas. The last batch of an epoch may be
            smaller. A callable `train_data` makes its own batches; the number is only recorded.
        seed: int, 0 or more. Of initial weights, noise and the order of examples. Sets the global
            seeds of Python, NumPy and the backend.
        workdir: path or None. Folder for `checkpoint.npz` (the whole state), `history.jsonl`,
            `best.weights.h5` (at the end) and `tensorboard`. None keeps nothing.
        resume: bool. Go on from the state in `workdir`; from the start where there is none.
        config: dict that JSON can hold, or None. Settings hidden in `make_model`, which a resumed
            run must repeat.
        strategy: "none", "mirrored" (all local devices) or "multiworker" (by TF_CONFIG).
        patience: int or None. Stop after so many epochs in a row without a better `monitor`.
        start_from_epoch: int. Epochs before `monitor` is watched and best weights are kept.
        monitor: str. Metric that says which weights are best.
        steps_per_epoch: int or None. Updates per epoch; None for one pass.
        steps_per_execution: int. Updates per call of the compiled function: a divisor of the
            updates per epoch, or more than those for a whole epoch. Small models gain much on one
            device; with others it stays 1.
        jit_compile: bool or None. Whether XLA compiles the step; None as the model was compiled.
        mixed_precision: bool. Compute in bfloat16, with weights and losses in float32.
        tensorboard: bool. Write logs for TensorBoard to `workdir`.
        callbacks: sequence of `keras.callbacks.Callback`.
        verbose: int. 0 silent, 1 progress bar, 2 one line per epoch.

    Returns:
        `TrainResult`.

    Raises:
        ValueError: for arguments that do not fit together.
        CheckpointError: when `workdir` holds a run and `resume` is False, when its state is
            damaged or of another configuration, or when the disk is full.
        KeyboardInterrupt: after Ctrl-C, with a word on how to resume.
    """
    devices = Devices(strategy)
    _check(seed, batch_size, devices.replicas, validation_data, monitor, patience)
    watched = validation_data is not None or not monitor.startswith("val_")
    best = BestWeights(monitor, patience, start_from_epoch) if watched else None
    backup = Backup(workdir, best, writes=devices.is_chief)
    backup.open(resume)
    verbose = verbose if devices.is_chief else 0
    settings = {
        "backend": keras.backend.backend(),
        "batch_size": batch_size,
        "config": config,
        "mixed_precision": mixed_precision,
        "monitor": monitor,
        "patience": patience,
        "replicas": devices.replicas,
        "seed": seed,
        "start_from_epoch": start_from_epoch,
    }

    keras.utils.set_random_seed(seed)
    batches = training_batches(train_data, seed, batch_size, steps_per_epoch, devices.replicas)
    validation = validation_batches(validation_data, batch_size, devices.replicas)
    settings["steps_per_epoch"] = batches.steps
    settings["train_data"] = batches.describe()
    settings["validation_data"] = describe(validation_data)

    with _precision(mixed_precision):
        with devices.scope():
            model = _built(make_model(), batches.spec)
            devices.check_model(model)
            model.steps_per_execution = _per_execution(steps_per_execution, batches.steps, devices)
            if jit_compile is not None:
                model.jit_compile = jit_compile
            listeners = keras.callbacks.CallbackList(
                [
                    *_if(best),
                    *callbacks,
                    *_if(_tensorboard(tensorboard and devices.is_chief, workdir)),
                    backup,
                ],
                add_history=True,
                add_progbar=verbose > 0,
                model=model,
                verbose=verbose,
                epochs=epochs,
                steps=batches.steps,
            )
            backup.restore(settings | {"optimizer": configuration(model.optimizer)})
            devices.spread_noise(model)
        first = backup.progress.epochs
        devices.check_agreement(first, "the epochs already trained")
        if first and verbose:
            print(f"Resuming from {backup.path} after {first} of {epochs} epochs")
        if first >= epochs or (best and best.stopped):
            if best:
                best.on_train_end()
        else:
            try:
                _fit(model, devices, batches, validation, batch_size, first, epochs, listeners)
            except KeyboardInterrupt:
                print(backup.farewell(), file=sys.stderr)
                raise
    backup.finish()
    return TrainResult(
        model=model,
        history=backup.progress.history,
        best_epoch=best.best_epoch if best and best.best_weights else None,
        epochs=backup.progress.epochs,
        stopped_early=bool(best and best.stopped),
        wall_seconds=backup.progress.seconds,
    )


def _fit(model, devices, batches, validation, batch_size, first_epoch, epochs, listeners):
    stream = batches.stream(first_epoch, epochs)
    if devices.strategy is not None:
        fit_replicas(
            model, devices, stream, validation, first_epoch, epochs, batches.steps, listeners
        )
        return
    model.fit(
        stream,
        validation_data=validation,
        validation_batch_size=batch_size if isinstance(validation, tuple) else None,
        initial_epoch=first_epoch,
        epochs=epochs,
        steps_per_epoch=batches.steps,
        shuffle=False,
        callbacks=listeners,
    )


def _check(seed, batch_size, replicas, validation_data, monitor, patience):
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(f"seed must be an int of 0 or more. Received: seed={seed!r}")
    if batch_size < 1 or batch_size % replicas:
        raise ValueError(
            f"batch_size must be a positive multiple of the {replicas} replica(s), which share a "
            f"batch equally. Received: batch_size={batch_size}"
        )
    if patience is not None and validation_data is None and monitor.startswith("val_"):
        raise ValueError(
            f"patience={patience} with monitor={monitor!r} needs validation_data. Received: None"
        )


def _built(model, spec):
    if not model.compiled:
        raise ValueError("make_model must return a compiled model: call model.compile(...) in it.")
    # Keras has no public name for building a model with its metrics and optimizer, which `fit`
    # does too late to restore their state and tf.distribute cannot do while tracing.
    model._symbolic_build(data_batch=spec)
    return model


def _per_execution(requested, steps, devices):
    if devices.strategy is not None:
        return 1
    if requested < steps and steps % requested:
        raise ValueError(
            f"steps_per_execution must divide the {steps} updates of an epoch, or be at least "
            f"{steps} for a whole epoch. Received: {requested}"
        )
    return min(requested, steps)


def _tensorboard(wanted, workdir):
    if not wanted:
        return None
    if workdir is None:
        raise ValueError("tensorboard=True needs a workdir for its logs. Received: workdir=None")
    return keras.callbacks.TensorBoard(str(Path(workdir) / "tensorboard"))


def _if(callback):
    return [] if callback is None else [callback]


@contextlib.contextmanager
def _precision(mixed):
    previous = keras.config.dtype_policy()
    if mixed:
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)
