"""Scores of music21's corpus: found, parsed, played with their repeats, in several processes."""

from tqdm import tqdm

_MAX_WORKERS = 16  # A worker takes about a second to start, so more would not pay.


def find_files(names):
    """Finds scores in the installed music21's corpus.

    Where several files fit a name, such as two editions, the first in alphabetical order is taken,
    as `music21.corpus.parse` does.

    Args:
        names: list of str, names in the corpus.

    Returns:
        dict of name to path.

    Raises:
        FileNotFoundError: if a score is missing; the message lists all that are.
    """
    import music21

    corpus = music21.corpus.corpora.CoreCorpus()
    found = {name: corpus.getWorkList(name) for name in names}
    missing = [name for name, paths in found.items() if not paths]
    if missing:
        raise FileNotFoundError(
            f"Expected {len(names)} chorales in the corpus of music21 {music21.__version__} at "
            f"{music21.common.getCorpusFilePath()}, but {len(missing)} are missing: "
            f"{', '.join(missing)}. Install a release that has them, with its corpus: "
            'pip install --force-reinstall "music21>=10.5,<11".'
        )
    return {name: paths[0] for name, paths in found.items()}


def read_scores(read, files, workers=None):
    """Reads scores in several processes, with a progress bar.

    Args:
        read: function of a path, such as one that calls `parse`.
        files: collection of paths.
        workers: int, processes to use, or None for one per core.

    Returns:
        list of what `read` returns, in the order of the files.
    """
    # music21 depends on joblib, whose workers neither fork a process that holds TensorFlow nor need
    # a `__main__` guard in the user's script.
    import joblib

    workers = workers or min(joblib.cpu_count(), _MAX_WORKERS)
    with joblib.parallel_config("loky", n_jobs=workers):
        done = joblib.Parallel(return_as="generator")(joblib.delayed(read)(file) for file in files)
        return list(tqdm(done, "Reading chorales", total=len(files), unit=" chorales"))


def parse(path):
    """Parses a file into a `music21.stream.Score`.

    Raises:
        ValueError: if music21 cannot parse the file.
    """
    import music21

    try:
        # Its cache of pickles is passed by: it may be stale, and others may write to it.
        return music21.converter.parse(path, forceSource=True, storePickle=False)
    except Exception as error:
        raise ValueError(
            f"music21 {music21.__version__} cannot read {path}: {error!r}. Reinstall music21."
        ) from error


def measures(score):
    """List of a score's measures, part by part."""
    return [measure for part in score.parts for measure in part.getElementsByClass("Measure")]


def expand_repeats(score):
    """Gives the measures of `score.expandRepeats()`, three times faster: it copies them empty.

    Args:
        score: `music21.stream.Score`. Its measures lose what they hold: a rest as long remains,
            with what says how they repeat and their metre.

    Returns:
        `music21.stream.Score` of such measures, repeats played out. The `number` of each is the
        place in `measures(score)` of the one that it copies.

    Raises:
        music21.repeat.ExpanderException: if the repeats contradict each other. The measures are
            emptied and numbered nevertheless.
    """
    import music21

    kept = (music21.repeat.RepeatMark, music21.bar.Barline, music21.meter.TimeSignature)
    for number, measure in enumerate(measures(score)):
        filler = music21.note.Rest(quarterLength=measure.highestTime)
        measure.remove([element for element in measure if not isinstance(element, kept)])
        measure.insert(0, filler)
        measure.number = number
    return score.expandRepeats()
