"""Batches: the order of every epoch, nothing lost, nothing doubled, resumable anywhere."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_music_vae.training.batches import ArrayBatches, PipelineBatches, validation_batches


def arrays(examples):
    index = np.arange(examples)
    return {"x": index, "x_prev": index - 1}, {"x": index.astype("float64")}


def indices(stream):
    return [np.asarray(x["x"]).tolist() for x, _ in stream]


def joined(batches):
    return list(itertools.chain.from_iterable(batches))


def test_order_is_the_permutation_of_seed_and_epoch():
    batches = ArrayBatches(arrays(7), seed=3, batch_size=2)
    expected = [np.random.default_rng((3, epoch)).permutation(7).tolist() for epoch in range(3)]
    measured = indices(batches.stream(0, 3))
    assert [len(batch) for batch in measured[:4]] == [2, 2, 2, 1]
    assert [joined(measured[4 * e : 4 * e + 4]) for e in range(3)] == expected
    assert batches.steps == 4


def test_a_stream_from_a_later_epoch_is_the_rest_of_the_stream():
    batches = ArrayBatches(arrays(7), seed=3, batch_size=2)
    assert indices(batches.stream(2, 5)) == indices(batches.stream(0, 5))[8:]


def test_python_batches_are_those_of_tensorflow():
    batches = ArrayBatches(arrays(7), seed=3, batch_size=2, steps=3)
    for ours, theirs in zip(batches._generate(1, 3), batches.stream(1, 3), strict=True):
        for a, b in zip(keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype.as_numpy_dtype


def test_inputs_and_targets_stay_together_in_keras_float():
    x, y = next(iter(ArrayBatches(arrays(7), 0, 7).stream(0, 1)))
    np.testing.assert_array_equal(x["x_prev"], x["x"] - 1)
    np.testing.assert_array_equal(y["x"], np.float32(x["x"]))
    assert y["x"].dtype == "float32"


def test_replicas_share_every_batch_and_others_are_left_out_each_epoch():
    batches = ArrayBatches(arrays(11), 0, 4, replicas=2)
    epochs = [indices(batches.stream(e, e + 1)) for e in range(20)]
    assert {tuple(map(len, epoch)) for epoch in epochs} == {(4, 4, 2)}
    left_out = {(set(range(11)) - set(joined(epoch))).pop() for epoch in epochs}
    assert len(left_out) > 3


@pytest.mark.parametrize(
    ("examples", "size", "replicas"), [(9, 4, 1), (9, 4, 2), (5, 2, 2), (3, 8, 3)]
)
def test_validation_visits_everything_once_and_leaves_no_replica_idle(examples, size, replicas):
    measured = indices(validation_batches(arrays(examples), size, replicas))
    assert joined(measured) == list(range(examples))
    sizes = [len(batch) for batch in measured]
    assert min(sizes) >= replicas
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= size or replicas > 1


def count_up(seed, epoch):
    start = 1000 * seed + 100 * epoch
    values = tf.range(start, start + 7)
    return tf.data.Dataset.from_tensor_slices(({"x": values}, values)).batch(2)


def test_pipeline_is_asked_for_every_epoch_from_the_first():
    batches = PipelineBatches(count_up, seed=3)
    assert batches.steps == 4
    first = [[3000, 3001], [3002, 3003], [3004, 3005], [3006]]
    assert indices(batches.stream(0, 2))[:4] == first
    assert indices(batches.stream(1, 3)) == indices(batches.stream(0, 3))[4:]


def test_pipeline_of_unknown_length_needs_steps():
    def endless(seed, epoch):
        return count_up(seed, epoch).repeat()

    with pytest.raises(ValueError, match="steps_per_epoch is needed"):
        PipelineBatches(endless, 0)
    assert len(indices(PipelineBatches(endless, 0, steps=9).stream(0, 2))) == 18


def test_pipeline_of_numpy_batches():
    def pipeline(seed, epoch):
        return [({"x": np.full((2, 3), epoch)}, np.zeros(2))] * 2

    x, y = zip(*PipelineBatches(pipeline, 0).stream(0, 2), strict=True)
    assert [int(batch["x"][1, 2]) for batch in x] == [0, 0, 1, 1]
    assert {batch.shape for batch in y} == {(2,)}


def test_pipeline_that_runs_dry_says_in_which_epoch():
    def shrinking(seed, epoch):
        return count_up(seed, epoch).take(3 - epoch)

    stream = PipelineBatches(shrinking, 0).stream(0, 3)
    with pytest.raises(tf.errors.OpError, match=r"must give 3 batches.*Received: 2 for epoch 1"):
        indices(stream)


def test_pipeline_batches_are_cut_to_the_replicas():
    assert [len(b) for b in indices(PipelineBatches(count_up, 0, 3, 2).stream(0, 1))] == [2, 2, 2]
    with pytest.raises(tf.errors.InvalidArgumentError, match="each of the 2 replicas"):
        indices(PipelineBatches(count_up, 0, 4, 2).stream(0, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ArrayBatches(arrays(0), 0, 4), "at least 1 example"),
        (lambda: ArrayBatches(arrays(1), 0, 4, replicas=2), "at least 2 example"),
        (lambda: ArrayBatches((np.zeros(3), np.zeros(4)), 0, 2), r"as many examples.*\(3,\)"),
        (lambda: ArrayBatches(np.zeros(3), 0, 2), r"tuple \(x, y\).*ndarray"),
        (lambda: ArrayBatches(arrays(4), 0, 2, steps=3), "at most 2.*Received: steps_per_epoch=3"),
        (lambda: PipelineBatches(lambda seed, epoch: [], 0), "none for epoch 0"),
        (lambda: validation_batches(arrays(0), 4, 1), "validation_data must have at least 1"),
    ],
)
def test_data_that_cannot_be_batched_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
