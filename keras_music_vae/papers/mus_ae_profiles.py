"""Every hyperparameter of MusAE's three profiles, and where each is from.

Files named without a repository are those of the authors' code (see `mus_ae.py`).
"""

from keras_music_vae.papers.facts import ASSUMED, CODE, PAPER

_SMALL = "sized so that two cores train it in half an hour"
_UPDATES_AT_1 = ASSUMED(
    "the paper does not say how many; beta reaches 1 at 100,000 and stays as long as at any value"
)
_KERAS_INITIAL = CODE("encoders.py, build_encoder_z: the initial weights of Keras")
_ONE_RATE = CODE("config.py, aae_optim: one rate for all networks")
_SOONER = "so that codes are read within the first hundreds of updates, not thousands"
_FROM_SHORT = "sixteen bars: first the updates of two of them, which are eight times as quick"
_ORIGINS = {
    "paper": {
        "latent_dim": PAPER("3.2.1: N_z"),
        "units": PAPER("3.2: N_h in encoder, decoders and discriminator"),
        "depth": PAPER("3.2.1, 3.2.2: 3 layers"),
        "untagged": ASSUMED("32 Gaussians, and no word on songs without any of the 32 tags"),
        "scale": CODE("encoders.py, build_encoder_z: a log-variance; see deviations"),
        "encoder_input": PAPER("3.1: binary states"),
        "shared_initial_state": PAPER("3.2.2: W_track, one for each track"),
        "batch_size": PAPER("4.1"),
        "updates": _UPDATES_AT_1,
        "learning_rate": PAPER("4.1"),
        "learning_rate_decay": PAPER("4.1; read as Keras's decay, lr / (1 + decay * updates)"),
        "beta": PAPER("4.1: annealed from 0 to 1"),
        "beta_steps": PAPER("4.1: by 0.1 every 10,000 updates"),
        "beta_stairs": PAPER("4.1: by 0.1 every 10,000 updates"),
        "objective": PAPER("2.2 and figure 1: a game of encoder and discriminator"),
        "standardize": CODE("encoders.py, decoders.py: codes as they are"),
        "critic_pace": _ONE_RATE,
        "initial_frequencies": _KERAS_INITIAL,
        "initial_spread": _KERAS_INITIAL,
        "initial_stddev": _KERAS_INITIAL,
    },
    "released_code": {
        "latent_dim": CODE("config.py, z_length"),
        "units": CODE("config.py, X_size, X_high_size and fc_size"),
        "depth": CODE("config.py, X_depth and X_high_depth"),
        "untagged": CODE("train_gm.py, MusAE_GM: a component more than there are tags"),
        "scale": CODE("encoders.py, build_encoder_z: a log-variance"),
        "encoder_input": CODE("dataset.py: -1 and 1 for the encoder"),
        "shared_initial_state": CODE("decoders.py, build_decoder_z_flat: one dense layer for all"),
        "batch_size": CODE("config.py, batch_size"),
        "updates": ASSUMED("the code's 100 epochs, of 80,000 windows as the paper has"),
        "learning_rate": CODE("config.py, learning_rate"),
        "learning_rate_decay": CODE("config.py, aae_optim: commented out"),
        "beta": CODE("train_gm.py, train_v2: stops at 0.2"),
        "beta_steps": CODE("train_gm.py, train_v2: 0.1 after 5,000 updates, 0.2 after 10,000"),
        "beta_stairs": CODE("train_gm.py, train_v2: 0.1 after 5,000 updates, 0.2 after 10,000"),
        "objective": CODE("train_gm.py, MusAE_GM: one sum of all terms for all networks"),
        "standardize": CODE("encoders.py, decoders.py: codes as they are"),
        "critic_pace": _ONE_RATE,
        "initial_frequencies": _KERAS_INITIAL,
        "initial_spread": _KERAS_INITIAL,
        "initial_stddev": _KERAS_INITIAL,
    },
    "small": {name: ASSUMED(_SMALL) for name in ("latent_dim", "units", "batch_size", "updates")}
    | {
        "depth": PAPER("3.2.1, 3.2.2: 3 layers"),
        "untagged": CODE("train_gm.py, MusAE_GM: a component more than there are tags"),
        "scale": CODE("encoders.py, build_encoder_z: a log-variance"),
        "encoder_input": PAPER("3.1: binary states"),
        "shared_initial_state": PAPER("3.2.2: W_track, one for each track"),
        "learning_rate": ASSUMED("ten times the paper's, for an eighteenth of its updates or less"),
        "learning_rate_decay": PAPER("4.1: it ends at a twelfth of the rate, as here"),
        "beta_1": ASSUMED("with momentum codes swing around the prior: Gulrajani et al. take 0"),
        "beta": PAPER("4.1: annealed from 0 to 1"),
        "beta_steps": ASSUMED("ten of eleven equal stairs, as in the paper's updates"),
        "beta_stairs": ASSUMED("ten of eleven equal stairs, as in the paper's updates"),
        "objective": PAPER("2.2 and figure 1: a game of encoder and discriminator"),
        "standardize": ASSUMED(_SOONER),
        "critic_pace": ASSUMED(
            "at one pace with the encoder, whose rate is ten times the paper's, it lags behind"
        ),
        "initial_frequencies": ASSUMED(_SOONER),
        "initial_spread": ASSUMED(_SOONER),
        "initial_stddev": ASSUMED(_SOONER),
        "cut_share": ASSUMED(_FROM_SHORT),
        "cut_steps": ASSUMED(_FROM_SHORT),
    },
}
COMMON_ORIGINS = {
    "prior": PAPER("3.3 and Table 1"),
    "radial_variance": PAPER("3.3: a_1, of the mixture"),
    "variance": PAPER("3.3: a_2, of the mixture"),
    "seq_length": PAPER("4.1: 16 steps a bar, 2 or 16 bars"),
    "epochs": ASSUMED("an epoch is a share of the updates, after which the state is saved"),
    "patience": ASSUMED("the paper does not say when it stops"),
    "beta_1": CODE("config.py, aae_optim: Adam, whose default it is"),
    "beta_2": CODE("config.py, aae_optim: Adam, whose default it is"),
    "epsilon": CODE("config.py, aae_optim: Keras 2's Adam, whose default it is"),
    "clip_norm": CODE("config.py, aae_optim: clipnorm, which Keras 2.2.4 takes of all gradients"),
    "penalty_weight": CODE("config.py, z_lambda"),
    "critic_steps": CODE("train_gm.py, train_v2: one step for all; k_discriminator is not read"),
    "transpose": PAPER("4.1: from -5 to 6"),
    "cut_share": PAPER("4.1: whole windows"),
    "cut_steps": PAPER("4.1: whole windows"),
    "test_windows": ASSUMED("the paper does not say how many it measured"),
    "interpolations": PAPER("figure 4: the mean of 256 interpolations"),
    "interpolation_steps": ASSUMED("the paper does not say; tenths of the way"),
    "codes_per_genre": PAPER("4.4.1: 256 from each Gaussian"),
    "shown_per_genre": PAPER("4.4.2: 128 windows of each genre"),
}

