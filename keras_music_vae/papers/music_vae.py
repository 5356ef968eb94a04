"""Facts of Roberts, Engel and Eck (2017), "Hierarchical Variational Autoencoders for Music".

Three profiles, which are never blended: "workshop" is what the text says, "magenta" what the
authors' code at the commit below does (`papers/magenta.py`), "small" what two cores can train in
minutes; their values are in `music_vae_profiles.py`. Files named without a repository are those of
the code, under `magenta/models/music_vae/`.
"""

from keras_music_vae.papers.facts import (
    ASSUMED,
    CODE,
    PAPER,
    TRIVIAL,
    Dataset,
    Experiment,
    Metric,
    Paper,
    Reported,
    Row,
    Table,
    Training,
)
from keras_music_vae.papers.music_vae_profiles import (
    ADAM,
    COMMON_ORIGINS,
    ORIGINS,
    settings,
    settings_of_code,
    steps,
)

PROFILES = ("workshop", "magenta", "small")
ARMS = {
    "baseline": "decoder alone",
    "vae": "VAE",
    "vae_sampling": "VAE with scheduled sampling",
}
DECODERS = ("flat", "hierarchical")
PARTS = ("lead", "bass", "drums")

_ACCURACIES = {
    "next_accuracy": "next-step accuracy",
    "reconstruction_accuracy": "reconstruction accuracy",
    "sampled_accuracy": "reconstruction accuracy, z and tokens drawn",
    "event_accuracy": "reconstruction accuracy where something happens",
}
METRICS = {
    f"{name}{suffix}": Metric(f"{label}{', ' + part if part else ''}", "", 3)
    for name, label in _ACCURACIES.items()
    for part in ("", *PARTS)
    for suffix in (f"_{part}" if part else "",)
} | {"kl": Metric("KL", "nats", 1)}

_PRIVATE = (
    "The paper's 1.5 million files, gathered from the web, were never published; this is music "
    "of the Lakh MIDI Dataset, split by song."
)
_WINDOWS = PAPER("Appendix, Dataset: sliding window with a stride of one bar, unique sequences")
_CODING = CODE("data.py, OneHotMelodyConverter: no event, note off, pitches 21 to 108")
_DATASET_ORIGINS = {
    "windows": _WINDOWS,
    "split": ASSUMED("the paper does not say; by song, so that no song is on both sides"),
}


def _dataset(name, tfds, title, coding):
    origins = _DATASET_ORIGINS | {"coding": coding}
    return Dataset(name, tfds, title, origins, (_PRIVATE,))


_DRUM_MAP = CODE("note_seq/drums_lib.py since 24 April 2019: nine classes of drums")
_WORKSHOP_CODING = PAPER("Results 2.1: 130 states, read as note off, no event and 128 pitches")
_WORKSHOP_DRUMS = CODE("note_seq/drums_lib.py at the time of the paper: nine classes of drums")

DATASETS = {
    dataset.name: dataset
    for dataset in (
        _dataset("lakh_drums_2bar", "lakh_drums/2bar", "2-bar drums", _DRUM_MAP),
        _dataset("lakh_melody_2bar", "lakh_melody/2bar", "2-bar melody", _CODING),
        _dataset("lakh_melody_16bar", "lakh_melody/16bar", "16-bar melody", _CODING),
        _dataset("lakh_melody_32bar", "lakh_melody/32bar", "32-bar melody", _WORKSHOP_CODING),
        _dataset("lakh_trio_16bar", "lakh_trio/16bar", "16-bar trio", _CODING),
    )
}

