"""A training step of MusicVAE while TensorFlow keeps its memory, against one while it does not.

    python benchmarks/allocator.py

TF_CPU_ALLOCATOR_USE_BFC says which; it is read once in a process, so that both train in processes
of their own, the models and data of training.py, in turn. Checks first that both lose the very
same. Prints one line of JSON for each model: seconds a step of both, their ratio, and how many
gigabytes each process took at most so far.
"""

import argparse
import json
import os
import resource
import statistics
import sys
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from peers import Peer, in_turn


def serve(threads):
    """Answers commands until the input ends."""
    import keras
    import numpy as np
    import tensorflow as tf
    from training import CASES, make, train

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = data = None
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "make":
            sizes, batch, length = CASES[command["case"]]
            keras.utils.set_random_seed(0)
            tokens = np.random.default_rng(0).integers(0, sizes["classes"], (batch, length, 1))
            data = {"x": tokens.astype("int32")}
            model = make(sizes, 0.0, keras.optimizers.Adam(1e-3, global_clipnorm=1.0))
            answer = {}
        else:
            losses, wall, _ = train(model, data, command["steps"])
            taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            answer = {"losses": losses, "wall": wall, "gigabytes": round(taken, 2)}
        print(json.dumps(answer), flush=True)


def main():
    """Compares, times and prints the lines."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=2, help="updates of each, in turn")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.threads)
        return
    from training import CASES, SAME_LOSS_STEPS

    arguments = "--serve", "--threads", str(options.threads)
    both = [
        Peer(sys.executable, __file__, *arguments, TF_CPU_ALLOCATOR_USE_BFC=kept)
        for kept in ("true", "false")
    ]
    train = [partial(peer.ask, do="train", steps=options.steps) for peer in both]
    for case in CASES:
        for peer in both:
            peer.ask(do="make", case=case)
        own, others = (peer.ask(do="train", steps=SAME_LOSS_STEPS)["losses"] for peer in both)
        if own != others:
            raise SystemExit(f"Expected equal losses, found {own} and {others}.")
        rounds = [in_turn(*train, number) for number in range(options.rounds)]
        walls = [(a["wall"], b["wall"]) for a, b in rounds]
        keeping, freeing = (
            round(1e3 * statistics.median(wall) / options.steps)
            for wall in zip(*walls, strict=True)
        )
        line = {
            "model": case,
            "threads": options.threads,
            "keeping_ms": keeping,
            "freeing_ms": freeing,
            "ratio": round(statistics.median(a / b for a, b in walls), 3),
            "gigabytes": [each["gigabytes"] for each in rounds[-1]],
        }
        print(json.dumps(line), flush=True)
    for peer in both:
        peer.close()


if __name__ == "__main__":
    main()
