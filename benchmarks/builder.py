"""Building a Lakh dataset, against nothing but reading the files and writing the same examples.

    python benchmarks/builder.py FOLDER [--dataset lakh_trio --config 16bar]

FOLDER has .mid files. The peer parses each file, cuts its windows and writes them as TFRecords, in
one loop, with no splits, no duplicates, no report and no shuffling. Both run in processes of their
own, one after the other, several times; starting Python and importing count for neither. Checks
that both wrote the same windows. Prints one line of JSON: the ratio of the seconds, the peak of the
build's memory, and the bytes on disk for each byte of labels.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROUNDS = 3


def build(name, folder, out):
    """Builds with TFDS; returns seconds, windows and bytes of labels."""
    import numpy as np
    import tensorflow as tf  # noqa: F401
    import tensorflow_datasets as tfds

    import tfds_builders  # noqa: F401
    from tfds_builders.lakh import pipeline  # noqa: F401

    builder = tfds.builder(name, data_dir=out)
    config = tfds.download.DownloadConfig(manual_dir=folder, try_download_gcs=False)
    start = time.perf_counter()
    builder.download_and_prepare(download_config=config)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    digest, windows, labels = 0, 0, 0
    for split in builder.info.splits:
        for example in tfds.as_numpy(builder.as_dataset(split=split)):
            digest = (digest + int(example["windows"].sum(dtype=np.int64))) % 2**63
            windows, labels = windows + len(example["windows"]), labels + example["windows"].nbytes
    disk = sum(path.stat().st_size for path in Path(builder.data_dir).rglob("*") if path.is_file())
    return seconds, windows, digest, peak / 1024, disk / labels


def loop(name, folder, out):
    """Parses and writes; returns the same."""
    import numpy as np
    import tensorflow as tf
    import tensorflow_datasets as tfds

    import tfds_builders  # noqa: F401
    from keras_music_vae.music import midi

    builder = tfds.builder(name, data_dir=out)
    representation, bars = builder.representation, builder.builder_config.bars
    features = builder.info.features
    paths = sorted(Path(folder).rglob("*.mid"))
    digest, windows = 0, 0
    start = time.perf_counter()
    with tf.io.TFRecordWriter(os.path.join(out, "loop.tfrecord")) as writer:
        for path in paths:
            try:
                found = representation.windows(midi.read(path), bars)
            except midi.MidiError:
                continue
            example = {"windows": found, "song": "", "file": path.name, "grid_fit": np.float32(0)}
            if "genres" in features:
                example["genres"] = []
            writer.write(features.serialize_example(example))
            digest = (digest + int(found.sum(dtype=np.int64))) % 2**63
            windows += len(found)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, windows, digest, peak / 1024, 0.0


def in_a_process(function, name, folder):
    """Calls a function of this file in a process of its own, with an empty folder to write to."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, __file__, "--run", function, "--dataset", name, folder, out]
        result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def main():
    """Compares, times and prints the line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("out", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--dataset", default="lakh_trio/16bar")
    parser.add_argument("--run", choices=("build", "loop"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        function = {"build": build, "loop": loop}[options.run]
        print(json.dumps(function(options.dataset, options.folder, options.out)))
        return
    rounds = []
    for _ in range(ROUNDS):
        built, looped = (
            in_a_process(function, options.dataset, options.folder)
            for function in ("build", "loop")
        )
        if built[1:3] != looped[1:3]:
            sys.exit(f"The windows differ: {built[1:3]} built, {looped[1:3]} in the loop.")
        rounds.append((built[0] / looped[0], built[0], looped[0], built[3], built[4]))
    ratio, seconds, loop_seconds, peak, share = (
        statistics.median(column) for column in zip(*rounds, strict=True)
    )
    print(
        json.dumps(
            {
                "dataset": options.dataset,
                "windows": built[1],
                "seconds": round(seconds, 2),
                "loop_seconds": round(loop_seconds, 2),
                "ratio": round(ratio, 2),
                "ratios": [round(each[0], 2) for each in rounds],
                "peak_mib": round(peak),
                "disk_per_label_byte": round(share, 4),
            }
        )
    )


if __name__ == "__main__":
    main()
