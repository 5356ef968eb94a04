"""From MIDI to MIDI: what a model of windows of tokens makes of files, and from nothing."""

from typing import Any, NamedTuple

import numpy as np

from keras_music_vae.music import chords as harmony
from keras_music_vae.music import midi
from keras_music_vae.music.attributes import ATTRIBUTES, measure_attributes
from keras_music_vae.music.reading import lines, score_of, windows_of
from keras_music_vae.music.representations import (
    Band,
    Groove,
    SpelledMelody,
    band,
    no_event,
    steps_per_bar,
    tells_hits,
    tokens_of,
    window_of,
)
from keras_music_vae.music.windows import cut

# The lowest temperature of models that draw, at which they all but always take the likeliest.
LEAST_DRAWN = 0.01

_TOLD_MORE = (
    "This model is told more at each step than its code, such as chords or hits, for which there "
    "is no place here. Use {} of the model in Python."
)


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


class Swept(NamedTuple):
    """What a sweep made.

    Attributes:
        score: `midi.Score`, a window for each value.
        found: float array `(value,)`, the attribute of each window; None if it is not one of
            `music.attributes`, which measures have.
    """

    score: Any
    found: np.ndarray | None


def sample(model, count=1, bars=None, temperature=None, seed=0, genre=None, chords=None, hits=None):
    """Makes pieces from nothing.

    Args:
        model: of windows, such as `MusicVAE` or `MusAE`, with a `representation`, as `from_preset`
            gives them.
        count: int, pieces to make.
        bars: int, the length of each; None for that of the model's windows.
        temperature: float, see the model's `decode`; None for the model's own: 1 for `MusicVAE`, 0
            for `MusAE` and `MeasureVAE`.
        seed: int, see the model's `decode`.
        genre: str, one of the model's `genres` of whose codes to draw; None for any.
        chords: sequence of str, such as "C", "Am", "F", "G", for an equal part of the piece each;
            of models that are told them, see `music.chords`.
        hits: path or bytes of a MIDI file, or `midi.Score`: drums, of whose first window of music
            the pieces have the hits; of models that are told them.

    Returns:
        list of `midi.Score`, on the grid of steps, but grooves.

    Raises:
        midi.MidiError, OSError: if the hits cannot be read, or are fewer bars.
        PlayError: if the model has no representation, is told what is not given or given what it
            is not told, makes no such length, or has no such genre.
    """
    representation, own = _representation(model, codes=False), window_bars(model)
    if model.length_unit > 1 and bars not in (None, own):
        raise PlayError(
            f"This model is hierarchical and makes pieces of {own} bars. Received: {bars} bars. "
            "Longer ones are made of several windows: `extend`, or `MusicVAE.chain`."
        )
    told = {} if genre is None else {"genre": _genre(model, genre)}
    length = (bars or own) * steps_per_bar(representation)
    if (controls := _told(model, length, chords, hits)) is not None:
        told["controls"] = np.repeat(controls[None], count, axis=0)
    made = model.sample(count, length, temperature, seed, **told)
    return [representation.decode(tokens_of(window, representation)) for window in made]


def reconstruct(model, source, temperature=None, seed=0, chords=None):
    """Encodes a whole piece window by window, and decodes it again.

    Of grooves the encoder is told what the `source` of the representation says, so that a model
    that was trained by it plays the hits of a piece with velocities and offsets of its own, makes
    a groove of taps, or adds a hi-hat. One that is told hits at each step is told the piece's.

    Bars are counted from the beginning of the file. Of the tracks that may be one part, `lines`
    chooses one.

    Args:
        model: see `sample`; with an encoder.
        source: path or bytes of a MIDI file, or `midi.Score`.
        temperature, seed, chords: see `sample`.

    Returns:
        `Remade`.

    Raises:
        midi.MidiError: if the file cannot be read or has no window of music; says why.
        PlayError: if the model has no representation or no encoder, or as for `sample`.
        OSError: if the path cannot be read.
    """
    return _reconstructed(model, source, temperature, seed, chords)


