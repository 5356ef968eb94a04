"""MusicVAE against Magenta's own numbers: posterior, likelihood, greedy decoding, three updates."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.checkpoints import magenta
from keras_music_vae.layers.decoders import shift
from keras_music_vae.losses import gaussian_kl
from keras_music_vae.models.music_vae import MusicVAE
from tests.conftest import SHARED
from tests.gradients import gradients

# The segments that Magenta's small hierarchies have, which their arrays do not say.
SEGMENTS = 4
FOLDERS = sorted(path.parent.name for path in SHARED.glob("fixtures/magenta/*/golden.npz"))


def settings_of(arrays, hparams):
    """The arguments of the model that arrays are of, by their shapes and the variables' names."""
    found = {
        "latent_dim": hparams["z_size"],
        "encoder_units": hparams["enc_rnn_size"],
        "decoder_units": hparams["dec_rnn_size"],
        "free_nats": hparams["free_bits"] * np.log(2),
        "num_classes": arrays["tf_logits"].shape[-1:],
    }
    if "controls" in arrays:
        found["control_dim"] = arrays["controls"].shape[-1]
    if "nade_num_hidden" in hparams:
        drums = arrays["y"].shape[-1]
        found |= {"num_classes": (2,) * drums, "nade_units": hparams["nade_num_hidden"]}
        found |= {"head": "nade", "encoder_input": "drum_roll"}
    elif "labels" not in arrays:
        found |= {"num_classes": (2,) * (arrays["y"].shape[-1] // 3), "head": "groove"}
    elif arrays["labels"].ndim == 3:
        found["num_classes"] = (90, 90, found["num_classes"][0] - 180)
    elif arrays["x"].shape[-1] < found["num_classes"][0]:
        found["encoder_input"] = "drum_roll"
    return found | hierarchy_of(arrays, found)


def hierarchy_of(arrays, found):
    """The arguments of a hierarchy; none of a flat model."""
    conductor = arrays.get("var/decoder/hierarchical_level_0/cell_0/lstm_cell/kernel")
    if conductor is None:
        return {}
    names, steps = " ".join(arrays), arrays["tf_logits"].shape[1]
    hierarchy = {"subsequences": SEGMENTS, "split_parts": "/core_decoder_1/" in names}
    # Its input is a single zero but where it sees the decoder.
    hierarchy["conductor_sees_decoder"] = len(conductor) > 1 + found["decoder_units"][0]
    if "encoder/hierarchical_level_1/" in names:
        hierarchy["encoder_lengths"] = (steps // SEGMENTS, SEGMENTS)
        hierarchy["encoder_units"] = 2 * tuple(found["encoder_units"])
    return hierarchy


def as_tokens(labels):
    labels = labels if np.issubdtype(labels.dtype, np.floating) else labels.astype("int32")
    return labels if labels.ndim == 3 else labels[..., None]


class Case:
    """One folder: Magenta's arrays, and a model with its weights."""

    def __init__(self, arrays):
        self.arrays = arrays
        self.hparams = json.loads(str(arrays["hparams_json"]))
        self.model = MusicVAE(**settings_of(arrays, self.hparams))
        magenta.assign(self.model, self.under("var/"))
        # Steps of NADE and grooves are vectors already; the encoder sees a groove in part.
        self.x = as_tokens(arrays["labels"] if "labels" in arrays else arrays["y"])
        self.source = arrays["x"] if self.model.head == "groove" else self.x
        self.controls = arrays.get("controls")

    def under(self, prefix):
        return {
            name.removeprefix(prefix): value
            for name, value in self.arrays.items()
            if name.startswith(prefix)
        }

    def reconstruction_loss(self, x):
        loss = self.model.reconstruction_loss(reduction=None)
        return loss(x, self.model.logits(x, self.arrays["z"], self.controls))


@pytest.fixture(params=FOLDERS or ["cat-mel"])
def case(request, golden):
    return Case(golden(f"magenta/{request.param}/golden"))


def close(found, expected, tolerance):
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=0, atol=tolerance)


def test_the_posterior_and_its_kl(case):
    posterior = case.model.encode(case.source, case.controls)
    close(posterior.mean, case.arrays["enc_mu"], 1e-5)
    close(posterior.stddev, case.arrays["enc_sigma"], 1e-5)
    kl = gaussian_kl(posterior.mean, 2 * ops.log(posterior.stddev))
    close(kl, case.arrays["kl_nats"], 1e-3)


def test_logits_and_the_reconstruction_loss(case):
    z = ops.convert_to_tensor(case.arrays["z"])
    previous = shift(ops.convert_to_tensor(case.x))
    outputs, _ = case.model.decoder.logits(previous, z, case.controls)
    close(outputs, case.arrays["tf_logits"], 1e-4)
    close(case.reconstruction_loss(case.x), case.arrays["recon_loss"], 1e-3)


def test_sequences_that_end_early(case):
    if "var_lengths" not in case.arrays:
        pytest.skip("Magenta's hierarchical models take no lengths")
    lengths = case.arrays["var_lengths"].astype("int32")
    inside = np.arange(case.x.shape[1])[:, None] < lengths[:, None, None]
    x, source = np.where(inside, case.x, -1), np.where(inside, case.source, -1)
    posterior = case.model.encode(source, case.controls, lengths)
    close(posterior.mean, case.arrays["var_enc_mu"], 1e-5)
    close(posterior.stddev, case.arrays["var_enc_sigma"], 1e-5)
    kl = gaussian_kl(posterior.mean, 2 * ops.log(posterior.stddev))
    close(kl, case.arrays["var_kl_nats"], 1e-3)
    close(case.reconstruction_loss(x), case.arrays["var_recon_loss"], 1e-3)


def test_greedy_decoding(case):
    controls = case.controls
    if controls is not None:
        # Magenta gives the whole batch the first example's.
        controls = np.repeat(controls[:1], len(controls), axis=0)
    middle = np.full(case.x.shape, 0.5, "float32")
    tokens, logits = case.model.rollout(case.arrays["z"], middle, 1e-4, controls)
    if case.model.head == "groove":
        close(tokens, case.arrays["greedy_sample"], 1e-4)
        drums = len(case.model.num_classes)
        np.testing.assert_array_equal(
            tokens[..., :drums], case.arrays["greedy_sample"][..., :drums]
        )
    else:
        name = "greedy_sample" if case.model.head == "nade" else "greedy_labels"
        np.testing.assert_array_equal(tokens, as_tokens(case.arrays[name]))
    previous = shift(ops.convert_to_tensor(tokens))
    outputs, _ = case.model.decoder.logits(previous, case.arrays["z"], controls)
    close(outputs, case.arrays["greedy_logits"], 1e-4)
    close(logits, case.model.logits(tokens, case.arrays["z"], controls), 1e-4)


def gradients_under_magentas_names(case, inputs):
    """Gradients of the first update before they are clipped, and their norm over all."""
    model = case.model
    weights = model.get_weights()
    found = gradients(
        lambda: model.compute_loss(inputs, {"x": case.x}, model(inputs, training=True)),
        model.trainable_variables,
    )
    # Reading a layer under Magenta's names may add a constant, such as to a gate's bias.
    for variable in model.trainable_variables:
        variable.assign(np.zeros(variable.shape, "float32"))
    constants = magenta.variables(model)
    for variable, gradient in zip(model.trainable_variables, found, strict=True):
        variable.assign(gradient)
    named = {name: value - constants[name] for name, value in magenta.variables(model).items()}
    model.set_weights(weights)  # and with them the count of updates
    return named, np.sqrt(sum(np.sum(np.square(each)) for each in found))


def test_three_updates(case):
    max_beta, beta_rate = case.hparams["max_beta"], case.hparams["beta_rate"]
    rate, least = case.hparams["learning_rate"], case.hparams["min_learning_rate"]

    class Rate(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            decayed = ops.power(case.hparams["decay_rate"], ops.cast(step, "float32"))
            return (rate - least) * decayed + least

    case.model.compile(
        keras.optimizers.Adam(Rate(), epsilon=1e-8, global_clipnorm=case.hparams["grad_clip"]),
        kl_weight=lambda step: max_beta * (1 - ops.power(beta_rate, ops.cast(step, "float32"))),
    )
    inputs = {"x": case.x, "source": case.source, "eps_z": case.arrays["eps"]}
    if case.controls is not None:
        inputs["controls"] = case.controls
    clipped = case.under("grad_clipped/")
    found, norm = gradients_under_magentas_names(case, inputs)
    np.testing.assert_allclose(norm, case.arrays["train_global_norm_step0"], rtol=1e-4)
    scale = min(1.0, case.hparams["grad_clip"] / norm)
    for name, expected in clipped.items():
        np.testing.assert_allclose(scale * found[name], expected, rtol=0, atol=1e-5)
    for step in range(3):
        # The metric `loss` is a mean over updates, and this is one.
        case.model.reset_metrics()
        loss = case.model.train_on_batch(inputs, {"x": case.x}, return_dict=True)["loss"]
        np.testing.assert_allclose(loss, case.arrays[f"train_loss_step{step}"], atol=1e-3)
    after = magenta.variables(case.model)
    for name, expected in case.under("var_after3/").items():
        # Adam divides by the root of tiny squares, whose rounding decides the sign of an update.
        counts = np.abs(clipped[name]) > 1e-6
        np.testing.assert_allclose(after[name][counts], expected[counts], rtol=0, atol=1e-4)
    level = "decoder/hierarchical_level_0/cell_0/lstm_cell/kernel"
    if level in after and not case.model.conductor_sees_decoder:
        # The conductor reads zeros, so that the row for them never moves.
        np.testing.assert_array_equal(after[level][0], case.under("var/")[level][0])
