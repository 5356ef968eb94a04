"""What a run leaves for its user: presets, music to play and pictures of it."""

import command_line
import numpy as np

from keras_music_vae import presets, reproduction
from keras_music_vae.evaluation import reconstruction
from keras_music_vae.music import midi, plotting
from keras_music_vae.music.representations import tokens_of
from keras_music_vae.papers import PAPERS
from keras_music_vae.papers.music_vae import LABELS

PAPER = PAPERS["music_vae"]
LICENCE = "weights Apache-2.0; of the music that it was trained on, its own (docs/data.md)"
TEMPO_QPM = 120.0
PIECES = 3
# Steps of an interpolation, and samples. With the windows at both ends, a grid of three by three;
# of long windows fewer, or an interpolation would play for minutes.
LOOPS = 7, 9
LONG = 3, 3
LONGEST_LOOP_BARS = 4
DPI = 150
# The paper's, for what is drawn from the prior and for interpolations.
TEMPERATURE = 0.5


def write(options, music, results, trained, curves):
    """Writes everything.

    Args:
        options: the command line's.
        music: `music_vae_run.Music`.
        results: list of `reproduction.Result`.
        trained: dict, model name -> trained model.
        curves: dict, name of each model with an encoder -> `interpolation.Distances`.

    Returns:
        list of (description, path).
    """
    written = [("measurements", options.workdir / "results.jsonl")]
    for name, model in trained.items():
        folder = options.workdir / name
        folder.mkdir(parents=True, exist_ok=True)
        preset = folder / f"music_vae_{options.dataset}_{name}"
        presets.save_preset(
            model,
            preset,
            summary=f"MusicVAE of {PAPER.datasets[options.dataset].title}, {name}",
            representation=music.representation,
            tempo_qpm=TEMPO_QPM,
            bars=music.bars,
            facts=card_facts(options, music, without_profile(name)),
            results=reproduction.card_rows(PAPER, PAPER.experiment(name, options.dataset), results),
        )
        written.append(("preset", preset))
        written += play(model, music, folder / "midi", LABELS[without_profile(name)])
    if curves:
        path = options.workdir / "interpolation.png"
        panels = {LABELS[without_profile(name)]: curve for name, curve in curves.items()}
        plotting.interpolation_curves(panels).savefig(path, dpi=DPI)
        written.append(("distances along interpolations", path))
    return written


def without_profile(name):
    """The decoder and arm of a model's name."""
    return name.split("_", 1)[1]


def card_facts(options, music, name):
    """What the card of a model says of the run."""
    facts = PAPER.datasets[options.dataset]
    flags = {key: getattr(options, key) for key in ("dataset", "profile", "model", "seed")}
    flags |= {"model": name, **options.given}
    return {
        "Paper": f"{', '.join(PAPER.authors)} ({PAPER.year}), {PAPER.title}, {PAPER.url}",
        "Data": f"{facts.title}, TFDS `{facts.tfds}`, {len(music.windows['train'])} windows",
        "Licence": LICENCE,
        "Trained with": f"`python reproduce/music_vae.py {command_line.as_typed(flags)}`",
    }


def play(model, music, folder, label, temperature=TEMPERATURE):
    """Writes windows of the test songs and what the model makes of them, samples, interpolations.

    Args:
        model: `MusicVAE`, or another of windows.
        music: `music_vae_run.Music`, or `mus_ae_run.Music`.
        folder: path, for a .mid file of each and .png files of all of a kind.
        label: str, what the figures call the model.
        temperature: float, of samples and interpolations.

    Returns:
        list of (description, path).
    """
    folder.mkdir(exist_ok=True)
    written = [("MIDI", folder)]

    def score_of(tokens):
        return music.representation.decode(tokens_of(tokens, music.representation))

    def save(name, tokens):
        score = score_of(tokens)
        if len(score.notes):
            midi.write(score, folder / f"{name}.mid", tempo_qpm=TEMPO_QPM)

    def draw(name, title, windows, dark=()):
        scores = {own: score_of(tokens) for own, tokens in windows.items()}
        figure = plotting.grid(scores, music.bars, dark=dark, title=f"{label}: {title}")
        figure.savefig(folder / f"{name}.png", dpi=DPI)
        written.append(("piano rolls", folder / f"{name}.png"))

    test = music.some("test", 2 * PIECES)
    steps, count = LOOPS if music.bars <= LONGEST_LOOP_BARS else LONG
    samples = numbered("sample", model.sample(count, test.shape[1], temperature, seed=0))
    for name, tokens in samples.items():
        save(name, tokens)
    draw("samples", "drawn from the prior", samples)
    if not model.latent_dim:
        return written
    originals = numbered("original", test[:PIECES])
    made = model.reconstruct(test[:PIECES], temperature=reconstruction.GREEDY)
    both = originals | numbered("reconstructed", made)
    for name, tokens in both.items():
        save(name, tokens)
    draw("reconstructions", "windows of test songs (black), and reconstructed", both, originals)
    between = [f"{share:.0%}" for share in np.linspace(0, 1, steps)]
    for number, ends in enumerate(zip(test[:PIECES], test[-PIECES:], strict=True)):
        way = dict(zip(between, model.interpolate(*ends, steps, temperature, number), strict=True))
        way = {"start": ends[0]} | way | {"end": ends[1]}
        name = f"interpolation_{number}"
        save(name, np.concatenate(list(way.values())))
        draw(name, "from one window of a test song (black) to another", way, ("start", "end"))
    return written


def numbered(name, windows):
    """Dict, the name with a number -> each of the windows."""
    return {f"{name}_{number}": tokens for number, tokens in enumerate(windows)}


def next_commands(written):
    """What to type next, with what was written."""
    # The last is one with a code, if there is one: the decoder alone stands first.
    preset = [path for what, path in written if what == "preset"][-1]
    return f"""
Next:
  python -m keras_music_vae sample --preset {preset} --seed 1 --out new.mid
  python -m keras_music_vae sample --help
"""
