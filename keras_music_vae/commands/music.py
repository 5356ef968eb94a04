"""The commands that make music: `sample`, `reconstruct`, `edit`, `interpolate` and so on.

Of each family of models a module says how its music is made: `rolls` and `tokens`.
"""

from keras_music_vae.commands.common import (
    CommandError,
    load,
    mistakes,
    new_folder,
    numbered,
    writable,
    write_figure,
    write_midi,
)


def sample(options):
    paths = numbered(writable(options.out), options.count)
    plots = numbered(writable(options.plot), options.count) if options.plot else []
    model = _load(options)
    tempo_qpm = options.tempo or model.preset.tempo_qpm
    pieces = _family(model).sample(model, options)
    for piece, path in zip(pieces, paths, strict=True):
        write_midi(piece.score, path, tempo_qpm)
        seconds = piece.quarters * 60 / tempo_qpm
        print(f"{path}: {piece.length}, {seconds:.0f} s at {tempo_qpm:g} quarters a minute")
    for piece, path in zip(pieces, plots, strict=False):
        write_figure(piece.draw(), path)


def reconstruct(options):
    _remake(options, lambda model: _family(model).reconstruct)


def edit(options):
    _remake(options, lambda model: _of_windows(model, "MusAE to edit").edit)


def add_attribute(options):
    of_model = "MusicVAE or MusAE to add an attribute with"
    _remake(options, lambda model: _of_windows(model, of_model).add_attribute)


def extend(options):
    _remake(options, lambda model: _of_windows(model, "MusicVAE or MusAE to extend").extend)


def _remake(options, function_of):
    """Reads a piece, makes it again by the function of the model, and writes it."""
    out = writable(options.out)
    score = _read(options.midi)
    model = _load(options)
    made, told = function_of(model)(model, score, options)
    write_midi(made, out, _tempo(score, model))
    print(f"{out}: {told}")


def interpolate(options):
    out = writable(options.out)
    plot = writable(options.plot) if options.plot else None
    first, _ = _read(options.first), _read(options.second)
    model = _load(options)
    piece = _of_windows(model, "MusicVAE or MusAE to interpolate").interpolate(model, options)
    write_midi(piece.score, out, _tempo(first, model))
    print(f"{out}: {piece.length}")
    if plot:
        write_figure(piece.draw(), plot)


def sweep(options):
    out = new_folder(options.out)
    score = _read(options.midi)
    model = _load(options, likeliest=True)
    swept, draw = _of_windows(model, "MeasureVAE to sweep").sweep(model, options)
    out.mkdir(exist_ok=True)
    for attribute, each in swept.items():
        path = out / f"{attribute}.mid"
        write_midi(each.score, path, _tempo(score, model))
        told = "" if each.found is None else ": " + " ".join(f"{a:.2f}" for a in each.found)
        print(f"{path}{told}")
    write_figure(draw(), out / "sweep.png")


def _load(options, likeliest=False):
    """The model; without a temperature, the options get its own, or what is likeliest with it."""
    from keras_music_vae.play import least_temperature

    model = load(options.preset)
    least = least_temperature(model)
    if options.temperature is None:
        options.temperature = least if likeliest else model.own_temperature
    elif options.temperature < least:
        raise CommandError(
            f"{model.preset.name} draws each note after those before it. Expected a --temperature "
            f"of {least} or more. Received: {options.temperature:g}."
        )
    return model


def _family(model):
    from keras_music_vae.commands import rolls, tokens

    return tokens if model.preset.window_bars else rolls


def _of_windows(model, wanted):
    """The family, if it is that of models with a code for a window."""
    from keras_music_vae.commands import tokens

    if _family(model) is not tokens:
        raise CommandError(
            f"{model.preset.name} has a code for each step, not for a window. Choose a preset of "
            f"{wanted}."
        )
    return tokens


def _read(path):
    from keras_music_vae.music import midi

    with mistakes(midi.MidiError):
        return midi.read(path)


def _tempo(score, model):
    """Quarters a minute in which to write what was made of a score: its first tempo."""
    first = score.tempos["tempo_qpm"][:1]
    return float(first[0]) if first.size else model.preset.tempo_qpm
