"""Schedules: the authors' values by epoch, exact ends, tracing, learning rates, serialisation."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.schedules import (
    Constant,
    ExponentialApproach,
    InverseSigmoid,
    LinearWarmup,
    compile_arguments,
)

STEPS_PER_EPOCH = 137


def values(schedule, steps):
    return np.array([ops.convert_to_numpy(schedule(step)) for step in steps])


@pytest.mark.parametrize("name", ["kl", "w_kl"])
def test_staircase_gives_the_authors_value_in_every_step_of_every_epoch(golden, name):
    arrays = golden("classifying_vae/callbacks_helpers")
    start, epochs, stop, _ = arrays[f"anneal/{name}/args_start_n_final_slope"]
    expected = arrays[f"anneal/{name}/value_by_epoch"]
    schedule = LinearWarmup(start, stop, int(epochs) * STEPS_PER_EPOCH, staircase=STEPS_PER_EPOCH)
    for step_of_epoch in (0, 1, STEPS_PER_EPOCH - 1):
        steps = np.arange(len(expected)) * STEPS_PER_EPOCH + step_of_epoch
        np.testing.assert_allclose(values(schedule, steps), expected, rtol=0, atol=1e-7)


def test_line_moves_every_step_and_ends_exactly():
    schedule = LinearWarmup(0.25, 0.1, 1000)
    measured = values(schedule, range(1003))
    assert measured[0] == np.float32(0.25)
    assert (np.diff(measured[:1001]) < 0).all()
    np.testing.assert_allclose(measured[500], 0.175, rtol=1e-6)
    assert (measured[1000:] == np.float32(0.1)).all()


def test_steps_that_are_no_multiple_of_the_staircase_still_end_at_stop():
    assert values(
        LinearWarmup(0, 1, 25, staircase=10), [9, 10, 19, 20, 29, 30, 40]
    ) == pytest.approx([0, 0.4, 0.4, 0.8, 0.8, 1, 1])


def test_no_steps_means_stop_at_once():
    assert values(LinearWarmup(0.1, 1.0, 0), [0, 1, 100]).tolist() == [1, 1, 1]


def test_late_steps_beyond_what_float32_counts():
    step = ops.convert_to_tensor(2**30, "int32")
    assert float(LinearWarmup(0, 1, 2**30 + 100)(step)) == pytest.approx(1 - 100 / 2**30, abs=1e-7)


@pytest.mark.parametrize("schedule", [Constant(0.3), LinearWarmup(0, 1, 10, staircase=5)])
def test_float32_of_the_shape_of_the_step_under_mixed_precision(schedule):
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        for step in (3, keras.Variable(3, dtype="int32"), ops.convert_to_tensor([3, 7])):
            value = schedule(step)
            assert keras.backend.standardize_dtype(value.dtype) == "float32"
        assert tuple(LinearWarmup(0, 1, 10)(step).shape) == (2,)
    finally:
        keras.config.set_dtype_policy(previous)


class AddsScheduledLoss(keras.layers.Layer):
    """Passes its input on and adds the schedule's value of its own update counter as loss."""

    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedule
        self.updates = self.add_weight(
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )

    def call(self, x):
        self.add_loss(self.schedule(self.updates))
        self.updates.assign_add(1)
        return x


def test_the_value_moves_inside_a_traced_training_step():
    layer = AddsScheduledLoss(LinearWarmup(0, 1, 4))
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = []  # running means, as Keras reports them
    record = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda _, logs: losses.append(logs["loss"])
    )
    zeros = np.zeros((6, 2), "float32")
    model.fit(zeros, zeros[:, :1], batch_size=1, verbose=0, callbacks=[record])
    assert np.cumsum([0, 0.25, 0.5, 0.75, 1, 1]) / np.arange(1, 7) == pytest.approx(losses)


