"""The models that keep the promises of `conformance_test.py`; a new model joins by one line."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from keras_music_vae.models import (
    VAE,
    VAELSTM,
    ClassifyingVAE,
    ClassifyingVAELSTM,
    MeasureVAE,
    MusAE,
    MusicVAE,
)


@dataclass(frozen=True)
class Descriptor:
    """One model of small size, and how to feed and compare it.

    Attributes:
        make: function of keyword arguments for the constructor (such as `dtype`) -> new model.
        data: function of a batch size -> inputs, noise included, and targets.
        methods: function of a model -> name -> array, what each of its methods gives for the same
            arguments.
        compare_export: function of a model and what `tf.saved_model.load` gives of it, which
            asserts that they are equal function by function.
        schedules: arguments of `compile` that take a schedule of the weight of a term.
        settled: arguments of `compile`, as pairs, that leave nothing to chance but the noise in the
            data.
        output_shape: function of the shape of a target -> that of the output.
        output_dtype: the type of the output in mixed precision, in which all else is bfloat16.
        unused: names of trainable variables that only ever meet zeros, and so get no gradient.
    """

    name: str
    make: Callable[..., Any]
    data: Callable[[int], tuple[dict, dict]]
    methods: Callable[[Any], dict]
    compare_export: Callable[[Any, Any], None]
    schedules: tuple[str, ...] = ("kl_weight",)
    settled: tuple[tuple[str, Any], ...] = ()
    output_shape: Callable[[tuple], tuple] = tuple
    output_dtype: str = "bfloat16"
    unused: tuple[str, ...] = ()

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
        return _flat(results)

    return Descriptor(
        name=kind.__name__,
        make=lambda **arguments: kind(**sizes, **arguments),
        data=data,
        methods=methods,
        compare_export=_compare_export_of_rolls,
        schedules=("kl_weight", "w_kl_weight") if classes else ("kl_weight",),
    )


def _compare_export_of_rolls(model, loaded):
    import tensorflow as tf

    x = np.random.default_rng(4).integers(0, 2, (2, 9, 88), dtype=np.uint8)
    roll = {"piano_roll": tf.constant(x)}
    how = {"temperature": tf.constant(0.9), "seed": tf.constant(5)}
    w = model.mean_w(x) if model.condition_dim else None
    key = {} if w is None else {"w": w}

    encoded, posterior = loaded.encode(roll | key), model.encode(x, w)
    np.testing.assert_allclose(encoded["mean"], posterior.mean, atol=1e-6)
    np.testing.assert_allclose(encoded["stddev"], posterior.stddev, atol=1e-6)
    z = {"z": posterior.mean}
    decoded = loaded.decode(z | key | how)["piano_roll"]
    np.testing.assert_array_equal(decoded, model.decode(posterior.mean, w, 0.9, 5))
    made = loaded.reconstruct(roll | how)
    np.testing.assert_array_equal(made["piano_roll"], decoded)
    count = {"count": tf.constant(2), "steps": tf.constant(7)}
    sampled = loaded.sample(count | key | how)["piano_roll"]
    np.testing.assert_array_equal(sampled, model.sample(2, 7, w=w, temperature=0.9, seed=5))
    if model.condition_dim:
        np.testing.assert_allclose(loaded.classify(roll)["w"], w, atol=1e-6)


def music_vae(name, num_classes=(90,), unused=(), **settings):
    """A model of Roberts et al. 2017, of windows of eight steps."""
    sizes = {"latent_dim": 3, "encoder_units": (4,), "decoder_units": (6, 5), "nade_units": 3}
    sizes |= {"num_classes": num_classes} | settings
    latent_dim, control_dim = sizes["latent_dim"], sizes.get("control_dim", 0)

    def tokens(random, batch):
        if sizes.get("head") == "groove":
            hits = random.integers(0, 2, (batch, 8, len(num_classes)))
            how = random.uniform(-1, 1, (batch, 8, 2 * len(num_classes)))
            return np.concatenate([hits, np.abs(how)], axis=-1).astype("float32")
        parts = [random.integers(0, classes, (batch, 8)) for classes in num_classes]
        return np.stack(parts, axis=-1).astype("int32")

    def told(random, batch):
        return {"controls": _normal(random, batch, 8, control_dim)} if control_dim else {}

    def data(batch):
        random = np.random.default_rng(1)
        x = tokens(random, batch)
        inputs = {"x": x} | told(random, batch)
        if latent_dim:
            inputs["eps_z"] = _normal(random, batch, latent_dim)
        return inputs, {"x": x}

    def methods(model):
        random = np.random.default_rng(2)
        x, z = tokens(random, 2), _normal(random, 2, latent_dim or 1)
        uniforms = random.uniform(size=x.shape).astype("float32")
        controls = told(random, 2).get("controls")
        made, logits = model.rollout(z, uniforms, controls=controls)
        results = {
            "encode": model.encode(x, controls)._asdict(),
            "logits": {"x": model.logits(x, z, controls)},
            "rollout": {"x": made, "logits": logits},
            "sample": {"x": model.sample(2, 8, seed=3, controls=controls)},
            "reconstruct": {"x": model.reconstruct(x, seed=3, controls=controls)},
        }
        if latent_dim:
            one = {} if controls is None else {"controls": controls[0]}
            both = {} if controls is None else {"controls": (controls[:1], controls[1:])}
            long = {} if controls is None else {"controls": np.tile(controls[0], (3, 1))}
            results["interpolate"] = {"x": model.interpolate(*x, steps=3, seed=3, **one)}
            results["attribute_vector"] = {"z": model.attribute_vector(x[:1], x[1:], **both)}
            results["chain"] = {"x": model.chain(z, 3, 8, seed=3, **long)}
            results["continue_from"] = {"x": model.continue_from(x[0], 2, seed=3, **long)}
            results["sweep"] = {"x": model.sweep(x, 1, (-4, 4), seed=3, **one)}
        return _flat(results)

    def compare_export(model, loaded):
        import tensorflow as tf

        random = np.random.default_rng(4)
        x = tokens(random, 2)
        how = {"temperature": tf.constant(0.9), "seed": tf.constant(5)}
        controls = told(random, 2)
        size = controls or {"count": tf.constant(2), "length": tf.constant(8)}
        sampled = loaded.sample(size | how)["tokens"]
        _assert_drawn(sampled, model.sample(2, 8, 0.9, 5, **controls))
        if not latent_dim:
            return
        encoded = loaded.encode({"tokens": x} | controls)
        posterior = model.encode(x, **controls)
        np.testing.assert_allclose(encoded["mean"], posterior.mean, atol=1e-6)
        np.testing.assert_allclose(encoded["stddev"], posterior.stddev, atol=1e-6)
        z = {"z": posterior.mean}
        length = controls or {"length": tf.constant(8)}
        decoded = loaded.decode(z | length | how)["tokens"]
        _assert_drawn(decoded, model.decode(posterior.mean, 8, 0.9, 5, **controls))
        made = loaded.reconstruct({"tokens": x} | controls | how)["tokens"]
        np.testing.assert_array_equal(made, decoded)
        one = {name: given[0] for name, given in controls.items()}
        ends = {"first": x[0], "second": x[1], "steps": tf.constant(5)}
        between = loaded.interpolate(ends | one | how)["tokens"]
        _assert_drawn(between, model.interpolate(*x, 5, 0.9, 5, **one))
        sweep = {"dim": tf.constant(1), "values": tf.constant([-4.0, 0.0, 4.0])}
        swept = loaded.sweep(z | sweep | (one or length) | how)["tokens"]
        _assert_drawn(swept, model.sweep(posterior.mean, 1, (-4, 0, 4), 8, 0.9, 5, **one))

    def output_shape(shape):
        if sizes.get("head", "categorical") != "categorical":
            return shape
        return (*shape[:-1], sum(num_classes))

    return Descriptor(
        name=f"MusicVAE-{name}",
        make=lambda **arguments: MusicVAE(**sizes, **arguments),
        data=data,
        methods=methods,
        compare_export=compare_export,
        # Losses of training are drawn with dropout.
        schedules=("kl_weight",) if latent_dim and not sizes.get("dropout") else (),
        output_shape=output_shape,
        # A NADE sums over drums in float32.
        output_dtype="float32" if sizes.get("head") == "nade" else "bfloat16",
        unused=unused,
    )


def mus_ae(name, genres=(), **settings):
    """A model of Valenti, Carta and Bacciu 2020, of windows of eight steps of two tracks."""
    sizes = {"num_classes": (7, 5), "tracks": ("low", "high"), "latent_dim": 3}
    sizes |= {"units": 4, "depth": 1, "genres": genres} | settings

    def tokens(random, batch):
        parts = [random.integers(0, classes, (batch, 8)) for classes in sizes["num_classes"]]
        return np.stack(parts, axis=-1).astype("int32")

    def data(batch):
        random = np.random.default_rng(1)
        x = tokens(random, batch)
        noise = {
            "eps_z": _normal(random, batch, 3),
            "eps_prior": _normal(random, batch, 3),
            "alpha": random.uniform(size=(batch, 1)).astype("float32"),
        }
        # Of one genre, or of none, so that nothing is drawn.
        tags = np.eye(len(genres) + 1, dtype="uint8")[:, : len(genres)]
        told = {"genres": tags[np.arange(batch) % len(tags)]} if genres else {}
        return {"x": x} | told | noise, {"x": x}

    def methods(model):
        random = np.random.default_rng(2)
        x, z = tokens(random, 2), _normal(random, 2, 3)
        made, logits = model.rollout(z, random.uniform(size=x.shape).astype("float32"), 1.0)
        genre = {"genre": genres[-1]} if genres else {}
        results = {
            "encode": model.encode(x)._asdict(),
            "logits": {"x": model.logits(z, 8)},
            "rollout": {"x": made, "logits": logits},
            "sample": {"x": model.sample(2, 8, 1.0, seed=3, **genre)},
            "reconstruct": {"x": model.reconstruct(x)},
            "interpolate": {"x": model.interpolate(*x, steps=3)},
            "attribute_vector": {"z": model.attribute_vector(x[:1], x[1:])},
            "chain": {"x": model.chain(z, 3, 8, seed=3)},
            "continue_from": {"x": model.continue_from(x[0], 2, seed=3)},
            "sweep": {"x": model.sweep(x, 1, (-4, 4))},
        }
        return _flat(results)

    def compare_export(model, loaded):
        import tensorflow as tf

        x = tokens(np.random.default_rng(4), 2)
        posterior = model.encode(x)
        encoded = loaded.encode({"tokens": x})
        np.testing.assert_allclose(encoded["mean"], posterior.mean, atol=1e-6)
        np.testing.assert_allclose(encoded["stddev"], posterior.stddev, atol=1e-6)
        for temperature in (0.0, 0.9):
            how = {"temperature": tf.constant(temperature), "seed": tf.constant(5)}
            size = {"count": tf.constant(6), "length": tf.constant(8)}
            for genre in (None, 0, len(genres)) if genres else (None,):
                index = -1 if genre is None else genre
                asked = {"genre": tf.constant([index])} if genres else {}
                sampled = loaded.sample(size | asked | how)["tokens"]
                expected = model.sample(6, 8, temperature, 5, genre)
                np.testing.assert_array_equal(sampled, expected)
            z = {"z": posterior.mean, "length": tf.constant(8)}
            decoded = loaded.decode(z | how)["tokens"]
            expected = model.decode(posterior.mean, 8, temperature, 5)
            np.testing.assert_array_equal(decoded, expected)
            made = loaded.reconstruct({"tokens": x} | how)["tokens"]
            np.testing.assert_array_equal(made, decoded)
            ends = {"first": x[0], "second": x[1], "steps": tf.constant(5)}
            between = loaded.interpolate(ends | how)["tokens"]
            np.testing.assert_array_equal(between, model.interpolate(*x, 5, temperature, 5))
            sweep = {"dim": tf.constant(1), "values": tf.constant([-4.0, 0.0, 4.0])}
            made = loaded.sweep(z | sweep | how)["tokens"]
            expected = model.sweep(posterior.mean, 1, (-4, 0, 4), 8, temperature, 5)
            np.testing.assert_array_equal(made, expected)

    return Descriptor(
        name=f"MusAE-{name}",
        make=lambda **arguments: MusAE(**sizes, **arguments),
        data=data,
        methods=methods,
        compare_export=compare_export,
        schedules=("beta",),
        output_shape=lambda shape: (*shape[:-1], sum(sizes["num_classes"])),
        # Constants are added to all scores, and their differences are what is learned.
        unused=("critic/bias_2",),
    )


def measure_vae(**settings):
    """A model of Pati and Lerch 2020, of windows of two beats of three ticks."""
    sizes = {"num_classes": (7,), "embedding_dim": 3, "encoder_units": 4, "decoder_units": 5}
    # Dropout would leave more to chance than the coin.
    sizes |= {"latent_dim": 3, "ticks_per_beat": 3, "dropout": 0.0} | settings

    def tokens(random, batch):
        return random.integers(0, 7, (batch, 6, 1)).astype("int32")

    def data(batch):
        random = np.random.default_rng(1)
        x = tokens(random, batch)
        return {"x": x, "eps_z": _normal(random, batch, 3)}, {"x": x}

    def methods(model):
        random = np.random.default_rng(2)
        x, z = tokens(random, 2), _normal(random, 2, 3)
        made, logits = model.rollout(z, random.uniform(size=x.shape).astype("float32"), 1.0)
        results = {
            "encode": model.encode(x)._asdict(),
            "logits": {"x": model.logits(x, z)},
            "rollout": {"x": made, "logits": logits},
            "sample": {"x": model.sample(2, 6, 1.0, seed=3)},
            "reconstruct": {"x": model.reconstruct(x)},
            "interpolate": {"x": model.interpolate(*x, steps=3)},
            "attribute_vector": {"z": model.attribute_vector(x[:1], x[1:])},
            "chain": {"x": model.chain(z, 3, 6, seed=3)},
            "continue_from": {"x": model.continue_from(x[0], 2, seed=3)},
            "sweep": {"x": model.sweep(x, 1, (-4, 4))},
        }
        return _flat(results)

    def compare_export(model, loaded):
        import tensorflow as tf

        x = tokens(np.random.default_rng(4), 2)
        posterior = model.encode(x)
        encoded = loaded.encode({"tokens": x})
        np.testing.assert_allclose(encoded["mean"], posterior.mean, atol=1e-6)
        np.testing.assert_allclose(encoded["stddev"], posterior.stddev, atol=1e-6)
        for temperature in (0.0, 0.9):
            how = {"temperature": tf.constant(temperature), "seed": tf.constant(5)}
            length = {"length": tf.constant(9)}
            found = {
                "sample": loaded.sample({"count": tf.constant(4)} | length | how),
                "decode": loaded.decode({"z": posterior.mean} | length | how),
                "reconstruct": loaded.reconstruct({"tokens": x} | how),
                "interpolate": loaded.interpolate(
                    {"first": x[0], "second": x[1], "steps": tf.constant(5)} | how
                ),
                "sweep": loaded.sweep(
                    {"z": posterior.mean, "dim": tf.constant(1)}
                    | {"values": tf.constant([-4.0, 0.0, 4.0])}
                    | (length | how)
                ),
            }
            expected = {
                "sample": model.sample(4, 9, temperature, 5),
                "decode": model.decode(posterior.mean, 9, temperature, 5),
                "reconstruct": model.reconstruct(x, temperature, 5),
                "interpolate": model.interpolate(*x, 5, temperature, 5),
                "sweep": model.sweep(posterior.mean, 1, (-4, 0, 4), 9, temperature, 5),
            }
            for name, value in expected.items():
                np.testing.assert_array_equal(found[name]["tokens"], value, err_msg=name)

    return Descriptor(
        name="MeasureVAE",
        make=lambda **arguments: MeasureVAE(**sizes, **arguments),
        data=data,
        methods=methods,
        compare_export=compare_export,
        settled=(("teacher_forcing", 1.0),),
        # The number that is read at every beat is zero at first.
        unused=("decoder/beats/gru_0/kernel",),
        output_shape=lambda shape: (*shape[:-1], 7),
    )


def _assert_drawn(received, expected):
    """Tokens are equal; velocities and offsets of grooves are no tokens."""
    if received.dtype.is_integer:
        np.testing.assert_array_equal(received, expected)
    else:
        np.testing.assert_allclose(received, expected, atol=1e-6)


def _flat(results):
    return {
        f"{method}/{name}": ops.convert_to_numpy(value)
        for method, values in results.items()
        for name, value in values.items()
    }


def _normal(random, *shape):
    return random.normal(size=shape).astype("float32")


GENRES = ("rock", "jazz", "folk")
KEYS = ("C", "Eb", "G")
# The conductor reads nothing, which is zeros, and so does a decoder alone in place of a code.
CONDUCTOR = ("decoder/conductor/lstm_0/kernel/v",)
NO_CODE = ("decoder/initial_state/dense/kernel/v",)
TRIO = (90, 90, 512)
CONFORMING = (
    classifying_vae(VAE),
    classifying_vae(ClassifyingVAE, classes=KEYS),
    classifying_vae(VAELSTM, time=4),
    classifying_vae(ClassifyingVAELSTM, time=4, classes=KEYS, seq_length=4),
    music_vae("melody"),
    music_vae("drums", (512,), encoder_input="drum_roll"),
    music_vae("alone", latent_dim=0, unused=NO_CODE),
    music_vae("chords", control_dim=2),
    music_vae("nade", (2,) * 9, head="nade", encoder_input="drum_roll"),
    music_vae("groove", (2,) * 3, head="groove"),
    music_vae("groove-dropout", (2,) * 3, head="groove", dropout=0.5),
    music_vae("conducted", subsequences=2, embedding_dim=4, unused=CONDUCTOR),
    music_vae("conducted-autoregressive", subsequences=2, conductor_sees_decoder=True),
    music_vae(
        "hierarchical-trio",
        TRIO,
        subsequences=2,
        split_parts=True,
        encoder_units=(4, 3),
        encoder_lengths=(4, 2),
        unused=CONDUCTOR,
    ),
    music_vae(
        "instruments",
        subsequences=2,
        encoder_units=(4, 3),
        encoder_lengths=(4, 2),
        end_token=89,
        unused=CONDUCTOR,
    ),
    mus_ae("flower", GENRES, genre_order=(1, 0, 2)),
    measure_vae(),
)
