"""Facts of Valenti, Carta and Bacciu (2020), "Learning a Latent Space of Style-Aware Symbolic Music
Representations by Adversarial Autoencoders".

Three profiles: "paper" is what the text says, and where it is silent or at odds with itself, as
each origin tells, what the code does; "released_code" is what the authors' code at the commit below
does, "small" what two cores can train in half an hour; their values are in `mus_ae_profiles.py`.
Files named without a repository are those of the code.
"""

import dataclasses

from keras_music_vae.papers import music_vae
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
from keras_music_vae.papers.mus_ae_profiles import (
    ADAM,
    COMMON_ORIGINS,
    EVALUATION,
    origins,
    settings,
)

PROFILES = ("paper", "released_code", "small")
PRIORS = {"gaussian": "Gaussian", "mixture": "Gaussian mixture"}
PARTS = ("drums", "bass", "guitar", "strings")
AVERAGES = {"dbgs": "average (dbgs)", "dbg": "average (dbg)"}
# The paper prints these beside its own models.
MUSIC_VAE_AS_PRINTED = {
    "music_vae_flat": "MusicVAE, flat, of other music",
    "music_vae_hierarchical": "MusicVAE, hierarchical, of other music",
}

# Trained on the same windows, for as long; sizes as of MusicVAE's own small models.
PEERS = {
    "music_vae_flat": "MusicVAE, flat, of these windows",
    "music_vae_hierarchical": "MusicVAE, hierarchical, of these windows",
}

_ACCURACIES = {
    "reconstruction_accuracy": "reconstruction accuracy",
    "event_accuracy": "reconstruction accuracy where a note begins",
    "sampled_reconstruction_accuracy": "reconstruction accuracy, z drawn",
    "sampled_event_accuracy": "reconstruction accuracy where a note begins, z drawn",
}
_PLACES = dict(zip(PARTS, PARTS, strict=True)) | AVERAGES
_OF_CODES = {
    "interpolation_at_start": Metric("distance from the first window at its own code", "", 3),
    "interpolation_at_end": Metric("distance from the first window at the other's code", "", 3),
    "interpolation_mixed_at_end": Metric("distance of the two windows", "", 3),
    "interpolation_rising": Metric("share of steps on which the distance rises", "", 2),
    "roughness": Metric("difference of neighbours on the circle over that of any two", "", 2),
    "genres_in_plane": Metric("genres told by two components", "", 3),
    "genres_in_space": Metric("genres told by the whole code", "", 3),
    "prior_distance": Metric("energy coefficient of codes and prior", "", 3),
    "prior_test_p_value": Metric("p-value of codes being of the prior", "", 3),
    "prior_mean_distance": Metric("distance of the means, in widths of the prior", "", 3),
    "prior_spread": Metric("width of the codes over that of the prior", "", 3),
}
METRICS = {
    f"{split}{name}_{place}": Metric(f"{label}, {where}{of}", "", 3)
    for split, of in {"": "", "train_": ", training windows"}.items()
    for name, label in _ACCURACIES.items()
    for place, where in _PLACES.items()
} | _OF_CODES

_ORIGINS_OF_DATA = {
    "windows": PAPER("4.1: a window at every bar; at most one bar of silence in a track"),
    "tracks": PAPER("4.1: drums, programs 32 to 39, 0 to 31, and all others merged"),
    "pitches": PAPER("4.1: of notes that sound together the lowest"),
    "holds": CODE("dataset.py: silence that goes on is held, like a note"),
    "genres": PAPER("3.3: the 32 most frequent tags, one drawn at each update"),
    "genre_order": ASSUMED(
        "related genres side by side, by songs that share them; no rule is told"
    ),
    "split": ASSUMED(
        "the paper keeps 20 % of the windows; by song, as windows of one song overlap"
    ),
}
_OTHER_DATA = (
    "The paper's music is LMD-matched, 300,000 windows of two bars and 100,000 of sixteen, with "
    "the Million Song Dataset's terms of artists, of which the names that were kept are not told. "
    "This is Lakh, or a folder of MIDI files, with the genres that a table there has.",
    "Split by song, 80 : 10 : 10, and measured on songs that were not trained on. The paper splits "
    "shuffled windows, of which neighbours share all bars but one; the released code goes further "
    "and validates on windows that it trains on.",
    "A repeated note begins anew; the paper's pypianoroll joins or drops it. Equal windows of a "
    "file are kept once.",
)

DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset("lakh_band_2bar", "lakh_band/2bar", "2-bar band", _ORIGINS_OF_DATA, _OTHER_DATA),
        Dataset("lakh_band_16bar", "lakh_band/16bar", "16-bar band", _ORIGINS_OF_DATA, _OTHER_DATA),
    )
}

# Table 1: reconstruction accuracy. The MusicVAE columns are from that model's own paper: other
# music, of three parts, in other tokens. "melody" is no track of MusAE, so nothing is measured
# for it.
TABLE_1 = {
    "lakh_band_2bar": {
        "gaussian": {"drums": 0.999, "melody": 0.991},
        "music_vae_flat": {"drums": 0.917, "melody": 0.951},
    },
    "lakh_band_16bar": {
        "gaussian": {
            "drums": 0.773, "bass": 0.763, "guitar": 0.710, "strings": 0.802,
            "dbgs": 0.762, "dbg": 0.749,
        },
        "mixture": {
            "drums": 0.911, "bass": 0.880, "guitar": 0.797, "strings": 0.825,
            "dbgs": 0.853, "dbg": 0.863,
        },
        "music_vae_flat": {"drums": 0.641, "bass": 0.651, "guitar": 0.660, "dbg": 0.651},
        "music_vae_hierarchical": {"drums": 0.895, "bass": 0.782, "guitar": 0.760, "dbg": 0.812},
    },
}  # fmt: skip
_COLUMNS = {
    "gaussian": "MusAE (gaussian)",
    "mixture": "MusAE (gaussian mixture)",
    "music_vae_flat": "Music VAE (flat)",
    "music_vae_hierarchical": "Music VAE (hierarchical)",
}


def _reported(dataset, column):
    """What Table 1 prints, as what it may be: of which windows, and z the mean or drawn."""
    bars = dataset.split("_")[-1].removesuffix("bar")
    names = ["reconstruction_accuracy"]
    if column in PRIORS:
        names += ["sampled_reconstruction_accuracy", "train_reconstruction_accuracy"]
    return tuple(
        Reported(f"{name}_{place}", value, f"Table 1, {bars} bars, {place}, {_COLUMNS[column]}")
        for place, value in TABLE_1[dataset].get(column, {}).items()
        if place in _PLACES
        for name in names
    )


ARCHITECTURE = (
    "latent_dim", "units", "depth", "untagged", "radial_variance", "variance", "scale",
    "encoder_input", "shared_initial_state", "standardize", "critic_pace",
)  # fmt: skip
"""The hyperparameters that are arguments of `MusAE`, which takes the genres from the data."""

_OBJECTIVE = (
    "updates", "learning_rate_decay", "beta", "beta_steps", "beta_stairs", "penalty_weight",
    "critic_steps", "objective", "clip_norm", "transpose", "initial_frequencies", "initial_spread",
    "initial_stddev", "cut_share", "cut_steps",
)  # fmt: skip
_NOT_RUN = {
    "paper": "sizes for a GPU, which was not at hand",
    "released_code": "for parity of losses and gradients only: its critic and encoder play no game",
    "small": "",
}
_OF_RELEASED_CODE = (
    "The code's gradients are also clipped at 0.5 each, after their norm; Keras 3 clips one way.",
    "The code transposes a window once, while preprocessing; here anew each time it is seen.",
    "The code's windows have no rest of a bar; those of TFDS `lakh_band/16bar` may have one, as "
    "the paper says.",
    "Networks that serve several phases are in the code's optimizer several times: their updates "
    "race, and their norm counts as often. Here each array has one update.",
)


def priors_of(profile):
    """The priors that a profile has.

    The code's model of one Gaussian has a second code, of bits, with a critic of its own and two
    more losses, of which the paper says nothing.
    """
    return ("mixture",) if profile == "released_code" else tuple(PRIORS)


def datasets_of(profile):
    """The names of the datasets that a profile has: the code is set up for 16 bars."""
    return ("lakh_band_16bar",) if profile == "released_code" else tuple(DATASETS)