def add_attribute(
    model, source, with_attribute, without_attribute, amount=1.0, temperature=None, seed=0
):
    """Gives a whole piece what some pieces have and others have not, window by window.

    To each window's code the attribute vector of the two groups is added: the mean code of all
    windows of the one minus that of all windows of the other.

    Args:
        model, source: see `reconstruct`; not of models that are told chords, as those of the
            groups are not known.
        with_attribute, without_attribute: sequences of what `source` may be: music that differs in
            the attribute and otherwise as little as may be; the more, the better.
        amount: float, what the vector is multiplied by: 0 changes nothing, below it the piece is
            given what the second group has.
        temperature, seed: see `sample`.

    Returns:
        `Remade`.

    Raises:
        midi.MidiError, OSError: see `reconstruct`; also of the groups.
        PlayError: as for `reconstruct`, or if a group is empty.

    Reference: Roberts et al. 2018, "Attribute Vector Arithmetic".
    """
    representation, bars = _representation(model), window_bars(model)
    told_hits = _is_told_hits(model)
    if model.control_dim and not told_hits:
        raise PlayError(_TOLD_MORE.format("`attribute_vector`"))
    groups = []
    for pieces in (with_attribute, without_attribute):
        if not len(pieces):
            raise PlayError("Expected pieces with the attribute and others without. Received: none")
        windows = np.concatenate([windows_of(piece, representation, bars) for piece in pieces])
        windows = window_of(windows, representation, model.num_classes)
        groups.append(_heard(windows, representation))
    controls = [windows[..., : model.control_dim] if told_hits else None for windows in groups]
    vector = amount * model.attribute_vector(*groups, controls=controls)
    return _reconstructed(model, source, temperature, seed, vector=vector)


def _reconstructed(model, source, temperature, seed, chords=None, vector=None):
    def remake(windows, length):
        count, steps, _ = windows.shape
        controls = _told(model, length, chords, fallback=np.concatenate(windows))
        if controls is not None:
            controls = np.pad(controls, ((0, count * steps - len(controls)), (0, 0)), "edge")
            controls = controls.reshape(count, steps, -1)
        return model.reconstruct(windows, temperature, seed, controls, vector)

    return _remade(model, source, remake)


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
    genre = _genre(model, genre)
    return _remade(model, source, lambda x, _: model.edit(x, genre, amount, temperature, seed))


def interpolate(model, first, second, steps=9, temperature=None, seed=0, chords=None, hits=None):
    """Makes the windows between the first windows of two files, one after the other.

    Args:
        model: see `reconstruct`.
        first, second: as `source` of `reconstruct`.
        steps: int, windows to make, both ends included.
        temperature, seed: see `sample`.
        chords: see `sample`; those of both ends and of each window between.
        hits: see `sample`; those of each window, ends included; None for those of the first end.
            The codes of the ends are found with hits of their own.

    Returns:
        `midi.Score`, on the grid of steps, but grooves.

    Raises:
        midi.MidiError, PlayError, OSError: see `reconstruct`.
    """
    representation, bars = _representation(model), window_bars(model)
    ends = np.stack([windows_of(end, representation, bars)[0] for end in (first, second)])
    ends = _heard(window_of(ends, representation, model.num_classes), representation)
    told = {}
    if (controls := _told(model, ends.shape[1], chords, hits, ends[0])) is not None:
        told["controls"] = controls
    if _is_told_hits(model):
        told["end_controls"] = ends[..., : model.control_dim]
    made = model.interpolate(*ends, steps, temperature, seed, **told)
    return representation.decode(tokens_of(np.concatenate(made), representation))


