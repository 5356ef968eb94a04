"""Figures 1, 3 and 4 of Hennig et al. 2017, from one's own songs and two trained models.

Figures 3 and 4 take a VAE and a Classifying VAE with `latent_dim=2` and `use_x_prev=False`, trained
on songs in C major and C minor: the experiments `vae_figure_3` and `classifying_vae_figure_3`.
"""

from pathlib import Path

import keras
import numpy as np
from keras import ops

from keras_music_vae.music import plotting
from keras_music_vae.papers.classifying_vae import MODELS

COMPARED = ("vae", "classifying_vae")
KEYS = ("C major", "C minor")
CODES = ((-1, 1), (1, 1), (-1, -1), (1, -1))
NEIGHBOURS = 25


def draw(songs, models, folder, corpus=None):
    """Draws the figures, and prints how well the encodings of figure 3 tell the keys apart.

    Args:
        songs: dict of `Songs` by split, all in C major or C minor. Figure 3 shows those of "test".
        models: dict of the two trained models, "vae" and "classifying_vae".
        folder: path, made where it is not there.
        corpus: dict of `Songs` by split, all of which figure 1 shows; None for `songs`.

    Returns:
        list of the paths of the figures written.
    """
    splits = (corpus or songs).values()
    rolls = [roll for split in splits for roll in split.rolls]
    keys = [key for split in splits for key in split.keys]
    panels = {MODELS[name]: encodings(models[name], songs["test"]) for name in COMPARED}
    figures = {
        "figure_1_pitch_classes": plotting.pitch_class_distribution(rolls, keys),
        "figure_3_encodings": plotting.latent_map(panels),
        "figure_4_decoded_notes": plotting.note_heatmaps(
            decoded(models["classifying_vae"], KEYS, CODES), KEYS, CODES
        ),
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png" for name in figures]
    for path, figure in zip(paths, figures.values(), strict=True):
        figure.savefig(path, dpi=200)
    print(describe(key_accuracy(songs, models)))
    return paths


def encodings(model, songs):
    """The mean encoding of every step; w is first inferred from the step where the model has one.

    Args:
        model: `VAE` or `ClassifyingVAE`.
        songs: `Songs` of one split.

    Returns:
        (z, keys): float array (step, latent), and the key of its song, array of str (step,).
    """
    x, keys = _steps(songs)
    w = model.infer_w(x[:, None]) if hasattr(model, "infer_w") else None
    return ops.convert_to_numpy(model.encode(x, w).mean), keys


def decoded(model, keys, codes):
    """Decodes each z under each key.

    Args:
        model: `ClassifyingVAE` without x_prev.
        keys: sequence of str; w is one-hot at the class of the key.
        codes: sequence of z (code, latent).

    Returns:
        float array (key, code, pitch), the probability of every note.
    """
    w = np.repeat([model.class_weights(key) for key in keys], len(codes), axis=0)
    z = np.tile(np.asarray(codes, "float32"), (len(keys), 1))
    probabilities = keras.activations.sigmoid(model.logits(None, z, w))
    return ops.convert_to_numpy(probabilities).reshape(len(keys), len(codes), -1)


def key_accuracy(songs, models):
    """How well the key of a held-out step is told from its encoding: figure 3 as numbers.

    Two classifiers learn from the encodings of the training songs, with all keys weighted equally.
    Least squares parts the plane by a line; the nearest neighbours follow clusters of any shape.

    Args:
        songs: dict of `Songs` by split; learns from "train", measures on "test".
        models: dict of the two trained models, "vae" and "classifying_vae".

    Returns:
        dict, "notes" (the 88 notes of the step, what can be told at all) and each model ->
        {"line": accuracy, "neighbours": accuracy}, notes without neighbours. Balanced accuracies:
        the mean over the keys, so that chance is 1/2 for two keys.
    """
    train, test = (_steps(songs[split]) for split in ("train", "test"))
    found = {"notes": {"line": _accuracy(_least_squares, train, test)}}
    for name in COMPARED:
        train, test = (encodings(models[name], songs[split]) for split in ("train", "test"))
        found[name] = {
            "line": _accuracy(_least_squares, train, test),
            "neighbours": _accuracy(_neighbours, train, test),
        }
    return found


def describe(accuracies):
    """The answer of `key_accuracy` as lines of text."""
    titles = {"notes": "its 88 notes"} | {name: f"z of the {MODELS[name]}" for name in COMPARED}
    lines = [
        "Key of a held-out step, C major or C minor, told from (balanced accuracy, chance 50 %):",
        f"{'':28}{'line':>8}{f'{NEIGHBOURS} neighbours':>18}",
    ]
    for name, by in accuracies.items():
        cells = [f"{100 * by[kind]:.1f} %" if kind in by else "" for kind in ("line", "neighbours")]
        lines.append(f"  {titles[name]:26}{cells[0]:>8}{cells[1]:>18}".rstrip())
    return "\n".join(lines)


def _steps(songs):
    """All steps of the songs, float32 (step, pitch), and the key of each, (step,)."""
    x = np.concatenate(songs.rolls).astype("float32")
    return x, np.repeat(songs.keys, [len(roll) for roll in songs.rolls])


def _accuracy(votes, train, test):
    """Balanced accuracy of classes chosen by the most `votes`."""
    (z, keys), (test_z, test_keys) = train, test
    names, key, count = np.unique(keys, return_inverse=True, return_counts=True)
    guesses = names[votes(z, np.eye(len(names))[key] / count, test_z).argmax(axis=1)]
    return float(
        np.mean([(guesses[test_keys == name] == name).mean() for name in np.unique(test_keys)])
    )


def _least_squares(z, targets, test_z):
    # Each row weighs as much as its target, so that every key weighs one.
    weight = np.sqrt(targets.max(axis=1, keepdims=True))
    plane = np.linalg.lstsq(_affine(z) * weight, (targets > 0) * weight, rcond=None)[0]
    return _affine(test_z) @ plane


def _affine(z):
    return np.concatenate([z, np.ones((len(z), 1))], axis=1)


def _neighbours(z, targets, test_z):
    from scipy.spatial import KDTree

    _, nearest = KDTree(z).query(test_z, min(NEIGHBOURS, len(z)))
    return targets[nearest].sum(axis=1)
