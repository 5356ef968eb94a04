"""Magenta's named configurations of MusicVAE, as arguments of the model.

From magenta/models/music_vae/configs.py at its last commit. Free bits are converted to nats. The
configurations with an end token are not among them, nor is GrooVAE's dropout.
"""

import math

_MELODY = {"num_classes": (90,)}
_DRUMS = {"num_classes": (512,), "encoder_input": "drum_roll", "free_nats": 48 * math.log(2)}
_NADE = {
    "head": "nade",
    "nade_units": 128,
    "encoder_input": "drum_roll",
    "latent_dim": 256,
    "encoder_units": (1024,),
    "decoder_units": (512, 512),
    "free_nats": 48 * math.log(2),
}
_TRIO = {"num_classes": (90, 90, 512)}
_TWO_BARS_SMALL = {"latent_dim": 256, "encoder_units": (512,), "decoder_units": (256, 256)}
_GROOVE = {
    "num_classes": (2,) * 9,
    "head": "groove",
    "free_nats": 48 * math.log(2),
    **_TWO_BARS_SMALL,
}
_TWO_BARS_BIG = {"latent_dim": 512, "encoder_units": (2048,), "decoder_units": (2048,) * 3}
_SIXTEEN_BARS = {"latent_dim": 512, "encoder_units": (2048, 2048)}
_CONDUCTED = {
    "subsequences": 16,
    "decoder_units": (1024, 1024),
    "free_nats": 256 * math.log(2),
}
_BY_LEVEL = {"encoder_units": (1024, 1024), "encoder_lengths": (16, 16)}

CONFIGURATIONS = {
    "cat-mel_2bar_small": {**_MELODY, **_TWO_BARS_SMALL},
    "cat-mel_2bar_big": {**_MELODY, **_TWO_BARS_BIG},
    "cat-mel_2bar_med_chords": {
        **_MELODY,
        "latent_dim": 256,
        "encoder_units": (1024,),
        "decoder_units": (512,) * 3,
        "control_dim": 49,
    },
    "cat-drums_2bar_small": {**_DRUMS, **_TWO_BARS_SMALL},
    "cat-drums_2bar_big": {**_DRUMS, **_TWO_BARS_BIG},
    "nade-drums_2bar_reduced": {"num_classes": (2,) * 9, **_NADE},
    "nade-drums_2bar_full": {"num_classes": (2,) * 61, **_NADE},
    "flat-mel_16bar": {
        **_MELODY,
        **_SIXTEEN_BARS,
        "decoder_units": (2048,) * 3,
        "free_nats": 256 * math.log(2),
    },
    "hierdec-mel_16bar": {**_MELODY, **_SIXTEEN_BARS, **_CONDUCTED},
    "hier-mel_16bar": {**_MELODY, **_SIXTEEN_BARS, **_CONDUCTED, **_BY_LEVEL},
    "flat-trio_16bar": {**_TRIO, **_SIXTEEN_BARS, "decoder_units": (2048,) * 3},
    "hierdec-trio_16bar": {**_TRIO, **_SIXTEEN_BARS, **_CONDUCTED, "split_parts": True},
    "hier-trio_16bar": {
        **_TRIO,
        **_SIXTEEN_BARS,
        **_CONDUCTED,
        **_BY_LEVEL,
        "split_parts": True,
    },
    # They differ in what the encoder is given of a groove; the decoder always makes all of it.
    "groovae_4bar": _GROOVE,
    "groovae_2bar_humanize": _GROOVE,
    "groovae_2bar_tap_fixed_velocity": _GROOVE,
    "groovae_2bar_tap_fixed_velocity_note_dropout": _GROOVE,
    "groovae_2bar_add_closed_hh": _GROOVE,
    "groovae_2bar_hits_control_tfds": {**_GROOVE, "control_dim": 9},
}
"""By name, the arguments of `MusicVAE`."""
