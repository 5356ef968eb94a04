"""Music of models of windows of tokens: melodies, drums, trios and bands."""

from keras_music_vae.commands.common import CommandError, mistakes
from keras_music_vae.commands.piece import Piece


def sample(model, options):
    """The `Piece`s that the command `sample` writes."""
    from keras_music_vae import play

    if options.key:
        raise CommandError(f"{model.preset.name} has no keys to choose from; leave out --key.")
    if options.steps:
        raise CommandError(f"{model.preset.name} counts in bars; give --bars, not --steps.")
    with _refusals():
        scores = play.sample(
            model,
            options.count,
            options.bars,
            options.temperature,
            options.seed,
            options.genre,
            options.chords,
            options.hits,
        )
    bars = options.bars or play.window_bars(model)
    return [_piece(score, bars, _bars(bars)) for score in scores]


def reconstruct(model, score, options):
    """The score that the command `reconstruct` writes, and what it says of it."""
    from keras_music_vae import play

    with _refusals():
        how = options.temperature, options.seed, options.chords
        remade = play.reconstruct(model, options.midi, *how)
    return remade.score, _told(model, score, remade)


def edit(model, score, options):
    """The score that the command `edit` writes, and what it says of it."""
    from keras_music_vae import play

    how = options.genre, options.amount, options.temperature, options.seed
    with _refusals():
        remade = play.edit(model, options.midi, *how)
    moved = f"moved {options.amount:.0%} of the way to {options.genre}"
    return remade.score, _told(model, score, remade, moved)


def add_attribute(model, score, options):
    """The score that the command `add-attribute` writes, and what it says of it."""
    from keras_music_vae import play

    how = options.with_, options.without, options.amount, options.temperature, options.seed
    with _refusals():
        remade = play.add_attribute(model, options.midi, *how)
    moved = (
        f"moved {options.amount:g} times from {_files(options.without)} without to "
        f"{_files(options.with_)} with"
    )
    return remade.score, _told(model, score, remade, moved)


def extend(model, score, options):
    """The score that the command `extend` writes, and what it says of it."""
    from keras_music_vae import play

    how = options.windows, options.temperature, options.seed, options.chords, options.hits
    with _refusals():
        extended = play.extend(model, options.midi, *how)
    windows = "1 window" if options.windows == 1 else f"{options.windows} windows"
    tracks = _tracks(score, model.representation)
    told = f"the piece and {windows} of {_bars(play.window_bars(model))}"
    return extended, "; ".join([told, *([tracks] if tracks else [])])


def _files(paths):
    return "1 file" if len(paths) == 1 else f"{len(paths)} files"


def _told(model, score, remade, *more):
    """Says what was made of a piece, and from which of its tracks."""
    from keras_music_vae import play
    from keras_music_vae.music.representations import steps_per_bar

    bars = _bars(len(remade.tokens) // steps_per_bar(model.representation))
    told = [f"{bars} in windows of {play.window_bars(model)}"]
    if tracks := _tracks(score, model.representation):
        told.append(tracks)
    kept = f"{remade.kept:.0%} of tokens kept, {remade.events_kept:.0%} where something happens"
    return "; ".join([*told, *more, kept])


def interpolate(model, options):
    """The `Piece` that the command `interpolate` writes."""
    from keras_music_vae import play

    ends = options.first, options.second
    how = options.temperature, options.seed, options.chords, options.hits
    with _refusals():
        score = play.interpolate(model, *ends, options.steps, *how)
    window = play.window_bars(model)
    bars = options.steps * window
    return _piece(score, bars, f"{options.steps} windows, {_bars(bars)}")


def sweep(model, options):
    """What the command `sweep` writes: dict, attribute -> `play.Swept`, and how to draw all."""
    from keras_music_vae import play
    from keras_music_vae.music import plotting

    attributes = options.attribute or list(model.attribute_dims)
    if not attributes:
        raise CommandError(
            f"{model.preset.name} has codes in no order. Choose a preset whose card has attributes."
        )
    how = options.values, options.bar, options.temperature, options.seed
    with _refusals():
        swept = {name: play.sweep(model, options.midi, name, *how) for name in attributes}
    return swept, lambda: plotting.sweeps(swept, options.values, play.window_bars(model))


def _refusals():
    from keras_music_vae import play
    from keras_music_vae.music import midi

    return mistakes(play.PlayError, midi.MidiError)


def _piece(score, bars, length):
    from keras_music_vae.music import midi, plotting

    return Piece(score, length, bars * midi.QUARTERS_PER_BAR, lambda: plotting.multitrack(score))


def _bars(count):
    return "1 bar" if count == 1 else f"{count} bars"


def _tracks(score, representation):
    """Says which tracks parts with pitches were read from; "" where all tracks are taken."""
    import numpy as np

    from keras_music_vae.music import midi, reading

    notes = reading.lines(score, representation).notes
    notes = notes[~notes["is_drum"]] if notes is not score.notes else notes[:0]
    names = {}  # each once, in order
    for track, first in zip(*np.unique(notes["track"], return_index=True), strict=True):
        name = score.names[track] if track < len(score.names) else ""
        names[name.strip() or midi.FAMILIES[notes["program"][first] // 8]] = None
    if not names:
        return ""
    *others, last = names
    return f"read from {', '.join(others)} and {last}" if others else f"read from {last}"
