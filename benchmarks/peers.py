"""What the benchmarks of models share: a peer in a process of its own, the GEMM peak."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

TWIN = Path(__file__).parent / "torch_twin.py"


class Peer:
    """Another process, which answers commands; both are lines of JSON.

    Args:
        python: path of its Python; for torch_twin.py one that has PyTorch and NumPy.
        script: path of what it runs.
        *arguments: str, for the script.
        **environment: str, what its environment has otherwise.
    """

    def __init__(self, python, script=TWIN, *arguments, **environment):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [python, str(script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def ask(self, **command):
        """Sends a command, waits for the answer, a dict."""
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("The other process ended; its message is above.")
        return json.loads(answer)

    def arrays(self, **arrays):
        """Path of a file with the arrays."""
        path = Path(self.folder.name) / "arrays.npz"
        np.savez(path, **arrays)
        return str(path)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def in_turn(ours, theirs, number):
    """What two functions return; the first goes first in rounds of even number: A B, B A, A B."""
    if number % 2:
        other = theirs()
        return ours(), other
    return ours(), theirs()


def versions(made):
    """Dict, package -> version, of both sides.

    Args:
        made: the answer of `Peer.ask(do="make")`.
    """
    import keras
    import tensorflow as tf

    return {
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
    } | made


def weights(model):
    """The weights of a flat MusicVAE with one layer of encoder, in the order of `Twin.load`."""
    (forward, backward), decoder = model.encoder.directions[0], model.decoder

    def lstm(layer):
        return [layer.kernel.v, layer.recurrent_kernel.v, layer.bias]

    def dense(layer):
        return [layer.kernel.v, layer.bias]

    found = lstm(forward) + lstm(backward)
    found += dense(model.posterior.mean_head) + dense(model.posterior.scale_head)
    found += dense(decoder.initial_state.dense)
    for layer in decoder.lstms.layers:
        found += lstm(layer)
    found += dense(output_layer(decoder))
    return {f"w{i}": np.asarray(value) for i, value in enumerate(found)}


def output_layer(decoder):
    """The dense layer that makes logits."""
    return getattr(decoder.head, "projection", decoder.head)


def flops_of_training(sizes, batch, steps):
    """Floating point operations of an update: three forward passes of all products."""

    def lstm(inputs, units):
        return 2 * 4 * units * (inputs + units)

    classes, latent = sizes["classes"], sizes["latent_dim"]
    encoder = 2 * lstm(classes, sizes["encoder_units"])
    decoder, inputs = 0, classes + latent
    for units in sizes["decoder_units"]:
        decoder += lstm(inputs, units)
        inputs = units
    return 3 * batch * steps * (encoder + decoder + 2 * inputs * classes)


def gemm_peak(seconds=1.0, size=2048):
    """Floating point operations a second of TensorFlow's product of two matrices, by the CPU."""
    import tensorflow as tf

    a = tf.random.normal((size, size))
    product = tf.function(lambda a: tf.linalg.matmul(a, a))
    product(a)
    best, start = np.inf, time.perf_counter()
    while time.perf_counter() - start < seconds:
        before = time.perf_counter()
        product(a).numpy()
        best = min(best, time.perf_counter() - before)
    return 2 * size**3 / best
