"""Reproduces Table 1 of Roberts, Engel and Eck (2017) on music of the Lakh MIDI Dataset.

    python reproduce/music_vae.py --dataset lakh_drums_2bar --manual-dir ~/my_midi

trains a decoder alone, the VAE, and the VAE with scheduled sampling, measures them on songs that
they have not seen, and prints what the paper prints beside it. Results of recorded runs, and what
they reach: docs/music_vae.md.
"""

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import command_line

from keras_music_vae import reproduction
from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.music_vae import ARMS, DECODERS, PROFILES, decoders_of
from keras_music_vae.training import CheckpointError, Devices

PAPER = PAPERS["music_vae"]
MODELS = tuple(f"{decoder}_{arm}" for decoder in DECODERS for arm in ARMS)
RECORDED = Path(__file__).parent / "results" / "music_vae.jsonl"

SMOKE_WINDOWS = 100
SMOKE = {
    "latent_dim": 4,
    "encoder_units": (8, 8),
    "decoder_units": (8, 8),
    "conductor_units": (8,),
    "batch_size": 8,
    "updates": 4,
    "epochs": 2,
    "test_windows": 20,
}

EPILOG = """examples:
  python reproduce/music_vae.py --dataset lakh_drums_2bar --manual-dir ~/my_midi
      all three models on your own folder of MIDI
  python reproduce/music_vae.py --dataset lakh_melody_16bar --model hierarchical_vae
      one model, on the Lakh MIDI Dataset, which is downloaded (1.8 GB)
  python reproduce/music_vae.py --dataset lakh_trio_16bar --profile magenta --mixed-precision
      the sizes of Magenta's code, for a GPU
  python reproduce/music_vae.py --dataset lakh_melody_2bar --updates 20000 --resume
      go on with a run that was stopped, repeating its settings
"""


def parse(arguments):
    """The command line, and the hyperparameters given on it."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    workdir = "runs/music_vae/DATASET_PROFILE"
    command_line.add_common_flags(parser, PAPER.datasets, MODELS, "all of the dataset", workdir)
    parser.add_argument("--profile", default="small", choices=PROFILES, help="default: small")
    shown = [
        PAPER.experiment(f"{profile}_{decoders_of(dataset)[-1]}_vae_sampling", dataset)
        for profile in PROFILES
        for dataset in ("lakh_melody_2bar", "lakh_trio_16bar")
    ]
    names = command_line.add_hyperparameter_flags(
        parser,
        shown,
        lambda e: f"{e.model.split('_')[0]} {e.dataset.removeprefix('lakh_')}",
        "Defaults, here of melodies and trios with scheduled sampling, each with an origin.",
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, received {options.seeds}")
    folder = f"{options.dataset}_{'smoke' if options.smoke else options.profile}"
    options.workdir = options.workdir or Path("runs", "music_vae", folder)
    possible = [f"{d}_{arm}" for d in decoders_of(options.dataset) for arm in ARMS]
    options.models = possible if options.model == "all" else [options.model]
    if unknown := set(options.models) - set(possible):
        parser.error(
            f"{options.dataset} has no {', '.join(unknown)}; choose one of {', '.join(possible)}"
        )
    options.given = command_line.given_hyperparameters(options, names)
    return options, options.given


def settle(experiment, given, smoke):
    """The hyperparameters of a run: the facts', the smoke run's, those of the command line."""
    values = experiment.hyperparameters()
    if smoke:
        values |= {name: SMOKE[name] for name in SMOKE if values[name]}
    return values | {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }


def run_all(options, given):
    """Trains and measures every model asked for; returns what `music_vae_products.write` takes."""
    import music_vae_run as run

    devices = Devices(options.strategy)  # before TensorFlow reads data: see its docstring
    dataset = PAPER.datasets[options.dataset]
    music = run.load_music(dataset, options.data_dir, options.manual_dir)
    if options.smoke:
        music = music.first(SMOKE_WINDOWS)
    experiments = [
        PAPER.experiment(f"{options.profile}_{model}", options.dataset) for model in options.models
    ]
    settled = {e.name: settle(e, given, options.smoke) for e in experiments}
    print_plan(options, settled, music)
    results_file = options.workdir / "results.jsonl"
    place = command_line.device()
    trained, curves = {}, {}

    def keep(experiment, seed, metrics, values, seconds):
        if not devices.is_chief:
            return
        result = reproduction.finished_run(experiment, seed, metrics, values, place, seconds)
        reproduction.append(results_file, result)
        if options.record and not options.smoke:
            reproduction.append(RECORDED, result)

    count = next(iter(settled.values()))["test_windows"]
    for name, metrics in run.measure_trivial(music, count).items():
        keep(PAPER.experiment(name, options.dataset), 0, metrics, {"test_windows": count}, 0.0)
    for seed in range(options.seed, options.seed + options.seeds):
        for name, experiment in zip(options.models, experiments, strict=True):
            values = settled[experiment.name]
            print(f"\n{experiment.name}, seed {seed}")
            result = run.train_model(
                experiment,
                values,
                music,
                seed,
                workdir=options.workdir / name / f"seed_{seed}",
                resume=options.resume,
                strategy=options.strategy,
                mixed_precision=options.mixed_precision,
                tensorboard=options.tensorboard,
            )
            start = time.perf_counter()
            metrics = run.measure_model(result, values, music, seed)
            if curve := run.interpolate(result.model, music):
                metrics["interpolation_rising"] = curve.rising
                curves.setdefault(name, curve)
            metrics["training_seconds"] = result.wall_seconds
            seconds = result.wall_seconds + time.perf_counter() - start
            keep(experiment, seed, metrics, values, seconds)
            trained.setdefault(name, result.model)
    return music, reproduction.read(results_file), trained, curves


def print_plan(options, settled, music):
    """What will be done, with what, and how long it took when it was recorded."""
    sizes = ", ".join(f"{len(windows)} {split}" for split, windows in music.windows.items())
    print(f"\n{PAPER.title} ({PAPER.year})")
    print(f"{PAPER.datasets[options.dataset].title}: {sizes} windows, no two equal in a split")
    print(f"Workdir: {options.workdir}   Device: {command_line.device()}")
    for name, values in settled.items():
        print(f"  {name}: {values['updates']} updates of {values['batch_size']} windows")
    recorded = reproduction.read(RECORDED)
    times = [[r.wall_seconds for r in recorded if r.experiment == name] for name in settled]
    if not options.smoke and all(times):
        minutes = sum(sum(each) / len(each) for each in times) * options.seeds / 60
        print(f"Time, as recorded: about {minutes:.0f} minutes")


def print_tables(options, results):
    """The paper's table, those cells that this dataset and these models fill."""
    for table in PAPER.tables.values():
        cells = reproduction.cells(PAPER, table, results, [options.dataset])
        cells = [cell for cell in cells if cell.values]
        if cells:
            print("\n" + reproduction.as_text(PAPER, table, cells))
    if options.smoke:
        print("\nA smoke run: its figures mean nothing, only that everything runs.")
    print(
        "\nThe paper's music, 1.5 million files, is private: other music, and with the small "
        "profile a smaller model, so only the order of the models can be compared."
    )


def main(arguments=None):
    """Runs the command line; returns its exit status."""
    options, given = parse(arguments)
    try:
        music, results, *made = run_all(options, given)
        if not Devices(options.strategy).is_chief:
            return 0
        import music_vae_products as products

        written = products.write(options, music, results, *made)
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
