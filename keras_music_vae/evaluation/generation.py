"""The measurements of Hennig et al. 2017: Tables 1 and 2 for one trained model."""

import numpy as np

from keras_music_vae.evaluation.key_consistency import key_consistency
from keras_music_vae.evaluation.likelihood import log_likelihood
from keras_music_vae.music import windows

# Windows that are continued at once; bounds memory.
BATCH = 4096


def continue_windows(model, seeds, steps, w=None, scheme="posterior", temperature=1.0, seed=0):
    """Continues many seed windows, in batches.

    Args:
        model: a model of Hennig et al. 2017.
        seeds: `(window, time, pitch)` of 0 and 1.
        steps: int, steps to make.
        w: `(window, classes)`, or None to draw it from q(w|seed).
        scheme, temperature: see `Rollout.generate`.
        seed: int.

    Returns:
        uint8 `(window, steps, pitch)`.
    """
    starts = range(0, len(seeds), BATCH)
    return np.concatenate(
        [
            model.generate(
                seeds[start : start + BATCH],
                steps,
                None if w is None else w[start : start + BATCH],
                scheme,
                temperature,
                seed + start,
            )
            for start in starts
        ]
    )


def measure(
    model,
    rolls,
    key_classes,
    draws=100,
    seed_steps=16,
    sample_steps=16,
    scheme="posterior",
    w_inference="sample",
    seed=0,
):
    """Measures a model on songs that it was not trained on.

    Args:
        model: a model of Hennig et al. 2017.
        rolls: list of `(time, pitch)` of 0 and 1, one for each song.
        key_classes: list of str, the key class of each song.
        draws: int, draws of the importance sampler.
        seed_steps, sample_steps: int, length of the seeds and of what follows them. Every window of
            `seed_steps` steps is a seed.
        scheme: str, how z is made while generating; see `Rollout`.
        w_inference: str, "sample" draws w from q(w|seed) as the paper does, "mean" takes its mean.
        seed: int.

    Returns:
        dict, metric -> float: `log_likelihood`, with classes `log_likelihood_w_unweighted`, and
        `elbo` (all nats per step), `key_consistency` (percent, geometric mean), for models with
        classes `key_consistency_true_key`, `key_consistency_mean_w` (w is the softmax of the mean
        of q(w|seed), as in the released sampler) and `classification_accuracy` (percent of steps
        or windows), `notes_per_step`, `tone_span` (semitones), and what belongs to them.
    """
    length = getattr(model, "seq_length", seed_steps) if hasattr(model.encoder, "run") else 1
    padded = windows.padded_windows(rolls, length)
    likelihood = log_likelihood(model, padded.x, padded.x_prev, padded.mask, draws, seed)
    metrics = {
        "log_likelihood": likelihood.log_likelihood,
        "log_likelihood_se": likelihood.standard_error,
        "log_likelihood_tenth": likelihood.at_tenth,
        "effective_sample_size": likelihood.effective_sample_size,
        "elbo": likelihood.elbo,
    }
    seeds, song = windows.seed_windows(rolls, seed_steps)
    names = np.asarray(key_classes)[song]
    w = None
    if model.condition_dim:
        metrics["log_likelihood_w_unweighted"] = likelihood.without_w_ratio
        metrics["classification_accuracy"] = _accuracy(model, padded, key_classes)
        true_w = _one_hot(model, names)
        with_key = continue_windows(model, seeds, sample_steps, true_w, scheme, seed=seed)
        metrics |= _consistency(with_key, names, "_true_key")
        mean_w = np.asarray(model.infer_w(seeds))
        with_mean = continue_windows(model, seeds, sample_steps, mean_w, scheme, seed=seed)
        metrics |= _consistency(with_mean, names, "_mean_w")
        w = mean_w if w_inference == "mean" else None
    made = continue_windows(model, seeds, sample_steps, w, scheme, seed=seed)
    return metrics | _consistency(made, names)


def measure_music(rolls, key_classes, sample_steps=16):
    """The same of the songs themselves, the row "Data" of Table 2: every window is a sample.

    The windows are those of the released code, without each song's last, for so was the row made.
    """
    samples = windows.compat_windows(rolls, sample_steps)
    return _consistency(samples.x_prev, np.asarray(key_classes)[samples.song])


def _consistency(samples, names, suffix=""):
    measured = key_consistency(samples, names)
    return {
        f"key_consistency{suffix}": 100 * measured.geometric_mean,
        f"key_consistency{suffix}_se": 100 * measured.standard_error,
        f"key_consistency{suffix}_arithmetic": 100 * measured.arithmetic_mean,
        f"off_key_samples{suffix}": measured.off_key_samples,
        f"silent_samples{suffix}": measured.silent_samples,
        f"notes_per_step{suffix}": measured.notes_per_step,
        f"tone_span{suffix}": measured.tone_span,
    }


def _one_hot(model, names):
    """The true w of each song; for a class that no training song had, all classes alike."""
    unknown = np.full(len(model.classes), 1 / len(model.classes), "float32")
    known = {name: model.class_weights(name) for name in model.classes}
    return np.stack([known.get(name, unknown) for name in names])


def _accuracy(model, padded, key_classes):
    """Percent of windows whose most probable class, by the mean of q(w|x), is the song's."""
    mean, _ = model.classify(padded.x)
    mean = np.asarray(mean).reshape(len(padded.x), -1)
    logits = np.concatenate([mean, np.zeros_like(mean[:, :1])], axis=1)
    found = np.asarray(model.classes)[logits.argmax(axis=1)]
    return float(100 * np.mean(found == np.asarray(key_classes)[padded.song]))
