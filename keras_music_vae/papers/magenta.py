"""Magenta's named configurations of MusicVAE, in this project's words.

From `magenta/models/music_vae` at its last commit; files are those of that folder. What a
configuration does not give is the default of `get_default_hparams`. Free bits are in nats here.
"""

import math

from keras_music_vae.papers.facts import CODE, Configuration


def nats(bits):
    """Free bits in nats."""
    return bits * math.log(2)


# What a configuration may give, and what configs.py calls it.
_GIVEN = {
    "num_classes": "data_converter",
    "latent_dim": "z_size",
    "encoder_units": "enc_rnn_size",
    "decoder_units": "dec_rnn_size",
    "encoder_lengths": "HierarchicalLstmEncoder, level_lengths",
    "subsequences": "HierarchicalLstmDecoder, level_lengths",
    "split_parts": "SplitMultiOutLstmDecoder",
    "encoder_input": "DrumsConverter, roll_input: 9 or 61 bits and one for none",
    "control_dim": "data_converter",
    "free_nats": "free_bits",
    "head": "the decoder",
    "nade_units": "nade_num_hidden",
    "dropout": "dropout_keep_prob",
    "end_token": "MultiInstrumentPerformanceConverter: events, programs and, last, the end",
    "seq_length": "max_seq_len",
    "batch_size": "batch_size",
    "kl_weight": "max_beta",
    "kl_weight_rate": "beta_rate",
    "sampling_schedule": "sampling_schedule",
    "sampling_rate": "sampling_rate",
    "transpose": "note_sequence_augmenter",
    "drum_map": "GrooveConverter, pitch_classes",
    "source": "GrooveConverter, {}",
}
# What the encoder is told of grooves, and the arguments that say so.
_SOURCES = {
    "groove": "none of humanize, tapify and add_instruments",
    "hits": "humanize",
    "taps": "tapify and fixed_velocities",
    "no_closed_hi_hat": "add_instruments of 2",
}
# Otherwise: value and place.
_BASE = "base_model.py, get_default_hparams"
_ADAM = "base_model.py, train: the default of tf.train.AdamOptimizer"
_DEFAULTS = {
    "encoder_lengths": (None, "configs.py: BidirectionalLstmEncoder, without levels"),
    "subsequences": (None, "configs.py: a decoder without levels"),
    "conductor_units": (None, "lstm_models.py, HierarchicalLstmDecoder: those of the decoder"),
    "conductor_sees_decoder": (False, "configs.py: disable_autoregression"),
    "embedding_dim": (None, "lstm_models.py, HierarchicalLstmDecoder: no projection"),
    "split_parts": (False, "configs.py: one decoder"),
    "encoder_input": ("one_hot", "data.py: one-hot inputs, or grooves as they are"),
    "control_dim": (0, "configs.py: no controls"),
    "free_nats": (0.0, f"{_BASE}: free_bits"),
    "scale": ("softplus", "base_model.py, encode"),
    "head": ("categorical", "configs.py: CategoricalLstmDecoder or several of them"),
    "dropout": (0.0, "lstm_models.py, get_default_hparams: dropout_keep_prob of 1"),
    "end_token": (None, "data.py: no add_end_token"),
    "batch_size": (512, f"{_BASE}: batch_size"),
    "learning_rate": (1e-3, f"{_BASE}: learning_rate"),
    "learning_rate_floor": (1e-5, f"{_BASE}: min_learning_rate"),
    "learning_rate_decay": (0.9999, f"{_BASE}: decay_rate"),
    "beta_1": (0.9, _ADAM),
    "beta_2": (0.999, _ADAM),
    "epsilon": (1e-8, _ADAM),
    "clip_norm": (1.0, f"{_BASE}: grad_clip, by global norm"),
    "kl_weight": (1.0, f"{_BASE}: max_beta"),
    "kl_weight_rate": (0.0, f"{_BASE}: beta_rate; 0 gives the whole weight from update 1 on"),
    "sampling_schedule": ("constant", "lstm_models.py, get_default_hparams"),
    "sampling_rate": (0.0, "lstm_models.py, get_default_hparams: the true tokens are read"),
    "transpose": (None, "configs.py: no note_sequence_augmenter"),
}
_TRAINING = (
    "seq_length", "batch_size", "learning_rate", "learning_rate_floor", "learning_rate_decay",
    "beta_1", "beta_2", "epsilon", "clip_norm", "kl_weight", "kl_weight_rate",
    "sampling_schedule", "sampling_rate", "transpose", "drum_map", "source",
)  # fmt: skip

