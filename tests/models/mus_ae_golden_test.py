"""MusAE against arrays that the authors' own classes made (TF 1.14, Keras 2.2.4): joint loss."""

import re

import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import Flower
from keras_music_vae.models import MusAE
from keras_music_vae.music.representations import Band
from keras_music_vae.music.representations.band import HOLD, PARTS
from tests.gradients import gradients


class Original:
    """The golden file, and our model with its weights."""

    def __init__(self, arrays):
        self.arrays = arrays
        sizes = dict(zip(arrays["config_names"], map(int, arrays["config"]), strict=True))
        self.model = MusAE(
            latent_dim=sizes["z"],
            units=sizes["units"],
            depth=sizes["depth"],
            genres=[f"genre {i}" for i in range(sizes["s"])],
            encoder_input="signed",
            shared_initial_state=True,
        )
        for variable, value in self.pairs("w"):
            variable.assign(value)
        self.x = arrays["Y"].argmax(axis=2).astype("int32")
        prior = self.model.prior
        noise = _noise_of(arrays["z_real"], arrays["label"], prior)
        self.inputs = {
            "x": self.x,
            "genres": arrays["label"],
            "eps_z": arrays["eps"],
            "eps_prior": noise.astype("float32"),
            "alpha": arrays["alpha"],
        }
        self.model.compile(
            "sgd",
            beta=float(arrays["beta"]),
            penalty_weight=float(arrays["gp_lambda"]),
            objective="joint",
        )

    def pairs(self, kind):
        """Our variables, each with the original's array: "w", the weights, or "grad"."""
        for network, find in (("enc", self._encoder), ("dec", self._decoder)):
            for i, name in enumerate(self.arrays[f"{network}_weight_names"]):
                layer, role = re.sub(":0$", "", name).rsplit("/", 1)
                variable = getattr(find(layer.rsplit("/", 1)[-1]), role)
                array = self.arrays[f"{network}_{kind}_{i:03}"]
                if network == "enc" and array.shape[0] == sum(self.model.num_classes):
                    array = self._track_by_track(array)
                yield getattr(variable, "v", variable), array
        critic = self.model.critic
        for i in range(6):
            variable = (critic.biases if i % 2 else critic.kernels)[i // 2]
            yield variable, self.arrays[f"disc_{kind}_{i:03}"]

    def _track_by_track(self, kernel):
        """The rows of a kernel, which the original has class by class."""
        tracks = self.model.parts
        by_class = kernel.reshape(-1, tracks, kernel.shape[-1])
        return by_class.transpose(1, 0, 2).reshape(kernel.shape)

    def _encoder(self, name):
        if name in ("mu", "sigma"):
            return getattr(self.model.posterior, {"mu": "mean", "sigma": "scale"}[name] + "_head")
        direction, layer = re.fullmatch(r"(forward|backward)_rec_X_(\d)", name).groups()
        return self.model.encoder.directions[int(layer)][direction == "backward"]

    def _decoder(self, name):
        decoder = self.model.decoder
        if name == "hidden_state_init":
            return decoder.initial_states[0]
        numbers = [int(number) for number in re.findall(r"\d", name)]
        if name.startswith("ts_project"):
            return decoder.heads[numbers[0]].projection
        track, layer = numbers
        return decoder.lstms[track].layers[layer]

    def loss(self):
        outputs = self.model(self.inputs, training=True)
        return self.model.compute_loss(self.inputs, {"x": self.x}, outputs)


def _noise_of(codes, label, flower):
    """The noise of which `flower` makes these codes."""
    place = np.where(label.any(axis=1), label.argmax(axis=1), label.shape[1])
    angle = 2 * np.pi * place / flower.components
    codes, cosine, sine = codes.astype("float64"), np.cos(angle), np.sin(angle)
    first = (cosine * codes[:, 0] + sine * codes[:, 1] - 1) / np.sqrt(flower.radial_variance)
    across = cosine * codes[:, 1] - sine * codes[:, 0]
    others = np.column_stack([across, codes[:, 2:]]) / np.sqrt(flower.variance)
    return np.column_stack([first, others])


@pytest.fixture(scope="module")
def original(golden):
    return Original(golden("mus_ae/model"))


def close(found, expected, tolerance):
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=0, atol=tolerance)


def by_track(logits, arrays):
    """Probabilities (track, batch, time, class) of logits with tracks side by side."""
    tracks = ops.stack(ops.split(logits, len(arrays), axis=-1))
    return ops.softmax(tracks)


def test_the_posterior(original):
    mean, stddev = original.model.encode(original.x)
    close(mean, original.arrays["mu"], 1e-6)
    close(2 * ops.log(stddev), original.arrays["logvar"], 1e-6)


