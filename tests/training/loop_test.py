"""train(): exact resume, refusals, early stopping, precision, logs and small data."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.training import CheckpointError, train
from tests.training.toys import Toy, assert_same_run, make_toy, toy_data

DATA = toy_data(22)
VALIDATION = toy_data(9, seed=1)


def run(make=None, train_data=DATA, validation_data=VALIDATION, **settings):
    make = make or make_toy("adam", noise=0.3)
    settings = {"epochs": 6, "batch_size": 5, "seed": 7, "verbose": 0} | settings
    return train(make, train_data, validation_data, **settings)


def weights(model):
    return np.concatenate([np.ravel(w) for w in model.get_weights()])


def test_same_seed_same_run_and_other_seed_another():
    first = run()
    assert_same_run(run(), first)
    assert not np.array_equal(weights(run(seed=8).model), weights(first.model))


def test_training_improves_the_loss():
    history = run(make_toy("adam"), epochs=30).history
    assert history["val_loss"][-1] < 0.7 * history["val_loss"][0]


@pytest.mark.parametrize("stops", [(1,), (2, 4, 5)])
def test_resumed_run_equals_uninterrupted_run(tmp_path, stops):
    for epochs in stops:
        run(workdir=tmp_path, epochs=epochs, resume=True)
    resumed = run(workdir=tmp_path, resume=True)
    assert_same_run(resumed, run())
    assert resumed.epochs == 6


def test_resuming_a_finished_run_returns_it_without_training(tmp_path):
    settings = {"workdir": tmp_path, "patience": 2, "epochs": 60, "resume": True}
    first = run(**settings)
    assert first.stopped_early
    again = run(**settings)
    np.testing.assert_array_equal(weights(again.model), weights(first.model))
    assert (again.history, again.best_epoch, again.epochs, again.stopped_early) == (
        first.history,
        first.best_epoch,
        first.epochs,
        True,
    )


def test_resume_where_nothing_is_saved_starts_from_the_beginning(tmp_path):
    assert_same_run(run(workdir=tmp_path / "new" / "folder", resume=True), run())


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    run(workdir=tmp_path, epochs=1)
    saved = (tmp_path / "checkpoint.npz").read_bytes()
    with pytest.raises(CheckpointError, match=r"already holds a run.*--resume.*another workdir"):
        run(workdir=tmp_path)
    assert (tmp_path / "checkpoint.npz").read_bytes() == saved


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 8}, "seed: saved 7, now 8"),
        ({"batch_size": 4}, "batch_size: saved 5, now 4"),
        ({"patience": 3}, "patience: saved None, now 3"),
        ({"train_data": toy_data(22, seed=5)}, r"train_data: saved \[\[22, 6\], 'uint8', \d+\]"),
        ({"validation_data": None}, "validation_data: saved .* now None"),
        ({"config": {"kl_weight": 0.5}}, "config: saved None, now {'kl_weight': 0.5}"),
        ({"make": make_toy("adam", noise=0.3, learning_rate=0.1)}, "optimizer: saved .*0.05.*0.1"),
        ({"make": make_toy("sgd", noise=0.3)}, "optimizer: saved .*Adam.*SGD"),
    ],
)
def test_another_configuration_is_refused(tmp_path, change, message):
    run(workdir=tmp_path, epochs=1)
    with pytest.raises(CheckpointError, match=f"(?s)another configuration.*{message}"):
        run(workdir=tmp_path, resume=True, **change)


def test_other_shapes_are_refused(tmp_path):
    run(workdir=tmp_path, epochs=1)

    def wider():
        model = make_toy("adam", noise=0.3)()
        model.encoder.units = 5
        return model

    with pytest.raises(CheckpointError, match=r"variables: saved \['kernel', \[6, 4\].*\[6, 5\]"):
        run(wider, workdir=tmp_path, resume=True)


class InterruptSaving(keras.callbacks.Callback):
    """Ctrl-C after an epoch is trained and before its state is in place."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


