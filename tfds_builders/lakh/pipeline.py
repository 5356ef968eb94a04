"""The Beam pipeline from sources of MIDI to files of examples. One MIDI file is one element.

Examples do not pass through Beam, whose local runner keeps in memory several copies of all that
does. Workers write them to spool files, so that memory does not grow with the collection, and tell
Beam the files' names. A bundle that is run again writes other files, whose names alone count.

All that workers run is in this module and those it imports, so that they can import it too.
"""

import contextlib
import gzip
import json
import math
import os
import uuid
from collections import Counter

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import (
    DirectOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from etils import epath

from tfds_builders import midi_files
from tfds_builders.splits import SPLITS

_FILES_PER_SPOOL = 32


def run(sources, skipped, extractor, folder, *, options=None, runner=None):
    """Extracts the examples of all sources.

    Args:
        sources: list of `midi_files.Source`.
        skipped: set of (source name, number), the files to leave out.
        extractor: `Extractor`.
        folder: path to an empty folder that all workers can write to.
        options: `PipelineOptions` or None, as for `beam.Pipeline`.
        runner: a runner of Beam, or None for that of the options, by default this machine.

    Returns:
        (spools, counts): dict of split to the list of paths that `read_spool` reads, and dict of
        str to int, what the extractor counted, added up.
    """
    options = options or PipelineOptions([])
    if runner is None and options.view_as(StandardOptions).runner in (None, "DirectRunner"):
        # Beam's DirectRunner would first download a program that runs pipelines, and use that.
        runner = FnApiRunner()
    # An archive can be read from its beginning only, so each worker reads all of it and takes its
    # share of the files.
    workers = options.view_as(DirectOptions).direct_num_workers or os.cpu_count()
    elements = [
        (source, part, workers if source.is_archive else 1)
        for source in sources
        for part in range(workers if source.is_archive else 1)
    ]
    with beam.Pipeline(options=options, runner=runner) as pipeline:
        _ = (
            pipeline
            | "sources" >> beam.Create(elements)
            | "spread" >> beam.Reshuffle()
            | "files" >> beam.ParDo(_ReadFiles(skipped))
            | "batches" >> beam.BatchElements(_FILES_PER_SPOOL, _FILES_PER_SPOOL)
            | "windows" >> beam.Map(_spool, extractor, str(folder))
            | "results" >> beam.io.WriteToText(str(folder / "results"), num_shards=1)
        )
    (results,) = folder.glob("results*")
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    spools = {
        split: [folder / line["spools"][split] for line in lines if split in line["spools"]]
        for split in SPLITS
    }
    return spools, add(line["counts"] for line in lines)


def add(counts):
    """Adds up dicts of numbers; the keys come in order, whatever the order of the dicts."""
    total = Counter()
    for each in counts:
        total.update(each)
    return dict(sorted(total.items()))


def read_spool(path):
    """Yields (key, example) of a spool file: for each a line of JSON, and the windows' bytes."""
    with epath.Path(path).open("rb") as file, gzip.open(file) as spool:
        for line in spool:
            key, example, shape, dtype = json.loads(line)
            content = spool.read(math.prod(shape) * np.dtype(dtype).itemsize)
            yield key, {**example, "windows": np.frombuffer(content, dtype).reshape(shape)}


class _ReadFiles(beam.DoFn):
    def __init__(self, skipped):
        self._skipped = skipped

    def process(self, element):
        source, part, parts = element

        def wanted(number, name):
            return number % parts == part and (source.name, number) not in self._skipped

        # What is left out was counted when the files were listed.
        for _, name, content in midi_files.read(source, Counter(), wanted):
            yield name, content


def _spool(files, extractor, folder):
    """Writes the examples of some files, a spool for each split; returns a line of JSON."""
    spools, names, counts = {}, {}, []
    with contextlib.ExitStack() as stack:
        for name, content in files:
            split, examples, counted = extractor(name, content)
            counts.append(counted)
            if examples and split not in spools:
                names[split] = f"{split}-{uuid.uuid4().hex}.gz"
                file = stack.enter_context((epath.Path(folder) / names[split]).open("wb"))
                spools[split] = stack.enter_context(gzip.open(file, "wb", compresslevel=1))
            for key, example in examples:
                windows = example.pop("windows")
                line = json.dumps([key, example, windows.shape, windows.dtype.str])
                spools[split].write(line.encode() + b"\n" + windows.tobytes())
    return json.dumps({"spools": names, "counts": add(counts)})
