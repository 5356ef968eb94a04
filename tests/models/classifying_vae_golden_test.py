"""The models against arrays that the authors' own code made (Python 2.7, TF 1.0, Keras 2.0)."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from keras_music_vae.models import ClassifyingVAE, ClassifyingVAELSTM
from tests.gradients import gradients

MLP = ["mlp_xprev", "mlp_noxprev", "mlp_xprev_nohidden"]
LSTM = ["lstm_xprev", "lstm_noxprev"]
SETS = ["default", "custom"]


class Original:
    """One golden file, and our model with its weights under the original's names."""

    def __init__(self, arrays, weight_norm, prior_log_var=0.0, gate="hard_sigmoid"):
        self.arrays = arrays
        self.config = config = json.loads(str(arrays["config"]))
        self.recurrent = config["kind"] == "lstm"
        sizes = {
            "classes": [f"class {i}" for i in range(config["n_classes"])],
            "latent_dim": config["latent_dim"],
            "hidden_dim": config["intermediate_dim"],
            "use_x_prev": config["use_x_prev"],
            "num_pitches": config["original_dim"],
            "weight_norm": weight_norm,
            "w_prior_log_var": prior_log_var,
        }
        if self.recurrent:
            sizes["classifier_dim"] = arrays["weight/hW/bias"].size
            self.model = ClassifyingVAELSTM(**sizes, seq_length=arrays["in/x"].shape[1], gate=gate)
        else:
            sizes["classifier_dim"] = config["intermediate_class_dim"]
            self.model = ClassifyingVAE(**sizes)
        for name, layer in self.layers.items():
            for kind, kernel in self.kernels(layer).items():
                kernel.assign(self.read("weight", name, kind))
            layer.bias.assign(self.read("weight", name, "bias"))

    @property
    def layers(self):
        """Name in the original -> our layer. `Wargs` holds mean and log-variance side by side."""
        m = self.model
        if self.recurrent:
            return {
                "hW": m.classifier,
                "Wargs:mean": m.w_posterior.mean,
                "Wargs:log_var": m.w_posterior.log_var,
                "encoder_h": m.encoder,
                "Z_mean": m.posterior.mean,
                "Z_log_var": m.posterior.log_var,
                "decoder_h": m.decoder,
                "X_decoded_mean": m.head,
            }
        names = {
            "h_w": m.classifier,
            "w_mean": m.w_posterior.mean,
            "w_log_var": m.w_posterior.log_var,
            "h": m.encoder,
            "z_mean": m.posterior.mean,
            "z_log_var": m.posterior.log_var,
            "decoder_h": m.decoder,
            "x_decoded_mean": m.head,
        }
        return {
            n: layer for n, layer in names.items() if m.hidden_dim or n not in ("h", "decoder_h")
        }

    @staticmethod
    def kernels(layer):
        kernels = {"kernel": layer.kernel}
        if hasattr(layer, "recurrent_kernel"):
            kernels["recurrent_kernel"] = layer.recurrent_kernel
        return kernels

    def read(self, prefix, name, kind, arrays=None):
        name, _, half = name.partition(":")
        value = (arrays or self.arrays)[f"{prefix}/{name}/{kind}"]
        if not half:
            return value
        mean, log_var = np.split(value, 2, axis=-1)
        return mean if half == "mean" else log_var

    @property
    def inputs(self):
        names = ["x", "eps_w", "eps_z"] + ["x_prev"] * self.config["use_x_prev"]
        return {name: self.arrays[f"in/{name}"] for name in names}

    @property
    def targets(self):
        return {"x": self.arrays["in/x"], "w": self.arrays["in/w_true"]}

    def compile(self, which, optimizer="sgd"):
        weights = self.config[f"loss_weights_{which}"]
        self.model.compile(
            optimizer,
            kl_weight=weights["kl_weight"],
            w_kl_weight=weights["w_kl_weight"],
            class_weight=weights["class_weight"],
        )

    def loss(self):
        outputs = self.model(self.inputs, training=True)
        return self.model.compute_loss(self.inputs, self.targets, outputs)

    def out(self, name):
        """An output by its name in the MLP files."""
        return self.arrays[f"out/{name[0].upper() + name[1:] if self.recurrent else name}"]


def prior_log_var(golden, file, which):
    arrays = golden(f"classifying_vae/{file}")
    return json.loads(str(arrays["config"]))[f"loss_weights_{which}"]["w_log_var_prior"]


