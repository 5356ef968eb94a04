"""The models that keep the promises of `conformance_test.py`; a new model joins by one line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from keras_music_vae.models import VAE, VAELSTM, ClassifyingVAE, ClassifyingVAELSTM


@dataclass(frozen=True)
class Descriptor:
    """One model of small size, and how to feed and compare it.

    Attributes:
        make: function of keyword arguments for the constructor (such as `dtype`) -> new model.
        data: function of a batch size -> inputs, noise included, and targets.
        methods: function of a model -> name -> array, what each of its methods gives for the same
            arguments.
        schedules: arguments of `compile` that take a schedule of the updates.
    """

    name: str
    make: Callable[..., Any]
    data: Callable[[int], tuple[dict, dict]]
    methods: Callable[[Any], dict]
    schedules: tuple[str, ...]

    def __str__(self):
        return self.name


def classifying_vae(kind, time=None, classes=(), **settings):
    """A model of Hennig et al. 2017, trained on steps or on windows of `time` steps."""
    sizes = {"latent_dim": 3, "hidden_dim": 8} | settings
    if classes:
        sizes |= {"classes": classes, "classifier_dim": 5}
    shape = () if time is None else (time,)

    def data(batch):
        random = np.random.default_rng(1)
        x, x_prev = random.integers(0, 2, (2, batch, *shape, 88), dtype=np.uint8)
        inputs = {"x": x, "x_prev": x_prev, "eps_z": _normal(random, batch, *shape, 3)}
        targets = {"x": x}
        if classes:
            w_shape = () if "seq_length" in settings else shape
            inputs["eps_w"] = _normal(random, batch, *w_shape, len(classes) - 1)
            targets["w"] = np.eye(len(classes), dtype="float32")[np.arange(batch) % len(classes)]
        return inputs, targets

    def methods(model):
        random = np.random.default_rng(2)
        x = random.integers(0, 2, (2, 6, 88), dtype=np.uint8)
        w = random.dirichlet(np.ones(len(classes)), 2).astype("float32") if classes else None
        z, noise = _normal(random, 2, 2, 6, 3)
        uniforms = random.uniform(size=(2, 6, 88)).astype("float32")
        results = {
            "encode": model.encode(x, w)._asdict(),
            "logits": {"x": model.logits(x, z, w)},
            "rollout": model.rollout(x[:, :1], w, noise, uniforms),
            "sample": {"x": model.sample(2, 6, w=w, seed=3)},
            "reconstruct": {"x": model.reconstruct(x, seed=3)},
        }
        if classes:
            results["mean_w"] = {"w": model.mean_w(x)}
        return {
            f"{method}/{name}": ops.convert_to_numpy(value)
            for method, values in results.items()
            for name, value in values.items()
        }

    return Descriptor(
        name=kind.__name__,
        make=lambda **arguments: kind(**sizes, **arguments),
        data=data,
        methods=methods,
        schedules=("kl_weight", "w_kl_weight") if classes else ("kl_weight",),
    )


def _normal(random, *shape):
    return random.normal(size=shape).astype("float32")


KEYS = ("C", "Eb", "G")
CONFORMING = (
    classifying_vae(VAE),
    classifying_vae(ClassifyingVAE, classes=KEYS),
    classifying_vae(VAELSTM, time=4),
    classifying_vae(ClassifyingVAELSTM, time=4, classes=KEYS, seq_length=4),
)
