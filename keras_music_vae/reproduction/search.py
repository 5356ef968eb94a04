"""Random search: hyperparameters drawn from the ranges of the facts, ranked by validation loss."""

import concurrent.futures
import random

from keras_music_vae.reproduction.results import append, finished_run, read


def trial(experiment, number):
    """The hyperparameters of one trial: those of the experiment, the searched ones drawn.

    Equal for equal arguments, so that a search can be continued or repeated anywhere.

    Args:
        experiment: `papers.Experiment` with ranges to search.
        number: int, of the trial; trial 0 is the experiment's own setting.

    Returns:
        dict, hyperparameter -> value.
    """
    values = experiment.hyperparameters()
    if number == 0:
        return values
    generator = random.Random(f"{experiment.name} {number}")
    return values | {name: span.draw(generator) for name, span in experiment.search.items()}


def best(path, experiment):
    """The finished trial of `experiment` with the lowest validation loss, or None.

    Args:
        path: path of the trials' file, as `run` writes it.
        experiment: `papers.Experiment`.

    Returns:
        `Result` whose `config` holds the hyperparameters, or None where nothing was searched.
    """
    return min(finished(path, experiment), key=lambda r: r.metrics["val_loss"], default=None)


def finished(path, experiment):
    """The finished trials of an experiment, oldest first."""
    return [result for result in read(path) if result.experiment == experiment.name]


def run(experiments, trials, path, train, pool, device, given=()):
    """Runs the trials that are not in the file yet, and appends each as it ends.

    The experiments take turns, so that a search cut short has searched all of them alike.

    Args:
        experiments: list of `papers.Experiment`.
        trials: int, for each experiment.
        path: path of the trials' file, JSON lines of `Result` whose seed is the trial's number.
        train: picklable callable, experiment name, hyperparameters and seed -> metrics, with
            `val_loss` among them, and seconds.
        pool: `concurrent.futures.Executor` that runs it.
        device: str, what it runs on.
        given: mapping, hyperparameters that stay as they are given here.

    Yields:
        `Result` of each trial that ends, and before them None for each that waits.
    """
    done = {e.name: {result.seed for result in finished(path, e)} for e in experiments}
    waiting = {}
    for number in range(trials):
        for experiment in experiments:
            if number not in done[experiment.name]:
                config = trial(experiment, number)
                config |= {name: value for name, value in dict(given).items() if name in config}
                future = pool.submit(train, experiment.name, config, number)
                waiting[future] = (experiment, config, number)
    yield from [None] * len(waiting)
    try:
        for future in concurrent.futures.as_completed(waiting):
            experiment, config, number = waiting[future]
            metrics, seconds = future.result()
            result = finished_run(experiment, number, metrics, config, device, seconds)
            append(path, result)
            yield result
    finally:
        for future in waiting:
            future.cancel()
