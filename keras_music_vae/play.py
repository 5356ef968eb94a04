"""From MIDI to MIDI: what a model of windows of tokens makes of files, and from nothing."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.representations import (
    Band,
    Groove,
    Melody,
    Trio,
    tokens_of,
    window_of,
)
from keras_music_vae.music.representations.band import HOLD

BAR = 16


class PlayError(ValueError):
    """The model cannot do what was asked for; the message says why."""


class Remade(NamedTuple):
    """A piece and what a model made of it.

    Attributes:
        score: `midi.Score`, what was made; on the grid of steps, but grooves.
        tokens, made: int arrays `(time, part)`, the piece and what was made of it; of grooves the
            hits alone, as 0 and 1.
        no_event: int, the token of steps at which nothing happens.
    """

    score: Any
    tokens: np.ndarray
    made: np.ndarray
    no_event: int = 0

    @property
    def kept(self):
        """Float, the share of tokens that are as they were."""
        return float((self.tokens == self.made).mean())

    @property
    def events_kept(self):
        """Float, the same where something happens, which most steps of a melody do not have."""
        happens = self.tokens != self.no_event
        return float((self.tokens == self.made)[happens].mean()) if happens.any() else 1.0


def sample(model, count=1, bars=None, temperature=1.0, seed=0):
    """Makes pieces from nothing.

    Args:
        model: `MusicVAE` with a `representation`, such as `from_preset` gives.
        count: int, pieces to make.
        bars: int, the length of each; None for that of the model's windows.
        temperature, seed: see `MusicVAE.decode`.

    Returns:
        list of `midi.Score`, on the grid of steps, but grooves.

    Raises:
        PlayError: if the model has no representation, is told chords, or makes no such length.
    """
    representation, own = _representation(model, codes=False), window_bars(model)
    if model.subsequences and bars not in (None, own):
        raise PlayError(
            f"This model is hierarchical and makes pieces of {own} bars. Received: {bars} bars. "
            "Longer ones are made of several windows: `MusicVAE.chain`."
        )
    made = model.sample(count, (bars or own) * BAR, temperature, seed)
    return [representation.decode(tokens_of(window, representation)) for window in made]


def reconstruct(model, source, temperature=1.0, seed=0):
    """Encodes a whole piece window by window, and decodes it again.

    Of grooves the encoder is told what the `source` of the representation says, so that a model
    that was trained by it plays the hits of a piece with velocities and offsets of its own, makes
    a groove of taps, or adds a hi-hat.

    Bars are counted from the beginning of the file. Of the tracks that may be a melody or a bass,
    `lines` chooses one.

    Args:
        model: see `sample`; with an encoder.
        source: path or bytes of a MIDI file, or `midi.Score`.
        temperature, seed: see `MusicVAE.decode`.

    Returns:
        `Remade`.

    Raises:
        midi.MidiError: if the file cannot be read or has no window of music; says why.
        PlayError: if the model has no representation, is told chords, or has no encoder.
        OSError: if the path cannot be read.
    """
    representation, bars = _representation(model), window_bars(model)
    _windows(source, representation, bars)  # or says why there is none
    tokens = representation.encode(lines(_score(source), representation))
    tokens = window_of(tokens, representation, model.num_classes)
    steps = bars * BAR
    padded = np.pad(tokens, ((0, -len(tokens) % steps), (0, 0)))
    windows = _heard(padded.reshape(-1, steps, padded.shape[1]), representation)
    made = model.reconstruct(windows, temperature, seed).reshape(padded.shape)[: len(tokens)]
    score = representation.decode(tokens_of(made, representation))
    if isinstance(representation, Groove):
        tokens, made = (values[:, : values.shape[1] // 3].astype(int) for values in (tokens, made))
    no_event = HOLD if isinstance(representation, Band) else 0
    return Remade(score, tokens, made, no_event)


def interpolate(model, first, second, steps=9, temperature=1.0, seed=0):
    """Makes the windows between the first windows of two files, one after the other.

    Args:
        model: see `reconstruct`.
        first, second: as `source` of `reconstruct`.
        steps: int, windows to make, both ends included.
        temperature, seed: see `MusicVAE.decode`.

    Returns:
        `midi.Score`, on the grid of steps, but grooves.

    Raises:
        midi.MidiError, PlayError, OSError: see `reconstruct`.
    """
    representation, bars = _representation(model), window_bars(model)
    ends = np.stack([_windows(end, representation, bars)[0] for end in (first, second)])
    ends = _heard(window_of(ends, representation, model.num_classes), representation)
    made = np.concatenate(model.interpolate(*ends, steps, temperature, seed))
    return representation.decode(tokens_of(made, representation))


def lines(score, representation):
    """Takes of a score's melodies, and of its basses, the track that plays in the most bars.

    Tracks that are laid over each other are no line. All drums are taken.

    Args:
        score: `midi.Score`.
        representation: of `music.representations`.

    Returns:
        `midi.Score` of notes that a `Melody` or a `Trio` can hold; of others all notes.
    """
    if isinstance(representation, Trio):
        melodies, drums = (representation.melody, representation.bass), representation.drums
    elif isinstance(representation, Melody):
        melodies, drums = (representation,), None
    else:
        return score
    notes = score.notes
    kept = drums.accepts(notes) if drums else np.zeros(len(notes), bool)
    for melody in melodies:
        own = melody.accepts(notes)
        if own.any():
            bar = notes["start"][own] // (4 * score.ticks_per_quarter)
            played = np.unique(np.stack([notes["track"][own], bar]), axis=1)[0]
            kept |= own & (notes["track"] == np.bincount(played).argmax())
    return dataclasses.replace(score, notes=notes[kept])


def window_bars(model):
    """Int, the bars of a model's windows, as its preset says; else one a subsequence, or 2."""
    if preset := getattr(model, "preset", None):
        return preset.window_bars
    return (model.encoded_length or 0) // BAR or model.subsequences or 2


def _representation(model, codes=True):
    """The representation of a model that can play; with `codes`, from files too."""
    if getattr(model, "representation", None) is None:
        raise PlayError(
            "This model has no representation, by which its arrays become notes. Use it in Python."
        )
    if model.control_dim:
        raise PlayError(
            f"This model is told {model.control_dim} values at each step, such as chords, which "
            "MIDI files do not have. Use it in Python."
        )
    if codes and not model.latent_dim:
        raise PlayError("This model is a decoder alone, which reads no music. Choose a VAE.")
    return model.representation


def _heard(windows, representation):
    """What the encoder is told of windows: of grooves, as their `source` says."""
    return representation.source_of(windows) if isinstance(representation, Groove) else windows


def _score(source):
    return source if isinstance(source, midi.Score) else midi.read(source)


def _windows(source, representation, bars):
    """Windows of the chosen lines, or where these have none, of all combinations of tracks."""
    score = _score(source)
    try:
        return representation.windows(lines(score, representation), bars)
    except midi.MidiError:
        pass
    try:
        return representation.windows(score, bars)
    except midi.MidiError as error:
        path = source if isinstance(source, str | Path) else None
        raise midi.MidiError(error.reason, error.message, path) from error
