"""The arguments of the commands, with help and examples."""

import argparse
import contextlib

from keras_music_vae import commands
from keras_music_vae.commands.common import PROGRAM
from keras_music_vae.papers.magenta import MAGENTA

PRESET = "--preset classifying_vae_jsb_all_keys"
FIRST = f'{PROGRAM} sample {PRESET} --key "G major" --seed 1 --out bach.mid'


def make_parser():
    """The parser of the command line, whose options have the command to `run`."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Variational autoencoders for music.",
        epilog=f"example:\n  {FIRST}\n\nSee also: {PROGRAM} sample --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(required=True, metavar="command")

    def command(run, text, *examples):
        added = subparsers.add_parser(
            run.__name__.replace("_", "-"),
            help=text,
            description=f"{text[0].upper()}{text[1:]}.",
            epilog="\n  ".join(["examples:", *examples]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    _add_music(command)
    command(commands.presets, "list the presets", f"{PROGRAM} presets")
    exported = command(
        commands.export,
        "write a preset as a SavedModel",
        f"{PROGRAM} export {PRESET} --out saved_model",
    )
    _add_preset(exported)
    exported.add_argument("--out", required=True, help="folder, to be made")
    exported.add_argument(
        "--jit-compile",
        action="store_true",
        help="compile by XLA: quicker in small batches, slow at first for each shape",
    )

    imported = command(
        commands.import_magenta,
        "write a checkpoint of Magenta's MusicVAE as a preset",
        f"{PROGRAM} import-magenta cat-mel_2bar_big.tar --config cat-mel_2bar_big --out melodies",
        f"{PROGRAM} sample --preset melodies --temperature 0.5 --out new.mid",
    )
    imported.add_argument(
        "checkpoint", metavar="FILE", help="a .tar that Magenta published, or a checkpoint"
    )
    text = f"Magenta's name for the model: {', '.join(MAGENTA)}"
    imported.add_argument("--config", required=True, choices=MAGENTA, metavar="NAME", help=text)
    imported.add_argument("--out", required=True, help="folder, to be made")

    command(commands.datasets, "say how to build each dataset", f"{PROGRAM} datasets")
    return parser


def _add_music(command):
    made = command(
        commands.sample,
        "make music from nothing",
        FIRST,
        f"{PROGRAM} sample {PRESET} --key e --count 3 --temperature 0.8 --out bach.mid",
        f"{PROGRAM} sample --preset my_drums --bars 4 --temperature 0.5 --out drums.mid",
    )
    _add_preset(made)
    made.add_argument("--key", type=_key, help='such as "G major" or "Bb minor"')
    made.add_argument("--steps", type=_whole(1), help="length of piano rolls (default: 64)")
    made.add_argument(
        "--bars", type=_whole(1), help="length of pieces of windows (default: as trained)"
    )
    made.add_argument("--count", type=_whole(1), default=1, help="pieces to make (default: 1)")
    made.add_argument(
        "--tempo", type=_between(4, 999), help="quarters a minute (default: the preset's)"
    )
    made.add_argument(
        "--genre", help="of MusAE, one that `presets` lists (default: any, drawn for each piece)"
    )
    _add_chords(made)
    _add_hits(made, "those to play")
    _add_randomness(made)
    made.add_argument("--out", required=True, help="MIDI file; several pieces are numbered")
    made.add_argument("--plot", help="PNG file of the piano roll")

    again = command(
        commands.reconstruct,
        "encode a MIDI file and decode it again",
        f"{PROGRAM} reconstruct in.mid {PRESET} --out out.mid",
    )
    again.add_argument("midi", metavar="IN.mid", help="MIDI file")
    _add_preset(again)
    _add_chords(again)
    _add_randomness(again)
    again.add_argument("--out", required=True, help="MIDI file")

    edited = command(
        commands.edit,
        "move a MIDI file towards a genre, window by window (MusAE)",
        f"{PROGRAM} edit in.mid --preset my_bands --genre rock --amount 0.5 --out out.mid",
    )
    edited.add_argument("midi", metavar="IN.mid", help="MIDI file")
    _add_preset(edited)
    edited.add_argument("--genre", required=True, help="one that `presets` lists for the preset")
    text = (
        "how far each window's code goes, from 0, made again and not moved, to 1, at the centre "
        "of the genre's petal in the two directions in which genres differ; what the code is in "
        "all others stays (default: 0.5)"
    )
    edited.add_argument("--amount", type=_between(0, 1), default=0.5, help=text)
    _add_randomness(edited)
    edited.add_argument("--out", required=True, help="MIDI file")

    attribute = command(
        commands.add_attribute,
        "give a MIDI file what some files have and others have not (MusicVAE, MusAE)",
        f"{PROGRAM} add-attribute in.mid --preset my_drums --with busy/*.mid --without calm/*.mid "
        "--out out.mid",
    )
    attribute.add_argument("midi", metavar="IN.mid", help="MIDI file")
    _add_preset(attribute)
    text = "MIDI files of music with the attribute"
    attribute.add_argument("--with", dest="with_", nargs="+", required=True, metavar="A", help=text)
    text = "MIDI files of music without it, and else as like the others as may be"
    attribute.add_argument("--without", nargs="+", required=True, metavar="B", help=text)
    text = "what the vector is multiplied by; below 0 it is taken away (default: 1)"
    attribute.add_argument("--amount", type=_between(-100, 100), default=1.0, help=text)
    _add_randomness(attribute)
    attribute.add_argument("--out", required=True, help="MIDI file")

    longer = command(
        commands.extend,
        "play on where a MIDI file ends (MusicVAE, MusAE)",
        f"{PROGRAM} extend in.mid --preset my_drums --windows 4 --temperature 0.5 --out out.mid",
    )
    longer.add_argument("midi", metavar="IN.mid", help="MIDI file")
    _add_preset(longer)
    text = (
        "windows to make, on the way from the code of the last one of the file to one that is "
        "drawn (default: 4)"
    )
    longer.add_argument("--windows", type=_whole(1), default=4, help=text)
    _add_chords(longer)
    _add_hits(longer, "those to play")
    _add_randomness(longer)
    longer.add_argument("--out", required=True, help="MIDI file, the piece and what follows it")

    between = command(
        commands.interpolate,
        "make the windows between the first windows of two MIDI files (MusicVAE, MusAE)",
        f"{PROGRAM} interpolate a.mid b.mid --preset my_melodies --temperature 0.5 --out out.mid",
    )
    between.add_argument("first", metavar="A.mid", help="MIDI file to begin with")
    between.add_argument("second", metavar="B.mid", help="MIDI file to end with")
    _add_preset(between)
    _add_chords(between)
    _add_hits(between, "those of each window (default: those of A.mid)")
    text = "windows to make, both ends included (default: 9)"
    between.add_argument("--steps", type=_whole(2), default=9, help=text)
    _add_randomness(between)
    between.add_argument("--out", required=True, help="MIDI file, the windows one after the other")
    between.add_argument("--plot", help="PNG file of the piano roll")

    swept = command(
        commands.sweep,
        "make a window of a MIDI file anew as an attribute of it rises (AR-VAE)",
        f"{PROGRAM} sweep in.mid --preset ar_vae_bach --attribute contour --out swept",
        f"{PROGRAM} sweep in.mid --preset ar_vae_bach --bar 5 --values -2 -1 0 1 2 --out swept",
    )
    swept.add_argument("midi", metavar="IN.mid", help="MIDI file")
    _add_preset(swept)
    text = "as the preset's card names them (default: all)"
    swept.add_argument("--attribute", nargs="+", metavar="NAME", help=text)
    text = "what its dimension of the code becomes (default: -4 -2 0 2 4)"
    swept.add_argument(
        "--values", type=float, nargs="+", metavar="Z", default=(-4.0, -2.0, 0.0, 2.0, 4.0),
        help=text,
    )  # fmt: skip
    text = "the bar to begin with, from 1 (default: the first window with notes)"
    swept.add_argument("--bar", type=_whole(1), help=text)
    _add_randomness(swept, default="0.01, with these 0")
    text = "folder, to be made: a MIDI file for each attribute, and sweep.png"
    swept.add_argument("--out", required=True, help=text)


def _add_preset(parser):
    text = "a name that `presets` lists, or a folder"
    parser.add_argument("--preset", required=True, help=text)


def _add_chords(parser):
    text = "of models that are told them: such as C Am F G7, for an equal part of the piece each"
    parser.add_argument("--chords", nargs="+", metavar="CHORD", help=text)


def _add_hits(parser, which):
    text = f"of grooves that are told hits: MIDI file of drums with {which}"
    parser.add_argument("--hits", metavar="DRUMS.mid", help=text)


def _add_randomness(parser, default="1, with these 0"):
    parser.add_argument(
        "--temperature",
        type=_between(0, 100),
        help="below 1 makes likely notes likelier; 0 takes the likeliest, with MusAE and "
        f"MeasureVAE (default: {default})",
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
