"""Reproduces Table 1 of Roberts, Engel and Eck (2017) on music of the Lakh MIDI Dataset.

    python reproduce/music_vae.py --dataset lakh_drums_2bar --manual-dir ~/my_midi

trains a decoder alone, the VAE, and the VAE with scheduled sampling, measures them on songs that
they have not seen, and prints what the paper prints beside it. Results of recorded runs, and what
they reach: docs/music_vae.md.
"""

import argparse
import sys
from pathlib import Path

import command_line
from running import Runs, exit_status

from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.music_vae import ARMS, DECODERS, PROFILES, decoders_of

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
    """The command line; the hyperparameters given on it are its `given`."""
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
    return options


def settle(experiment, given, smoke):
    """The hyperparameters of a run: the facts', the smoke run's, those of the command line."""
    values = experiment.hyperparameters()
    if smoke:
        values |= {name: SMOKE[name] for name in SMOKE if values[name]}
    return values | {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }


NOTE = (
    "The paper's music, 1.5 million files, is private: other music, and with the small profile a "
    "smaller model, so only the order of the models can be compared."
)


def run_all(options):
    """Trains and measures every model asked for, writes what they make, prints the tables."""
    runs = Runs(PAPER, options, RECORDED)
    import music_vae_products as products
    import music_vae_run as run

    dataset = PAPER.datasets[options.dataset]
    music = run.load_music(dataset, options.data_dir, options.manual_dir)
    if options.smoke:
        music = music.first(SMOKE_WINDOWS)
    experiments = [
        PAPER.experiment(f"{options.profile}_{model}", options.dataset) for model in options.models
    ]
    settled = {e.name: settle(e, options.given, options.smoke) for e in experiments}
    sizes = ", ".join(f"{len(windows)} {split}" for split, windows in music.windows.items())
    runs.print_plan(
        f"{sizes} windows, no two equal in a split",
        settled,
        lambda name: "{}: {updates} updates of {batch_size} windows".format(name, **settled[name]),
    )
    count = next(iter(settled.values()))["test_windows"]
    for name, metrics in run.measure_trivial(music, count).items():
        runs.keep(PAPER.experiment(name, options.dataset), metrics, {"test_windows": count})
    curves = {}

    def train(experiment, values, seed, **how):
        return run.train_model(experiment, values, music, seed, **how)

    def measure(experiment, values, seed, result):
        metrics = run.measure_model(result, values, music, seed)
        if curve := run.interpolate(result.model, music):
            metrics["interpolation_rising"] = curve.rising
            curves.setdefault(experiment.model, curve)
        return metrics

    trained = runs.train(settled, train, measure)
    if runs.is_chief:
        made = {PAPER.experiments[name].model: model for name, model in trained.items()}
        written = products.write(options, music, runs.results, made, curves)
        runs.report(written, NOTE, products.next_commands(written))


def main(arguments=None):
    """Runs the command line; returns its exit status."""
    options = parse(arguments)
    return exit_status(lambda: run_all(options))


if __name__ == "__main__":
    sys.exit(main())