def test_the_decoder(original):
    for code, expected in (("z_real", "dec_of_z_real"), ("z", "aae_recon")):
        logits = original.model.logits(original.arrays[code], original.x.shape[1])
        close(by_track(logits, original.arrays[expected]), original.arrays[expected], 1e-7)


def test_the_critic(original):
    for code, expected in (
        ("z_real", "aae_valid_real"),
        ("z", "aae_valid_fake"),
        ("z_int", "aae_valid_int"),
    ):
        scores = original.model.critic(original.arrays[code], original.arrays["label"])
        close(scores, original.arrays[expected][:, 0], 1e-6)


def test_all_nine_losses(original):
    total, *tracks, real, fake, penalty, generator = original.arrays["loss_values"][:9]
    outputs = original.model(original.inputs, training=True)
    close(original.loss(), total, 1e-5)
    original.model.reset_metrics()
    logs = original.model.compute_metrics(original.inputs, {"x": original.x}, outputs)
    for track, expected in zip(original.model.tracks, tracks, strict=True):
        close(logs[f"reconstruction_{track}"], expected, 2e-6)
    # Its labels make the loss of draws of the prior their score, negative.
    close(-ops.mean(outputs["score_prior"]), real, 1e-6)
    close(ops.mean(outputs["score_code"]), fake, 1e-6)
    close(logs["gradient_penalty"], penalty, 1e-5)
    close(logs["generator"], generator, 1e-6)
    close(logs["wasserstein"], -real - fake, 1e-6)


def test_the_gradients_of_all_networks(original):
    variables, expected = zip(*original.pairs("grad"), strict=True)
    assert len(variables) == len(original.model.trainable_variables)
    found = gradients(original.loss, variables)
    for variable, gradient, value in zip(variables, found, expected, strict=True):
        np.testing.assert_allclose(gradient, value, rtol=0, atol=5e-6, err_msg=variable.path)


@pytest.mark.parametrize("components", [32, 33])
def test_the_prior_and_its_draws(golden, components):
    arrays = golden("mus_ae/prior")
    mean, covariance, draws = (
        arrays[f"{name}_n{components}"] for name in ("mean", "cov", "samples")
    )
    flower, latent = Flower(components), mean.shape[1]
    component = np.arange(components)
    # An affine map of noise: what it makes of zeros and of each direction.
    found = ops.convert_to_numpy(flower(ops.zeros((components, latent)), component))
    np.testing.assert_allclose(found, mean, rtol=0, atol=5e-7)
    directions = [
        ops.convert_to_numpy(flower(ops.tile(row[None], (components, 1)), component)) - found
        for row in ops.eye(latent)
    ]
    map_of = np.stack(directions, axis=-1).astype("float64")
    np.testing.assert_allclose(map_of @ map_of.transpose(0, 2, 1), covariance, rtol=0, atol=5e-7)
    # The original's draws are those of standard normal noise.
    label = np.eye(components + 1)[component][:, :components]
    noise = np.concatenate(
        [_noise_of(draws[:, i], label, flower) for i in range(draws.shape[1])], dtype="float64"
    )
    assert abs(noise.mean()) < 4 / np.sqrt(noise.size)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / noise.size)


def test_what_becomes_of_probabilities(golden, original):
    """The original makes a roll of what its networks tell, and here tokens become notes."""
    arrays = golden("mus_ae/postprocess")
    tokens = arrays["decoder"].argmax(axis=-1).transpose(1, 2, 0)
    made, _ = original.model.rollout(original.arrays["z_real"], np.zeros(tokens.shape, "float32"))
    np.testing.assert_array_equal(made, tokens)
    for window, expected in zip(tokens, arrays["post"], strict=True):
        np.testing.assert_array_equal(roll_of(Band().decode(window), len(window)), expected)


def test_holds_last_as_long_as_the_notes_that_the_original_read(golden):
    arrays = golden("mus_ae/model")
    tokens = arrays["Y"].argmax(axis=2)
    assert (tokens == HOLD).mean() > 0.4
    lowest = arrays["roll"] * (arrays["roll"].cumsum(axis=2) == 1)
    for window, expected in zip(tokens, lowest, strict=True):
        np.testing.assert_array_equal(roll_of(Band().decode(window), len(window)), expected)


def roll_of(score, steps):
    """The original's roll of a score, (time, pitch, track)."""
    roll = np.zeros((steps, 128, len(PARTS)), "uint8")
    for note in score.notes:
        roll[note["start"] : note["end"], note["pitch"], note["track"]] = 1
    return roll
