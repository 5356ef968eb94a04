"""Batches whose order depends on nothing but the seed and the epoch, so that a run can resume.

Epoch e of a run with seed s visits the examples in the order
`numpy.random.default_rng((s, e)).permutation(examples)`.
"""

import itertools
import zlib

import keras
import numpy as np
from keras import tree


def training_batches(data, seed, batch_size, steps, replicas):
    """`ArrayBatches` of arrays, `PipelineBatches` of a callable."""
    if callable(data):
        return PipelineBatches(data, seed, steps, replicas)
    return ArrayBatches(data, seed, batch_size, steps, replicas)


class ArrayBatches:
    """Arrays in memory, reshuffled every epoch; the last, smaller batch is trained on too.

    With R replicas an epoch ends up to R - 1 examples early, other ones every epoch: gradients are
    means over each replica's share, so unequal shares would weigh some examples more than others.

    Args:
        data: tuple `(x, y)` or `(x, y, sample_weight)` of arrays or dicts of arrays, all with
            examples along the first axis.
        seed: int.
        batch_size: int. Examples per update, over all replicas.
        steps: int or None. Updates per epoch; None for one pass over the data.
        replicas: int.

    Raises:
        ValueError: when there is nothing to train on, or less than `steps` ask for.
    """

    def __init__(self, data, seed, batch_size, steps=None, replicas=1):
        self.data, self.total = as_arrays(data, "train_data", replicas)
        self.seed = seed
        self.batch_size = batch_size
        self.used = self.total - self.total % batch_size % replicas
        available = -(-self.used // batch_size)
        self.steps = available if steps is None else steps
        if self.steps > available:
            raise ValueError(
                f"steps_per_epoch may be at most {available}, the batches of {batch_size} in "
                f"{self.total} examples. Received: steps_per_epoch={steps}"
            )

    @property
    def spec(self):
        """Shapes `(None, ...)` and dtypes of a batch."""
        return tree.map_structure(_spec, self.data)

    def describe(self):
        """What must be the same when a run resumes."""
        return describe(self.data)

    def order(self, epoch):
        """Indices of the examples of one epoch, in order."""
        order = np.random.default_rng((self.seed, int(epoch))).permutation(self.total)
        return order[: min(self.used, self.steps * self.batch_size)]

    def stream(self, first_epoch, epochs):
        """All batches from `first_epoch` to `epochs` in one stream, `steps` for each epoch.

        Under TensorFlow a `tf.data.Dataset` that gathers from tensors (Python would cost a small
        model a third of its time), elsewhere a generator of NumPy batches.
        """
        if keras.backend.backend() != "tensorflow":
            return self._generate(first_epoch, epochs)
        import tensorflow as tf

        with tf.device("CPU:0"):
            data = tree.map_structure(tf.convert_to_tensor, self.data)

        def one_epoch(epoch):
            order = tf.numpy_function(self.order, [epoch], tf.int64, stateful=False)
            order = tf.ensure_shape(order, [min(self.used, self.steps * self.batch_size)])

            def batch(step):
                indices = order[step * self.batch_size : (step + 1) * self.batch_size]
                return tree.map_structure(lambda array: tf.gather(array, indices), data)

            return tf.data.Dataset.range(self.steps).map(batch)

        return tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch).prefetch(8)

    def _generate(self, first_epoch, epochs):
        for epoch in range(first_epoch, epochs):
            order = self.order(epoch)
            for start in range(0, len(order), self.batch_size):
                indices = order[start : start + self.batch_size]
                yield tree.map_structure(lambda array, chosen=indices: array[chosen], self.data)