def _experiment(profile, dataset, prior):
    values = settings(profile, dataset) | {"prior": prior}
    sources = origins(profile)
    training = Training(
        seq_length=16 * int(dataset.split("_")[-1].removesuffix("bar")),
        batch_size=values["batch_size"],
        epochs=20,
        patience=None,
        learning_rate=values["learning_rate"],
        beta_1=values["beta_1"],
        **ADAM,
        objective={name: values[name] for name in _OBJECTIVE},
    )
    architecture = {name: values[name] for name in ("prior", *ARCHITECTURE)}
    return Experiment(
        name=f"{profile}_{prior}_{dataset}",
        dataset=dataset,
        model=f"{profile}_{prior}",
        architecture=architecture,
        training=training,
        evaluation=EVALUATION,
        reported=_reported(dataset, prior),
        origins={
            name: sources[name]
            for name in (*architecture, *training.hyperparameters(), *EVALUATION)
        },
        deviations=_OF_RELEASED_CODE if profile == "released_code" else (),
        not_run=_NOT_RUN[profile],
    )


# The model of MusicVAE's paper, as small as there, that each stands on.
PEER_OF = {
    ("lakh_band_2bar", "music_vae_flat"): ("small_flat_vae", "lakh_melody_2bar"),
    ("lakh_band_16bar", "music_vae_flat"): ("small_flat_vae", "lakh_melody_16bar"),
    ("lakh_band_16bar", "music_vae_hierarchical"): ("small_hierarchical_vae", "lakh_trio_16bar"),
}
# Measured side by side, on one core each, for an update: two bars 1.04 s (flat) beside MusAE's .66;
# sixteen bars 1.49 s (flat) and 2.25 s (hierarchical) beside 5.2, and MusAE has two bars first.
_PEER_UPDATES = {
    ("lakh_band_2bar", "music_vae_flat"): 3800,
    ("lakh_band_16bar", "music_vae_flat"): 5200,
    ("lakh_band_16bar", "music_vae_hierarchical"): 3500,
}


def _peer(dataset, model):
    """MusicVAE on MusAE's windows, without scheduled sampling, for about as long."""
    own = music_vae.MUSIC_VAE.experiment(*PEER_OF[dataset, model])
    updates = {"updates": _PEER_UPDATES[dataset, model]}
    return dataclasses.replace(
        own,
        name=f"small_{model}_{dataset}",
        dataset=dataset,
        model=f"small_{model}",
        training=dataclasses.replace(own.training, objective=own.training.objective | updates),
        evaluation=EVALUATION,
        reported=(),
        origins=own.origins
        | {name: COMMON_ORIGINS[name] for name in EVALUATION}
        | {"updates": ASSUMED("as many as take the time of MusAE's")},
    )


def peers_of(dataset):
    """The names of the MusicVAEs that are trained on a dataset."""
    return tuple(model for own, model in PEER_OF if own == dataset)


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        *(_peer(*names) for names in PEER_OF),
        *(
            _experiment(profile, dataset, prior)
            for profile in PROFILES
            for dataset in datasets_of(profile)
            for prior in priors_of(profile)
        ),
        *(
            Experiment(
                f"{model}_{dataset}",
                dataset,
                model,
                evaluation={"test_windows": EVALUATION["test_windows"]},
                origins={"test_windows": COMMON_ORIGINS["test_windows"]},
            )
            for dataset in DATASETS
            for model in TRIVIAL
        ),
        *(
            Experiment(
                f"{model}_{dataset}",
                dataset,
                model,
                reported=_reported(dataset, model),
                not_run="as the paper prints it from MusicVAE's paper, of other music in other "
                "tokens; nothing to compare with",
            )
            for dataset, columns in TABLE_1.items()
            for model in MUSIC_VAE_AS_PRINTED
            if model in columns
        ),
    )
}

_MODELS = {f"small_{prior}": f"MusAE, {label}" for prior, label in PRIORS.items()}
_PEERS = {f"small_{name}": label for name, label in PEERS.items()}


def _rows(name, models):
    """Rows of an accuracy, for each track and average."""
    return tuple(
        Row(f"{label}, {where}", model, f"{name}_{place}")
        for place, where in _PLACES.items()
        for model, label in models.items()
    )


