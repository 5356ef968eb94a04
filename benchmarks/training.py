"""A training step of MusicVAE against a PyTorch twin of the same sizes, weights and loss.

    python benchmarks/training.py --torch ~/torch_environment/bin/python

Needs a Python with PyTorch and NumPy. Checks first that both lose the same over some updates of
gradient descent with clipped gradients (Adam makes whole steps of the rounding errors of small
gradients); then times steps with Adam in turn, teacher-forced and with scheduled sampling (half of
the tokens). Prints one line of JSON for each: seconds a step of both,
their ratio, and the share of the GEMM peak, measured in the same run, that the teacher-forced
products reach. Compiling is told apart.
"""

import argparse
import json
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from peers import Peer, flops_of_training, gemm_peak, in_turn, versions, weights

from keras_music_vae.models.music_vae import MusicVAE

CASES = {
    "cat-mel_2bar_small": (
        {"classes": 90, "latent_dim": 256, "encoder_units": 512, "decoder_units": [256, 256]},
        128,
        32,
    ),
    "512 units, 256 steps": (
        {"classes": 90, "latent_dim": 256, "encoder_units": 512, "decoder_units": [512, 512]},
        32,
        256,
    ),
}
SAME_LOSS_STEPS = 5


def make(sizes, sampling, optimizer):
    """A compiled model, all of whose KL is weighted by 0.2."""
    model = MusicVAE(
        (sizes["classes"],),
        sizes["latent_dim"],
        (sizes["encoder_units"],),
        sizes["decoder_units"],
    )
    model.compile(optimizer, kl_weight=0.2, sampling_probability=sampling)
    return model


def train(model, data, steps):
    """Losses, seconds on the clock and of the processor of some updates."""
    wall, cpu = time.perf_counter(), time.process_time()
    losses = []
    for _ in range(steps):
        model.reset_metrics()
        logs = model.train_on_batch(data, {"x": data["x"]}, return_dict=True)
        losses.append(float(logs["loss"]))
    return losses, time.perf_counter() - wall, time.process_time() - cpu


def main():
    """Compares, times and prints the lines."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--torch", required=True, help="a Python with PyTorch and NumPy")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2, help="updates of each, in turn")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    peer = Peer(options.torch)
    for name, (sizes, batch, length) in CASES.items():
        random = np.random.default_rng(0)
        tokens = random.integers(0, sizes["classes"], (batch, length))
        noise = random.standard_normal((batch, sizes["latent_dim"])).astype("float32")
        data = {"x": tokens[..., None].astype("int32"), "eps_z": noise}

        def both(sampling, optimizer, kind, sizes=sizes, tokens=tokens, noise=noise):
            model = make(sizes, sampling, optimizer)
            arrays = peer.arrays(**weights(model), tokens=tokens, noise=noise)
            how = {"threads": options.threads, "optimizer": kind}
            return model, versions(peer.ask(do="make", sizes=sizes, weights=arrays, **how))

        model, _ = both(0.0, keras.optimizers.SGD(0.1, global_clipnorm=1.0), "sgd")
        own, *_ = train(model, data, SAME_LOSS_STEPS)
        others = peer.ask(do="train", steps=SAME_LOSS_STEPS, sampling=0.0)["losses"]
        np.testing.assert_allclose(own, others, rtol=1e-5)
        for sampling in (0.0, 0.5):
            adam = keras.optimizers.Adam(1e-3, epsilon=1e-8, global_clipnorm=1.0)
            model, made_by = both(sampling, adam, "adam")
            start = time.perf_counter()
            train(model, data, 1)
            compiling = time.perf_counter() - start
            peer.ask(do="train", steps=1, sampling=sampling)
            rounds = []
            for number in range(options.rounds):
                (_, wall, cpu), other = in_turn(
                    lambda model=model, data=data: train(model, data, options.steps),
                    lambda sampling=sampling: peer.ask(
                        do="train", steps=options.steps, sampling=sampling
                    ),
                    number,
                )
                rounds.append((wall, other["wall"], cpu, other["cpu"]))
            wall, other_wall = (
                statistics.median(column) / options.steps
                for column in list(zip(*rounds, strict=True))[:2]
            )
            line = {
                "model": name,
                "batch": batch,
                "steps": length,
                "scheduled_sampling": sampling,
                "threads": options.threads,
                "versions": made_by,
                "compile_s": round(compiling, 2),
                "ours_ms": round(1e3 * wall),
                "torch_ms": round(1e3 * other_wall),
                "ratio": round(statistics.median(a / b for a, b, *_ in rounds), 3),
                "cpu_ratio": round(statistics.median(a / b for *_, a, b in rounds), 3),
            }
            if not sampling:
                share = flops_of_training(sizes, batch, length) / wall / gemm_peak()
                line["share_of_gemm_peak"] = round(share, 3)
            print(json.dumps(line), flush=True)
    peer.close()


if __name__ == "__main__":
    main()