def test_a_schedule_is_a_learning_rate():
    optimizer = keras.optimizers.SGD(LinearWarmup(1.0, 0.0, 4))
    weight = keras.Variable(0.0)
    for _ in range(6):
        optimizer.apply([ops.ones(())], [weight])
    assert float(weight) == pytest.approx(-(1 + 0.75 + 0.5 + 0.25))


@pytest.mark.parametrize("schedule", [Constant(0.3), LinearWarmup(0.1, 1.0, 50, staircase=5)])
def test_serialisation_gives_the_same_values(schedule):
    config = keras.saving.serialize_keras_object(schedule)
    restored = keras.saving.deserialize_keras_object(config)
    assert type(restored) is type(schedule)
    assert values(restored, range(60)).tolist() == values(schedule, range(60)).tolist()


def test_bad_arguments_say_what_was_expected():
    with pytest.raises(ValueError, match=r"0 or more updates.*steps=-1"):
        LinearWarmup(0, 1, -1)
    with pytest.raises(ValueError, match=r"1 or more updates.*staircase=0"):
        LinearWarmup(0, 1, 10, staircase=0)


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("inverse_sigmoid_1000", InverseSigmoid(1000)),
        ("inverse_sigmoid_2000", InverseSigmoid(2000)),
        ("exponential_0.9999", ExponentialApproach(0, 1, 0.9999)),
        ("beta_max0.2_rate0.99999", ExponentialApproach(0, 0.2, 0.99999)),
        ("beta_max0.2_rate0", ExponentialApproach(0, 0.2, 0)),
        ("learning_rate", ExponentialApproach(1e-3, 1e-5, 0.9999)),
    ],
)
def test_magentas_schedules(golden, name, schedule):
    arrays = golden("magenta/schedules")
    found = values(schedule, arrays["steps"])
    np.testing.assert_allclose(found, arrays[name], rtol=1e-4, atol=1e-6)
    again = type(schedule).from_config(schedule.get_config())
    np.testing.assert_array_equal(values(again, arrays["steps"]), found)


SETTINGS = {
    "learning_rate": 1e-3,
    "learning_rate_floor": 1e-5,
    "learning_rate_decay": 0.9999,
    "beta_1": 0.8,
    "beta_2": 0.99,
    "epsilon": 1e-8,
    "clip_norm": 2.0,
    "kl_weight": 0.2,
    "kl_weight_rate": 0.99999,
    "sampling_rate": 1000,
    "batch_size": 512,
}


def test_settings_of_a_training_are_what_compile_takes():
    arguments = compile_arguments(SETTINGS)
    config = arguments["optimizer"].get_config()
    wanted = {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-8, "global_clipnorm": 2.0}
    assert {key: config[key] for key in wanted} == wanted
    schedules = (
        arguments["optimizer"]._learning_rate,
        arguments["kl_weight"],
        arguments["sampling_probability"],
    )
    step = 6908
    expected = (
        1e-5 + (1e-3 - 1e-5) * 0.9999**step,
        0.2 * (1 - 0.99999**step),
        1 - 1000 / (1000 + np.exp(step / 1000)),
    )
    # In float32, which Magenta has too, 0.99999 is a little less.
    np.testing.assert_allclose([float(each(step)) for each in schedules], expected, rtol=2e-3)


def test_without_a_sampling_rate_the_true_tokens_are_read():
    assert compile_arguments(SETTINGS | {"sampling_rate": 0.0})["sampling_probability"] == 0.0
    constant = SETTINGS | {"sampling_schedule": "constant"}
    assert compile_arguments(constant | {"sampling_rate": 0.0})["sampling_probability"] == 0.0
    with pytest.raises(ValueError, match="Received: sampling_schedule='constant' with"):
        compile_arguments(constant)


@pytest.mark.parametrize(
    "make", [lambda: InverseSigmoid(0.5), lambda: ExponentialApproach(0, 1, 1.0)]
)
def test_rates_that_make_no_schedule_are_refused(make):
    with pytest.raises(ValueError, match="`rate` must be"):
        make()