class PipelineBatches:
    """Batches from a function of seed and epoch, for data that are read while training.

    Args:
        make: callable `(seed, epoch)` -> `tf.data.Dataset` (or any iterable) of batches `(x, y)`,
            the same batches in the same order for the same arguments.
        seed: int.
        steps: int or None. Updates per epoch; None takes the length of the first epoch.
        replicas: int. Batches are cut to a multiple of it.

    Raises:
        ValueError: when the length is unknown and `steps` is None, or when there is no batch.
    """

    def __init__(self, make, seed, steps=None, replicas=1):
        self.make = make
        self.seed = seed
        self.replicas = replicas
        first = make(seed, 0)
        self.steps = _length(first) if steps is None else steps
        batch = getattr(first, "element_spec", None) or next(iter(first), None)
        if batch is None:
            raise ValueError(
                "train_data(seed, epoch) must give batches. Received none for epoch 0."
            )
        self.spec = tree.map_structure(_spec, batch)

    def describe(self):
        """What can be known of a pipeline without running it: shapes and dtypes."""
        return [[list(s.shape), s.dtype] for s in tree.flatten(self.spec)]

    def stream(self, first_epoch, epochs):
        """All batches from `first_epoch` to `epochs` in one stream, `steps` for each epoch."""
        if keras.backend.backend() != "tensorflow":
            return (
                tree.map_structure(np.asarray, batch)
                for batch in self._generate(first_epoch, epochs)
            )
        import tensorflow as tf

        signature = tree.map_structure(lambda s: tf.TensorSpec(s.shape, s.dtype), self.spec)
        batches = tf.data.Dataset.from_generator(
            lambda: self._generate(first_epoch, epochs), output_signature=signature
        )
        if self.replicas > 1:
            batches = batches.map(self._even)
        return batches.prefetch(2)

    def _generate(self, first_epoch, epochs):
        for epoch in range(first_epoch, epochs):
            count = 0
            for batch in itertools.islice(self.make(self.seed, epoch), self.steps):
                count += 1
                yield batch
            if count < self.steps:
                raise ValueError(
                    f"train_data(seed, epoch) must give {self.steps} batches for every epoch. "
                    f"Received: {count} for epoch {epoch}. Repeat the dataset or lower "
                    "steps_per_epoch."
                )

    def _even(self, *batch):
        import tensorflow as tf

        size = tf.shape(tree.flatten(batch)[0])[0]
        message = f"A batch must have an example for each of the {self.replicas} replicas."
        with tf.control_dependencies(
            [tf.debugging.assert_greater_equal(size, self.replicas, message)]
        ):
            size = size - size % self.replicas
        return tree.map_structure(lambda tensor: tensor[:size], batch)


def validation_batches(data, batch_size, replicas):
    """Validation data in the form that Keras evaluates, every example exactly once.

    Under TensorFlow arrays become batches of nearly equal size, because a replica without an
    example would turn a mean into NaN.
    """
    if not isinstance(data, tuple):
        return data
    arrays, total = as_arrays(data, "validation_data", replicas)
    if keras.backend.backend() != "tensorflow":
        return arrays
    import tensorflow as tf

    with tf.device("CPU:0"):
        tensors = tree.map_structure(tf.convert_to_tensor, arrays)
    count = min(-(-total // batch_size), total // replicas)
    bounds = np.arange(count + 1) * total // count
    return tf.data.Dataset.from_tensor_slices((bounds[:-1], bounds[1:])).map(
        lambda start, stop: tree.map_structure(lambda tensor: tensor[start:stop], tensors)
    )


def as_arrays(data, name, replicas=1):
    """The pytree as NumPy arrays, float64 as Keras's float, and the number of examples."""
    if not isinstance(data, tuple) or len(data) not in (2, 3):
        raise ValueError(
            f"{name} must be a tuple (x, y) or (x, y, sample_weight) of arrays or dicts of arrays. "
            f"Received: {type(data).__name__}"
        )

    def convert(array):
        array = np.asarray(array)
        return array.astype(keras.config.floatx()) if array.dtype == np.float64 else array

    arrays = tree.map_structure(convert, data)
    totals = {array.shape[:1] for array in tree.flatten(arrays)}
    if len(totals) != 1 or totals == {()}:
        shapes = tree.map_structure(lambda array: array.shape, arrays)
        raise ValueError(f"All arrays of {name} must have as many examples. Received: {shapes}")
    total = totals.pop()[0]
    if total < replicas:
        raise ValueError(
            f"{name} must have at least {replicas} example(s), one for each replica. "
            f"Received: {total}"
        )
    return arrays, total


def describe(data):
    """Shape, dtype and checksum of every array, to tell data apart."""
    if not isinstance(data, tuple):
        return None
    return [
        [list(array.shape), str(array.dtype), zlib.crc32(np.ascontiguousarray(array))]
        for array in map(np.asarray, tree.flatten(data))
    ]


def _length(batches):
    try:
        return len(batches)
    except TypeError as error:
        raise ValueError(
            "steps_per_epoch is needed: the length of train_data(seed, epoch) is not known."
        ) from error


def _spec(array):
    return keras.KerasTensor((None, *array.shape[1:]), keras.backend.standardize_dtype(array.dtype))
