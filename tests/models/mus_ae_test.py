"""MusAE's game, its genres, and the model as its users call it."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import Flower
from keras_music_vae.losses import gradient_penalty
from keras_music_vae.models import MusAE
from keras_music_vae.models.latent_space import lerp, walk
from keras_music_vae.schedules import LinearWarmup
from tests.gradients import gradients

GENRES = ("rock", "jazz", "folk")
SIZES = {"num_classes": (7, 5), "tracks": ("low", "high"), "latent_dim": 3, "units": 4, "depth": 1}


def make(**settings):
    model = MusAE(**SIZES | settings)
    random = np.random.default_rng(2)
    for weight in model.trainable_weights:
        weight.assign(0.5 * random.normal(size=weight.shape))
    return model


@pytest.fixture(scope="module")
def model():
    """With genres; tests leave its weights as they are."""
    return make(genres=GENRES)


def tokens(count, time=8):
    random = np.random.default_rng(0)
    parts = [random.integers(0, n, (count, time)) for n in SIZES["num_classes"]]
    return np.stack(parts, axis=-1).astype("int32")


def given(count=4):
    """Inputs with all noise."""
    random = np.random.default_rng(1)
    return {
        "x": tokens(count),
        "genres": np.eye(4)[np.arange(count) % 4, :3],
        "eps_z": random.normal(size=(count, 3)).astype("float32"),
        "eps_prior": random.normal(size=(count, 3)).astype("float32"),
        "alpha": random.uniform(size=(count, 1)).astype("float32"),
    }


class Game:
    """The objective of a model, and its terms written down once more, without stops of gradients.

    The critic's own terms see codes as numbers, and the encoder's the critic as a function.
    """

    def __init__(self, model, beta):
        self.model = model
        self.inputs = given()
        model.compile("sgd", beta=beta, penalty_weight=10.0)
        tags = self.inputs["genres"]
        self.y = ops.convert_to_tensor(tags, "float32")
        component = np.where(tags.any(axis=1), tags.argmax(axis=1), 3)
        self.real = model.prior(self.inputs["eps_prior"], component)
        self.numbers = ops.convert_to_numpy(self.code())

    def objective(self):
        outputs = self.model(self.inputs, training=True)
        return self.model.compute_loss(self.inputs, {"x": self.inputs["x"]}, outputs)

    def code(self):
        mean, stddev = self.model.encode(self.inputs["x"])
        return mean + stddev * self.inputs["eps_z"]

    def reconstruction(self):
        logits = self.model.logits(self.code(), 8)
        low, high = logits[..., :7], logits[..., 7:]
        x = self.inputs["x"]
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        return loss(x[..., 0], low) + loss(x[..., 1], high)

    def generator(self):
        return -ops.mean(self.model.critic(self.code(), self.y))

    def wasserstein(self):
        critic = self.model.critic
        return ops.mean(critic(self.real, self.y)) - ops.mean(critic(self.numbers, self.y))

    def penalty(self):
        share = self.inputs["alpha"]
        between = share * self.real + (1 - share) * self.numbers
        return ops.mean(gradient_penalty(self.model.critic.input_gradient(between, self.y)))


def test_each_network_s_gradient_comes_from_its_own_terms_alone():
    beta = 0.3
    game = Game(make(genres=GENRES), beta)
    model = game.model
    terms = {
        "encoder": lambda: game.reconstruction() + beta * game.generator(),
        "posterior": lambda: game.reconstruction() + beta * game.generator(),
        "decoder": game.reconstruction,
        "critic": lambda: 10 * game.penalty() - game.wasserstein(),
    }
    for network, own in terms.items():
        # A constant added to all scores changes no term of the critic's.
        weights = [w for w in getattr(model, network).trainable_variables if w.name != "bias_2"]
        pairs = zip(
            weights, gradients(game.objective, weights), gradients(own, weights), strict=True
        )
        for weight, found, expected in pairs:
            assert np.abs(expected).max() > 1e-5, weight.path
            np.testing.assert_allclose(found, expected, atol=2e-6, err_msg=weight.path)


def test_metrics_are_the_terms_without_their_weights():
    game = Game(make(genres=GENRES), beta=0.3)
    logs = game.model.test_on_batch(game.inputs, {"x": game.inputs["x"]}, return_dict=True)
    reconstruction = logs["reconstruction_low"] + logs["reconstruction_high"]
    found = [reconstruction, *(logs[k] for k in ("wasserstein", "gradient_penalty", "generator"))]
    expected = game.reconstruction(), game.wasserstein(), game.penalty(), game.generator()
    np.testing.assert_allclose(found, [float(each) for each in expected], rtol=1e-5)
    # While evaluating, the loss is what can be compared: the reconstruction.
    np.testing.assert_allclose(logs["loss"], reconstruction, rtol=1e-6)


def test_a_step_of_the_encoder_raises_the_critic_s_score_of_its_codes():
    game = Game(make(genres=GENRES), beta=1000.0)
    weights = game.model.encoder.trainable_variables + game.model.posterior.trainable_variables
    before = float(-game.generator())
    for weight, gradient in zip(weights, gradients(game.objective, weights), strict=True):
        weight.assign_sub(1e-6 * gradient)
    assert float(-game.generator()) > before + 1e-4


def test_codes_come_to_the_prior_once_the_encoder_plays():
    """First the critic alone learns to tell codes from draws, then the encoder makes it fail."""
    keras.utils.set_random_seed(0)
    model = MusAE(**SIZES | {"latent_dim": 2, "units": 16})
    adam = keras.optimizers.Adam(0.01, beta_1=0.5)
    model.compile(adam, beta=LinearWarmup(0.0, 1.0, 80, staircase=80))
    # One window: codes begin in one place, and the prior is everywhere. An epoch is 20 updates.
    x = np.repeat(tokens(1, time=2), 640, axis=0)
    history = model.fit({"x": x}, {"x": x}, batch_size=32, epochs=12, verbose=0).history
    estimate = np.array(history["wasserstein"])
    assert estimate[3] > 3
    assert abs(estimate[-4:].mean()) < 0.5 * estimate[3]


def test_the_paper_s_schedules():
    beta = LinearWarmup(0.0, 1.0, 100_000, staircase=10_000)
    steps = [0, 9_999, 10_000, 55_000, 99_999, 100_000, 10**6]
    np.testing.assert_allclose([beta(s) for s in steps], [0, 0, 0.1, 0.5, 0.9, 1, 1], atol=1e-6)


def test_a_song_s_genre_is_drawn_from_its_tags(model):
    tags = np.repeat([[1, 0, 1], [0, 1, 0], [0, 0, 0]], 2000, axis=0)
    component, told = map(np.asarray, model._draw_genre(ops.convert_to_tensor(tags), 6000))
    two, one, none = component.reshape(3, 2000)
    assert set(two) == {0, 2}
    assert abs((two == 0).mean() - 0.5) < 0.05
    assert set(one) == {1}
    assert set(none) == {3}  # a petal of its own
    np.testing.assert_array_equal(told, np.eye(4)[component][:, :3])


def test_songs_without_tags_may_belong_anywhere():
    model = make(genres=GENRES, untagged="uniform")
    assert model.prior.components == 3
    tags = np.repeat([[0, 0, 0], [0, 0, 1]], 3000, axis=0)
    component, told = map(np.asarray, model._draw_genre(ops.convert_to_tensor(tags), 6000))
    shares = np.bincount(component[:3000], minlength=3) / 3000
    np.testing.assert_allclose(shares, 1 / 3, atol=0.05)
    assert not told[:3000].any()
    assert set(component[3000:]) == {2}


def test_the_order_says_where_each_genre_is():
    model = make(genres=GENRES, genre_order=(2, 0, 1))  # folk, rock, jazz around the circle
    component, told = model._draw_genre(ops.eye(3), 3)
    np.testing.assert_array_equal(component, [1, 2, 0])
    np.testing.assert_array_equal(told, np.eye(3))
    codes = np.asarray(model.draw_codes(500, 1, "jazz")).mean(axis=0)
    np.testing.assert_allclose(codes, [-1, 0, 0], atol=0.05)


def test_codes_are_drawn_of_a_genre_or_of_any(model):
    def places(genre):
        codes = np.asarray(model.draw_codes(300, 1, genre))
        return set(np.round(np.arctan2(codes[:, 1], codes[:, 0]) / (np.pi / 2)).astype(int) % 4)

    assert places("folk") == places(2) == {2}
    assert places(3) == {3}
    assert places(None) == {0, 1, 2}
    assert places(np.arange(300) % 2) == {0, 1}


@pytest.mark.parametrize(
    ("genre", "message"),
    [("polka", "a genre of rock, jazz, folk. Received: 'polka'"), (4, "from 0 to 3. Received: 4")],
)
def test_an_unknown_genre_is_told(model, genre, message):
    with pytest.raises(ValueError, match=message):
        model.sample(2, 8, genre=genre)


def test_without_genres_the_prior_is_normal():
    model = make()
    codes = np.asarray(model.draw_codes(4000, 1))
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.07)
    np.testing.assert_allclose(np.cov(codes.T), np.eye(3), atol=0.1)
    assert model.sample(2, 5).shape == (2, 5, 2)
    with pytest.raises(ValueError, match=r"this model has none\. Received: 'rock'"):
        model.sample(2, 8, genre="rock")


def test_genres_are_wanted_where_there_are_some(model):
    with pytest.raises(ValueError, match=r"`genres`, of shape \(batch, 3\).*Received: None"):
        model({"x": tokens(2)})


def test_music_of_codes(model):
    x = tokens(3)
    mean = model.encode(x).mean
    made = model.reconstruct(x)
    logits = np.asarray(model.logits(mean, 8))
    likeliest = [logits[..., :7].argmax(axis=-1), logits[..., 7:].argmax(axis=-1)]
    np.testing.assert_array_equal(made, np.stack(likeliest, axis=-1))
    np.testing.assert_array_equal(model.decode(mean, 8, seed=1), model.decode(mean, 8, seed=2))
    ends = model.interpolate(x[0], x[1], steps=5)[[0, -1]]
    np.testing.assert_array_equal(ends, made[:2])
    assert model.decode(mean, 11).shape == (3, 11, 2)


def test_codes_move_to_a_genre_by_its_place_and_windows_with_them():
    model = make(genres=GENRES, genre_order=(2, 0, 1))  # folk, rock, jazz around the circle
    x = tokens(4)
    mean = np.asarray(model.encode(x).mean)
    moved = np.asarray(model.move(mean, "jazz", 0.25))
    expected = 0.75 * mean[:, :2] + 0.25 * np.array([-1, 0])
    np.testing.assert_allclose(moved[:, :2], expected, atol=1e-6)
    np.testing.assert_array_equal(moved[:, 2], mean[:, 2])
    each = np.asarray(model.move(mean, [2, 0, 1, 3], 1.0))[:, :2]
    np.testing.assert_allclose(each, [[1, 0], [0, 1], [-1, 0], [0, -1]], atol=1e-6)
    edited = model.edit(x, "jazz", 1.0)
    np.testing.assert_array_equal(edited, model.decode(model.move(mean, "jazz", 1.0), 8))
    np.testing.assert_array_equal(model.edit(x, "jazz", 0), model.reconstruct(x))
    assert (edited != model.reconstruct(x)).any()


@pytest.mark.parametrize(
    ("genre", "amount", "message"),
    [
        ("polka", 0.5, "a genre of rock, jazz, folk. Received: 'polka'"),
        ("rock", 1.1, "an amount from 0 to 1. Received: 1.1"),
        ("rock", -0.1, "an amount from 0 to 1. Received: -0.1"),
    ],
)
def test_ways_that_are_not_there_are_told(model, genre, amount, message):
    with pytest.raises(ValueError, match=message):
        model.edit(tokens(2), genre, amount)


def test_without_genres_there_is_no_way_to_one():
    with pytest.raises(ValueError, match=r"none\. Received: 'rock'\. A MusAE that was made with"):
        make().edit(tokens(2), "rock")


def test_drawn_tokens_have_the_probabilities_of_the_logits(model):
    z, count = np.ones((1, 3), "float32"), 4000
    drawn = model.decode(np.repeat(z, count, axis=0), 2, temperature=0.7, seed=4)
    logits = ops.convert_to_tensor(model.logits(z, 2))[0, 1, 7:]
    shares = np.bincount(drawn[:, 1, 1], minlength=5) / count
    np.testing.assert_allclose(shares, ops.softmax(logits / 0.7), atol=0.03)
    np.testing.assert_array_equal(model.sample(3, 8, 0.7, seed=1), model.sample(3, 8, 0.7, seed=1))
    assert (model.sample(3, 8, 0.7, seed=1) != model.sample(3, 8, 0.7, seed=2)).any()
    with pytest.raises(ValueError, match="must be 0, for the likeliest, or above"):
        model.decode(z, 8, temperature=-0.1)


def test_a_chain_goes_from_code_to_code_in_straight_lines(model):
    codes = np.random.default_rng(5).normal(size=(2, 3))
    made = model.chain(codes, 3, 4)
    way = walk(codes, 3, lerp)
    np.testing.assert_allclose(way[1], codes.mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(made, np.concatenate(model.decode(way, 4)))


def test_standardizing_only_counts_codes_in_other_units():
    plain, standardized = make(genres=GENRES), make(genres=GENRES, standardize=True)
    unit = Flower(4).widths(3)
    # Weights that write codes, and those that read them, a row for each dimension of a code.
    mean, scale = plain.posterior.mean_head, plain.posterior.scale_head
    for weight in mean.kernel.v, mean.bias:
        weight.assign(weight * unit)
    scale.bias.assign(scale.bias + 2 * np.log(unit))
    decoder = plain.decoder
    layers = *decoder.initial_states, *(lstms.layers[0] for lstms in decoder.lstms)
    for weight in *(layer.kernel.v for layer in layers), plain.critic.kernels[0]:
        rows = ops.convert_to_numpy(weight).copy()
        rows[:3] /= unit[:, None]
        weight.assign(rows)

    expected, found = (each(given(), training=False) for each in (plain, standardized))
    # Of the penalty too, whose slope is by other units; see the next test.
    for name in expected.keys() - {"gradient_penalty"}:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5)
    codes = plain.draw_codes(2, seed=0, genre="jazz")
    np.testing.assert_allclose(standardized.logits(codes, 8), plain.logits(codes, 8), atol=1e-4)


def test_the_penalty_is_of_the_slope_by_standardized_codes():
    model, inputs = make(genres=GENRES, standardize=True), given()
    mean, stddev = model.encode(inputs["x"])
    component = np.where(inputs["genres"].any(axis=1), inputs["genres"].argmax(axis=1), 3)
    real = model.prior(inputs["eps_prior"], component)
    between = inputs["alpha"] * real + (1 - inputs["alpha"]) * (mean + stddev * inputs["eps_z"])
    told, step = ops.convert_to_tensor(inputs["genres"], "float32"), 1e-2
    slope = [
        (
            model.critic(between / model.unit + step * direction, told)
            - model.critic(between / model.unit - step * direction, told)
        )
        / (2 * step)
        for direction in np.eye(3, dtype="float32")
    ]
    norm = np.linalg.norm(np.stack([ops.convert_to_numpy(each) for each in slope]), axis=0)
    found = model(inputs, training=False)["gradient_penalty"]
    np.testing.assert_allclose(found, (norm - 1) ** 2, rtol=1e-3, atol=1e-4)


def test_before_training_a_decoder_may_expect_each_token_as_often_as_it_is():
    keras.utils.set_random_seed(0)
    model, x = MusAE(**SIZES), tokens(16)
    x[:, 1:, 0] = 3  # mostly the same token
    model.decoder.expect_frequencies(x)
    shares = ops.softmax(model.logits(np.zeros((1, 3)), 8)[0, 0, :7])
    counts = 1 + np.bincount(x[..., 0].ravel(), minlength=7)
    np.testing.assert_allclose(shares, counts / counts.sum(), rtol=1e-5)


def test_codes_are_spread_by_shares_of_the_prior_s_widths():
    model, x = make(genres=GENRES, standardize=True), tokens(16)
    model.spread_codes(x, spread=0.5, stddev=0.1)
    mean = ops.convert_to_numpy(model.encode(x).mean) / Flower(4).widths(3)
    np.testing.assert_allclose(mean.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(mean.std(axis=0).mean(), 0.5, rtol=1e-4)


def test_a_signed_encoder_reads_minus_one_for_zero(model):
    signed = make(genres=GENRES, encoder_input="signed")
    kernel = model.encoder.directions[0][0].kernel.value()
    x = tokens(2)
    vectors = np.concatenate([np.eye(7)[x[..., 0]], np.eye(5)[x[..., 1]]], axis=-1)
    for each, expected in ((model, vectors), (signed, 2 * vectors - 1)):
        found = each._times(ops.convert_to_tensor(x), kernel)
        np.testing.assert_allclose(found, expected @ ops.convert_to_numpy(kernel), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tracks": ("low",)}, "a name for each of 2 tracks"),
        ({"genres": ("a", "a")}, "genres of different names"),
        ({"genres": GENRES, "genre_order": (0, 0, 1)}, "each index of the 3 genres once"),
        ({"untagged": "drop"}, "untagged must be one of"),
        ({"encoder_input": "roll"}, "encoder_input must be one of"),
        ({"scale": "tanh"}, "scale must be one of"),
    ],
)
def test_settings_that_make_no_model_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MusAE(**SIZES | settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "both"}, "objective must be one of"),
        ({"critic_steps": 5}, "critic_steps=1: critic and encoder learn in one step"),
    ],
)
def test_trainings_that_are_not_there_are_refused(model, settings, message):
    with pytest.raises(ValueError, match=message):
        model.compile(**settings)
