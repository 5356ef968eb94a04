"""What a run leaves for its user: presets, music to play and pictures of it."""

import numpy as np

from keras_music_vae import presets, reproduction
from keras_music_vae.evaluation import reconstruction
from keras_music_vae.music import midi, plotting
from keras_music_vae.music.representations import tokens_of
from keras_music_vae.papers import PAPERS

PAPER = PAPERS["music_vae"]
LICENCE = "weights Apache-2.0; of the music that it was trained on, its own (docs/data.md)"
TEMPO_QPM = 120.0
PIECES = 3
STEPS = 5
# The paper's, for what is drawn from the prior and for interpolations.
TEMPERATURE = 0.5


def write(options, music, results, trained):
    """Writes everything.

    Args:
        options: the command line's, of which `workdir`, `dataset`, `profile` are used.
        music: `music_vae_run.Music`.
        results: list of `reproduction.Result`.
        trained: dict, model name -> trained model.

    Returns:
        list of (description, path).
    """
    written = [("measurements", options.workdir / "results.jsonl")]
    for name, model in trained.items():
        folder = options.workdir / name
        folder.mkdir(parents=True, exist_ok=True)
        preset = folder / f"music_vae_{options.dataset}_{options.profile}_{name}"
        presets.save_preset(
            model,
            preset,
            summary=f"MusicVAE of {PAPER.datasets[options.dataset].title}, {name}",
            representation=music.representation,
            tempo_qpm=TEMPO_QPM,
            bars=music.windows["test"].shape[1] // presets.STEPS_PER_BAR,
            facts=card_facts(options, music),
            results=reproduction.card_rows(
                PAPER, PAPER.experiment(f"{options.profile}_{name}", options.dataset), results
            ),
        )
        written.append(("preset", preset))
        written.append(("MIDI", play(model, music, folder / "midi")))
    return written


def card_facts(options, music):
    """What a model card says of the run."""
    facts = PAPER.datasets[options.dataset]
    return {
        "Paper": f"{', '.join(PAPER.authors)} ({PAPER.year}), {PAPER.title}, {PAPER.url}",
        "Data": f"{facts.title}, TFDS `{facts.tfds}`, {len(music.windows['train'])} windows",
        "Licence": LICENCE,
        "Trained with": f"`python reproduce/music_vae.py --dataset {options.dataset} "
        f"--profile {options.profile}`",
    }


def play(model, music, folder):
    """Writes windows of the test songs and what the model makes of them, samples, interpolations.

    Returns:
        path of the folder, with a .mid and a .png of each.
    """
    folder.mkdir(exist_ok=True)

    def save(tokens, name):
        score = music.representation.decode(tokens_of(tokens, music.representation))
        if len(score.notes):
            midi.write(score, folder / f"{name}.mid", tempo_qpm=TEMPO_QPM)
            plotting.multitrack(score, title=name).savefig(folder / f"{name}.png")

    test = music.some("test", 2 * PIECES)
    for number, tokens in enumerate(model.sample(PIECES, test.shape[1], TEMPERATURE, seed=0)):
        save(tokens, f"sample_{number}")
    if not model.latent_dim:
        return folder
    made = model.reconstruct(test, temperature=reconstruction.GREEDY)
    for number in range(PIECES):
        save(test[number], f"original_{number}")
        save(made[number], f"reconstructed_{number}")
        between = model.interpolate(
            test[number], test[number + PIECES], STEPS, TEMPERATURE, seed=number
        )
        save(np.concatenate(between), f"interpolation_{number}")
    return folder


def next_commands(written):
    """What to type next, with what was written."""
    preset = next(path for what, path in written if what == "preset")
    return f"""
Next:
  python -m keras_music_vae sample --preset {preset} --seed 1 --out new.mid
  python -m keras_music_vae sample --help
"""
