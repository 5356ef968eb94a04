"""How well models give windows back, and tell the next token: Table 1 of Roberts et al. 2017.

The accuracy of a part is the share of steps with the true token. Most steps of music hold a token
that says "nothing new", so the accuracy on the other steps stands beside it.
"""

import numpy as np
from keras import ops

from keras_music_vae.compiled import compiled
from keras_music_vae.losses import gaussian_kl

# So near to 0 that the likeliest token is always drawn.
GREEDY = 1e-6
NO_EVENT = 0
STEPS_PER_BAR = 16


def measure(model, windows, parts=("",), batch_size=200, seed=0):
    """Measures a model on windows that it was not trained on.

    Args:
        model: `MusicVAE`.
        windows: int array `(window, time, part)`.
        parts: tuple of str, the names of the parts, "" for an only one.
        batch_size: int. Windows at a time; bounds memory.
        seed: int.

    Returns:
        dict of float. For each part (`_<part>` behind the name where it has one):
        `next_accuracy`, given the true tokens before, z the mean of q(z|x);
        `reconstruction_accuracy`, given the decoder's own tokens, the likeliest each time;
        `event_accuracy`, the same on the steps where the music has an event;
        `sampled_accuracy`, z and tokens drawn, as Magenta's evaluation does.
        With an encoder, `kl`: KL(q(z|x) || N(0, I)) in nats, mean over windows.
    """
    windows = np.asarray(windows, "int32")
    time = windows.shape[1]
    code, drawn = (None, model.latent_dim or 1), (None, time, len(parts))
    inputs = [(drawn, "int32"), (code, "float32"), (drawn, "float32")]
    predict = compiled(lambda *arrays: _predict(model, *arrays), model, inputs)
    random = np.random.default_rng(seed)
    made = []
    for start in range(0, len(windows), batch_size):
        x = windows[start : start + batch_size]
        noise = random.standard_normal((len(x), code[1]), "float32")
        uniforms = random.random(x.shape, "float32")
        made.append([np.asarray(each) for each in predict(x, noise, uniforms)])
    following, reconstructed, sampled, kl = (
        np.concatenate(each) for each in zip(*made, strict=True)
    )
    metrics = accuracies(reconstructed, windows, parts)
    for part, name in enumerate(parts):
        x, suffix = windows[..., part], f"_{name}" if name else ""
        metrics[f"next_accuracy{suffix}"] = _accuracy(following[..., part], x)
        metrics[f"sampled_accuracy{suffix}"] = _accuracy(sampled[..., part], x)
    return metrics | ({"kl": float(kl.mean())} if model.latent_dim else {})


def trivial(train, test, parts=("",), no_event=(NO_EVENT,)):
    """Measures what needs no model, for comparison.

    Args:
        train, test: int arrays `(window, time, part)`.
        parts: see `measure`.
        no_event: see `accuracies`; the first token says that all goes on as it is.

    Returns:
        dict of str to dict of float: `hold` never has an event, `mode` has the most frequent token
        of each step of the training windows, `previous_bar` repeats the true bar before.
    """
    modes = np.stack(
        [
            [np.bincount(column).argmax() for column in train[..., part].T]
            for part in range(train.shape[2])
        ],
        axis=-1,
    )
    previous = np.full_like(test, no_event[0])
    previous[:, STEPS_PER_BAR:] = test[:, :-STEPS_PER_BAR]
    predictions = {
        "hold": np.full_like(test, no_event[0]),
        "mode": np.broadcast_to(modes, test.shape),
        "previous_bar": previous,
    }
    return {
        name: accuracies(prediction, test, parts, no_event)
        for name, prediction in predictions.items()
    }


def decoded_accuracy(model, codes, windows, batch_size=256):
    """The share of tokens that a model makes again of codes, at its own temperature.

    Args:
        model: model with `decode`.
        codes: float array `(window, latent)`, such as draws of q(z|x) or its means.
        windows: int array `(window, time, part)`, what the codes are of.
        batch_size: int. Windows at a time; bounds memory.

    Returns:
        float from 0 to 1.
    """
    starts = range(0, len(codes), batch_size)
    made = [model.decode(codes[i : i + batch_size], windows.shape[1]) for i in starts]
    return _accuracy(np.concatenate(made), windows)


def accuracies(prediction, x, parts=("",), no_event=(NO_EVENT,)):
    """The accuracies of windows that were given back.

    Args:
        prediction, x: int arrays `(window, time, part)`.
        parts: see `measure`.
        no_event: tuple of int, the tokens that do not count as events.

    Returns:
        dict of float, for each part `reconstruction_accuracy` and `event_accuracy`.
    """
    metrics = {}
    for part, name in enumerate(parts):
        suffix = f"_{name}" if name else ""
        own, true = prediction[..., part], x[..., part]
        happens = ~np.isin(true, no_event)
        metrics[f"reconstruction_accuracy{suffix}"] = _accuracy(own, true)
        metrics[f"event_accuracy{suffix}"] = _accuracy(own[happens], true[happens])
    return metrics


def _predict(model, x, noise, uniforms):
    """Next tokens, reconstructions, drawn reconstructions `(batch, time, part)`; KL `(batch,)`."""
    mean, stddev = model.encode(x)
    following, start = [], 0
    logits = model.logits(x, mean)
    for classes in model.num_classes:
        following.append(ops.argmax(logits[..., start : start + classes], axis=-1))
        start += classes
    greedy, _ = model.rollout(mean, ops.full_like(uniforms, 0.5), GREEDY)
    sampled, _ = model.rollout(mean + stddev * noise, uniforms)
    kl = ops.zeros_like(mean[:, 0])
    if model.latent_dim:
        kl = gaussian_kl(mean, 2 * ops.log(stddev))
    return ops.stack(following, axis=-1), greedy, sampled, kl


def _accuracy(prediction, x):
    return float(np.mean(prediction == x)) if x.size else 0.0
