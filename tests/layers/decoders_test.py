"""Decoders: what they make is what they would tell; tokens follow their distribution."""

import numpy as np
import pytest
from keras import ops

from keras_music_vae.layers import CategoricalHead, HierarchicalDecoder, LSTMDecoder
from keras_music_vae.layers.decoders import NO_TOKEN, shift
from keras_music_vae.layers.heads import choose, one_hot

CLASSES = (3, 4)


def random(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def flat(control_dim=0):
    decoder = LSTMDecoder([5, 4], CategoricalHead(CLASSES))
    decoder.build((None, 6), control_dim)
    return louder(decoder)


def hierarchical(split=False, autoregressive=False, control_dim=0):
    groups = [(classes,) for classes in CLASSES] if split else [CLASSES]
    decoders = [
        LSTMDecoder([5, 4], CategoricalHead(classes), name=f"d{i}")
        for i, classes in enumerate(groups)
    ]
    decoder = HierarchicalDecoder([3], decoders, 2, autoregressive)
    decoder.build((None, 6), control_dim)
    return louder(decoder)


def louder(layer):
    """Weights large enough that z and the token before make a difference."""
    rng = np.random.default_rng(1)
    for weight in layer.trainable_weights:
        weight.assign(0.7 * rng.normal(size=weight.shape))
    return layer


DECODERS = {
    "flat": flat,
    "conductor": hierarchical,
    "split": lambda **settings: hierarchical(split=True, **settings),
    "autoregressive": lambda **settings: hierarchical(autoregressive=True, **settings),
}


@pytest.mark.parametrize("control_dim", [0, 2])
@pytest.mark.parametrize("make", DECODERS.values(), ids=DECODERS)
def test_the_logits_while_making_are_those_of_what_was_made(make, control_dim):
    decoder = make(control_dim=control_dim)
    z, uniforms = random(3, 6), np.random.default_rng(2).uniform(size=(3, 8, 2)).astype("float32")
    controls = random(3, 8, 2) if control_dim else None
    first = np.full((3, 2), NO_TOKEN, "int32")
    tokens, made, _ = decoder.generate(ops.convert_to_tensor(z), first, uniforms, 1.0, controls)
    told, _ = decoder.logits(shift(tokens), ops.convert_to_tensor(z), controls)
    assert tokens.shape == (3, 8, 2)
    np.testing.assert_allclose(made, told, atol=1e-5)
    other, _ = decoder.logits(shift(tokens), ops.convert_to_tensor(-z), controls)
    assert np.abs(ops.convert_to_numpy(other - told)).max() > 0.01


def test_a_subsequence_sees_of_the_one_before_its_last_token_alone():
    decoder = hierarchical()
    z = ops.convert_to_tensor(random(1, 6))
    tokens = np.random.default_rng(3).integers(0, 3, (1, 8, 2)).astype("int32")
    before = ops.convert_to_numpy(decoder.logits(shift(ops.convert_to_tensor(tokens)), z)[0])
    tokens[0, 2] = (tokens[0, 2] + 1) % 3
    after = ops.convert_to_numpy(decoder.logits(shift(ops.convert_to_tensor(tokens)), z)[0])
    changed = np.abs(after - before).max(axis=-1)[0] > 1e-6
    assert changed.tolist() == [False] * 3 + [True] + [False] * 4
    tokens[0, 3] = (tokens[0, 3] + 1) % 3
    last = ops.convert_to_numpy(decoder.logits(shift(ops.convert_to_tensor(tokens)), z)[0])
    assert (np.abs(last - after).max(axis=-1)[0, 4:] > 1e-6).all()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_follow_their_distribution(temperature):
    logits = np.array([0.3, -1.0, 1.2, 5.0, 0.0, -2.0, 3.0], "float32")
    uniforms = (np.arange(20_000) + 0.5) / 20_000
    tokens = ops.convert_to_numpy(
        choose(
            np.repeat(logits[None], 20_000, axis=0),
            CLASSES,
            np.stack([uniforms, uniforms[::-1]], axis=-1).astype("float32"),
            temperature,
        )
    )
    start = 0
    for part, classes in enumerate(CLASSES):
        p = np.exp(logits[start : start + classes] / temperature)
        counts = np.bincount(tokens[:, part], minlength=classes)
        np.testing.assert_allclose(counts / 20_000, p / p.sum(), atol=2e-4)
        start += classes


def test_a_low_temperature_takes_the_likeliest_whatever_the_number():
    logits = 200 * random(50, 7)
    for uniform in (0.0, 0.5, 1 - 2**-24):
        tokens = choose(logits, CLASSES, np.full((50, 2), uniform, "float32"), 1e-4)
        np.testing.assert_array_equal(tokens[:, 0], logits[:, :3].argmax(axis=1))
        np.testing.assert_array_equal(tokens[:, 1], logits[:, 3:].argmax(axis=1))


def test_no_token_is_a_vector_of_zeros():
    vectors = ops.convert_to_numpy(one_hot(np.array([[NO_TOKEN, 2]]), CLASSES, "float32"))
    assert vectors.tolist() == [[0, 0, 0, 0, 0, 1, 0]]
    shifted = shift(ops.convert_to_tensor([[[1, 2], [0, 3]]]))
    assert ops.convert_to_numpy(shifted).tolist() == [[[-1, -1], [1, 2]]]


def test_configurations_come_back():
    ended = LSTMDecoder([5, 4], CategoricalHead((3,)), end_token=2)
    for decoder in (flat(), hierarchical(split=True), ended):
        again = type(decoder).from_config(decoder.get_config())
        assert again.get_config() == decoder.get_config()


@pytest.mark.parametrize("conducted", [False, True])
def test_after_the_end_token_there_are_none_and_a_subsequence_begins_from_the_last(conducted):
    core = LSTMDecoder([5, 4], CategoricalHead((4,)), end_token=3)
    decoder = HierarchicalDecoder([3], [core], 3) if conducted else core
    decoder.build((None, 6))
    louder(decoder)
    z = ops.convert_to_tensor(random(20, 6))
    uniforms = np.random.default_rng(2).uniform(size=(20, 12, 1)).astype("float32")
    first = np.full((20, 1), NO_TOKEN, "int32")
    tokens, made, _ = decoder.generate(z, first, uniforms, 1.0)
    told, _ = decoder.logits(shift(tokens), z)
    tokens, counts = ops.convert_to_numpy(tokens)[..., 0], 0
    # A subsequence begins from the last place of the one before, which is mostly none.
    for start in range(0, 12, 4) if conducted else [0]:
        length = 4 if conducted else 12
        for example, line in enumerate(tokens[:, start : start + length].tolist()):
            own = line.index(3) + 1 if 3 in line else length
            assert all(token == NO_TOKEN for token in line[own:])
            assert NO_TOKEN not in line[:own]
            place = example, slice(start, start + own)
            np.testing.assert_allclose(made[place], told[place], atol=1e-5)
            drawn = choose(made[place], (4,), uniforms[place], 1.0)
            np.testing.assert_array_equal(drawn[:, 0], line[:own])
            counts += own < length
    assert counts > 5


def test_a_conductor_that_sees_one_of_several_decoders_is_refused():
    with pytest.raises(ValueError, match="one decoder"):
        hierarchical(split=True, autoregressive=True)


@pytest.mark.parametrize("control_dim", [0, 2])
@pytest.mark.parametrize("make", [flat, hierarchical, DECODERS["split"]])
def test_scheduled_sampling_reads_true_tokens_or_those_it_makes(make, control_dim):
    decoder = make(control_dim=control_dim)
    rng = np.random.default_rng(4)
    z, uniforms = ops.convert_to_tensor(random(3, 6)), rng.uniform(size=(3, 8, 2)).astype("float32")
    true = shift(ops.convert_to_tensor(rng.integers(0, 3, (3, 8, 2)).astype("int32")))
    controls = random(3, 8, 2) if control_dim else None
    coins = np.arange(8)[None] > 0

    def read(coins):
        given = ops.convert_to_tensor(np.broadcast_to(coins, (3, 8)))
        return ops.convert_to_numpy(decoder.sample_previous(z, true, given, uniforms, controls))

    np.testing.assert_array_equal(read(np.zeros(8, bool)), true)
    always = read(coins)
    # In each step it read what it makes of what it read before.
    logits, _ = decoder.logits(ops.convert_to_tensor(always), z, controls)
    flat_logits = ops.reshape(logits, (24, -1))
    made = choose(flat_logits, CLASSES, uniforms.reshape(24, 2), 1.0)
    made = ops.convert_to_numpy(made).reshape(3, 8, 2)
    own = np.arange(1, 8) if isinstance(decoder, LSTMDecoder) else np.array([1, 2, 3, 5, 6, 7])
    np.testing.assert_array_equal(always[:, own], made[:, own - 1])
    if not isinstance(decoder, LSTMDecoder):
        np.testing.assert_array_equal(always[:, 4], ops.convert_to_numpy(true)[:, 4])
    assert (always != ops.convert_to_numpy(true)).any()
    once = read(np.arange(8) == 3)
    np.testing.assert_array_equal(np.delete(once, 3, axis=1), np.delete(true, 3, axis=1))


def test_at_first_a_conductor_s_codes_hardly_depend_on_z_and_the_later_the_less():
    decoder = HierarchicalDecoder([96, 96], [LSTMDecoder([4], CategoricalHead((3,)))], 16)
    decoder.build((None, 64))
    spread = ops.convert_to_numpy(decoder.codes(random(50, 64))).std(axis=0).mean(axis=-1)
    assert spread[0] < 0.01
    assert (spread[1:] < spread[:-1]).all()
    assert spread[-1] < spread[0] / 5


def in_turn(decoder, code, true, coins, uniforms, masks, controls):
    """Scheduled sampling with dropout as one loop in NumPy: (tokens that were read, logits)."""

    def numpy(x):
        return ops.convert_to_numpy(x).astype("float64")

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    dense, layers, output = decoder.initial_state.dense, decoder.lstms.layers, decoder.head
    flat = np.tanh(code @ numpy(dense.kernel.v) + numpy(dense.bias))
    states = np.split(flat, np.cumsum([u for u in decoder.units for _ in "ch"])[:-1], axis=-1)
    c, h = states[::2], states[1::2]
    read, logits, made = [], [], None
    for t in range(true.shape[1]):
        token = true[:, t]
        if t:
            token = np.where(coins[:, t, None], made, token)
        x = [np.eye(n + 1)[token[:, i]][:, :n] for i, n in enumerate(CLASSES)]  # -1 is the last
        x = np.concatenate([*x, code, *([] if controls is None else [controls[:, t]])], axis=-1)
        for i, layer in enumerate(layers):
            gates = (x * masks[i][:, t]) @ numpy(layer.kernel.v) + numpy(layer.bias)
            gates = gates + h[i] @ numpy(layer.recurrent_kernel.v)
            into, forget, candidate, out = np.split(gates, 4, axis=-1)
            c[i] = sigmoid(forget) * c[i] + sigmoid(into) * np.tanh(candidate)
            x = h[i] = sigmoid(out) * np.tanh(c[i])
        told = x @ numpy(output.projection.kernel.v) + numpy(output.projection.bias)
        drawn = choose(told.astype("float32"), CLASSES, uniforms[:, t], 1.0)
        made = ops.convert_to_numpy(drawn)
        read.append(token)
        logits.append(told)
    return np.stack(read, axis=1), np.stack(logits, axis=1)


@pytest.mark.parametrize("control_dim", [0, 2])
def test_both_passes_of_scheduled_sampling_drop_what_one_loop_drops(control_dim):
    decoder, rng = flat(control_dim=control_dim), np.random.default_rng(5)
    masks = decoder.masks(3, 8, lambda x: x * (rng.random(x.shape) < 0.5) / 0.5)
    masks = [ops.cast(mask, "float32") for mask in masks]
    assert [mask.shape for mask in masks] == [(3, 8, 7 + 6 + control_dim), (3, 8, 5)]
    z, controls = random(3, 6), random(3, 8, 2) if control_dim else None
    uniforms = rng.uniform(size=(3, 8, 2)).astype("float32")
    true = ops.convert_to_numpy(shift(ops.convert_to_tensor(rng.integers(0, 3, (3, 8, 2)))))
    true, coins = true.astype("int32"), (rng.random((3, 8)) < 0.5) & (np.arange(8) > 0)

    read = decoder.sample_previous(
        ops.convert_to_tensor(z), ops.convert_to_tensor(true), coins, uniforms, controls, masks
    )
    logits, _ = decoder.logits(read, ops.convert_to_tensor(z), controls, masks)
    arrays = [ops.convert_to_numpy(mask) for mask in masks]
    expected = in_turn(decoder, z, true, coins, uniforms, arrays, controls)
    np.testing.assert_array_equal(read, expected[0])
    np.testing.assert_allclose(logits, expected[1], atol=1e-5)
    assert (expected[0] != true).any()
    whole, _ = decoder.logits(read, ops.convert_to_tensor(z), controls)
    assert np.abs(ops.convert_to_numpy(whole) - expected[1]).max() > 0.01


@pytest.mark.parametrize("name", ["conductor", "split", "autoregressive"])
def test_a_hierarchy_drops_in_the_conductor_and_in_each_subsequence(name):
    decoder, rng = DECODERS[name](), np.random.default_rng(6)
    z = ops.convert_to_tensor(random(3, 6))
    previous = shift(ops.convert_to_tensor(rng.integers(0, 3, (3, 8, 2)).astype("int32")))
    conductor, *own = decoder.masks(3, 8, lambda x: ops.cast(rng.random(x.shape), x.dtype))
    assert len(own) == len(decoder.decoders)
    found = ops.convert_to_numpy(decoder.logits(previous, z, None, [conductor, *own])[0])
    # Values that are dropped in the second subsequence change it alone.
    second = np.arange(8)[:, None] < 4
    changed = [[mask * second for mask in masks] for masks in own]
    other = decoder.logits(previous, z, None, [conductor, *changed])[0]
    moved = np.abs(ops.convert_to_numpy(other) - found).max(axis=(0, 2)) > 1e-6
    assert moved.tolist() == [False] * 4 + [True] * 4
    if name == "autoregressive":  # others read zeros, of which nothing can be dropped
        codes = decoder.logits(previous, z, None, [[0 * mask for mask in conductor], *own])[0]
        assert np.abs(ops.convert_to_numpy(codes) - found).max() > 1e-3


def test_a_conductor_of_two_layers_drops_between_them():
    decoder = HierarchicalDecoder([3, 4], [LSTMDecoder([4], CategoricalHead(CLASSES))], 2)
    decoder.build((None, 6))
    louder(decoder)
    z = ops.convert_to_tensor(random(3, 6))
    masks = decoder.masks(3, 8, lambda x: x)
    np.testing.assert_array_equal(decoder.codes(z, masks), decoder.codes(z))
    masks[0][1] = 0 * masks[0][1]
    assert np.abs(ops.convert_to_numpy(decoder.codes(z, masks) - decoder.codes(z))).max() > 0.01
