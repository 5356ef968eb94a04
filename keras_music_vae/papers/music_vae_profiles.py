"""Every hyperparameter of MusicVAE's three profiles, and where each is from.

Files named without a repository are those of the authors' code (see `music_vae.py`).
"""

from keras_music_vae.papers.facts import ASSUMED, CODE, PAPER
from keras_music_vae.papers.magenta import MAGENTA, nats

ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
_SMALL = "sized so that two cores train it in minutes"

ORIGINS = {
    "workshop": {
        "latent_dim": PAPER("Appendix, Architecture Details and Sampling Details: k"),
        "encoder_units": PAPER("Appendix, Architecture Details"),
        "encoder_lengths": PAPER("Appendix, Architecture Details: one bidirectional LSTM"),
        "decoder_units": PAPER("Appendix, Architecture Details"),
        "subsequences": PAPER("Appendix, 32-bar Melody Architecture: 16 embeddings"),
        "conductor_units": PAPER("Appendix, 32-bar Melody Architecture: 2 layers of 1024"),
        "embedding_dim": PAPER("Appendix, 32-bar Melody Architecture: embeddings of size 512"),
        "split_parts": PAPER("Appendix, 16-bar Trio Architecture: 3 independent LSTMs"),
        "encoder_input": ASSUMED("the paper names one coding of drums only, 512 states"),
        "scale": PAPER("Appendix, Architecture Details: sigma = exp(2 sigma_pre)"),
        "free_nats": PAPER("Appendix, Training Details: 48 or 256 free bits"),
        "batch_size": PAPER("Appendix, Training Details"),
        "updates": PAPER("Appendix, Training Details: 100k, 150k or 50k steps"),
        "learning_rate": PAPER("Appendix, Training Details"),
        "learning_rate_floor": PAPER("Appendix, Training Details"),
        "learning_rate_decay": PAPER("Appendix, Training Details"),
        "kl_weight": PAPER("Appendix, Training Details: beta"),
        "kl_weight_rate": PAPER("Appendix, Training Details: exponential decay rate"),
        "sampling_rate": PAPER("Appendix, Training Details: inverse sigmoid, rate 1000"),
        "transpose": PAPER("Appendix, Dataset: melodies are shifted in [-5, 6]"),
    },
    "small": {
        name: ASSUMED(_SMALL)
        for name in (
            "latent_dim", "encoder_units", "decoder_units", "batch_size", "updates",
            "conductor_units",
        )
    }
    | {
        "encoder_lengths": CODE("configs.py, hier-mel_16bar: levels of 16, where there are levels"),
        "embedding_dim": CODE("lstm_models.py, HierarchicalLstmDecoder: no projection"),
        "subsequences": CODE("configs.py, level_lengths: 16 bars of 16 steps"),
        "split_parts": PAPER("Appendix, 16-bar Trio Architecture: 3 independent LSTMs"),
        "encoder_input": CODE("data.py, DrumsConverter, roll_input: 9 bits and one for none"),
        "scale": CODE("base_model.py, encode: softplus"),
        "free_nats": PAPER("Appendix, Training Details: 48 or 256 free bits"),
        "learning_rate": PAPER("Appendix, Training Details"),
        "learning_rate_floor": PAPER("Appendix, Training Details"),
        "learning_rate_decay": ASSUMED("the paper's 0.9999 hardly decays in so few updates"),
        "kl_weight": PAPER("Appendix, Training Details: beta is annealed to 0.2"),
        "kl_weight_rate": ASSUMED(
            "ends where the paper's ends, at 63 % of the weight, in as many updates as there are"
        ),
        "sampling_rate": ASSUMED(
            "reaches one half after an eighth of the updates, as early as the paper's 1000 does"
        ),
        "transpose": PAPER("Appendix, Dataset: melodies are shifted in [-5, 6]"),
    },
}  # fmt: skip
COMMON_ORIGINS = {
    "seq_length": PAPER("Results: 16 steps a bar"),
    "epochs": ASSUMED("an epoch is a share of the updates, after which the state is saved"),
    "patience": ASSUMED("the paper trains for so many updates and stops"),
    "beta_1": PAPER("Appendix, Training Details: Adam, whose default it is"),
    "beta_2": PAPER("Appendix, Training Details: Adam, whose default it is"),
    "epsilon": CODE("base_model.py, tf.train.AdamOptimizer, whose default it is"),
    "clip_norm": CODE("base_model.py, get_default_hparams: grad_clip, by global norm"),
    "test_windows": ASSUMED("the paper does not say how many it measured"),
}

