"""Reproduces Table 1 and figures 2 to 5 of Valenti, Carta and Bacciu (2020) on music of Lakh.

    python reproduce/mus_ae.py --dataset lakh_band_2bar --prior mixture --manual-dir ~/my_midi

trains MusAE with each prior, and MusicVAE on the same windows for as long, measures them on songs
that they have not seen, and prints what the paper prints beside it. Results of recorded runs, and
what they reach: docs/mus_ae.md.
"""

import argparse
import sys
from pathlib import Path

import command_line
from running import Runs, exit_status

from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.mus_ae import PEERS, PRIORS, PROFILES, datasets_of, peers_of, priors_of

PAPER = PAPERS["mus_ae"]
RECORDED = Path(__file__).parent / "results" / "mus_ae.jsonl"
GENRES = ("own", "artist_terms", "tagtraum", "folder")

SMOKE_WINDOWS = 100
SMOKE = {
    "latent_dim": 4,
    "units": 8,
    "depth": 2,
    "encoder_units": (8, 8),
    "decoder_units": (8, 8),
    "conductor_units": (8,),
    "batch_size": 8,
    "updates": 4,
    "epochs": 2,
    "test_windows": 20,
    "interpolations": 4,
    "codes_per_genre": 4,
    "shown_per_genre": 8,
}

EPILOG = """examples:
  python reproduce/mus_ae.py --dataset lakh_band_2bar --manual-dir ~/my_midi
      all models on your own folder of MIDI, with the genres of a table in it
  python reproduce/mus_ae.py --dataset lakh_band_16bar --prior mixture --seeds 2
      one model, on the Lakh MIDI Dataset, which is downloaded (1.8 GB)
  python reproduce/mus_ae.py --dataset lakh_band_16bar --profile paper --mixed-precision
      the sizes of the paper, for a GPU
"""


def parse(arguments):
    """The command line; the hyperparameters given on it are its `given`."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    workdir = "runs/mus_ae/DATASET_PROFILE"
    models = (*PRIORS, *PEERS)
    command_line.add_common_flags(parser, PAPER.datasets, models, "all of the dataset", workdir)
    add = parser.add_argument
    add("--prior", choices=PRIORS, help="MusAE with this prior; short for --model")
    add("--profile", default="small", choices=PROFILES, help="default: small")
    add("--genres", default="", choices=GENRES, help="where genres are from (default: the first of "
        "these that there is, see docs/data.md)")  # fmt: skip
    shown = [
        PAPER.experiment(f"{profile}_mixture", dataset)
        for profile in PROFILES
        for dataset in datasets_of(profile)
    ]
    names = command_line.add_hyperparameter_flags(
        parser,
        shown,
        lambda e: f"{e.model.removesuffix('_mixture')} {e.dataset.removeprefix('lakh_band_')}",
        "Of MusAE, each with an origin. Those that MusicVAE has too are changed there as well.",
        leave_out=("prior",),
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, received {options.seeds}")
    if options.prior and options.model not in ("all", options.prior):
        parser.error(f"--prior {options.prior} and --model {options.model} are different models")
    if options.dataset not in datasets_of(options.profile):
        parser.error(f"the profile {options.profile} has no {options.dataset}")
    folder = f"{options.dataset}_{'smoke' if options.smoke else options.profile}"
    options.workdir = options.workdir or Path("runs", "mus_ae", folder)
    possible = list(priors_of(options.profile))
    # MusicVAE at the small size only: its own sizes are its own paper's matter.
    possible += peers_of(options.dataset) if options.profile == "small" else ()
    wanted = options.prior or options.model
    options.models = possible if wanted == "all" else [wanted]
    if unknown := set(options.models) - set(possible):
        parser.error(
            f"{options.dataset} with the profile {options.profile} has no {', '.join(unknown)}; "
            f"choose one of {', '.join(possible)}"
        )
    options.given = command_line.given_hyperparameters(options, names)
    return options


def settle(experiment, given, smoke, genres):
    """The hyperparameters of a run: the facts', the smoke run's, those of the command line.

    Where the genres are from is among them, as it is a choice too.
    """
    values = experiment.hyperparameters()
    if smoke:
        values |= {name: SMOKE[name] for name in SMOKE if values.get(name)}
    values |= {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if name in values
    }
    return values | {"genres": genres}


NOTE = (
    "The paper's windows are of Lakh, split by window, so that its figures are likely of music "
    "that its models were trained on; here songs are held out, the small profile is a smaller "
    "model, and genres are from another table. Only the order of the models can be compared."
)


def run_all(options):
    """Trains and measures every model asked for, writes what they make, prints the tables."""
    runs = Runs(PAPER, options, RECORDED)
    import mus_ae_products as products
    import mus_ae_run as run

    dataset = PAPER.datasets[options.dataset]
    music = run.load_music(dataset, options.genres, options.data_dir, options.manual_dir)
    if options.smoke:
        music = music.thinned(SMOKE_WINDOWS)
    experiments = [
        PAPER.experiment(f"{options.profile}_{model}", options.dataset) for model in options.models
    ]
    settled = {
        e.name: settle(e, options.given, options.smoke, music.genre_source) for e in experiments
    }
    sizes = ", ".join(f"{len(each.tokens)} {split}" for split, each in music.splits.items())
    genres = f"genres from {music.genre_source}: {', '.join(run.circle(music))}"
    runs.print_plan(
        f"{sizes} windows, no two equal in a split; {genres if music.genres else 'no genres'}",
        settled,
        lambda name: "{}: {updates} updates of {batch_size} windows".format(name, **settled[name]),
    )
    count = next(iter(settled.values()))["test_windows"]
    for name, metrics in run.measure_trivial(music, count).items():
        runs.keep(PAPER.experiment(name, options.dataset), metrics, {"test_windows": count})
    found = {}

    def train(experiment, values, seed, **how):
        return run.train_model(experiment, values, music, seed, **how)

    def measure(experiment, values, seed, result):
        measured = run.measure_model(result, values, music, seed)
        found.setdefault(experiment.model, measured)
        return measured.metrics

    trained = runs.train(settled, train, measure)
    if runs.is_chief:
        made = {PAPER.experiments[name].model: model for name, model in trained.items()}
        written = products.write(options, music, runs.results, made, found)
        runs.report(written, NOTE, products.next_commands(written, music))


def main(arguments=None):
    """Runs the command line; returns its exit status."""
    options = parse(arguments)
    return exit_status(lambda: run_all(options))


if __name__ == "__main__":
    sys.exit(main())
