"""The commands that make music: `sample`, `reconstruct`, `interpolate` and `sweep`.

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
    model = load(options.preset)
    tempo_qpm = options.tempo or model.preset.tempo_qpm
    pieces = _family(model).sample(model, options)
    for piece, path in zip(pieces, paths, strict=True):
        write_midi(piece.score, path, tempo_qpm)
        seconds = piece.quarters * 60 / tempo_qpm
        print(f"{path}: {piece.length}, {seconds:.0f} s at {tempo_qpm:g} quarters a minute")
    for piece, path in zip(pieces, plots, strict=False):
        write_figure(piece.draw(), path)


def reconstruct(options):
    out = writable(options.out)
    score = _read(options.midi)
    model = load(options.preset)
    made, told = _family(model).reconstruct(model, score, options)
    write_midi(made, out, _tempo(score, model))
    print(f"{out}: {told}")


def interpolate(options):
    from keras_music_vae.commands import tokens

    out = writable(options.out)
    plot = writable(options.plot) if options.plot else None
    first, _ = _read(options.first), _read(options.second)
    model = load(options.preset)
    if _family(model) is not tokens:
        raise CommandError(
            f"{model.preset.name} has a code for each step, not for a window. Choose a preset of "
            "MusicVAE to interpolate."
        )
    piece = tokens.interpolate(model, options)
    write_midi(piece.score, out, _tempo(first, model))
    print(f"{out}: {piece.length}")
    if plot:
        write_figure(piece.draw(), plot)


def sweep(options):
    from keras_music_vae.commands import tokens

    out = new_folder(options.out)
    score = _read(options.midi)
    model = load(options.preset)
    if _family(model) is not tokens:
        raise CommandError(f"{model.preset.name} has a code for each step, not for a window.")
    swept, draw = tokens.sweep(model, options)
    out.mkdir(exist_ok=True)
    for attribute, each in swept.items():
        path = out / f"{attribute}.mid"
        write_midi(each.score, path, _tempo(score, model))
        told = "" if each.found is None else ": " + " ".join(f"{a:.2f}" for a in each.found)
        print(f"{path}{told}")
    write_figure(draw(), out / "sweep.png")


def _family(model):
    from keras_music_vae.commands import rolls, tokens

    return tokens if model.preset.window_bars else rolls


def _read(path):
    from keras_music_vae.music import midi

    with mistakes(midi.MidiError):
        return midi.read(path)


def _tempo(score, model):
    """Quarters a minute in which to write what was made of a score: its first tempo."""
    first = score.tempos["tempo_qpm"][:1]
    return float(first[0]) if first.size else model.preset.tempo_qpm
