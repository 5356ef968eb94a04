"""What a run leaves for its user: presets, SavedModels, music to play and the paper's figures."""

import classifying_vae_figures as figures
import classifying_vae_run as run
import numpy as np

from keras_music_vae import export, presets, reproduction
from keras_music_vae.music import midi, plotting
from keras_music_vae.music.representations import PianoRoll
from keras_music_vae.papers import PAPERS

PAPER = PAPERS["classifying_vae"]
STEPS_PER_QUARTER = {"piano_two_keys": 2, "piano_all_keys": 4}
TEMPO_QPM = {"jsb": 80, "piano": 100}
LICENCES = {
    "jsb": "weights Apache-2.0; encodings of the scores as their collection states "
    "(docs/data.md), some for non-commercial use",
    "piano": "weights Apache-2.0; MIDI files by Bernd Krueger, CC BY-SA (docs/data.md)",
}
PIECES = 3
STEPS = 64


def write(options, songs, results, trained):
    """Writes everything.

    Args:
        options: the command line's, of which `workdir`, `dataset`, `smoke` are used.
        songs: dict of `Songs` by split.
        results: list of `reproduction.Result`.
        trained: dict, model name -> trained model.

    Returns:
        list of (description, path).
    """
    representation = PianoRoll(STEPS_PER_QUARTER.get(options.dataset, 1))
    tempo = TEMPO_QPM[options.dataset.split("_")[0]]
    written = [("measurements", options.workdir / "results.jsonl")]
    for name, model in trained.items():
        folder = options.workdir / name
        preset = folder / f"{name}_{options.dataset}"
        presets.save_preset(
            model,
            preset,
            summary=f"{type(model).__name__} of {PAPER.datasets[options.dataset].title}",
            representation=representation,
            tempo_qpm=tempo,
            facts=card_facts(options.dataset),
            results=reproduction.card_rows(PAPER, PAPER.experiment(name, options.dataset), results),
        )
        export.save(model, folder / "saved_model")
        written += [("preset", preset), ("SavedModel", folder / "saved_model")]
        music = play(model, songs["test"], representation, tempo, folder / "midi")
        written.append(("MIDI", music))
    two_keys = run.in_two_keys(songs)
    models = figure_models(options, two_keys)
    drawn = figures.draw(two_keys, models, options.workdir / "figures", corpus=songs)
    return [*written, ("figures", drawn[0].parent)]


def card_facts(dataset):
    """What a model card says of the run."""
    facts = PAPER.datasets[dataset]
    return {
        "Paper": f"{', '.join(PAPER.authors)} ({PAPER.year}), {PAPER.title}, {PAPER.url}",
        "Data": f"{facts.title}, TFDS `{facts.tfds}`",
        "Licence": LICENCES[dataset.split("_")[0]],
        "Trained with": f"`python reproduce/classifying_vae.py --dataset {dataset}`",
    }


def play(model, songs, representation, tempo, folder):
    """Writes continuations of test songs and, with classes, new pieces in several keys."""
    folder.mkdir(parents=True, exist_ok=True)

    def save(roll, name):
        score = representation.decode(roll)
        if len(score.notes):
            midi.write(score, folder / f"{name}.mid", tempo_qpm=tempo)
            plotting.piano_roll(roll).savefig(folder / f"{name}.png")

    seeds = [roll[:16] for roll in songs.rolls if len(roll) >= 16][:PIECES]
    for number, seed in enumerate(seeds):
        made = model.generate(seed[None], STEPS - len(seed), seed=number)[0]
        save(np.concatenate([seed, made]), f"continued_{number}")
    for number, key in enumerate(getattr(model, "classes", ())[:PIECES]):
        save(model.sample(key=key, steps=STEPS, seed=number)[0], f"{key}_major")
    return folder


def figure_models(options, songs):
    """The two-dimensional models of figures 3 and 4, trained on these songs in two keys."""
    models = {}
    for name in ("vae", "classifying_vae"):
        experiment = PAPER.experiments[f"{name}_figure_3"]
        values = experiment.hyperparameters()
        if options.smoke:
            values |= {"epochs": 2, "hidden_dim": 8, "kl_warmup_epochs": 0}
            values |= {"w_kl_warmup_epochs": 0} if "w_kl_warmup_epochs" in values else {}
        print(f"\n{name} with two latent dimensions, for figures 3 and 4")
        result = run.train_model(experiment, values, songs, options.seed, verbose=2)
        models[name] = result.model
    return models


def next_commands(written):
    """What to type next, with what was written."""
    preset = next(path for what, path in written if what == "preset")
    key = ' --key "C major"' if preset.name.startswith("classifying") else ""
    return f"""
Next:
  python -m keras_music_vae sample --preset {preset}{key} --seed 1 --out new.mid
  python -m keras_music_vae sample --help
"""
