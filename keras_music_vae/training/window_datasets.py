"""`tf.data` pipelines of the Lakh datasets' windows."""

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
