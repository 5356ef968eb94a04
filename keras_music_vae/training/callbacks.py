"""Early stopping whose state can be saved, and the saving of everything after every epoch."""

import json
import time
from pathlib import Path

import keras

from keras_music_vae.training import checkpoint


class BestWeights(keras.callbacks.EarlyStopping):
    """Keras's early stopping with best weights, going on from a state when one is given.

    Args:
        monitor: str. Metric to watch.
        patience: int or None. Epochs without improvement after which to stop; None never stops.
        start_from_epoch: int. Epochs before the metric is watched.
    """

    def __init__(self, monitor, patience, start_from_epoch):
        super().__init__(
            monitor=monitor,
            patience=float("inf") if patience is None else patience,
            start_from_epoch=start_from_epoch,
            restore_best_weights=True,
        )
        super().on_train_begin()

    def on_train_begin(self, logs=None):
        """Keeps the state, which Keras would reset here."""

    def on_epoch_end(self, epoch, logs=None):
        if self.monitor not in logs:
            raise ValueError(
                f"monitor must be one of the metrics {sorted(logs)}. Received: {self.monitor!r}"
            )
        super().on_epoch_end(epoch, logs)

    @property
    def stopped(self):
        """Whether patience ran out."""
        return self.stopped_epoch > 0

    def state(self):
        """What is needed to go on, but for the weights."""
        if self.best_weights is None:
            return {}
        keys = ("best", "best_epoch", "stopped_epoch", "wait")
        return {key: getattr(self, key) for key in keys}

    def restore(self, state, best_weights):
        """Goes on from `state()` and the best weights, a list of arrays."""
        for key, value in state.items():
            setattr(self, key, value)
        self.best_weights = best_weights or None


class Backup(keras.callbacks.Callback):
    """Records history and, given a folder, saves the whole state after every epoch.

    Args:
        folder: path or None to record only.
        best: `BestWeights`, or None.
        writes: bool. Whether this process is the one that writes files.
    """

    def __init__(self, folder, best, writes=True):
        super().__init__()
        self.folder = None if folder is None else Path(folder)
        self.path = None if folder is None else self.folder / "checkpoint.npz"
        self.best = best
        self.writes = writes and folder is not None
        self.progress = checkpoint.Progress(0, 0.0, {}, {}, {})
        self.saved_epochs = 0
        self.started = time.perf_counter()

    def open(self, resume):
        """Makes the folder and refuses one that holds a run, unless that is resumed."""
        if self.folder is None:
            return
        with checkpoint.explaining(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and not resume:
            raise checkpoint.CheckpointError(
                f"{self.folder} already holds a run. Resume it (resume=True, or --resume on the "
                "command line), or choose another workdir."
            )

    def restore(self, config):
        """Puts the saved state, if there is one, into model, early stopping and history.

        Args:
            config: dict. What a run that continues must have in common.
        """
        self.progress.config = config
        if self.path and self.path.exists():
            self.progress, weights = checkpoint.load(self.path, self.model, config)
            self.saved_epochs = self.progress.epochs
            if self.best:
                self.best.restore(self.progress.stopper, weights)

    def on_train_begin(self, logs=None):
        self.started = time.perf_counter() - self.progress.seconds

    def on_epoch_end(self, epoch, logs=None):
        progress = self.progress
        progress.epochs = epoch + 1
        progress.seconds = time.perf_counter() - self.started
        for name, value in logs.items():
            progress.history.setdefault(name, []).append(value)
        if self.best:
            progress.stopper = self.best.state()
        if self.writes:
            best_weights = self.best.best_weights if self.best else None
            checkpoint.save(self.path, self.model, progress, best_weights)
            self.saved_epochs = progress.epochs
            self._write_history()

    def _write_history(self):
        names = list(self.progress.history)
        rows = zip(*self.progress.history.values(), strict=True)
        lines = [
            json.dumps({"epoch": epoch, **dict(zip(names, row, strict=True))})
            for epoch, row in enumerate(rows, start=1)
        ]
        with checkpoint.replacing(self.folder / "history.jsonl") as partial:
            partial.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def finish(self):
        """Writes the final, best weights as Keras's own file for others to load."""
        if self.writes:
            with checkpoint.replacing(self.folder / "best.weights.h5") as partial:
                self.model.save_weights(partial)

    def farewell(self):
        """What to tell whoever interrupted the run."""
        if self.folder is None:
            return "Interrupted. Nothing is saved: no workdir was given."
        if not self.writes:
            return "Interrupted. The first machine keeps what was saved."
        if self.saved_epochs == 0:
            return "Interrupted in the first epoch. Nothing is saved yet; start again."
        return (
            f"Interrupted after {self.saved_epochs} epochs; their state is saved in {self.folder}. "
            "Run the same again with resume=True (--resume on the command line) to go on."
        )