def extend(model, source, windows=4, temperature=None, seed=0, chords=None, hits=None):
    """Plays on where a piece ends: windows on the way from its last one to one of the prior.

    Args:
        model, source: see `reconstruct`.
        windows: int, windows to make.
        temperature, seed: see `sample`.
        chords, hits: see `sample`; those of what is made, while the piece has its own hits. Its
            last window is told the first of the chords.

    Returns:
        `midi.Score`, the piece as the model reads it and what follows, on the grid of steps, but
        grooves.

    Raises:
        midi.MidiError, PlayError, OSError: see `reconstruct` and `sample`.
    """
    representation, bars = _representation(model), window_bars(model)
    windows_of(source, representation, bars)  # or says why there is none
    steps = bars * steps_per_bar(representation)
    score = lines(score_of(source), representation)
    length = max(len(representation.encode(score)), steps)
    tokens = window_of(representation.encode(score, length), representation, model.num_classes)
    last = _cut(tokens, representation, np.array([length - steps]), steps)[0]
    told = {}
    if (after := _told(model, windows * steps, chords, hits)) is not None:
        own = np.repeat(after[:1], steps, axis=0) if hits is None else last[:, : model.control_dim]
        told["controls"] = np.concatenate([own, after])
    made = model.continue_from(last, windows, temperature, seed, **told)
    return representation.decode(tokens_of(np.concatenate([tokens, made]), representation))


def sweep(model, source, attribute, values, bar=None, temperature=None, seed=0):
    """Makes a window anew for each value that the dimension of an attribute is set to.

    Args:
        model: see `reconstruct`; one whose codes were ordered by attributes.
        source: as of `reconstruct`.
        attribute: str, one of `model.attribute_dims`.
        values: sequence of float; what music has lies between about -2 and 2.
        bar: int, the bar with which the window begins, from 1; None for the first window.
        temperature: float, see the model's `decode`; None for `least_temperature`, as draws would
            hide what the attribute does.
        seed: see `sample`.

    Returns:
        `Swept`.

    Raises:
        midi.MidiError, PlayError, OSError: see `reconstruct`; also if there is no such attribute or
            no such bar.
    """
    representation, bars = _representation(model), window_bars(model)
    if model.control_dim:
        raise PlayError(_TOLD_MORE.format("`sweep`"))
    known = model.attribute_dims
    if attribute not in known:
        raise PlayError(
            f"Expected an attribute by which the model's codes were ordered: "
            f"{', '.join(known) or 'it has none'}. Received: {attribute}."
        )
    windows = window_of(windows_of(source, representation, bars), representation, model.num_classes)
    windows, steps = windows[:1], windows.shape[1]
    if bar is not None:
        tokens = representation.encode(lines(score_of(source), representation))
        count = len(tokens) // steps_per_bar(representation) - bars + 1
        if not 1 <= bar <= count:
            raise PlayError(f"Expected a bar from 1 to {count} to begin with. Received: {bar}.")
        tokens = window_of(tokens, representation, model.num_classes)
        start = (bar - 1) * steps_per_bar(representation)
        windows = _cut(tokens, representation, np.array([start]), steps)
    if temperature is None:
        temperature = least_temperature(model)
    made = model.sweep(windows, attribute, values, steps, temperature, seed)[0]
    score = alternatives(made, representation)
    found = None
    if isinstance(representation, SpelledMelody) and bars == 1 and attribute in ATTRIBUTES:
        pitches = representation.onsets(tokens_of(made, representation))
        found = measure_attributes(pitches)[attribute]
    return Swept(score, found)


def alternatives(windows, representation):
    """Notes of windows that are heard one after the other, but of which none goes on in the next.

    Args:
        windows: array `(window, time, part)`, as models make them.
        representation: of `music.representations`.

    Returns:
        `midi.Score`.
    """
    scores = [representation.decode(tokens_of(window, representation)) for window in windows]
    quarters = windows.shape[1] // steps_per_bar(representation) * midi.QUARTERS_PER_BAR
    return midi.succession(scores, quarters * scores[0].ticks_per_quarter)


def window_bars(model):
    """Int, the bars of a model's windows.

    As its preset says; else one for each subsequence, one of a model of measures, or two.
    """
    if preset := getattr(model, "preset", None):
        return preset.window_bars
    representation = getattr(model, "representation", None)
    bar = steps_per_bar(representation) if representation else 16
    bars = (model.encoded_length or 0) // bar or getattr(model, "subsequences", None)
    return bars or (1 if hasattr(model, "ticks_per_beat") else 2)