_TWO_BARS = {
    "workshop": {
        "latent_dim": 256,
        "encoder_units": (2048,),
        "decoder_units": (2048, 2048, 2048),
        "free_nats": nats(48),
        "batch_size": 512,
        "updates": 100_000,
        "kl_weight": 0.2,
        "kl_weight_rate": 0.99999,
        "sampling_rate": 1000.0,
    },
    "small": {
        "latent_dim": 128,
        "encoder_units": (256,),
        "decoder_units": (256, 256),
        "free_nats": nats(48),
        "batch_size": 64,
        "updates": 4000,
        "kl_weight": 0.2,
        "kl_weight_rate": 0.99975,
        "sampling_rate": 110.0,
    },
}
_LONG = {
    "workshop": {
        "latent_dim": 512,
        "encoder_units": (2048,),
        "decoder_units": (1024, 1024),
        "free_nats": nats(256),
        "batch_size": 512,
        "updates": 150_000,
        "kl_weight": 1.0,
        "kl_weight_rate": 0.0,
        "sampling_rate": 1000.0,
    },
    "small": {
        "latent_dim": 64,
        "encoder_units": (128, 128),
        "decoder_units": (96, 96),
        "free_nats": nats(256),
        "learning_rate": 2e-3,
        "learning_rate_decay": 0.9998,
        "batch_size": 32,
        "updates": 8000,
        "kl_weight": 0.2,
        "kl_weight_rate": 0.99988,
        "sampling_rate": 190.0,
    },
}
_SMALL_TRIO = _TWO_BARS["small"] | {
    "latent_dim": 64,
    "encoder_units": (128,),
    "decoder_units": (128, 128),
    "free_nats": nats(256),
    "learning_rate": 1e-3,
    "learning_rate_decay": 0.9995,
    "batch_size": 16,
}


def steps(dataset):
    """The length of a dataset's windows."""
    return 16 * int(dataset.split("_")[-1].removesuffix("bar"))


def settings(profile, dataset, decoder):
    """Every hyperparameter that differs between experiments, with scheduled sampling."""
    short, trio = dataset.endswith("_2bar"), "trio" in dataset
    values = {
        "encoder_lengths": None,
        "subsequences": None,
        "conductor_units": None,
        "embedding_dim": None,
        "split_parts": False,
        "encoder_input": "one_hot",
        "scale": "exp" if profile == "workshop" else "softplus",
        "learning_rate": 1e-3,
        "learning_rate_floor": 1e-5,
        "learning_rate_decay": 0.9995 if profile == "small" else 0.9999,
        "transpose": (-5, 6),
    } | (_TWO_BARS if short else _LONG)[profile]
    if "drums" in dataset:
        values["transpose"] = None
        if profile == "small":
            values["encoder_input"] = "drum_roll"
    if trio and profile == "workshop":
        values |= {"updates": 50_000, "kl_weight": 0.2, "kl_weight_rate": 0.99999}
    if trio and profile == "small":
        values |= _SMALL_TRIO
    if profile == "small" and not short and not trio:
        values["encoder_lengths"] = (steps(dataset) // 16, 16)
    if decoder == "hierarchical":
        values |= {"subsequences": 16, "conductor_units": values["decoder_units"]}
        values["embedding_dim"] = 512 if profile == "workshop" else None
        values["split_parts"] = trio
    return values


# The configuration of the code that stands for a dataset and decoder.
CONFIGURATION_OF = {
    ("lakh_drums_2bar", "flat"): "cat-drums_2bar_big",
    ("lakh_melody_2bar", "flat"): "cat-mel_2bar_big",
    ("lakh_melody_16bar", "flat"): "flat-mel_16bar",
    ("lakh_melody_16bar", "hierarchical"): "hierdec-mel_16bar",
    ("lakh_melody_32bar", "hierarchical"): "hierdec-mel_16bar",
    ("lakh_trio_16bar", "hierarchical"): "hierdec-trio_16bar",
}


def settings_of_code(dataset, decoder):
    """The same of the profile "magenta", and the origins."""
    configuration = MAGENTA[CONFIGURATION_OF[dataset, decoder]]
    values, origins = configuration.hyperparameters(), dict(configuration.origins)
    values["updates"] = settings("workshop", dataset, decoder)["updates"]
    reason = "the code trains until it is stopped; as many as the workshop's paper"
    origins["updates"] = ASSUMED(reason)
    if not values["sampling_rate"]:
        values["sampling_rate"] = 1000.0
        origins["sampling_rate"] = ASSUMED("the code samples at two bars only; as there")
    return values, origins
