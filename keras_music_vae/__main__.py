"""The command line: music from presets, SavedModels, and lists of presets and datasets."""

import argparse
import contextlib
import errno
import os
import sys
import tempfile
from pathlib import Path

PROGRAM = "keras-music-vae"


class CommandError(Exception):
    """A mistake in what was asked for; the message says what to do."""


def main(arguments=None):
    """Runs one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (CommandError, ImportError) as error:
        return _fail(error)
    except OSError as error:
        named = f"{error.filename}: {error.strerror}" if error.filename else error
        advice = ". Free some space and run it again." if error.errno == errno.ENOSPC else ""
        return _fail(f"{named}{advice}")
    except KeyboardInterrupt:
        return _fail("Interrupted. Files that were there before are as they were.", status=130)
    return 0


def sample(options):
    from keras_music_vae.music import midi, plotting

    paths = _numbered(_writable(options.out), options.count)
    plots = _numbered(_writable(options.plot), options.count) if options.plot else []
    model = _load(options.preset)
    _check_key(model, options.key)
    tempo_qpm = options.tempo or model.preset.tempo_qpm
    rolls = model.sample(
        options.count, options.steps, options.key, None, options.temperature, options.seed
    )
    per_quarter = model.representation.steps_per_quarter
    for roll, path in zip(rolls, paths, strict=True):
        _write_midi(midi.to_bytes(model.representation.decode(roll), tempo_qpm=tempo_qpm), path)
        seconds = options.steps / per_quarter * 60 / tempo_qpm
        print(f"{path}: {options.steps} steps, {seconds:.0f} s at {tempo_qpm:g} quarters a minute")
    for roll, path in zip(rolls, plots, strict=False):
        figure = plotting.piano_roll(roll, steps_per_quarter=per_quarter, key=options.key)
        with _mistakes(ValueError):  # a format that matplotlib cannot write
            figure.savefig(path)
        print(path)


def reconstruct(options):
    from keras_music_vae.music import midi

    out = _writable(options.out)
    with _mistakes(midi.MidiError):
        score = midi.read(options.midi)
    model = _load(options.preset)
    roll = model.representation.encode(score)
    if not roll.any():
        raise CommandError(f"{options.midi} has no notes on the piano's 88 keys but drums.")
    if model.condition_dim:
        with _mistakes(ValueError):
            model.w_draws(len(roll))
    made = model.reconstruct(roll[None], None, options.temperature, options.seed)[0]
    first = score.tempos["tempo_qpm"][:1]
    tempo_qpm = float(first[0]) if first.size else model.preset.tempo_qpm
    _write_midi(midi.to_bytes(model.representation.decode(made), tempo_qpm=tempo_qpm), out)
    kept, total = int((made & roll).sum()), int(roll.sum())
    new = int(made.sum()) - kept
    print(f"{out}: {len(roll)} steps; {kept} of {total} notes kept, {new} new")


def presets(options):
    from keras_music_vae.presets import list_presets

    found = list_presets()
    for preset in found:
        print(f"{preset.name}  {preset.summary}")
    if not found:
        print("This release has no presets. Folders made by save_preset work in their place.")


def export(options):
    model, out = _load(options.preset), Path(options.out)
    if not out.absolute().parent.is_dir():
        raise _no_folder(out)
    from keras_music_vae import export

    with _mistakes(export.ExportError):
        export.save(model, out)
    print(f"{out}: load it by tf.saved_model.load({str(out)!r}); it needs TensorFlow only")


def datasets(options):
    from keras_music_vae.papers import PAPERS

    print("Building needs: pip install 'keras-music-vae[tfds]'")
    for paper in PAPERS.values():
        for dataset in paper.datasets.values():
            name, _, config = dataset.tfds.partition("/")
            print(f"\n{dataset.name}: {dataset.title}")
            print(f"  tfds build {name} --config={config} --imports=tfds_builders")
    print("\nWhat a dataset is and whether it needs files of yours: its README in tfds_builders")


def _parser():
    preset = "--preset classifying_vae_jsb_all_keys"
    first = f'{PROGRAM} sample {preset} --key "G major" --seed 1 --out bach.mid'
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Variational autoencoders for music.",
        epilog=f"example:\n  {first}\n\nSee also: {PROGRAM} sample --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(run, text, *examples):
        added = commands.add_parser(
            run.__name__,
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog="\n  ".join(["examples:", *examples]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    def add_preset(parser):
        text = "a name that `presets` lists, or a folder"
        parser.add_argument("--preset", required=True, help=text)

    made = command(
        sample,
        "make music from nothing",
        first,
        f"{PROGRAM} sample {preset} --key e --count 3 --temperature 0.8 --out bach.mid",
    )
    add_preset(made)
    made.add_argument("--key", type=_key, help='such as "G major" or "Bb minor"')
    made.add_argument("--steps", type=_whole(1), default=64, help="length (default: 64)")
    made.add_argument("--count", type=_whole(1), default=1, help="pieces to make (default: 1)")
    made.add_argument(
        "--tempo", type=_between(4, 999), help="quarters a minute (default: the preset's)"
    )
    _add_randomness(made)
    made.add_argument("--out", required=True, help="MIDI file; several pieces are numbered")
    made.add_argument("--plot", help="PNG file of the piano roll")

    again = command(
        reconstruct,
        "encode a MIDI file and decode it again",
        f"{PROGRAM} reconstruct in.mid {preset} --out out.mid",
    )
    again.add_argument("midi", metavar="IN.mid", help="MIDI file")
    add_preset(again)
    _add_randomness(again)
    again.add_argument("--out", required=True, help="MIDI file")

    command(presets, "list the presets", f"{PROGRAM} presets")

    exported = command(
        export,
        "write a preset as a SavedModel",
        f"{PROGRAM} export {preset} --out saved_model",
    )
    add_preset(exported)
    exported.add_argument("--out", required=True, help="folder, to be made")

    command(datasets, "say how to build each dataset", f"{PROGRAM} datasets")
    return parser


def _add_randomness(parser):
    parser.add_argument(
        "--temperature",
        type=_between(0.01, 100),
        default=1.0,
        help="below 1 makes likely notes likelier (default: 1)",
    )
    parser.add_argument("--seed", type=_whole(0), default=0, help="equal seeds, equal music")


def _key(text):
    from keras_music_vae.music.theory import parse_key

    try:
        return parse_key(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _whole(least):
    def parse(text):
        if not text.isdecimal() or not least <= int(text) < 2**31:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} to {2**31 - 1}, received {text!r}"
            )
        return int(text)

    return parse


def _between(low, high):
    def parse(text):
        with contextlib.suppress(ValueError):
            if low <= float(text) <= high:
                return float(text)
        raise argparse.ArgumentTypeError(f"expected {low} to {high}, received {text!r}")

    return parse


def _load(name_or_folder):
    from keras_music_vae.presets import PresetError, find_preset, from_preset

    with _mistakes(PresetError):
        find_preset(name_or_folder)  # a wrong name is told before the wait for Keras
        with _notices_aside():
            import keras

            keras.ops.zeros(1)  # the first operation looks for devices
        return from_preset(name_or_folder)


@contextlib.contextmanager
def _notices_aside():
    """Hides what TensorFlow writes to the terminal while it starts; a failure shows it.

    It comes from below Python, whatever TF_CPP_MIN_LOG_LEVEL says, and would bury our one line.
    """
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as notices:
        os.dup2(notices.fileno(), 2)
        try:
            yield
        except BaseException:
            notices.seek(0)
            os.write(terminal, notices.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _check_key(model, key):
    if not model.condition_dim:
        if key:
            raise CommandError(f"{model.preset.name} has no keys to choose from; leave out --key.")
    elif key:
        with _mistakes(ValueError):
            model.class_weights(key)
    else:
        raise CommandError(
            f"{model.preset.name} needs a --key, for example --key '{model.classes[0]} major'. "
            f"It knows the major keys {', '.join(model.classes)} and their relative minors."
        )


@contextlib.contextmanager
def _mistakes(kind):
    """Turns errors of `kind`, whose messages are for users, to `CommandError`s."""
    try:
        yield
    except kind as error:
        raise CommandError(error) from error


def _writable(name):
    path = Path(name)
    if path.is_dir():
        raise CommandError(f"Expected a file to write. Received: {name}, which is a folder.")
    if not path.absolute().parent.is_dir():
        raise _no_folder(path)
    return path


def _no_folder(path):
    return CommandError(f"{path.parent} is not there to write {path.name} to. Make it first.")


def _numbered(path, count):
    """The paths of `count` files: one is `path` itself, more are `stem_1`, `stem_2`, ..."""
    if count == 1:
        return [path]
    width = len(str(count))
    return [path.with_stem(f"{path.stem}_{i:0{width}}") for i in range(1, count + 1)]


def _write_midi(data, path):
    from keras_music_vae.files import write_bytes

    write_bytes(path, data)


def _fail(message, status=1):
    print(f"{PROGRAM}: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
