"""What the commands share: mistakes, loading, and paths to write to."""

import contextlib
import os
import tempfile
from pathlib import Path

PROGRAM = "keras-music-vae"


class CommandError(Exception):
    """A mistake in what was asked for; the message says what to do."""


@contextlib.contextmanager
def mistakes(*kinds):
    """Turns errors of `kinds`, whose messages are for users, to `CommandError`s."""
    try:
        yield
    except kinds as error:
        raise CommandError(error) from error


def load(name_or_folder):
    """The model of a preset; a wrong name is told before the wait for Keras."""
    from keras_music_vae.presets import PresetError, find_preset, from_preset

    with mistakes(PresetError):
        find_preset(name_or_folder)
        start_keras()
        return from_preset(name_or_folder)


def start_keras():
    """Imports Keras without its notices."""
    with _notices_aside():
        import keras

        keras.ops.zeros(1)  # the first operation looks for devices


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


def writable(name):
    """The path of a file to write.

    Raises:
        CommandError: if it is a folder, or its folder is not there.
    """
    path = Path(name)
    if path.is_dir():
        raise CommandError(f"Expected a file to write. Received: {name}, which is a folder.")
    _check_parent(path)
    return path


def new_folder(name):
    """The path of a folder to make.

    Raises:
        CommandError: if the folder that it is to be in is not there.
    """
    _check_parent(Path(name))
    return Path(name)


def _check_parent(path):
    if not path.absolute().parent.is_dir():
        raise CommandError(f"{path.parent} is not there to write {path.name} to. Make it first.")


def numbered(path, count):
    """The paths of `count` files: one is `path` itself, more are `stem_1`, `stem_2`, ..."""
    if count == 1:
        return [path]
    width = len(str(count))
    return [path.with_stem(f"{path.stem}_{i:0{width}}") for i in range(1, count + 1)]


def write_midi(score, path, tempo_qpm):
    """Writes a score whole or, if the disk is full, not at all."""
    from keras_music_vae.files import write_bytes
    from keras_music_vae.music import midi

    write_bytes(path, midi.to_bytes(score, tempo_qpm=tempo_qpm))


def write_figure(figure, path):
    """Writes a drawing, and says so."""
    with mistakes(ValueError):  # a format that matplotlib cannot write
        figure.savefig(path)
    print(path)
