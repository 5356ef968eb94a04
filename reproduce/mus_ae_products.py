"""What a run of MusAE leaves: presets, music to play, and the paper's figures 2 to 5."""

import csv

import command_line
import numpy as np
from music_vae_products import DPI, LICENCE, TEMPO_QPM, play

from keras_music_vae import presets, reproduction
from keras_music_vae.evaluation.low_level import METRICS
from keras_music_vae.evaluation.reconstruction import GREEDY
from keras_music_vae.music import plotting
from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.mus_ae import PARTS, PEERS, PRIORS

PAPER = PAPERS["mus_ae"]
LABELS = {name: f"MusAE, {label}" for name, label in PRIORS.items()} | PEERS
# Pairs of genres in a figure, those with the most test songs.
PAIRS = 6
# MusicVAE's decoder needs draws to sound alive; MusAE's knows nothing of what it drew.
TEMPERATURES = dict.fromkeys(PRIORS, GREEDY) | dict.fromkeys(PEERS, 0.5)


def write(options, music, results, trained, found):
    """Writes everything.

    Args:
        options: the command line's.
        music: `mus_ae_run.Music`.
        results: list of `reproduction.Result`.
        trained: dict, model name -> trained model.
        found: dict, model name -> `mus_ae_run.Found`.

    Returns:
        list of (description, path).
    """
    written = [("measurements", options.workdir / "results.jsonl")]
    for model_name, model in trained.items():
        name = model_name.split("_", 1)[1]
        folder = options.workdir / model_name
        folder.mkdir(parents=True, exist_ok=True)
        preset = folder / f"{'' if name in PEERS else 'mus_ae_'}{options.dataset}_{name}"
        experiment = PAPER.experiment(model_name, options.dataset)
        presets.save_preset(
            model,
            preset,
            summary=f"{LABELS[name]}, {PAPER.datasets[options.dataset].title}",
            representation=music.representation,
            tempo_qpm=TEMPO_QPM,
            bars=music.bars,
            facts=card_facts(options, music, name),
            results=reproduction.card_rows(PAPER, experiment, results),
        )
        written.append(("preset", preset))
        written += play(model, music, folder / "midi", LABELS[name], TEMPERATURES[name])
        written += draw(found[model_name], music, folder)
    path = options.workdir / "figure_4_interpolations.png"
    panels = {LABELS[name.split("_", 1)[1]]: each.distances for name, each in found.items()}
    plotting.interpolation_curves(panels).savefig(path, dpi=DPI)
    return [*written, ("distances along interpolations", path)]


def card_facts(options, music, name):
    """What the card of a model says of the run."""
    facts = PAPER.datasets[options.dataset]
    flags = {key: getattr(options, key) for key in ("dataset", "profile", "model", "seed")}
    flags |= {"model": name, "genres": music.genre_source, **options.given}
    flags = {key: value for key, value in flags.items() if value != ""}
    windows = len(music.splits["train"].tokens)
    return {
        "Paper": f"{', '.join(PAPER.authors)} ({PAPER.year}), {PAPER.title}, {PAPER.url}",
        "Data": f"{facts.title}, TFDS `{facts.tfds}`, {windows} windows",
        "Licence": LICENCE,
        "Trained with": f"`python reproduce/mus_ae.py {command_line.as_typed(flags)}`",
    }


def draw(found, music, folder):
    """Draws what was found of a model's codes; nothing of a MusicVAE.

    Args:
        found: `mus_ae_run.Found`.
        music: `mus_ae_run.Music`.
        folder: path.

    Returns:
        list of (description, path).
    """
    written = []

    def save(figure, name, what):
        figure.savefig(folder / name, dpi=DPI)
        written.append((what, folder / name))

    if found.codes is None:
        return written
    # The plane in which the prior is widest: of the mixture, that of its circle.
    centre = found.draws.mean(axis=0)
    plane = np.linalg.svd(found.draws - centre, full_matrices=False)[2][:2].T
    shown = {"prior": found.draws, "codes": found.codes}
    panel = {name: (each - centre) @ plane for name, each in shown.items()}
    figure = plotting.genre_scatter({"Test songs beside the prior": panel})
    save(figure, "prior.png", "codes beside the prior")
    path = folder / "prior.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["genre", *next(iter(found.matches.values()))._fields])
        table.writerows([name or "all", *match] for name, match in found.matches.items())
    written.append(("codes and prior, genre by genre", path))
    if found.changes is not None:
        by_part = {part: found.changes[:, i] for i, part in enumerate(PARTS)}
        order = [music.genres[i] for i in music.genre_order]
        figure = plotting.metric_changes(by_part, order, METRICS)
        save(figure, "figure_3_metrics.png", "metrics around the circle")
    chosen = sorted(found.separations.items(), key=lambda pair: -min(pair[1].songs))[:PAIRS]
    for view in ("pca", "tsne") if chosen else ():
        panels = {
            " and ".join(pair): {
                genre: getattr(each, view)[each.second == second]
                for second, genre in enumerate(pair)
            }
            for pair, each in chosen
        }
        save(plotting.genre_scatter(panels), f"figure_5_{view}.png", "codes of pairs of genres")
    return written


def next_commands(written, music):
    """What to type next, with what was written."""
    preset = next(path for what, path in written if what == "preset")
    commands = [f"sample --preset {preset} --seed 1 --out new.mid"]
    if music.genres and preset.name.endswith("mixture"):
        genre = music.genres[0]
        commands.append(f"edit IN.mid --preset {preset} --genre {genre} --amount 0.5 --out OUT.mid")
    lines = "\n".join(f"  python -m keras_music_vae {command}" for command in commands)
    return f"\nNext:\n{lines}\n"