# Table 1: next-step and reconstruction accuracy, and the KL where there is an encoder. The trio's
# KL is printed once for all parts.
TABLE_1 = {
    "lakh_drums_2bar": {
        "baseline": {"": (0.722, 0.395)},
        "vae": {"": (0.979, 0.917), "kl": 70.7},
        "vae_sampling": {"": (0.972, 0.963), "kl": 73.5},
    },
    "lakh_melody_2bar": {
        "baseline": {"": (0.723, 0.619)},
        "vae": {"": (0.986, 0.951), "kl": 72.9},
        "vae_sampling": {"": (0.989, 0.987), "kl": 76.2},
    },
    "lakh_melody_32bar": {
        "baseline": {"": (0.736, 0.579)},
        "vae": {"": (0.824, 0.674), "kl": 173.2},
        "vae_sampling": {"": (0.724, 0.722), "kl": 343.8},
    },
    "lakh_trio_16bar": {
        "baseline": {"lead": (0.735, 0.423), "bass": (0.781, 0.414), "drums": (0.810, 0.221)},
        "vae": {
            "lead": (0.818, 0.653),
            "bass": (0.882, 0.692),
            "drums": (0.926, 0.808),
            "kl": 177.4,
        },
        "vae_sampling": {
            "lead": (0.763, 0.761),
            "bass": (0.824, 0.823),
            "drums": (0.871, 0.868),
            "kl": 811.6,
        },
    },
}
_ROWS = {
    "lakh_drums_2bar": "2-bar Drum",
    "lakh_melody_2bar": "2-bar Melody",
    "lakh_melody_32bar": "32-bar Melody",
    "lakh_trio_16bar": "16-bar Trio",
}
_COLUMNS = {
    "baseline": "Baseline",
    "vae": "VAE",
    "vae_sampling": "VAE w/ Scheduled Sampling",
}


def _reported(dataset, decoder, arm):
    """What Table 1 prints of an arm; its 2-bar decoders are flat, the others hierarchical."""
    printed = TABLE_1.get(dataset, {}).get(arm, {})
    if decoder != ("flat" if dataset.endswith("_2bar") else "hierarchical"):
        return ()
    found = []
    for part, values in printed.items():
        where = f"Table 1, row {_ROWS[dataset]}, column {_COLUMNS[arm]}"
        if part == "kl":
            found.append(Reported("kl", values, f"{where}, KL"))
            continue
        row = where.replace("Trio", f"Trio ({part.capitalize()})")
        suffix = f"_{part}" if part else ""
        found.append(Reported(f"next_accuracy{suffix}", values[0], f"{row}, Next"))
        found.append(Reported(f"reconstruction_accuracy{suffix}", values[1], f"{row}, Recon"))
    return tuple(found)


ARCHITECTURE = (
    "latent_dim", "encoder_units", "encoder_lengths", "decoder_units", "subsequences",
    "conductor_units", "embedding_dim", "split_parts", "encoder_input", "scale", "free_nats",
)  # fmt: skip
"""The hyperparameters that are arguments of `MusicVAE`."""

_OBJECTIVE = (
    "updates", "learning_rate_floor", "learning_rate_decay", "kl_weight", "kl_weight_rate",
    "sampling_rate", "transpose",
)  # fmt: skip

_EVALUATION = {"test_windows": 2000}
_NOT_RUN = {
    "workshop": "sizes for a GPU, which was not at hand",
    "magenta": "sizes for a GPU, which was not at hand",
    "small": "",
}
_LENGTH = (
    "Magenta has no 32-bar melodies: sizes and settings are those of its 16-bar ones, and each of "
    "16 codes is for two bars.",
)


def _experiment(profile, dataset, decoder, arm):
    if profile == "magenta":
        values, origins = settings_of_code(dataset, decoder)
    else:
        values, origins = settings(profile, dataset, decoder), ORIGINS[profile]
    # The length is the dataset's in every profile.
    origins = COMMON_ORIGINS | origins | {"seq_length": COMMON_ORIGINS["seq_length"]}
    if dataset == "lakh_melody_16bar" and profile == "workshop":
        origins["updates"] = ASSUMED("the paper has no 16-bar melodies; as its 32-bar ones")
    if profile == "small" and values["learning_rate"] != 1e-3:
        origins["learning_rate"] = ASSUMED("twice the paper's, as there are so few updates")
    if decoder == "flat" and profile != "magenta":
        reason = PAPER("Results 2.2: the simple LSTM decoder of the loops, without a conductor")
        levels = ("subsequences", "conductor_units", "embedding_dim", "split_parts")
        origins |= dict.fromkeys(levels, reason)
    if arm != "vae_sampling":
        values["sampling_rate"] = 0.0
        origins["sampling_rate"] = PAPER("Table 1: without scheduled sampling")
    if arm == "baseline":
        values |= {"latent_dim": 0, "free_nats": 0.0}
        reason = PAPER("Table 1: a decoder-only autoregressive model")
        origins |= {"latent_dim": reason, "free_nats": reason}
    training = Training(
        seq_length=steps(dataset),
        batch_size=values["batch_size"],
        epochs=20,
        patience=None,
        learning_rate=values["learning_rate"],
        **ADAM,
        objective={name: values[name] for name in _OBJECTIVE} | {"clip_norm": 1.0},
    )
    architecture = {name: values[name] for name in ARCHITECTURE}
    return Experiment(
        name=f"{profile}_{decoder}_{arm}_{dataset}",
        dataset=dataset,
        model=f"{profile}_{decoder}_{arm}",
        architecture=architecture,
        training=training,
        evaluation=_EVALUATION,
        reported=_reported(dataset, decoder, arm),
        origins={
            name: origins[name]
            for name in (*architecture, *training.hyperparameters(), *_EVALUATION)
        },
        deviations=_LENGTH if profile == "magenta" and dataset == "lakh_melody_32bar" else (),
        not_run=_NOT_RUN[profile],
    )