TABLES = {
    table.name: table
    for table in (
        Table(
            "accuracy",
            "Reconstruction accuracy, z the mean of q(z|x)",
            _rows("reconstruction_accuracy", TRIVIAL | _MODELS | _PEERS | MUSIC_VAE_AS_PRINTED),
            tuple(DATASETS),
        ),
        Table(
            "training",
            "Reconstruction accuracy of training windows",
            _rows("train_reconstruction_accuracy", _MODELS | _PEERS),
            tuple(DATASETS),
        ),
        Table(
            "sampled",
            "Reconstruction accuracy, z drawn from q(z|x)",
            _rows("sampled_reconstruction_accuracy", _MODELS | _PEERS),
            tuple(DATASETS),
        ),
        Table(
            "events",
            "Reconstruction accuracy where a note begins",
            _rows("event_accuracy", TRIVIAL | _MODELS | _PEERS),
            tuple(DATASETS),
        ),
        Table(
            "codes",
            "What codes are like",
            tuple(
                Row(f"{label}, {metric.label}", model, name)
                for name, metric in _OF_CODES.items()
                for model, label in _MODELS.items()
            ),
            tuple(DATASETS),
        ),
    )
}

DEVIATIONS = (
    *_OTHER_DATA,
    "Equations 4 to 6 as printed have the critic give codes of music more than draws of the prior, "
    "and the encoder help it. Here, as the labels of the released code mean it and as Gulrajani et "
    "al. (2017) have it, the critic minimizes D(code) - D(draw) + 10 * penalty, and the encoder "
    "-beta * D(code).",
    "The released code sums all terms, weighted by beta, for all networks: D(code) falls out, and "
    "with it the game. The profile released_code keeps that for comparison; no results are of it.",
    "Beta weighs the encoder's term alone. Equation 3 weighs the critic's too, which would not "
    "learn while beta is 0.",
    "The standard deviation is exp(h / 2), h being a log-variance, as in the released code. "
    "Equation 10 has exp(2 h), the same with h four times as small, from which training starts "
    "elsewhere.",
    "Dense layers have biases, as in the released code; the paper writes none. The decoders' first "
    "state is also their first cell, in every layer, after a tanh.",
    "The critic is told the song's genre, as in the released code, or genres and places on the "
    "circle would not be tied; the paper does not say.",
    "The paper has 32 Gaussians and no word on songs without any of the 32 tags: the profile paper "
    "puts each on a petal that is drawn anew; the others have one petal more for them, as the "
    "released code.",
    "Genres stand on the circle in an order that is made of the songs that they share. The paper's "
    "was chosen by its authors; the released code has a permutation that nothing reads, and so the "
    "order of frequency.",
    "Where the paper prints an accuracy, z is the mean of q(z|x), and in another table drawn from "
    "it, as in the released code. Which the paper did it does not say. The 2-bar 'melody' of Table "
    "1 is no track of this model, so nothing is measured for it.",
    "Low-level metrics are those that the text and the first version of the code name, defined in "
    "`evaluation/low_level.py`; the paper's list is in additional material that could not be had. "
    "Silence that is held is silence there; the code counts it as held.",
    "Figure 4 is of alpha as the share of the second window: in equation 19 it is that of the "
    "first. The mix of the windows is its expectation, not drawn.",
    "Figure 5 has a number beside it: how well lines that are fitted to training songs tell the "
    "genres of test songs. So has the prior: an energy test of codes of test songs, one of each.",
    "Small profile: sizes, number of updates, learning rate and the pace of beta are our own. "
    "Codes are counted in widths of the prior, by encoder, decoders, critic and the penalty of its "
    "slope. q(z|x) begins with means that differ more than their noise, and decoders expect each "
    "token as often as it is: begun as Keras begins, the decoders learn to do without codes, and "
    "two cores have no time for them to learn otherwise. At ten times the paper's rate codes move "
    "faster than a critic of the same rate can tell where to, and swing around the prior: its "
    "kernels learn at ten times the pace, and Adam's beta_1 is 0.5. Of windows of sixteen bars the "
    "first four fifths of the updates are given two bars alone; MusicVAE beside it has whole "
    "windows.",
    "One norm of the gradients of all networks is clipped, as in the released code. That is the "
    "critic's, in the small profile about a hundred beside two of all others together, with either "
    "prior. With several replicas each clips its own share before they are summed, as Keras has "
    "it.",
)

MUS_AE = Paper(
    name="mus_ae",
    title="Learning a Latent Space of Style-Aware Symbolic Music Representations by Adversarial "
    "Autoencoders",
    authors=("Andrea Valenti", "Antonio Carta", "Davide Bacciu"),
    year=2020,
    url="https://arxiv.org/abs/2001.05494",
    code="https://github.com/Andrea-V/MusAE",
    commit="ff593efe",
    metrics=METRICS,
    datasets=DATASETS,
    experiments=EXPERIMENTS,
    tables=TABLES,
    deviations=DEVIATIONS,
)
