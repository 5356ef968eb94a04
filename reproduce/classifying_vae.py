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
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import command_line

from keras_music_vae import reproduction
from keras_music_vae.papers import PAPERS
from keras_music_vae.reproduction import search
from keras_music_vae.training import CheckpointError, Devices

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
    """The command line, and the hyperparameters given on it."""
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
    given = command_line.given_hyperparameters(options, names)
    folder = f"{options.dataset}_smoke" if options.smoke else options.dataset
    options.workdir = options.workdir or Path("runs", "classifying_vae", folder)
    options.models = MODELS if options.model == "all" else (options.model,)
    return options, given


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


def run_search(options, given):
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
            given,
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


def run_all(options, given):
    """Trains and measures every model asked for; returns the results and the first models."""
    import classifying_vae_run as run

    devices = Devices(options.strategy)  # before TensorFlow reads data: see its docstring
    dataset = PAPER.datasets[options.dataset]
    songs = run.load_songs(dataset, options.data_dir, options.manual_dir)
    if options.smoke:
        songs = {split: of_split.first(SMOKE_SONGS) for split, of_split in songs.items()}
    experiments = [PAPER.experiment(model, options.dataset) for model in options.models]
    settled = {e.name: settle(e, given, options.smoke) for e in experiments}
    print_plan(options, experiments, settled, songs)

    results_file = options.workdir / "results.jsonl"
    place = command_line.device()
    trained = {}

    def keep(experiment, seed, metrics, values, seconds):
        if not devices.is_chief:
            return
        result = reproduction.finished_run(experiment, seed, metrics, values, place, seconds)
        reproduction.append(results_file, result)
        if options.record and not options.smoke:
            reproduction.append(RECORDED, result)

    data = PAPER.experiment("data", options.dataset)
    keep(data, 0, run.measure_music(songs["test"]), {}, 0.0)
    for seed in range(options.seed, options.seed + options.seeds):
        for experiment in experiments:
            values, _ = settled[experiment.name]
            print(f"\n{LABELS[experiment.model]}, seed {seed}")
            result = run.train_model(
                experiment,
                values,
                songs,
                seed,
                workdir=options.workdir / experiment.model / f"seed_{seed}",
                resume=options.resume,
                strategy=options.strategy,
                mixed_precision=options.mixed_precision,
                tensorboard=options.tensorboard,
            )
            start = time.perf_counter()
            metrics = run.measure_model(result, values, songs["test"], seed)
            seconds = result.wall_seconds + time.perf_counter() - start
            keep(experiment, seed, metrics, values, seconds)
            trained.setdefault(experiment.model, result.model)
    return songs, reproduction.read(results_file), trained


def print_plan(options, experiments, settled, songs):
    """What will be done, with what, and how long it took when it was recorded."""
    sizes = ", ".join(f"{len(s.rolls)} {name}" for name, s in songs.items())
    print(f"\n{PAPER.title} ({PAPER.year})")
    print(f"{PAPER.datasets[options.dataset].title}: {sizes} songs")
    print(f"Workdir: {options.workdir}   Device: {command_line.device()}")
    recorded = reproduction.read(RECORDED)
    total = 0.0
    for experiment in experiments:
        values, source = settled[experiment.name]
        searched = ", ".join(f"{name} {values[name]}" for name in experiment.search)
        print(f"  {LABELS[experiment.model]}: {searched} ({source})")
        times = [r.wall_seconds for r in recorded if r.experiment == experiment.name]
        total += sum(times) / len(times) if times else float("nan")
    if not options.smoke:
        minutes = total * options.seeds / 60
        known = f"about {minutes:.0f} minutes" if minutes == minutes else "not recorded yet"
        print(f"Time, as recorded: {known}")


def print_tables(options, results):
    """The paper's tables, those cells that this dataset and these models fill."""
    for table in PAPER.tables.values():
        cells = reproduction.cells(PAPER, table, results, [options.dataset])
        cells = [cell for cell in cells if cell.values]
        if cells:
            print("\n" + reproduction.as_text(PAPER, table, cells))
    if options.smoke:
        print("\nA smoke run: its figures mean nothing, only that everything runs.")
    print(
        "\nMeasured: mean over seeds, its spread where there are several, and their number. Key "
        "consistency by chance is 58.3 %. Every model's other measurements: results.jsonl."
    )


def main(arguments=None):
    """Runs the command line; returns its exit status."""
    options, given = parse(arguments)
    try:
        if options.search:
            run_search(options, given)
            return 0
        songs, results, trained = run_all(options, given)
        if not Devices(options.strategy).is_chief:
            return 0
        import classifying_vae_products as products

        written = products.write(options, songs, results, trained)
        print_tables(options, results)
        print("\nWritten:")
        for what, path in written:
            print(f"  {what}: {path}")
        print(products.next_commands(written))
    except KeyboardInterrupt:
        print("\nInterrupted; add --resume to go on.", file=sys.stderr)
        return 130
    except (ValueError, OSError, AssertionError, CheckpointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