_SETTINGS = {
    "paper": {
        "latent_dim": 512,
        "units": 1024,
        "untagged": "uniform",
        "encoder_input": "one_hot",
        "shared_initial_state": False,
        "batch_size": 256,
        "updates": 110_000,
        "learning_rate": 1e-4,
        "learning_rate_decay": 1e-4,
        "beta": 1.0,
        "beta_steps": 100_000,
        "beta_stairs": 10_000,
        "objective": "game",
    },
    "released_code": {
        "latent_dim": 512,
        "units": 512,
        "untagged": "component",
        "encoder_input": "signed",
        "shared_initial_state": True,
        "batch_size": 16,
        "updates": 500_000,
        "learning_rate": 1e-5,
        "learning_rate_decay": 0.0,
        "beta": 0.2,
        "beta_steps": 10_000,
        "beta_stairs": 5_000,
        "objective": "joint",
    },
    "small": {
        "latent_dim": 64,
        "units": 128,
        "untagged": "component",
        "encoder_input": "one_hot",
        "shared_initial_state": False,
        "standardize": True,
        "critic_pace": 10.0,
        "initial_frequencies": True,
        "initial_spread": 0.5,
        "initial_stddev": 0.1,
        "learning_rate": 1e-3,
        "beta_1": 0.5,
        "beta": 1.0,
        "objective": "game",
    },
}
_SETTINGS_OF_ALL = {
    "depth": 3,
    "standardize": False,
    "critic_pace": 1.0,
    "beta_1": 0.9,
    "initial_frequencies": False,
    "initial_spread": None,
    "initial_stddev": None,
    "cut_share": 0.0,
    "cut_steps": None,
    "radial_variance": 0.1,
    "variance": 0.001,
    "scale": "log_var",
    "penalty_weight": 10.0,
    "critic_steps": 1,
    "clip_norm": 1.0,
    "transpose": (-5, 6),
}
# By the length of the windows: updates and their size. Two bars teach the decoders to count, at an
# eighth of the time.
_SMALL_TRAINING = {
    "lakh_band_2bar": {"batch_size": 32, "updates": 6000},
    "lakh_band_16bar": {"batch_size": 32, "updates": 5000, "cut_share": 0.8, "cut_steps": 32},
}

ADAM = {"beta_2": 0.999, "epsilon": 1e-7}
EVALUATION = {
    "test_windows": 2000,
    "interpolations": 256,
    "interpolation_steps": 11,
    "codes_per_genre": 256,
    "shown_per_genre": 128,
}


def settings(profile, dataset):
    """Every hyperparameter that differs between experiments, but for the prior."""
    values = _SETTINGS_OF_ALL | _SETTINGS[profile]
    if profile == "small":
        values |= _SMALL_TRAINING[dataset]
        stairs = values["updates"] // 11
        values |= {"beta_stairs": stairs, "beta_steps": 10 * stairs}
        values["learning_rate_decay"] = 11 / values["updates"]
    return values


def origins(profile):
    """Where the value of each hyperparameter is from."""
    return COMMON_ORIGINS | _ORIGINS[profile]