def decoders_of(dataset):
    """The decoders that are compared on a dataset."""
    if dataset.endswith("_2bar"):
        return ("flat",)
    return DECODERS if dataset == "lakh_melody_16bar" else ("hierarchical",)


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        *(
            _experiment(profile, dataset, decoder, arm)
            for profile in PROFILES
            for dataset in DATASETS
            for decoder in decoders_of(dataset)
            for arm in ARMS
        ),
        *(
            Experiment(
                f"{model}_{dataset}",
                dataset,
                model,
                evaluation=_EVALUATION,
                origins={name: COMMON_ORIGINS[name] for name in _EVALUATION},
            )
            for dataset in DATASETS
            for model in TRIVIAL
        ),
    )
}


def _rows(metric, models):
    """Rows for a metric, or for those of each part where a dataset has parts."""
    return tuple(
        Row(f"{label}{', ' + part if part else ''}", model, f"{metric}_{part}" if part else metric)
        for part in ("", *PARTS)
        for model, label in models.items()
    )


LABELS = {
    f"{decoder}_{arm}": label if decoder == "flat" else f"{label}, hierarchical"
    for arm, label in ARMS.items()
    for decoder in DECODERS
}
_MODELS = {f"small_{name}": label for name, label in LABELS.items()}
TABLES = {
    table.name: table
    for table in (
        Table("next", "Next-step accuracy", _rows("next_accuracy", _MODELS), tuple(DATASETS)),
        Table(
            "reconstruction",
            "Reconstruction accuracy",
            _rows("reconstruction_accuracy", TRIVIAL | _MODELS),
            tuple(DATASETS),
        ),
        Table("kl", "KL", _rows("kl", _MODELS)[: len(_MODELS)], tuple(DATASETS)),
        Table(
            "events",
            "Reconstruction accuracy where something happens",
            _rows("event_accuracy", TRIVIAL | _MODELS),
            tuple(DATASETS),
        ),
        Table(
            "sampled",
            "Reconstruction accuracy, z and tokens drawn",
            _rows("sampled_accuracy", _MODELS),
            tuple(DATASETS),
        ),
    )
}

DEVIATIONS = (
    _PRIVATE,
    "Measured on at most 2,000 windows of held-out songs, evenly taken; z is the mean of q(z|x) "
    "and of the tokens the likeliest is taken. Magenta's evaluation draws both: the column "
    "'z and tokens drawn'. Which the paper did it does not say.",
    "Gradients above a global norm of 10,000 are clipped like others; Magenta makes them zero.",
    "Windows are transposed anew each time they are seen; Magenta draws once per file and keeps "
    "the result. Notes that leave the range are left out.",
    "The profile workshop has the paper's sizes and training, but the tokens of the datasets: "
    "Magenta's 90 classes of pitches, where the paper has 130 (those of 32 bars do), and its "
    "combinations of drums of 2019.",
    "Small profile: sizes, number of updates and the pace of the schedules are our own, the "
    "codings those of the released code.",
)

MUSIC_VAE = Paper(
    name="music_vae",
    title="Hierarchical Variational Autoencoders for Music",
    authors=("Adam Roberts", "Jesse Engel", "Douglas Eck"),
    year=2017,
    url="https://research.google/pubs/pub46809/",
    code="https://github.com/magenta/magenta",
    commit="526d3eb1",
    metrics=METRICS,
    datasets=DATASETS,
    experiments=EXPERIMENTS,
    tables=TABLES,
    deviations=DEVIATIONS,
)
