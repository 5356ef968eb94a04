"""Decoding of MusicVAE against a loop of PyTorch's LSTM cells, of equal weights and random numbers.

    python benchmarks/sampling.py --torch ~/torch_environment/bin/python

Needs a Python with PyTorch and NumPy. Checks first that both make the same tokens, then times whole
decodes in turn: of the Keras model, of its SavedModel and of one for XLA, at batch 1, 8 and 64; the
short ones, of a few milliseconds, ten in a row. Prints one line of JSON for each: milliseconds, and
the ratios to PyTorch's. The first call, which compiles, is told apart.
"""

import argparse
import json
import os
import statistics
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from peers import Peer, in_turn, versions, weights

from keras_music_vae import export
from keras_music_vae.models.music_vae import MusicVAE

CASES = {
    32: {"classes": 90, "latent_dim": 256, "encoder_units": 16, "decoder_units": [256, 256]},
    256: {"classes": 90, "latent_dim": 512, "encoder_units": 16, "decoder_units": [1024, 1024]},
}
BATCHES = (1, 8, 64)
CALLS = {32: 10, 256: 1}


def make(sizes):
    """A model with weights large enough that tokens depend on them."""
    model = MusicVAE(
        (sizes["classes"],),
        sizes["latent_dim"],
        (sizes["encoder_units"],),
        sizes["decoder_units"],
    )
    random = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(random.normal(0, 0.05, variable.shape))
    return model


def milliseconds(function, calls=1):
    """How long one of several calls in a row takes, result fetched."""
    start = time.perf_counter()
    for _ in range(calls):
        function().numpy()
    return 1e3 * (time.perf_counter() - start) / calls


def main():
    """Compares, times and prints the lines."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--torch", required=True, help="a Python with PyTorch and NumPy")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    peer = Peer(options.torch)
    for length, sizes in CASES.items():
        model, calls = make(sizes), CALLS[length]
        data = {"tokens": np.zeros((1, 1), int), "noise": np.zeros((1, 1), "float32")}
        arrays = peer.arrays(**weights(model), **data)
        how = {"threads": options.threads, "optimizer": "sgd"}
        made_by = versions(peer.ask(do="make", sizes=sizes, weights=arrays, **how))
        rollout = tf.function(lambda z, u, model=model: model.rollout(z, u)[0])
        with tempfile.TemporaryDirectory() as folder:
            export.save(model, f"{folder}/plain")
            export.save(model, f"{folder}/xla", jit_compile=True)
            saved, by_xla = (tf.saved_model.load(f"{folder}/{name}") for name in ("plain", "xla"))
        for batch in BATCHES:
            random = np.random.default_rng(batch)
            z = random.standard_normal((batch, sizes["latent_dim"])).astype("float32")
            uniforms = random.random((batch, length), "float32")
            path = peer.arrays(z=z, uniforms=uniforms)
            inputs = {
                "z": tf.constant(z),
                "length": tf.constant(length),
                "temperature": tf.constant(1.0),
                "seed": tf.constant(1),
            }

            drawn = tf.constant(z), tf.constant(uniforms[..., None])

            def keras_model(drawn=drawn, run=rollout):
                return run(*drawn)

            def saved_model(inputs=inputs, saved=saved):
                return saved.decode(inputs)["tokens"]

            def xla_model(inputs=inputs, saved=by_xla):
                return saved.decode(inputs)["tokens"]

            ours = {"keras": keras_model, "saved_model": saved_model, "xla": xla_model}
            first = {name: round(milliseconds(run)) for name, run in ours.items()}
            assert np.array_equal(saved_model(), xla_model())
            expected = np.array(peer.ask(do="decode", arrays=path, calls=1)["tokens"])
            equal = np.mean(keras_model().numpy()[..., 0] == expected)
            # A draw within a rounding error of a boundary may change what follows it.
            assert equal > 0.99, f"{1 - equal:.2%} of the tokens differ"

            def own(ours=ours, calls=calls):
                return {name: milliseconds(run, calls) for name, run in ours.items()}

            def theirs(path=path, calls=calls):
                return 1e3 * peer.ask(do="decode", arrays=path, calls=calls)["wall"]

            rounds = []
            for number in range(options.rounds):
                found, other = in_turn(own, theirs, number)
                rounds.append(found | {"torch": other})
            print(
                json.dumps(
                    {
                        "steps": length,
                        "units": sizes["decoder_units"],
                        "batch": batch,
                        "threads": options.threads,
                        "versions": made_by,
                        "equal_tokens": round(float(equal), 5),
                        "first_call_ms": first,
                        "ms": {
                            name: round(statistics.median(each[name] for each in rounds), 2)
                            for name in rounds[0]
                        },
                        "ratio": {
                            name: round(
                                statistics.median(each[name] / each["torch"] for each in rounds), 3
                            )
                            for name in ours
                        },
                    }
                ),
                flush=True,
            )
    peer.close()


if __name__ == "__main__":
    main()
