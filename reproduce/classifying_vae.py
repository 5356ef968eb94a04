"""Reproduces Tables 1 and 2 and figures 1, 3 and 4 of Hennig, Umakantha and Williamson (2017).

    python reproduce/classifying_vae.py --dataset jsb_all_keys

trains the paper's four models on Bach chorales, measures them and prints what the paper prints
beside it. Results of recorded runs, and what they reach: docs/classifying_vae.md.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import sys
from pathlib import Path

import command_line
from running import Runs, exit_status

from keras_music_vae.papers import PAPERS
from keras_music_vae.reproduction import search

PAPER = PAPERS["classifying_vae"]
MODELS = tuple(dict.fromkeys(e.model for e in PAPER.experiments.values() if e.training))
LABELS = {row.model: row.label for row in PAPER.tables["notes_per_step"].rows}
RESULTS = Path(__file__).parent / "results"
RECORDED = RESULTS / "classifying_vae.jsonl"
TRIALS = RESULTS / "classifying_vae_search.jsonl"

# Datasets that were not searched take what was found on the one most like them.
SEARCHED = {
    "jsb_two_keys_music21": "jsb_two_keys",
    "piano_two_keys": "jsb_two_keys",
    "piano_all_keys": "jsb_all_keys",
}

SMOKE_SONGS = 12
SMOKE = {
    "epochs": 2,
    "latent_dim": 2,
    "hidden_dim": 8,
    "classifier_dim": 8,
    "kl_warmup_epochs": 0,
    "w_kl_warmup_epochs": 0,
    "importance_samples": 10,
}

EPILOG = """examples:
  python reproduce/classifying_vae.py --dataset jsb_all_keys
      all four models; about 5 minutes on two cores
  python reproduce/classifying_vae.py --dataset jsb_all_keys --model classifying_vae --seeds 3
      one model, three seeds, with their spread
  python reproduce/classifying_vae.py --dataset jsb_all_keys --model vae --hidden-dim 256
      another setting than the one found by the search
  python reproduce/classifying_vae.py --dataset piano_all_keys --manual-dir ~/piano_midi
      your own folder of MIDI files
  python reproduce/classifying_vae.py --dataset jsb_all_keys --search 128
      the paper's random search; stop and repeat it as you like, it goes on where it was
"""


def parse(arguments):
    """The command line; the hyperparameters given on it are its `given`."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    workdir = "runs/classifying_vae/DATASET"
    command_line.add_common_flags(parser, PAPER.datasets, MODELS, "all four", workdir)
    add = parser.add_argument
    add(
        "--search",
        type=int,
        metavar="N",
        help="random search instead of runs, N trials a model (the paper: 128)",
    )
    add("--workers", type=int, default=os.cpu_count(), help="trials at a time (default: cores)")
    experiments = [e for e in PAPER.experiments.values() if e.dataset == "jsb_all_keys"]
    names = command_line.add_hyperparameter_flags(
        parser,
        [e for e in experiments if e.training],
        lambda e: e.model,
        "Defaults: the best trial of the search, else the values given here. One origin is given "
        "for each: the paper, the authors' code, or an assumption.",
    )
    options = parser.parse_args(arguments)
    for name in ("seeds", "search", "workers"):
        if (value := getattr(options, name)) is not None and value < 1:
            parser.error(f"--{name} must be at least 1, received {value}")
    options.given = command_line.given_hyperparameters(options, names)
    folder = f"{options.dataset}_smoke" if options.smoke else options.dataset
    options.workdir = options.workdir or Path("runs", "classifying_vae", folder)
    options.models = MODELS if options.model == "all" else (options.model,)
    return options


def settle(experiment, given, smoke):
    """Hyperparameters of a run and where they are from: flags, then the search, then the facts."""
    values, source = experiment.hyperparameters(), "the paper's facts"
    searched = PAPER.experiment(
        experiment.model, SEARCHED.get(experiment.dataset, experiment.dataset)
    )
    if trial := search.best(TRIALS, searched):
        found = {name: trial.config[name] for name in experiment.search}
        values, source = values | found, f"the best trial on {searched.dataset}"
    overrides = (SMOKE if smoke else {}) | given
    overrides = {name: value for name, value in overrides.items() if name in values}
    if overrides:
        source += f", with {', '.join(f'{name} {value}' for name, value in overrides.items())}"
    return values | overrides, source


def run_search(options):
    """The paper's random search; every finished trial is in the results at once."""
    import classifying_vae_run as run
    from tqdm import tqdm

    experiments = [PAPER.experiment(model, options.dataset) for model in options.models]
    run.load_songs(PAPER.datasets[options.dataset], options.data_dir, options.manual_dir)
    pool = concurrent.futures.ProcessPoolExecutor(
        options.workers, multiprocessing.get_context("spawn"), initializer=run.use_one_core
    )
    train = run.Trial(options.data_dir, options.manual_dir)
    place = f"one core of {command_line.device()}"
    with pool:
        trials = search.run(
            experiments,
            options.search,
            TRIALS,
            train,
            pool,
            place,
            options.given,
        )
        waiting = 0
        for result in trials:
            if result is None:
                waiting += 1
                continue
            if waiting:
                progress, waiting = tqdm(total=waiting, desc="Trials", unit=" trials"), 0
            progress.update()
            tqdm.write(f"{result.experiment} {result.seed}: {result.metrics['val_loss']:.3f}")
    for experiment in experiments:
        found = search.best(TRIALS, experiment)
        settings = {name: found.config[name] for name in experiment.search}
        print(f"{experiment.name}: {found.metrics['val_loss']:.3f} with {settings}")


NOTE = (
    "Measured: mean over seeds, its spread where there are several, and their number. Key "
    "consistency by chance is 58.3 %. Every model's other measurements: results.jsonl."
)


def run_all(options):
    """Trains and measures every model asked for, writes what they make, prints the tables."""
    runs = Runs(PAPER, options, RECORDED)
    import classifying_vae_products as products
    import classifying_vae_run as run

    dataset = PAPER.datasets[options.dataset]
    songs = run.load_songs(dataset, options.data_dir, options.manual_dir)
    if options.smoke:
        songs = {split: of_split.first(SMOKE_SONGS) for split, of_split in songs.items()}
    experiments = [PAPER.experiment(model, options.dataset) for model in options.models]
    found = {e.name: settle(e, options.given, options.smoke) for e in experiments}
    settled = {name: values for name, (values, _) in found.items()}

    def describe(name):
        experiment, (values, source) = PAPER.experiments[name], found[name]
        searched = ", ".join(f"{name} {values[name]}" for name in experiment.search)
        return f"{LABELS[experiment.model]}: {searched} ({source})"

    sizes = ", ".join(f"{len(s.rolls)} {name}" for name, s in songs.items())
    runs.print_plan(f"{sizes} songs", settled, describe)
    data = PAPER.experiment("data", options.dataset)
    runs.keep(data, run.measure_music(songs["test"]), {})

    def train(experiment, values, seed, **how):
        return run.train_model(experiment, values, songs, seed, **how)

    def measure(experiment, values, seed, result):
        return run.measure_model(result, values, songs["test"], seed)

    trained = runs.train(settled, train, measure)
    if runs.is_chief:
        made = {PAPER.experiments[name].model: model for name, model in trained.items()}
        written = products.write(options, songs, runs.results, made)
        runs.report(written, NOTE, products.next_commands(written))


def main(arguments=None):
    """Runs the command line; returns its exit status."""
    options = parse(arguments)
    return exit_status(lambda: run_search(options) if options.search else run_all(options))


if __name__ == "__main__":
    sys.exit(main())
