"""Prints the tables of the recorded runs, and writes them into README and docs."""

import argparse
import sys
from pathlib import Path

from keras_music_vae.papers import PAPERS
from keras_music_vae.reproduction import documents, results, tables

EPILOG = """examples:
  python -m keras_music_vae.reproduction            print paper and measured side by side
  python -m keras_music_vae.reproduction --write    and bring README.md and docs up to date
"""


def main(arguments=None):
    """Runs the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m keras_music_vae.reproduction",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--root", type=Path, default=Path(), help="the repository (default: the current folder)"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the generated parts of README.md and docs/*.md"
    )
    options = parser.parse_args(arguments)
    try:
        for paper in PAPERS.values():
            found = results.read(documents.results_path(options.root, paper))
            for table in paper.tables.values():
                cells = tables.cells(paper, table, found)
                print(tables.as_text(paper, table, cells), end="\n\n")
        if options.write:
            changed = documents.write(options.root)
            print("\n".join(f"wrote {path}" for path in changed) or "The documents are up to date.")
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
