"""Reproduces the figures of Pati and Lerch (2020) on Bach's chorales.

    python reproduce/ar_vae.py --dataset bach_published_by_order --seeds 3

trains AR-VAE, whose dimensions follow attributes of the music, and beta-VAE, whose do not, measures
their codes on music that they have not seen, and prints the medians of the authors' ten runs beside
it. Results of recorded runs, and what they reach: docs/ar_vae.md.
"""

import argparse
import sys
from pathlib import Path

import command_line
from running import Runs, exit_status

from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.ar_vae import ABSTRACT, ARTICLE, ATTRIBUTES, CHECKS

PAPER = PAPERS["ar_vae"]
MODELS = (*ARTICLE, *CHECKS, *ABSTRACT)
RECORDED = Path(__file__).parent / "results" / "ar_vae.jsonl"

SMOKE_MEASURES = 160
SMOKE = {
    "embedding_dim": 4,
    "encoder_units": 16,
    "decoder_units": 16,
    "latent_dim": 8,
    "batch_size": 32,
    "epochs": 2,
    "test_batch": 32,
    "sweep_windows": 8,
}

EPILOG = """examples:
  python reproduce/ar_vae.py --dataset bach_published_by_order --seeds 3
      both models of the article as its authors measured them, each with three seeds
  python reproduce/ar_vae.py --dataset bach_music21_10 --model ar_vae
      one model, on all chorales and measured on pieces that it has not seen
  python reproduce/ar_vae.py --dataset bach_published --model s_vae_rhy_pr
      a model of the abstract of 2019, of sizes for a GPU
  python reproduce/ar_vae.py --dataset bach_published --attributes contour --resume
      go on with a run that was stopped, repeating its settings
"""


def parse(arguments):
    """The command line; the hyperparameters given on it are its `given`."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command_line.add_common_flags(
        parser, PAPER.datasets, MODELS, "those of the article", "runs/ar_vae/DATASET"
    )
    shown = [PAPER.experiment(model, "bach_published_by_order") for model in ARTICLE | ABSTRACT]
    names = command_line.add_hyperparameter_flags(
        parser, shown, lambda e: e.model, "Defaults, each with an origin."
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"--seeds must be at least 1, received {options.seeds}")
    folder = f"{options.dataset}_smoke" if options.smoke else options.dataset
    options.workdir = options.workdir or Path("runs", "ar_vae", folder)
    options.models = list(ARTICLE) if options.model == "all" else [options.model]
    options.given = command_line.given_hyperparameters(options, names)
    if unknown := set(options.given.get("attributes", ())) - set(ATTRIBUTES):
        parser.error(
            f"--attributes may be {', '.join(ATTRIBUTES)}, received {', '.join(sorted(unknown))}"
        )
    try:
        chosen = [PAPER.experiment(model, options.dataset) for model in options.models]
    except ValueError:
        parser.error(f"--model {options.model} is of --dataset {CHECKS[options.model][2]} alone")
    if options.given.get("attributes") and not any(map(_is_ordered, chosen)):
        parser.error(f"--model {options.model} is the one that no --attributes order")
    return options


def _is_ordered(experiment):
    return bool(experiment.hyperparameters()["attributes"])


def settle(experiment, given, smoke):
    """The hyperparameters of a run: the facts', the smoke run's, those of the command line.

    A model that no attributes order stays one, whatever the command line says of attributes.
    """
    values = experiment.hyperparameters() | (SMOKE if smoke else {})
    return values | {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if name != "attributes" or _is_ordered(experiment)
    }


NOTE = (
    "The authors' numbers are medians, and quartiles, of ten seeds. Which set of chorales they are "
    "of is nowhere said."
)


def run_all(options):
    """Trains and measures every model asked for, writes what they make, prints the tables."""
    runs = Runs(PAPER, options, RECORDED)
    import ar_vae_products as products
    import ar_vae_run as run

    music = run.load_music(PAPER.datasets[options.dataset], options.data_dir)
    if options.smoke:
        music = music.first(SMOKE_MEASURES)
    experiments = [PAPER.experiment(model, options.dataset) for model in options.models]
    settled = {e.name: settle(e, options.given, options.smoke) for e in experiments}
    sizes = ", ".join(f"{len(each.tokens)} {split}" for split, each in music.splits.items())
    runs.print_plan(
        f"{sizes} measures",
        settled,
        lambda name: (
            "{}: {epochs} epochs, {batch_size} measures an update, ordered by {ordered}".format(
                name, ordered=", ".join(settled[name]["attributes"]) or "nothing", **settled[name]
            )
        ),
    )
    histories = {}

    def train(experiment, values, seed, **how):
        return run.train_model(experiment, values, music, seed, **how)

    def measure(experiment, values, seed, result):
        histories.setdefault(experiment.model, result.history)
        return run.measure_model(result, values, music, seed)

    trained = runs.train(settled, train, measure)
    if runs.is_chief:
        made = {PAPER.experiments[name].model: model for name, model in trained.items()}
        written = products.write(options, music, runs.results, made, histories, settled)
        runs.report(written, NOTE, products.next_commands(written))


def main(arguments=None):
    """Runs the command line; returns its exit status."""
    options = parse(arguments)
    return exit_status(lambda: run_all(options))


if __name__ == "__main__":
    sys.exit(main())
