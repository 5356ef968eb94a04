"""`tf.data` pipelines of the Lakh datasets' windows."""

import numpy as np
import tensorflow as tf

from keras_music_vae.training.transposition import HIGHEST, LOWEST, transpose


def unbatch(songs, *keep):
    """Makes a dataset of windows of a dataset of songs.

    Args:
        songs: `tf.data.Dataset` of dicts with "windows" `(window, time, ...)`, such as
            `tfds.load("lakh_trio/16bar", split="train")` gives.
        *keep: str, features of a song that each of its windows is to have, such as "genres".

    Returns:
        `tf.data.Dataset` of dicts with "window" `(time, ...)` and what was kept.
    """

    def windows_of(song):
        windows = tf.data.Dataset.from_tensor_slices({"window": song["windows"]})
        kept = {name: song[name] for name in keep}
        return windows.map(lambda window: {**window, **kept}) if keep else windows

    return songs.interleave(windows_of, cycle_length=16, block_length=16)


def augment(windows, representation, *, lowest=LOWEST, highest=HIGHEST, seed=0):
    """Transposes each window of a batch by a number of semitones that is drawn anew every epoch.

    Put it after `cache`, `shuffle` and `batch`, so that a cached window is not always in one key.

    Args:
        windows: `tf.data.Dataset` of dicts with "window" `(batch, time, ...)`.
        representation: of `music.representations`; see `transposition.transpose`.
        lowest, highest: int, semitones, both included.
        seed: int.

    Returns:
        `tf.data.Dataset` of the same structure.

    Raises:
        ValueError: if `lowest` is above `highest`.
    """
    if lowest > highest:
        raise ValueError(f"Expected lowest <= highest, received {lowest} and {highest}.")
    seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

    def move(batch, seed):
        shape = tf.shape(batch["window"])[:1]
        semitones = tf.random.stateless_uniform(
            shape, seed, minval=lowest, maxval=highest + 1, dtype=tf.int32
        )
        return {**batch, "window": transpose(batch["window"], semitones, representation)}

    return tf.data.Dataset.zip(windows, seeds).map(move, num_parallel_calls=tf.data.AUTOTUNE)


def window_batches(
    windows, representation, batch_size, updates, semitones=None, cut=None, **features
):
    """Makes batches for `training.train` from windows in memory, all of which are seen in turn.

    An epoch is `updates` batches, whatever the number of windows: the next one goes on where it
    ended, through one order of all windows after the other.

    Args:
        windows: int array `(window, time)` or `(window, time, part)`.
        representation: of `music.representations`, whose tokens they are.
        batch_size: int.
        updates: int, batches in an epoch.
        semitones: (lowest, highest), both included, to transpose each window by a number that is
            drawn anew each time; or None.
        cut: (epochs, steps), to cut windows to pieces of this many steps in the first epochs, of
            which one is drawn for each batch; or None.
        **features: arrays `(window, ...)`, inputs that each window has beside its tokens, such as
            `genres`.

    Returns:
        callable `(seed, epoch)` -> `tf.data.Dataset` of `({"x": x, **features}, {"x": x})`, x
        `(batch, time, part)`; with `cut` the length of time is not told beforehand.

    Raises:
        ValueError: if there are no windows, a feature is not of as many, or there are fewer
            steps than are to be cut.
    """
    if not len(windows):
        raise ValueError("Expected windows to train on, received none.")
    if other := {name: len(each) for name, each in features.items() if len(each) != len(windows)}:
        raise ValueError(f"Expected features of {len(windows)} windows, received of {other}.")
    epochs_cut, steps = cut or (0, None)
    length = windows.shape[1]
    if cut and not 0 < steps <= length:
        raise ValueError(f"Expected 1 to {length} steps to cut from windows, received {steps}.")

    def batches(seed, epoch):
        seen = updates * batch_size
        order = _order(len(windows), seen * epoch, seen * (epoch + 1), seed)
        moves = np.zeros(seen, np.int32)
        if semitones is not None:
            lowest, highest = semitones
            moves = np.random.default_rng((seed, epoch, 1)).integers(lowest, highest + 1, seen)
        begins, ends = np.zeros(updates, np.int32), np.full(updates, length, np.int32)
        if epoch < epochs_cut:
            pieces = np.random.default_rng((seed, epoch, 2)).integers(length // steps, size=updates)
            begins = steps * pieces
            ends = begins + steps
        with tf.device("CPU:0"):
            tokens = tf.convert_to_tensor(windows)
            others = {name: tf.convert_to_tensor(each) for name, each in features.items()}

        def batch(indices, moves, begin, end):
            x = tf.gather(tokens, indices)
            if cut:
                x = x[:, begin:end]
            if semitones is not None:
                x = transpose(x, moves, representation)
            x = tf.cast(x if x.shape.ndims == 3 else x[..., None], tf.int32)
            return {"x": x} | {k: tf.gather(v, indices) for k, v in others.items()}, {"x": x}

        shape = updates, batch_size
        slices = order.reshape(shape), moves.reshape(shape), begins, ends
        return tf.data.Dataset.from_tensor_slices(slices).map(batch)

    return batches


def _order(count, begin, end, seed):
    """Indices from place `begin` to `end` of a stream of permutations of `count` examples."""
    passes = range(begin // count, -(-end // count))
    order = [np.random.default_rng((seed, number)).permutation(count) for number in passes]
    first = begin - passes.start * count
    return np.concatenate(order)[first : first + end - begin]