def least_temperature(model):
    """Float, the temperature to ask for the likeliest music: 0, or hardly more of models that draw.

    Models that always draw are those whose own temperature is not 0.
    """
    return min(model.own_temperature, LEAST_DRAWN)


def _representation(model, codes=True):
    """The representation of a model that can play; with `codes`, from files too."""
    if getattr(model, "representation", None) is None:
        raise PlayError(
            "This model has no representation, by which its arrays become notes. Use it in Python."
        )
    if codes and not model.latent_dim:
        raise PlayError("This model is a decoder alone, which reads no music. Choose a VAE.")
    return model.representation


def _is_told_hits(model):
    return tells_hits(model.representation, model.control_dim)


def _told(model, length, chords=None, hits=None, fallback=None):
    """Chords or hits as the model is told them, float array `(time, control)`; None if neither.

    Args:
        model, chords, hits: see `sample`.
        length: int, steps.
        fallback: array `(time, part)`, a groove whose hits are told where none are given.
    """
    if chords and model.control_dim != harmony.CLASSES:
        raise PlayError("This model is told no chords. Leave them out.")
    if hits is not None and not _is_told_hits(model):
        raise PlayError("This model is told no hits. Leave them out.")
    if not model.control_dim:
        return None
    if _is_told_hits(model):
        if hits is not None:
            bars = length // steps_per_bar(model.representation)
            fallback = windows_of(hits, model.representation, bars)[0]
        if fallback is None:
            raise PlayError(
                "This model finds velocities and offsets of hits that it is told. Give a MIDI file "
                "of drums that has them."
            )
        return fallback[:, : model.control_dim]
    if model.control_dim != harmony.CLASSES:
        raise PlayError(
            f"This model is told {model.control_dim} values at each step that are neither chords "
            "nor hits. Use it in Python."
        )
    if not chords:
        raise PlayError(
            "This model plays to chords, which MIDI files do not have. Give them, such as C Am F G."
        )
    try:
        return harmony.tell(chords, model.representation, length)
    except ValueError as error:
        raise PlayError(str(error)) from error


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
    """Makes a piece again, as `Remade`.

    Args:
        model, source: see `reconstruct`.
        remake: function of windows `(window, time, part)` and the steps of the piece, which the
            last window may go beyond.
    """
    representation, bars = _representation(model), window_bars(model)
    windows_of(source, representation, bars)  # or says why there is none
    score = lines(score_of(source), representation)
    length = len(representation.encode(score))
    steps = bars * steps_per_bar(representation)
    tokens = representation.encode(score, length + -length % steps)
    tokens = window_of(tokens, representation, model.num_classes)
    windows = _cut(tokens, representation, np.arange(0, len(tokens), steps), steps)
    made = np.concatenate(remake(windows, length))
    if isinstance(representation, Band):
        _hold_over_edges(made, tokens, steps)
    tokens, made = tokens[:length], made[:length]
    made_score = representation.decode(tokens_of(made, representation))
    if isinstance(representation, Groove):
        tokens, made = (values[:, : values.shape[1] // 3].astype(int) for values in (tokens, made))
    return Remade(made_score, tokens, made, no_event(representation))


def _cut(tokens, representation, starts, steps):
    """Windows `(window, time, part)` of a piece, as in training.

    Args:
        tokens: int array `(time, part)`.
        representation: of `music.representations`; of a `Band`, the first step of a window says
            what sounds then.
        starts: int array `(window,)`.
        steps: int, the length of a window.
    """
    windows = cut(tokens, starts, steps)
    if isinstance(representation, Band):
        windows[:, 0] = band.sounding(tokens)[starts]
    return _heard(windows, representation)


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


def _heard(windows, representation):
    """What the encoder is told of windows: of grooves, as their `source` says."""
    return representation.source_of(windows) if isinstance(representation, Groove) else windows
