"""What every model promises, whatever paper it is from."""

import functools
import inspect
import json

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae import presets
from keras_music_vae.schedules import LinearWarmup
from tests.conformance import CONFORMING
from tests.gradients import gradients

pytestmark = pytest.mark.parametrize("descriptor", CONFORMING, ids=str)


@pytest.fixture(autouse=True)
def _seed():
    keras.utils.set_random_seed(0)


def names(model):
    return [variable.path.partition("/")[2] for variable in model.weights]


@pytest.fixture(autouse=True, scope="module")
def _leave_no_models_behind():
    yield
    fitted.cache_clear()
    keras.backend.clear_session()


@functools.cache
def fitted(descriptor, dtype="float32"):
    """A model after two updates, for tests that leave it as it is."""
    model = descriptor.make(dtype=dtype)
    model.compile("adam")
    model.fit(*descriptor.data(8), batch_size=4, verbose=0)
    return model


def assert_same(received, expected):
    """Of one configuration, with the same weights, which is all there is to a model (see below)."""
    assert type(received) is type(expected)
    assert received.get_config() | {"name": expected.name} == expected.get_config()
    assert names(received) == names(expected)
    for ours, theirs in zip(received.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=ours.path)


def test_all_weights_exist_before_the_first_call(descriptor):
    model = descriptor.make()
    before = names(model)
    inputs, targets = descriptor.data(2)
    outputs = model(inputs)
    assert names(model) == before == names(fitted(descriptor))
    for name, target in targets.items():
        assert outputs[name].shape == descriptor.output_shape(target.shape)


def test_weights_have_names_of_their_own_that_stay(descriptor):
    first, second = names(descriptor.make()), names(descriptor.make())
    assert first == second
    assert len(set(first)) == len(first)


def test_every_trainable_variable_has_a_finite_gradient(descriptor):
    model = descriptor.make()
    model.compile("sgd")
    inputs, targets = descriptor.data(4)

    def loss():
        return model.compute_loss(inputs, targets, model(inputs, training=True))

    found = gradients(loss, model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, found, strict=True):
        assert gradient.shape == variable.shape, variable.path
        assert np.isfinite(gradient).all(), variable.path
        name = variable.path.partition("/")[2]
        assert gradient.any() == (name not in descriptor.unused), variable.path


def test_every_argument_of_the_constructor_is_in_the_configuration(descriptor):
    model = descriptor.make()
    arguments = {
        name
        for kind in type(model).__mro__
        if kind.__module__.startswith("keras_music_vae") and "__init__" in vars(kind)
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    assert arguments - {"self"} <= model.get_config().keys()


def test_configuration_and_weights_are_all_there_is_to_a_model(descriptor):
    """Two models of which both are the same do the same, and doing it adds no weights."""
    model = fitted(descriptor)
    again = type(model).from_config(json.loads(json.dumps(model.get_config())))
    again.set_weights(model.get_weights())
    before = names(again)
    expected, received = descriptor.methods(model), descriptor.methods(again)
    assert received.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(received[name], value, err_msg=name)
    assert names(again) == before
    assert_same(again, model)


def test_keras_file_round_trip(descriptor, tmp_path):
    model = fitted(descriptor)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert int(again.updates.value) == 2
    assert_same(again, model)


def test_preset_round_trip(descriptor, tmp_path):
    model = fitted(descriptor)
    presets.save_preset(model, tmp_path / "preset")
    again = presets.from_preset(tmp_path / "preset")
    assert int(again.updates.value) == 2
    assert_same(again, model)


@pytest.mark.slow
@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="SavedModels are written by TensorFlow"
)
def test_saved_model(descriptor, tmp_path):
    import tensorflow as tf

    from keras_music_vae import export

    model = fitted(descriptor)
    export.save(model, tmp_path / "saved_model")
    loaded = tf.saved_model.load(tmp_path / "saved_model")
    descriptor.compare_export(model, loaded)


def test_mixed_precision(descriptor):
    model = fitted(descriptor, dtype="mixed_bfloat16")
    assert {v.dtype for v in model.trainable_variables} == {"float32"}
    inputs, targets = descriptor.data(8)
    assert model.compute_dtype == "bfloat16"
    assert ops.dtype(model(inputs)["x"]) == descriptor.output_dtype
    assert np.isfinite(model.evaluate(inputs, targets, verbose=0)).all()
    for name, value in descriptor.methods(model).items():
        assert np.isfinite(value.astype("float32")).all(), name


def test_schedules_move_with_the_updates(descriptor):
    """Without learning and with given noise, only the weights of the terms change the loss."""
    if not descriptor.schedules:
        pytest.skip("A decoder alone has no KL, and with dropout its schedule cannot be told.")
    model = descriptor.make()
    schedule = LinearWarmup(0.0, 1000.0, steps=4)
    weights = dict.fromkeys(descriptor.schedules, schedule)
    model.compile(keras.optimizers.SGD(0.0), **weights, **dict(descriptor.settled))
    inputs, targets = descriptor.data(4)
    model.evaluate(inputs, targets, verbose=0)
    assert int(model.updates.value) == 0
    history = model.fit(inputs, targets, batch_size=4, epochs=6, verbose=0).history
    assert int(model.updates.value) == 6
    terms = np.array(history["loss"]) - history["loss"][0]
    assert abs(terms[-1]) > 1  # a critic's score may have either sign
    np.testing.assert_allclose(terms / terms[-1], [0, 0.25, 0.5, 0.75, 1, 1], atol=1e-4)


def test_codes_can_be_put_in_the_order_of_an_attribute(descriptor):
    """With given noise, the regulariser adds what it says, and no more."""
    model = descriptor.make()
    if not model.latent_dim:
        pytest.skip("A decoder alone has no codes.")
    inputs, targets = descriptor.data(4)
    shape = model(inputs)["z_mean"].shape
    values = np.random.default_rng(0).normal(size=(*shape[:-1], 1)).astype("float32")
    given = inputs | {"attributes": values}
    terms = {}
    for weight in (0.0, 3.0):
        model.compile("sgd", attribute_dims={"it": 1}, attribute_weight=weight)
        disorder = float(ops.mean(model(given)["attribute_it"]))
        terms[weight] = float(sum(model.losses))
    assert disorder > 0.1
    assert terms[3.0] - terms[0.0] == pytest.approx(3 * disorder, rel=1e-4)
    logs = model.train_on_batch(given, targets, return_dict=True)
    assert logs["attribute_it"] == pytest.approx(disorder, rel=1e-4)
