"""MusicVAE as its users call it: codes, samples, interpolations, saving."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.models.latent_space import slerp
from keras_music_vae.models.music_vae import MusicVAE
from keras_music_vae.music.representations import Drums

SIZES = {"num_classes": (5,), "latent_dim": 3, "encoder_units": (4,), "decoder_units": (6, 4)}
MODELS = {
    "flat": {},
    "drums": {"num_classes": (512,), "encoder_input": "drum_roll"},
    "hierarchical": {
        "num_classes": (5, 8),
        "subsequences": 2,
        "split_parts": True,
        "encoder_lengths": (4, 2),
        "encoder_units": (4, 3),
    },
    "chords": {"control_dim": 2},
    "nade": {
        "num_classes": (2,) * 4,
        "head": "nade",
        "nade_units": 3,
        "encoder_input": "drum_roll",
    },
    "groove": {"num_classes": (2,) * 3, "head": "groove"},
}


@pytest.fixture(params=MODELS.values(), ids=MODELS)
def model(request):
    keras.utils.set_random_seed(1)
    model = MusicVAE(**SIZES | request.param)
    for weight in model.trainable_weights:
        weight.assign(0.5 * keras.random.normal(weight.shape))
    return model


def tokens(model, count=2):
    rng = np.random.default_rng(0)
    if model.head == "groove":
        hits, velocities, offsets = rng.integers(0, 2, (count, 8, 3)), *rng.random((2, count, 8, 3))
        return np.concatenate([hits, velocities, 2 * offsets - 1], axis=-1).astype("float32")
    return np.stack([rng.integers(0, n, (count, 8)) for n in model.num_classes], axis=-1)


def controls(model, count=2):
    if not model.control_dim:
        return None
    return np.random.default_rng(1).normal(size=(count, 8, model.control_dim)).astype("float32")


def lively(model):
    """Weights with which a model makes different tokens of different codes."""
    random = np.random.default_rng(2)
    for weight in model.trainable_weights:
        weight.assign(2 * random.normal(size=weight.shape) * (len(weight.shape) > 1))
    return model


def test_making_again_what_was_heard(model):
    x = tokens(model)
    made = model.reconstruct(x, seed=1, controls=controls(model))
    assert made.shape == x.shape
    steps = made[..., : len(model.num_classes)]
    assert (steps >= 0).all()
    assert (steps < np.array(model.num_classes)).all()
    assert (steps == steps.astype(int)).all()
    np.testing.assert_array_equal(made, model.reconstruct(x, seed=1, controls=controls(model)))
    mean = model.encode(x, controls(model)).mean
    np.testing.assert_array_equal(made, model.decode(mean, 8, 1.0, 1, controls(model)))


def test_samples_depend_on_the_seed(model):
    if model.control_dim:
        with pytest.raises(ValueError, match="Expected controls of 2 values a step"):
            model.sample(3, 8)
        return
    first, again, other = (model.sample(3, 8, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    with pytest.raises(ValueError, match="temperature must be above 0"):
        model.sample(3, 8, temperature=0)


def test_interpolations_end_where_the_music_is():
    model = lively(MusicVAE(**SIZES))
    first, second = tokens(model)
    made = model.interpolate(first, second, steps=5, temperature=0.001)
    assert made.shape == (5, 8, 1)
    assert (made[0] != made[-1]).any()
    ends = model.reconstruct(np.stack([first, second]), temperature=0.001)
    np.testing.assert_array_equal(made[[0, -1]], ends)


def test_controls_are_told_to_every_window_of_a_walk_in_its_turn():
    model = lively(MusicVAE(**SIZES | MODELS["chords"]))
    x, (told, other) = tokens(model), controls(model)
    how = {"temperature": 0.001}

    made = model.interpolate(*x, steps=5, controls=told, **how)
    same = np.stack([told, told])
    np.testing.assert_array_equal(made[[0, -1]], model.reconstruct(x, controls=same, **how))
    assert (made != model.interpolate(*x, steps=5, controls=other, **how)).any()

    mean = model.encode(x, same).mean
    both = np.stack([told, other])
    piece = model.chain(mean, 2, 8, controls=np.concatenate(both), **how)
    np.testing.assert_array_equal(piece.reshape(2, 8, 1), model.decode(mean, 8, 0.001, 0, both))
    after = model.continue_from(x[0], 1, controls=np.concatenate(both), **how)
    drawn = model.draw_codes(1, keras.random.SeedGenerator(0))
    np.testing.assert_array_equal(after, model.decode(drawn, 8, 0.001, 0, other[None])[0])

    swept = model.sweep(x, 0, (-2, 2), controls=told, **how)
    code = np.array(mean)[1]
    code[0] = 2
    expected = model.decode(code[None], 8, 0.001, 0, told[None])
    np.testing.assert_array_equal(swept[1, 1], expected[0])
    direction = model.attribute_vector(x[:1], x[1:], controls=(same[:1], same[1:]))
    np.testing.assert_allclose(direction, mean[0] - mean[1], atol=1e-6)


def test_slerp_keeps_to_the_sphere_and_knows_parallels():
    rng = np.random.default_rng(0)
    first, second = (x / np.linalg.norm(x) for x in rng.normal(size=(2, 6)))
    share = np.linspace(0, 1, 7)
    path = slerp(first, second, share)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 1)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0])
    np.testing.assert_allclose(path[[0, -1]], [first, second], atol=1e-12)
    np.testing.assert_allclose(slerp(first, 3 * first, share), np.outer(1 + 2 * share, first))


def test_drums_are_seen_as_bits():
    model = MusicVAE(**SIZES | MODELS["drums"])
    seen = []
    model.encoder.call = lambda x, lengths=None: seen.append(x) or ops.zeros((1, 8))
    model.encode(np.array([[[0], [5], [511], [-1]]]))
    roll = ops.convert_to_numpy(seen[0])[0]
    np.testing.assert_array_equal(roll[:3, :9], Drums().bits(np.array([0, 5, 511])))
    assert roll[:3, 9].tolist() == [1, 0, 0]
    assert not roll[3].any()


def test_a_hierarchy_takes_lengths_of_segments_alone():
    model = MusicVAE(**SIZES | MODELS["hierarchical"])
    with pytest.raises(ValueError, match=r"lengths of its segments.*shape \(2,\)"):
        model.encode(tokens(model), lengths=np.array([8, 4]))


def test_a_saved_model_is_the_same(model, tmp_path):
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = tokens(model)
    z = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(
        again.logits(x, z, controls(model)), model.logits(x, z, controls(model))
    )
    assert again.get_config() == model.get_config()


def test_a_loss_learns_to_repeat_one_window():
    keras.utils.set_random_seed(1)
    model = MusicVAE(**SIZES)
    model.compile(keras.optimizers.Adam(0.03), kl_weight=0.0)
    x = np.repeat(tokens(model, count=1), 8, axis=0)
    history = model.fit({"x": x}, {"x": x}, epochs=150, verbose=0).history
    assert history["loss"][0] > 10
    assert history["loss"][-1] < 0.2
    np.testing.assert_array_equal(model.reconstruct(x[:1], temperature=0.01), x[:1])


@pytest.mark.parametrize("name", ["nade", "groove"])
def test_drums_and_grooves_are_learned(name):
    keras.utils.set_random_seed(1)
    model = MusicVAE(**SIZES | MODELS[name])
    model.compile(keras.optimizers.Adam(0.03), kl_weight=0.0, sampling_probability=0.2)
    x = np.repeat(tokens(model, count=1), 8, axis=0)
    if name == "nade":
        x = x.astype(bool)  # as `Drums.bits` gives them
    losses = model.fit({"x": x}, {"x": x}, epochs=40, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_the_encoder_reads_the_source_and_the_decoder_what_comes_of_it():
    model = MusicVAE(**SIZES | MODELS["groove"])
    for weight in model.trainable_weights:
        weight.assign(0.5 * np.random.default_rng(2).normal(size=weight.shape))
    x = tokens(model)
    inputs = {"x": x, "source": x * (np.arange(9) < 3), "eps_z": np.zeros((2, 3), "float32")}
    made = model(inputs)
    mean = model.encode(inputs["source"]).mean
    np.testing.assert_allclose(made["z_mean"], mean, atol=1e-6)
    np.testing.assert_allclose(made["x"], model.logits(x, mean), atol=1e-5)
    assert np.abs(ops.convert_to_numpy(mean - model.encode(x).mean)).max() > 1e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"head": "softmax"}, "head must be one of"),
        ({"head": "nade", "num_classes": (512,)}, "num_classes must be 2 for each drum"),
        (MODELS["groove"] | {"encoder_input": "drum_roll"}, "leave encoder_input out"),
        (MODELS["nade"] | {"subsequences": 2, "split_parts": True}, "leave split_parts out"),
        (MODELS["hierarchical"] | {"end_token": 4}, "end_token is a token of one part"),
        (MODELS["nade"] | {"end_token": 1}, "end_token is a token of one part"),
        ({"end_token": 5}, "end_token is a token of one part"),
    ],
)
def test_heads_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MusicVAE(**SIZES | settings)


def test_scheduled_sampling_changes_the_loss_of_training_alone():
    x = tokens(MusicVAE(**SIZES), count=4)
    inputs = {"x": x, "eps_z": np.zeros((4, 3), "float32")}

    def loss(probability, method):
        keras.utils.set_random_seed(1)
        model = MusicVAE(**SIZES)
        for weight in model.trainable_weights:
            weight.assign(keras.random.normal(weight.shape))
        model.compile(keras.optimizers.SGD(0.0), sampling_probability=probability)
        return getattr(model, method)(inputs, {"x": x}, return_dict=True)["loss"]

    forced = loss(0.0, "train_on_batch")
    assert loss(lambda step: 0.0 * ops.cast(step, "float32"), "train_on_batch") == forced
    assert loss(1.0, "train_on_batch") != pytest.approx(forced, abs=1e-3)
    assert loss(1.0, "test_on_batch") == pytest.approx(forced, abs=1e-4)


def test_lengths_that_a_hierarchy_cannot_make_or_read_are_refused():
    model = MusicVAE(**SIZES | MODELS["hierarchical"])
    assert (model.encoded_length, model.length_unit) == (8, 2)
    with pytest.raises(ValueError, match="a multiple of 2, the length_unit"):
        model.sample(1, 7)
    with pytest.raises(ValueError, match=r"windows of 8 steps \(4 x 2\). Received: 16"):
        model.encode(np.zeros((1, 16, 2), int))
    flat = MusicVAE(**SIZES)
    assert (flat.encoded_length, flat.length_unit) == (None, 1)


def test_samples_may_be_told_chords():
    model = MusicVAE(**SIZES | MODELS["chords"])
    given = controls(model)
    made = model.sample(2, 8, seed=3, controls=given)
    assert made.shape == (2, 8, 1)
    seeds = keras.random.SeedGenerator(3)
    z = keras.random.normal((2, 3), seed=seeds)
    np.testing.assert_array_equal(made, model.decode(z, 8, 1.0, seeds, given))


def with_dropout(settings, dropout, **compiled):
    """A model of equal weights whatever the rate, compiled not to move."""
    keras.utils.set_random_seed(1)
    model = MusicVAE(**SIZES | settings, dropout=dropout)
    rng = np.random.default_rng(3)
    for weight in model.trainable_weights:
        weight.assign(0.5 * rng.normal(size=weight.shape))
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True, **compiled)
    return model


@pytest.mark.parametrize("name", MODELS)
def test_dropout_is_of_training_alone(name):
    found = {}
    for dropout in (0.0, 0.5):
        model = with_dropout(MODELS[name], dropout)
        x, told = tokens(model), controls(model)
        inputs = {"x": x, "eps_z": np.zeros((2, 3), "float32")}
        if told is not None:
            inputs["controls"] = told
        evaluated = model.test_on_batch(inputs, {"x": x}, return_dict=True)["loss"]
        model.reset_metrics()
        trained = model.train_on_batch(inputs, {"x": x}, return_dict=True)["loss"]
        found[dropout] = evaluated, trained
    assert found[0.0][1] == pytest.approx(found[0.0][0], abs=1e-4)
    assert found[0.5][0] == pytest.approx(found[0.0][0], abs=1e-5)
    assert found[0.5][1] != pytest.approx(found[0.0][1], abs=1e-3)


def test_dropout_is_not_of_decoding():
    made = [with_dropout({}, dropout).sample(3, 8, seed=1) for dropout in (0.0, 0.5)]
    np.testing.assert_array_equal(*made)


def test_dropout_keeps_sums_and_is_drawn_anew_at_each_step():
    model = with_dropout({}, 0.75)
    first, second = (ops.convert_to_numpy(model._drop(np.ones((4, 50, 60)))) for _ in range(2))
    assert sorted(np.unique(first)) == [0, 4]
    assert first.mean() == pytest.approx(1, abs=0.05)
    assert (first[:, 1:] != first[:, :-1]).any(axis=(0, 2)).all()
    assert (first != second).any()


def test_dropout_reaches_the_input_of_every_layer(monkeypatch):
    model = with_dropout({"encoder_units": (4, 3), "control_dim": 2}, 0.5)
    seen = []
    monkeypatch.setattr(model, "_drop", lambda x: seen.append(tuple(x.shape)) or x)
    inputs = {"x": tokens(model), "controls": controls(model)}
    model(inputs)
    assert not seen
    model(inputs, training=True)
    encoder = [(2, 8, 5 + 2)] * 2 + [(2, 8, 8)] * 2
    assert seen == [*encoder, (2, 8, 5 + 3 + 2), (2, 8, 6)]


@pytest.mark.parametrize("name", ["groove", "hierarchical"])
def test_with_dropout_and_scheduled_sampling_every_weight_learns(name):
    model = with_dropout(MODELS[name], 0.5)
    model.compile(keras.optimizers.SGD(0.1), sampling_probability=0.5)
    before = [ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    x = tokens(model)
    model.train_on_batch({"x": x}, {"x": x})
    for weight, old in zip(model.trainable_weights, before, strict=True):
        moved = np.abs(ops.convert_to_numpy(weight) - old).max() > 0
        # The conductor reads zeros.
        assert moved == (not weight.path.endswith("conductor/lstm_0/kernel/v")), weight.path


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_a_dropout_that_is_no_share_is_refused(dropout):
    with pytest.raises(ValueError, match="dropout must be from 0"):
        MusicVAE(**SIZES, dropout=dropout)


def test_configurations_of_before_dropout_make_a_model():
    config = MusicVAE(**SIZES, dropout=0.5).get_config()
    assert MusicVAE.from_config(config).dropout == 0.5
    del config["dropout"]
    assert MusicVAE.from_config(config).dropout == 0


INSTRUMENTS = {
    "num_classes": (6,),
    "end_token": 5,
    "encoder_units": (4, 3),
    "encoder_lengths": (4, 3),
    "subsequences": 3,
}


def run(layer, x, h=None, c=None):
    """An LSTM in NumPy: `(time, features)` to the outputs of all steps."""
    kernel, recurrent, bias = (
        ops.convert_to_numpy(each).astype("float64")
        for each in (layer.kernel.v, layer.recurrent_kernel.v, layer.bias)
    )
    h, c = (np.zeros(layer.units) if each is None else each for each in (h, c))
    outputs = []
    for step in x:
        gates = step @ kernel + h @ recurrent + bias
        i, f, g, o = np.split(gates, 4)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


def affine(layer, x):
    return x @ ops.convert_to_numpy(layer.kernel.v) + ops.convert_to_numpy(layer.bias)


def both_ways(level, x):
    ((forward, backward),) = level.directions
    return np.concatenate([run(forward, x)[-1], run(backward, x[::-1])[-1]])


def stack(layers, initial_state, code, inputs):
    """The outputs of a stack of LSTMs that begins from a code."""
    flat, start = np.tanh(affine(initial_state.dense, code)), 0
    for layer in layers:
        c, h = flat[start : start + layer.units], flat[start + layer.units :][: layer.units]
        inputs = run(layer, inputs, h, c)
        start += 2 * layer.units
    return inputs


def vector(token):
    return np.eye(6)[token] if token >= 0 else np.zeros(6)


def test_instruments_of_their_own_lengths_against_loops_over_each():
    keras.utils.set_random_seed(1)
    model = MusicVAE(**SIZES | INSTRUMENTS)
    for weight in model.trainable_weights:
        weight.assign(0.5 * keras.random.normal(weight.shape))
    # Three instruments of up to four events; the third of the first song is none but its end.
    songs = [[[0, 3, 5], [1, 2, 4, 5], [5]], [[4, 4, 5], [5], [2, 0, 1, 5]]]
    padded = [[line + [-1] * (4 - len(line)) for line in song] for song in songs]
    x = np.array(padded).reshape(2, 12, 1)
    posterior, z = model.encode(x), np.random.default_rng(0).normal(size=(2, 3))
    logits = ops.convert_to_numpy(model.logits(x, z.astype("float32")))
    loss = model.reconstruction_loss(reduction=None)(x, logits)

    lower, upper = model.encoder.levels
    decoder = model.decoder
    (core,) = decoder.decoders
    for i, song in enumerate(songs):
        codes = [both_ways(lower, np.array([vector(token) for token in line])) for line in song]
        mean = affine(model.posterior.mean_head, both_ways(upper, np.array(codes)))
        np.testing.assert_allclose(posterior.mean[i], mean, atol=1e-5)

        conductor = decoder.conductor.layers
        embeddings = stack(conductor, decoder.initial_state, z[i], np.zeros((3, 1)))
        nats, before = 0.0, -1
        for j, line in enumerate(song):
            read = [before, *line[:-1]]
            seen = [np.concatenate([vector(token), embeddings[j]]) for token in read]
            outputs = stack(core.lstms.layers, core.initial_state, embeddings[j], np.array(seen))
            told = affine(core.head.projection, outputs)
            np.testing.assert_allclose(logits[i, 4 * j :][: len(line)], told, atol=1e-5)
            nats += sum(np.log(np.exp(a).sum()) - a[t] for a, t in zip(told, line, strict=True))
            before = padded[i][j][-1]
        assert float(loss[i]) == pytest.approx(nats, abs=1e-4)


def test_lengths_follow_from_the_end_or_are_given():
    model = with_dropout(INSTRUMENTS, 0.0)
    x = np.array([[0, 3, 5, -1, 5, -1, -1, -1, 1, 2, 4, 5]])[..., None]
    mean = model.encode(x).mean
    np.testing.assert_array_equal(model.encode(x, lengths=np.array([[3, 1, 4]])).mean, mean)
    other = ops.convert_to_numpy(model.encode(x, lengths=np.array([[3, 4, 4]])).mean)
    assert np.abs(other - ops.convert_to_numpy(mean)).max() > 1e-3
    flat = with_dropout({"end_token": 4}, 0.0)
    x = np.array([[0, 3, 4, -1, -1]])[..., None]
    np.testing.assert_allclose(flat.encode(x).mean, flat.encode(x[:, :3]).mean, atol=1e-6)


def test_instruments_that_are_made_end():
    model = with_dropout(INSTRUMENTS, 0.0)
    made = model.sample(30, 12, seed=1).reshape(30, 3, 4)
    ended = np.cumsum(made == 5, axis=-1) - (made == 5)
    np.testing.assert_array_equal(made == -1, ended > 0)
    assert (made == -1).sum() > 20
    again = model.reconstruct(made.reshape(30, 12, 1), temperature=0.5, seed=1)
    assert again.shape == (30, 12, 1)
