"""The command line: music from presets, SavedModels, and lists of presets and datasets."""

import errno
import sys

from keras_music_vae.commands.common import PROGRAM, CommandError
from keras_music_vae.commands.parser import make_parser


def main(arguments=None):
    """Runs one command; returns the exit status."""
    options = make_parser().parse_args(arguments)
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


def _fail(message, status=1):
    print(f"{PROGRAM}: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
