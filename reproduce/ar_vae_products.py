"""What a run leaves for its user: presets, sweeps to play, and pictures of them."""

import command_line
import numpy as np
from ar_vae_run import turned_dimensions

from keras_music_vae import play, presets, reproduction
from keras_music_vae.evaluation import codes
from keras_music_vae.music import midi, plotting
from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.ar_vae import ATTRIBUTES, LABELS

PAPER = PAPERS["ar_vae"]
LICENCE = "weights Apache-2.0; of the music that it was trained on, its own (docs/data.md)"
TEMPO_QPM = 90.0
PIECES = 3
SHOWN = 1000
DPI = 150
CURVES = {
    "loss": "loss",
    "reconstruction": "reconstruction, nats a tick",
    "accuracy": "accuracy, share of ticks",
    "kl_z": "KL, nats",
    **{f"attribute_{name}": f"{label}: order" for name, label in ATTRIBUTES.items()},
}


def write(options, music, results, trained, histories, settled):
    """Writes everything.

    Args:
        options: the command line's.
        music: `ar_vae_run.Music`.
        results: list of `reproduction.Result`.
        trained: dict, model name -> trained model.
        histories: dict, model name -> dict, metric -> list of float, of its first seed.
        settled: dict, experiment name -> its hyperparameters.

    Returns:
        list of (description, path).
    """
    written = [("measurements", options.workdir / "results.jsonl")]
    for name, model in trained.items():
        folder = options.workdir / name
        folder.mkdir(parents=True, exist_ok=True)
        experiment = PAPER.experiment(name, options.dataset)
        preset = folder / f"{name}_{options.dataset}"
        presets.save_preset(
            model,
            preset,
            summary=f"{LABELS[name]} of {PAPER.datasets[options.dataset].title}",
            representation=music.representation,
            tempo_qpm=TEMPO_QPM,
            bars=1,
            facts=card_facts(options, music, name),
            results=reproduction.card_rows(PAPER, experiment, results),
        )
        written.append(("preset", preset))
        metrics = next(r.metrics for r in results if r.experiment == experiment.name)
        how = settled[experiment.name], metrics, folder, LABELS[name], options.seed
        written += draw(model, music, *how)
    path = options.workdir / "training.png"
    labelled = {LABELS[name]: history for name, history in histories.items()}
    plotting.training_curves(labelled, CURVES).savefig(path, dpi=DPI)
    written.append(("training", path))
    return written


def card_facts(options, music, name):
    """What the card of a model says of the run."""
    facts = PAPER.datasets[options.dataset]
    flags = {"dataset": options.dataset, "model": name, "seed": options.seed, **options.given}
    return {
        "Paper": f"{' and '.join(PAPER.authors)} ({PAPER.year}), {PAPER.title}, {PAPER.url}",
        "Data": f"{facts.title}, TFDS `{facts.tfds}`, {len(music.splits['train'].tokens)} measures",
        "Licence": LICENCE,
        "Trained with": f"`python reproduce/ar_vae.py {command_line.as_typed(flags)}`",
    }


def draw(model, music, values, metrics, folder, label, seed):
    """Draws attributes of test measures over the dimensions that tell the most of them; draws and
    writes sweeps of some.

    Args:
        model: `MeasureVAE`.
        music: `ar_vae_run.Music`.
        values: dict, the hyperparameters.
        metrics: mapping, what was measured of the model.
        folder: path.
        label: str, what the figures call the model.
        seed: int, of the codes.

    Returns:
        list of (description, path).
    """
    test = music.test(values)
    z = np.asarray(codes.encode(model, test.windows).sample(seed))
    shown = np.unique(np.linspace(0, len(z) - 1, SHOWN).astype(int))
    panels = {}
    for number, (name, text) in enumerate(ATTRIBUTES.items()):
        dim, score = int(metrics[f"dimension_{name}"]), metrics[f"interpretability_{name}"]
        points = z[shown, dim], test.attributes[shown, number]
        panels[f"{text}: z[{dim}], R² {score:.3f}"] = points
    written = [("attributes and their dimensions", folder / "attributes.png")]
    plotting.attribute_scatter(panels).savefig(written[0][1], dpi=DPI)
    sounding = np.flatnonzero(test.attributes[:, list(ATTRIBUTES).index("note_density")])
    chosen = sounding[np.linspace(0, len(sounding) - 1, PIECES).astype(int)]
    swept = np.linspace(-values["sweep_end"], values["sweep_end"], values["sweep_values"])
    dimensions = turned_dimensions(model, metrics)
    (folder / "midi").mkdir(exist_ok=True)
    written.append(("sweeps to play", folder / "midi"))
    for number, (code, tokens) in enumerate(zip(z[chosen], test.tokens[chosen], strict=True)):
        original = music.representation.decode(tokens)
        midi.write(original, folder / "midi" / f"original_{number}.mid", tempo_qpm=TEMPO_QPM)
        sweeps = sweep(model, music, code, dimensions, swept)
        for name, (score, _) in sweeps.items():
            if len(score.notes):
                path = folder / "midi" / f"sweep_{number}_{name}.mid"
                midi.write(score, path, tempo_qpm=TEMPO_QPM)
        titled = {f"{ATTRIBUTES[name]}: z[{dimensions[name]}]": sweeps[name] for name in sweeps}
        figure = plotting.sweeps(titled, swept, title=f"{label}: of a measure of the test")
        path = folder / f"sweep_{number}.png"
        figure.savefig(path, dpi=DPI)
        written.append(("sweeps", path))
    return written


def sweep(model, music, code, dimensions, values):
    """Sweeps the dimension of each attribute of a code.

    Args:
        model: `MeasureVAE`.
        music: `ar_vae_run.Music`.
        code: float array `(latent,)`.
        dimensions: dict, attribute -> int.
        values: sequence of float.

    Returns:
        dict, attribute -> (`midi.Score` of a measure for each value, float array `(value,)`, the
        attribute of each measure).
    """
    representation, found = music.representation, {}
    ticks = music.splits["test"].tokens.shape[1]
    for name, dimension in dimensions.items():
        made = model.sweep(code[None], dimension, values, ticks)[0]
        found[name] = play.alternatives(made, representation), music.attributes_of(made)[name]
    return found


def next_commands(written):
    """What to type next, with what was written."""
    preset = next(path for what, path in written if what == "preset")
    swept = next(path for what, path in written if what == "sweeps to play")
    return f"""
Next:
  python -m keras_music_vae sweep {swept / "original_0.mid"} --preset {preset} --out swept
  python -m keras_music_vae sweep --help
"""