class InterruptAt(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.here = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.here == self.epoch and batch == 2:
            raise KeyboardInterrupt


def test_ctrl_c_says_how_to_resume_and_loses_only_the_epoch(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        run(workdir=tmp_path, callbacks=[InterruptAt(3)])
    assert "after 3 epochs; their state is saved in" in capsys.readouterr().err
    assert_same_run(run(workdir=tmp_path, resume=True), run())


def test_ctrl_c_counts_only_what_is_saved(tmp_path, capsys):
    with pytest.raises(KeyboardInterrupt):
        run(workdir=tmp_path, callbacks=[InterruptSaving()])
    assert "after 2 epochs" in capsys.readouterr().err
    assert_same_run(run(workdir=tmp_path, resume=True), run())


@pytest.mark.parametrize(
    ("workdir", "message"), [(None, "no workdir was given"), ("new", "in the first epoch")]
)
def test_ctrl_c_before_anything_is_saved_says_so(tmp_path, capsys, workdir, message):
    with pytest.raises(KeyboardInterrupt):
        run(workdir=workdir and tmp_path / workdir, callbacks=[InterruptAt(0)])
    assert message in capsys.readouterr().err


def test_full_disk_ends_the_run_with_a_word_and_keeps_the_last_state(tmp_path):
    run(workdir=tmp_path, epochs=2)
    (tmp_path / "partial.checkpoint.npz").symlink_to("/dev/full")
    with pytest.raises(CheckpointError, match=r"(?s)No space left.*untouched.*resume"):
        run(workdir=tmp_path, resume=True)
    assert_same_run(run(workdir=tmp_path, resume=True), run())


def test_best_weights_are_restored_and_written(tmp_path):
    states = []

    class Record(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            states.append(weights(self.model))

    result = run(
        make_toy("sgd", noise=1.0, learning_rate=0.3), workdir=tmp_path, callbacks=[Record()]
    )
    assert result.best_epoch == int(np.argmin(result.history["val_loss"])) != 5
    np.testing.assert_array_equal(weights(result.model), states[result.best_epoch])
    fresh = make_toy()()
    fresh({"x": keras.KerasTensor((None, 6), "uint8")})
    fresh.load_weights(tmp_path / "best.weights.h5")
    np.testing.assert_array_equal(weights(fresh), states[result.best_epoch])


def test_without_validation_the_last_weights_stay():
    result = run(validation_data=None)
    assert result.best_epoch is None
    assert int(result.model.updates) == 6 * 5


class Scripted(keras.Model):
    """A model whose validation loss follows a table, one row per update."""

    def __init__(self, values):
        super().__init__()
        self.table = self.add_weight(shape=(len(values),), initializer="zeros", trainable=False)
        self.table.assign(values)
        self.dense = keras.layers.Dense(1)
        self.updates = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False
        )

    def call(self, x, training=False):
        if training:
            self.updates.assign_add(1)
        self.add_loss(ops.take(self.table, self.updates - 1))
        return 0.0 * self.dense(x)


@pytest.mark.parametrize(
    ("golden_case", "patience"),
    [("patience5_minepoch1_registered1", 6), ("patience3_minepoch11_registered2", 2)],
)
def test_stops_where_the_authors_code_stopped(golden, golden_case, patience):
    arrays = golden("classifying_vae/callbacks_helpers")
    row = 4
    data = np.ones((1, 1), "float32"), np.zeros((1, 1), "float32")

    def make():
        model = Scripted(arrays["early_stop/val_loss"][row])
        model.compile("sgd", "mse")
        return model

    result = run(
        make,
        data,
        data,
        epochs=40,
        patience=patience,
        start_from_epoch=int(golden_case.split("minepoch")[1].split("_")[0]),
    )
    assert result.stopped_early
    assert result.epochs - 1 == arrays[f"early_stop/{golden_case}/stop_epoch"][row]
    assert result.best_epoch == arrays[f"early_stop/{golden_case}/best_epoch"][row]


def test_epochs_are_cut_into_any_executions():
    expected = run()
    assert_same_run(run(steps_per_execution=5), expected)
    assert_same_run(run(steps_per_execution=1000), expected)
    with pytest.raises(ValueError, match=r"divide the 5 updates.*at least 5.*Received: 2"):
        run(steps_per_execution=2)


def test_steps_per_epoch_shortens_every_epoch():
    assert int(run(validation_data=None, steps_per_epoch=2).model.updates) == 12


def test_pipeline_with_the_same_batches_gives_the_same_run(tmp_path):
    import tensorflow as tf

    def pipeline(seed, epoch):
        order = np.random.default_rng((seed, epoch)).permutation(22)
        return tf.data.Dataset.from_tensor_slices(
            tuple({"x": part["x"][order]} for part in DATA)
        ).batch(5)

    assert_same_run(run(train_data=pipeline), run())
    run(train_data=pipeline, workdir=tmp_path, epochs=3)
    assert_same_run(run(train_data=pipeline, workdir=tmp_path, resume=True), run())


def test_fewer_examples_than_a_batch_are_one_batch():
    result = run(train_data=toy_data(3), validation_data=None, batch_size=100, epochs=2)
    assert int(result.model.updates) == 2


def test_mixed_precision_computes_in_bfloat16_and_is_undone():
    result = run(make_toy("adam"), mixed_precision=True)
    assert result.model.compute_dtype == "bfloat16"
    assert {w.dtype for w in result.model.trainable_weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    full = run(make_toy("adam")).history["loss"]
    assert result.history["loss"] != full
    np.testing.assert_allclose(result.history["loss"], full, rtol=0.03)


def test_precision_is_undone_after_an_error():
    with pytest.raises(ValueError, match="compiled"):
        run(Toy, mixed_precision=True)
    assert keras.config.dtype_policy().name == "float32"


def test_history_is_written_as_lines(tmp_path):
    result = run(workdir=tmp_path, epochs=3)
    lines = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert [line["val_loss"] for line in lines] == result.history["val_loss"]


def test_tensorboard_writes_to_the_workdir(tmp_path):
    pytest.importorskip("tensorboard")
    run(workdir=tmp_path, epochs=1, tensorboard=True)
    assert list((tmp_path / "tensorboard" / "validation").glob("events*"))


def test_progress_bar_and_resume_are_announced(tmp_path, capsys):
    run(workdir=tmp_path, epochs=1)
    run(workdir=tmp_path, epochs=2, resume=True, verbose=2)
    out = capsys.readouterr().out
    assert "after 1 of 2 epochs" in out
    assert "Epoch 2/2" in out
    assert "val_loss" in out


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed must be an int of 0 or more"),
        ({"batch_size": 0}, "positive multiple"),
        ({"strategy": "tpu"}, "one of .*mirrored.*Received: 'tpu'"),
        ({"patience": 3, "validation_data": None}, "needs validation_data"),
        ({"monitor": "val_accuracy"}, r"one of the metrics \[.*val_loss.*'val_accuracy'"),
        ({"tensorboard": True}, "needs a workdir"),
        ({"make": Toy}, r"call model.compile"),
        ({"strategy": "multiworker"}, "TF_CONFIG"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(monkeypatch, settings, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match=message):
        run(**settings)