_MELODY = {"num_classes": (90,)}
_DRUMS = {"num_classes": (512,), "encoder_input": "drum_roll"}
_TRIO = {"num_classes": (90, 90, 512), "batch_size": 256}
_SAMPLED = {"sampling_schedule": "inverse_sigmoid", "sampling_rate": 1000.0}
_FREE_48 = {"free_nats": nats(48), "kl_weight": 0.2}
_FREE_256 = {"free_nats": nats(256), "kl_weight": 0.2}
_TWO_BARS = {"seq_length": 32}
_SMALL = {"latent_dim": 256, "encoder_units": (512,), "decoder_units": (256, 256)}
_BIG = {"latent_dim": 512, "encoder_units": (2048,), "decoder_units": (2048,) * 3}
_SIXTEEN_BARS = {"seq_length": 256, "latent_dim": 512, "encoder_units": (2048, 2048)}
_FLAT = {"decoder_units": (2048,) * 3}
_CONDUCTED = {"decoder_units": (1024, 1024), "subsequences": 16}
_BY_LEVEL = {"encoder_units": (1024, 1024), "encoder_lengths": (16, 16)}
_ANNEALED = {"kl_weight_rate": 0.99999, "transpose": (-5, 5)}
_NADE = {
    "head": "nade",
    "nade_units": 128,
    "encoder_input": "drum_roll",
    "latent_dim": 256,
    "encoder_units": (1024,),
    "decoder_units": (512, 512),
}
_GROOVE = {
    "num_classes": (2,) * 9,
    "head": "groove",
    "dropout": 0.7,
    "drum_map": "roland",
    "source": "groove",
    **_SMALL,
    **_FREE_48,
    **_TWO_BARS,
}
_PERFORMANCE = {
    "num_classes": (490,),
    "end_token": 489,
    "latent_dim": 512,
    "encoder_lengths": (64, 8),
    "subsequences": 8,
    "seq_length": 512,
    "batch_size": 256,
    "transpose": (-3, 3),
}
_PERFORMANCE_MEDIUM = {"encoder_units": (1024, 1024), "decoder_units": (512,) * 3}
_PERFORMANCE_BIG = {"encoder_units": (2048, 2048), "decoder_units": (1024,) * 3}

_NOTE_DROPOUT = (
    "Magenta's converter leaves hits out of the taps, softer ones more often, of each window up to "
    "80 % (max_note_dropout_probability); here all are told."
)
_EVENTS = (
    "A note that begins less than half a step before a bar line is of the next bar; Magenta's "
    "converter loses it. Sustain pedals are not heard."
)
_NOT_TRANSPOSED = (
    "Magenta transposes training music, and its chords with it; here such models are not trained."
)
_AFTER_THE_END = (
    "While decoding, an instrument begins from no token where the one before has ended, as in "
    "training; Magenta gives it the last token that it has drawn, which depends on the longest "
    "instrument of the batch."
)

