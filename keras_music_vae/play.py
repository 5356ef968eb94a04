"""From MIDI to MIDI: what a model of windows of tokens makes of files, and from nothing."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Band, Melody, Trio, band, tokens_of, window_of

BAR = 16


class PlayError(ValueError):
    """The model cannot do what was asked for; the message says why."""


class Remade(NamedTuple):
    """A piece and what a model made of it.

    Attributes:
        score: `midi.Score`, what was made, one tick per step.
        tokens, made: int arrays `(time, part)`, the piece and what was made of it.
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


def sample(model, count=1, bars=None, temperature=None, seed=0, genre=None):
    """Makes pieces from nothing.

    Args:
        model: of windows, `MusicVAE` or `MusAE`, with a `representation`, such as `from_preset`
            gives.
        count: int, pieces to make.
        bars: int, the length of each; None for that of the model's windows.
        temperature: float, see the model's `decode`; None for the model's own: 1 for `MusicVAE`, 0
            for `MusAE`.
        seed: int, see the model's `decode`.
        genre: str, one of the model's `genres` of whose codes to draw; None for any.

    Returns:
        list of `midi.Score`, one tick per step.

    Raises:
        PlayError: if the model has no representation, is told chords, makes no such length, or has
            no such genre.
    """
    representation, own = _representation(model, codes=False), window_bars(model)
    if model.subsequences and bars not in (None, own):
        raise PlayError(
            f"This model is hierarchical and makes pieces of {own} bars. Received: {bars} bars. "
            "Longer ones are made of several windows: `MusicVAE.chain`."
        )
    told = {} if genre is None else {"genre": _genre(model, genre)}
    temperature = _temperature(model, temperature)
    made = model.sample(count, (bars or own) * BAR, temperature, seed, **told)
    return [representation.decode(tokens_of(window, representation)) for window in made]


def reconstruct(model, source, temperature=None, seed=0):
    """Encodes a whole piece window by window, and decodes it again.

    Bars are counted from the beginning of the file. Of the tracks that may be one part, `lines`
    chooses one.

    Args:
        model: see `sample`; with an encoder.
        source: path or bytes of a MIDI file, or `midi.Score`.
        temperature, seed: see `sample`.

    Returns:
        `Remade`.

    Raises:
        midi.MidiError: if the file cannot be read or has no window of music; says why.
        PlayError: if the model has no representation, is told chords, or has no encoder.
        OSError: if the path cannot be read.
    """
    temperature = _temperature(model, temperature)
    return _remade(model, source, lambda windows: model.reconstruct(windows, temperature, seed))


def edit(model, source, genre, amount=0.5, temperature=None, seed=0):
    """Moves a whole piece towards a genre, window by window.

    Args:
        model: `MusAE` with genres and a `representation`.
        source: see `reconstruct`.
        genre: str, one of the model's `genres`.
        amount: float, from 0, where the piece is only made again, to 1; see `MusAE.move`.
        temperature, seed: see `sample`.

    Returns:
        `Remade`.

    Raises:
        midi.MidiError, OSError: see `reconstruct`.
        PlayError: as for `reconstruct`, or if the model has no such genre.
        ValueError: if the amount is below 0 or above 1.
    """
    genre, temperature = _genre(model, genre), _temperature(model, temperature)
    return _remade(model, source, lambda x: model.edit(x, genre, amount, temperature, seed))


def interpolate(model, first, second, steps=9, temperature=None, seed=0):
    """Makes the windows between the first windows of two files, one after the other.

    Args:
        model: see `reconstruct`.
        first, second: as `source` of `reconstruct`.
        steps: int, windows to make, both ends included.
        temperature, seed: see `sample`.

    Returns:
        `midi.Score`, one tick per step.

    Raises:
        midi.MidiError, PlayError, OSError: see `reconstruct`.
    """
    representation, bars = _representation(model), window_bars(model)
    ends = np.stack([_windows(end, representation, bars)[0] for end in (first, second)])
    ends = window_of(ends, representation, model.num_classes)
    made = model.interpolate(*ends, steps, _temperature(model, temperature), seed)
    return representation.decode(tokens_of(np.concatenate(made), representation))


def lines(score, representation):
    """Takes of the tracks that may be one part, such as a melody, the one of the most bars.

    Tracks that are laid over each other are no line. All drums of a `Trio`, and all strings of a
    `Band`, are taken.

    Args:
        score: `midi.Score`.
        representation: of `music.representations`.

    Returns:
        `midi.Score` of notes that a `Melody`, a `Trio` or a `Band` can hold; of others all notes.
    """
    notes = score.notes
    if isinstance(representation, Trio):
        kept = representation.drums.accepts(notes)
        single = [each.accepts(notes) for each in (representation.melody, representation.bass)]
    elif isinstance(representation, Band):
        part = band.part_of(notes)
        kept = part == band.PARTS.index("strings")
        single = [part == number for number in np.unique(part[~kept])]
    elif isinstance(representation, Melody):
        kept, single = np.zeros(len(notes), bool), [representation.accepts(notes)]
    else:
        return score
    for own in single:
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


def _temperature(model, given):
    return model.own_temperature if given is None else given


def _genre(model, name):
    """The name, if it is a genre of the model's."""
    genres = getattr(model, "genres", ())
    if not genres:
        raise PlayError(
            "This model has no genres. Choose a MusAE that was trained with some: the command "
            "`presets` lists those of each."
        )
    if name not in genres:
        raise PlayError(f"Expected a genre of {', '.join(genres)}. Received: {name!r}.")
    return name


def _remade(model, source, remake):
    """Makes a piece again by a function of windows `(window, time, part)`, as `Remade`."""
    representation, bars = _representation(model), window_bars(model)
    _windows(source, representation, bars)  # or says why there is none
    score = lines(_score(source), representation)
    length = len(representation.encode(score))
    steps = bars * BAR
    tokens = representation.encode(score, length + -length % steps)
    tokens = window_of(tokens, representation, model.num_classes)
    windows = tokens.reshape(-1, steps, tokens.shape[1])
    if isinstance(representation, Band):
        # As in training, the first step of a window says what sounds then.
        windows = windows.copy()
        windows[:, 0] = band.sounding(tokens)[::steps]
    made = np.concatenate(remake(windows))
    if isinstance(representation, Band):
        _hold_over_edges(made, tokens, steps)
    tokens, made = tokens[:length], made[:length]
    no_event = band.HOLD if isinstance(representation, Band) else 0
    made_score = representation.decode(tokens_of(made, representation))
    return Remade(made_score, tokens, made, no_event)


def _hold_over_edges(made, tokens, steps):
    """Lets sound on, in place, what in the piece goes on where one window ends and the next begins.

    Args:
        made, tokens: int arrays `(time, part)`, bands.
        steps: int, the length of a window.
    """
    edges = np.arange(steps, len(made), steps)
    sounds = band.sounding(made)
    goes_on = (tokens[edges] == band.HOLD) & (sounds[edges] == sounds[edges - 1])
    made[edges] = np.where(goes_on, band.HOLD, made[edges])


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
