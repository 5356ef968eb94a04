"""Models known by name: Magenta's, and the four of the workshop's paper."""

from keras_music_vae.papers.facts import PAPER, Configuration
from keras_music_vae.papers.magenta import MAGENTA
from keras_music_vae.papers.music_vae import EXPERIMENTS, decoders_of

_WORKSHOP = {
    "workshop-drums_2bar": ("lakh_drums_2bar", (512,), "Results 2.1: 512 states"),
    "workshop-mel_2bar": ("lakh_melody_2bar", (130,), "Results 2.1: 130 states"),
    "workshop-mel_32bar": ("lakh_melody_32bar", (130,), "Results 2.1: 130 states"),
    "workshop-trio_16bar": ("lakh_trio_16bar", (130, 130, 512), "Results 2.1 and 2.3"),
}


def _workshop(name, dataset, num_classes, section):
    """One of the paper's models, from the experiment that has its settings."""
    experiment = EXPERIMENTS[f"workshop_{decoders_of(dataset)[-1]}_vae_sampling_{dataset}"]
    model = {"num_classes": num_classes} | dict(experiment.architecture)
    training = experiment.training.hyperparameters() | {"sampling_schedule": "inverse_sigmoid"}
    del training["epochs"], training["patience"]  # they are this project's own
    origins = experiment.origins | {
        "num_classes": PAPER(section),
        "sampling_schedule": experiment.origins["sampling_rate"],
    }
    return Configuration(name, model, training, {key: origins[key] for key in model | training})


CONFIGURATIONS = MAGENTA | {name: _workshop(name, *facts) for name, facts in _WORKSHOP.items()}
"""By name, `Configuration`: the arguments of `MusicVAE`, the training, and the origin of each."""
