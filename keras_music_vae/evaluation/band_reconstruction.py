"""How well a MusAE gives bands back: Table 1 of Valenti, Carta and Bacciu (2020).

The accuracy of a part is the share of steps with the true token out of all 130, holds and silence
included. Most tokens are holds, also of silence, so that the accuracy where a note begins, and
what needs no model at all, stand beside it.
"""

import numpy as np

from keras_music_vae.evaluation import reconstruction
from keras_music_vae.evaluation.codes import encode
from keras_music_vae.music.representations.band import HOLD, PARTS, SILENCE

NO_EVENT = (HOLD, SILENCE)
# The initials of the parts that they are of.
AVERAGES = {"dbgs": PARTS, "dbg": PARTS[:3]}


def measure(model, windows, batch_size=200, seed=0):
    """Measures a model on windows that it was not trained on.

    Args:
        model: `MusAE`, or another model of bands with `encode` and `decode`.
        windows: int array `(window, time, part)` of `Band`'s tokens.
        batch_size: int. Windows at a time; bounds memory.
        seed: int, of the codes that are drawn.

    Returns:
        dict of float. For each of `PARTS` (`_<part>` behind the name) and as plain means of them,
        `_dbgs` of all and `_dbg` without strings: `reconstruction_accuracy`, z the mean of q(z|x),
        tokens the likeliest; `event_accuracy`, the same on the steps where a note begins, of which
        those that sound when a window begins are some; `sampled_reconstruction_accuracy` and
        `sampled_event_accuracy`, z drawn from q(z|x), as the released code does.
    """
    windows = np.asarray(windows, "int32")
    mean, stddev = encode(model, windows, batch_size)
    noise = np.random.default_rng(seed).standard_normal(mean.shape, "float32")
    metrics = {}
    for prefix, z in (("", mean), ("sampled_", mean + stddev * noise)):
        starts = range(0, len(z), batch_size)
        decoded = [
            model.decode(z[start : start + batch_size], windows.shape[1], reconstruction.GREEDY)
            for start in starts
        ]
        found = reconstruction.accuracies(np.concatenate(decoded), windows, PARTS, NO_EVENT)
        metrics |= {f"{prefix}{name}": value for name, value in with_averages(found).items()}
    return metrics


def trivial(train, test):
    """Measures what needs no model, for comparison; see `reconstruction.trivial`.

    Args:
        train, test: int arrays `(window, time, part)` of `Band`'s tokens.

    Returns:
        dict of str to dict of float: `hold`, `mode` and `previous_bar`, each with averages.
    """
    found = reconstruction.trivial(train, test, PARTS, NO_EVENT)
    return {name: with_averages(metrics) for name, metrics in found.items()}


def with_averages(metrics):
    """Adds `<name>_dbgs` and `<name>_dbg`, plain means of `<name>_drums` and the other parts."""
    names = [name.removesuffix("_drums") for name in metrics if name.endswith("_drums")]
    return metrics | {
        f"{name}_{average}": float(np.mean([metrics[f"{name}_{part}"] for part in parts]))
        for name in names
        for average, parts in AVERAGES.items()
    }