@pytest.mark.parametrize("weight_norm", [False, True])
@pytest.mark.parametrize("file", MLP + LSTM)
def test_outputs(golden, file, weight_norm):
    original = Original(golden(f"classifying_vae/{file}"), weight_norm)
    outputs = {k: ops.convert_to_numpy(v) for k, v in original.model(original.inputs).items()}
    probabilities = ops.convert_to_numpy(ops.sigmoid(outputs["x"]))
    np.testing.assert_allclose(probabilities, original.out("x_decoded_mean"), atol=2e-6)
    np.testing.assert_allclose(outputs["w"], original.out("w"), atol=2e-6)
    np.testing.assert_allclose(outputs["z_mean"], original.out("z_mean"), atol=2e-6)
    np.testing.assert_allclose(outputs["z_log_var"], original.out("z_log_var"), atol=2e-6)
    w_parameters = np.concatenate([outputs["w_mean"], outputs["w_log_var"]], axis=-1)
    golden_w = (
        original.arrays["out/Wargs"]
        if original.recurrent
        else np.concatenate([original.out("w_mean"), original.out("w_log_var")], axis=-1)
    )
    np.testing.assert_allclose(w_parameters, golden_w, atol=3e-6)


@pytest.mark.parametrize("file", LSTM)
def test_outputs_and_losses_with_plain_sigmoid_gates(golden, file):
    original = Original(golden(f"classifying_vae/{file}"), weight_norm=True, gate="sigmoid")
    original.compile("default")
    outputs = original.model(original.inputs)
    probabilities = ops.convert_to_numpy(ops.sigmoid(outputs["x"]))
    want = original.arrays["sigmoid_gates/out/X_decoded_mean"]
    np.testing.assert_allclose(probabilities, want, atol=2e-6)
    total = original.arrays["sigmoid_gates/loss_default/total"]
    np.testing.assert_allclose(original.loss(), total, atol=2e-5)


@pytest.mark.parametrize("which", SETS)
@pytest.mark.parametrize("file", MLP + LSTM)
def test_every_loss_term(golden, file, which):
    prior = prior_log_var(golden, file, which)
    original = Original(golden(f"classifying_vae/{file}"), True, prior)
    original.compile(which)
    model, arrays = original.model, original.arrays
    outputs = model(original.inputs, training=True)
    term = {name: arrays[f"loss_{which}/{name}"] for name in ("rec", "kl_z", "kl_w", "ce", "total")}

    total = model.compute_loss(original.inputs, original.targets, outputs)
    np.testing.assert_allclose(total, term["total"], atol=2e-5)
    logs = model.compute_metrics(original.inputs, original.targets, outputs)
    np.testing.assert_allclose(logs["kl_z"], term["kl_z"], atol=2e-5)
    np.testing.assert_allclose(logs["kl_w"], term["kl_w"], atol=2e-5)
    np.testing.assert_allclose(logs["x_loss"], term["rec"], atol=2e-5)
    class_weight = original.config[f"loss_weights_{which}"]["class_weight"]
    np.testing.assert_allclose(logs["w_loss"], class_weight * term["ce"], atol=2e-5)
    np.testing.assert_allclose(logs["w_accuracy"], arrays[f"loss_{which}/w_accuracy"], atol=1e-6)


@pytest.mark.parametrize("which", SETS)
@pytest.mark.parametrize("file", MLP + LSTM)
def test_gradients_of_plain_weights(golden, file, which):
    prior = prior_log_var(golden, file, which)
    original = Original(golden(f"classifying_vae/{file}"), False, prior)
    original.compile(which)
    variables, want = [], []
    for name, layer in original.layers.items():
        for kind, kernel in original.kernels(layer).items():
            variables.append(kernel.v)
            want.append(original.read(f"grad_{which}", name, kind))
        variables.append(layer.bias)
        want.append(original.read(f"grad_{which}", name, "bias"))
    for g, w in zip(gradients(original.loss, variables), want, strict=True):
        np.testing.assert_allclose(g, w, atol=1e-5)


UPDATES = [
    ("mlp_xprev", "default", "mlp_xprev_adamwn"),
    ("mlp_xprev", "custom", "mlp_xprev_adamwn"),
    ("mlp_noxprev", "default", "mlp_noxprev_adamwn"),
    ("mlp_noxprev", "custom", "mlp_noxprev_adamwn"),
    ("lstm_xprev", "custom", "lstm_xprev_adamwn_step{}"),
]