# Name -> what configs.py gives, and how many parameters its graph has, where that was counted.
_FROM_CODE = {
    "cat-mel_2bar_small": (
        {**_MELODY, **_TWO_BARS, **_SMALL, **_SAMPLED, **_ANNEALED, "kl_weight": 0.2},
        4_423_770,
    ),
    "cat-mel_2bar_big": (
        {**_MELODY, **_TWO_BARS, **_BIG, **_SAMPLED, **_ANNEALED, "kl_weight": 0.5},
        134_571_098,
    ),
    "cat-mel_2bar_med_chords": (
        {
            **_MELODY,
            **_TWO_BARS,
            "latent_dim": 256,
            "encoder_units": (1024,),
            "decoder_units": (512,) * 3,
            "control_dim": 49,
            "transpose": (-3, 3),
        },
        17_478_234,
    ),
    "cat-drums_2bar_small": (
        {**_DRUMS, **_TWO_BARS, **_SMALL, **_SAMPLED, **_FREE_48},
        4_636_672,
    ),
    "cat-drums_2bar_big": ({**_DRUMS, **_TWO_BARS, **_BIG, **_SAMPLED, **_FREE_48}, 137_582_080),
    "nade-drums_2bar_reduced": (
        {"num_classes": (2,) * 9, **_TWO_BARS, **_NADE, **_SAMPLED, **_FREE_48},
        13_819_273,
    ),
    "nade-drums_2bar_full": (
        {"num_classes": (2,) * 61, **_TWO_BARS, **_NADE, **_SAMPLED, **_FREE_48},
        14_391_741,
    ),
    "flat-mel_16bar": ({**_MELODY, **_SIXTEEN_BARS, **_FLAT, **_FREE_256}, 235_250_778),
    "hierdec-mel_16bar": ({**_MELODY, **_SIXTEEN_BARS, **_CONDUCTED, **_FREE_256}, 176_061_530),
    "hier-mel_16bar": (
        {**_MELODY, **_SIXTEEN_BARS, **_CONDUCTED, **_BY_LEVEL, **_FREE_256},
        72_547_418,
    ),
    "flat-trio_16bar": ({**_TRIO, **_SIXTEEN_BARS, **_FLAT}, 251_279_028),
    "hierdec-trio_16bar": (
        {**_TRIO, **_SIXTEEN_BARS, **_CONDUCTED, "split_parts": True, **_FREE_256},
        230_975_156,
    ),
    "hier-trio_16bar": (
        {**_TRIO, **_SIXTEEN_BARS, **_CONDUCTED, **_BY_LEVEL, "split_parts": True, **_FREE_256},
        None,
    ),
    # They differ in what the encoder is given of a groove; the decoder always makes all of it.
    "groovae_4bar": ({**_GROOVE, "seq_length": 64}, 4_085_019),
    "groovae_2bar_humanize": ({**_GROOVE, "source": "hits"}, 4_085_019),
    "groovae_2bar_tap_fixed_velocity": ({**_GROOVE, "source": "taps"}, 4_085_019),
    "groovae_2bar_tap_fixed_velocity_note_dropout": ({**_GROOVE, "source": "taps"}, 4_085_019),
    "groovae_2bar_add_closed_hh": ({**_GROOVE, "source": "no_closed_hi_hat"}, 4_085_019),
    "groovae_2bar_hits_control_tfds": ({**_GROOVE, "control_dim": 9}, 4_131_099),
    "hier-multiperf_vel_1bar_med": ({**_PERFORMANCE, **_PERFORMANCE_MEDIUM}, 55_638_506),
    "hier-multiperf_vel_1bar_big": ({**_PERFORMANCE, **_PERFORMANCE_BIG}, None),
    "hier-multiperf_vel_1bar_med_chords": (
        {**_PERFORMANCE, **_PERFORMANCE_MEDIUM, "control_dim": 49},
        None,
    ),
    "hier-multiperf_vel_1bar_big_chords": (
        {**_PERFORMANCE, **_PERFORMANCE_BIG, "control_dim": 49},
        None,
    ),
}


def _configuration(name, given, parameters):
    values = given | {key: value for key, (value, _) in _DEFAULTS.items() if key not in given}
    origins = {key: CODE(place) for key, (_, place) in _DEFAULTS.items()}
    source = _SOURCES.get(values.get("source"))
    origins |= {key: CODE(f"configs.py, {name}: {_GIVEN[key].format(source)}") for key in given}
    return Configuration(
        name,
        model={key: value for key, value in values.items() if key not in _TRAINING},
        training={key: values[key] for key in _TRAINING if key in values},
        origins=origins,
        parameters=parameters,
        deviations=_deviations(name),
    )


def _deviations(name):
    if name.startswith("hier-multiperf"):
        return _EVENTS, _AFTER_THE_END, _NOT_TRANSPOSED
    if name.endswith("chords"):
        return (_NOT_TRANSPOSED,)
    return (_NOTE_DROPOUT,) if name.endswith("note_dropout") else ()


MAGENTA = {name: _configuration(name, *facts) for name, facts in _FROM_CODE.items()}
"""By name, `Configuration`."""