@pytest.mark.parametrize(("file", "which", "updates"), UPDATES)
def test_updates_of_adam_with_weight_normalization(golden, file, which, updates):
    prior = prior_log_var(golden, file, which)
    original = Original(golden(f"classifying_vae/{file}"), True, prior)
    settings = original.config["optimizer"]
    optimizer = keras.optimizers.Adam(
        settings["lr"], settings["beta_1"], settings["beta_2"], settings["epsilon"]
    )
    original.compile(which, optimizer)
    model = original.model
    optimizer.build(model.trainable_variables)
    totals = original.arrays[f"loss_{which}/total_before_step_1_2_3_and_after_3"]

    for step in (1, 2, 3):
        np.testing.assert_allclose(original.loss(), totals[step - 1], atol=2e-5)
        optimizer.apply(gradients(original.loss, model.trainable_variables))
        if step != 2:
            check_state(
                original,
                optimizer,
                golden(f"classifying_vae/{updates.format(step)}"),
                f"{which}/step{step}",
            )
    np.testing.assert_allclose(original.loss(), totals[3], atol=2e-5)


def check_state(original, optimizer, arrays, prefix):
    moments = {
        variable.path: (m, v)
        for variable, m, v in zip(
            original.model.trainable_variables,
            optimizer._momentums,
            optimizer._velocities,
            strict=True,
        )
    }

    def close(what, name, kind, value, atol):
        want = original.read(f"{prefix}/{what}", name, kind, arrays)
        np.testing.assert_allclose(value, want, atol=atol, err_msg=f"{what} {name}/{kind}")

    for name, layer in original.layers.items():
        for kind, kernel in original.kernels(layer).items():
            close("weight", name, kind, kernel.value(), 5e-6)
            close("g", name, kind, kernel.g, 1e-5)
            close("m_g", name, kind, moments[kernel.g.path][0], 1e-5)
            close("v_g", name, kind, moments[kernel.g.path][1], 1e-5)
            close("m_V", name, kind, moments[kernel.v.path][0], 1e-5)
            close("v_V", name, kind, moments[kernel.v.path][1], 1e-5)
            scaler = original.read(f"{prefix}/V_scaler", name, kind, arrays)
            v = original.read(f"{prefix}/weight", name, kind, arrays) / scaler
            np.testing.assert_allclose(kernel.v, v, atol=1e-5)
        close("weight", name, "bias", layer.bias, 5e-6)
        close("m", name, "bias", moments[layer.bias.path][0], 1e-5)
        close("v", name, "bias", moments[layer.bias.path][1], 1e-5)


SAMPLING = [
    ("mlp_xprev", "infer", "posterior"),
    ("mlp_xprev", "infer_noise", "posterior"),
    ("mlp_xprev", "given", "posterior"),
    ("mlp_xprev", "given_zprior", "released_prior"),
    ("mlp_noxprev", "infer", "posterior"),
    ("mlp_noxprev", "infer_noise", "posterior"),
    ("mlp_noxprev", "given", "posterior"),
    ("mlp_noxprev", "given_zprior", "released_prior"),
    ("lstm_xprev", "infer", "posterior"),
    ("lstm_xprev", "infer_noise", "posterior"),
    ("lstm_xprev", "given", "posterior"),
    ("lstm_xprev", "released_given", "posterior"),
]


@pytest.mark.parametrize(("file", "mode", "scheme"), SAMPLING)
def test_sampling_loops(golden, file, mode, scheme):
    original = Original(golden(f"classifying_vae/{file}"), weight_norm=True)
    model, arrays = original.model, golden(f"classifying_vae/{file}_sampling")
    made = {k.split("/", 2)[2]: v for k, v in arrays.items() if k.startswith(f"sample/{mode}/")}
    if mode == "released_given":  # the released sampler's encoder, which never got its weights
        for kind, kernel in original.kernels(model.encoder).items():
            kernel.assign(made[f"sampler_encoder_h/{kind}"])
        model.encoder.bias.assign(made["sampler_encoder_h/bias"])
    seed = np.atleast_2d(arrays["sample/x_seed"])[None]
    # The released LSTM sampler draws a step after the seed, goes on from it, and leaves it out.
    left_out = int(original.recurrent)
    steps = len(made["x"]) + left_out

    if mode.startswith("infer"):
        noise = made["eps_w"][None] if mode == "infer_noise" else None
        w = model.infer_w(seed, noise)
        np.testing.assert_allclose(w, made["w"], atol=2e-6)
    else:
        w = arrays["sample/w_given"]
    rolled = model.rollout(
        seed, ops.convert_to_tensor(w), made["eps_z"][None], made["u"][None, -steps:], scheme
    )
    np.testing.assert_array_equal(ops.convert_to_numpy(rolled["x"])[0, left_out:], made["x"])
    np.testing.assert_allclose(rolled["probabilities"][0], made["p"][-steps:], atol=3e-6)
    np.testing.assert_allclose(rolled["z_mean"][0], made["z_mean"][-steps:], atol=3e-6)
    np.testing.assert_allclose(rolled["z_log_var"][0], made["z_log_var"][-steps:], atol=3e-6)
