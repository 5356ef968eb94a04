"""MIDI files to two-bar windows of melody, bass and drums: this library against note-seq.

    python benchmarks/examples.py FOLDER [--files 50]

FOLDER has .mid files, such as some of the Lakh MIDI Dataset. First the windows of both are
compared, then both are timed over the same files, one after the other, several times. Prints one
line of JSON: files and windows a second of both on one core, their ratio, and what share of the
windows is equal. Reading the bytes from disk counts for neither.
"""

import argparse
import json
import statistics
import time
import warnings
from pathlib import Path

import note_seq_route

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import quantize
from keras_music_vae.music.representations import Drums, Melody

BARS = 2
MELODY, BASS, DRUMS = Melody(last_program=31), Melody(first_program=32, last_program=39), Drums()
ROUNDS = 3


def ours(content):
    """List of arrays of windows."""
    try:
        quantized = quantize(midi.read(content))
    except midi.MidiError:
        return []
    found = []
    for representation in (MELODY, BASS, DRUMS):
        try:
            found.append(representation.windows(quantized, BARS))
        except midi.MidiError:
            found.append([])
    return found


def theirs(content):
    """List of lists of sets of windows, by span."""
    try:
        sequence = note_seq_route.parse(content)
    except note_seq_route.note_seq.MIDIConversionError:
        return []
    return [
        note_seq_route.melody_windows(sequence, BARS, 0, 31),
        note_seq_route.melody_windows(sequence, BARS, 32, 39),
        note_seq_route.drum_windows(sequence, BARS),
    ]


def compare(name, content):
    """Returns how many windows are equal, and how many either has; prints where they differ."""
    equal = total = 0
    ours_found, theirs_found = ours(content), theirs(content)
    if bool(ours_found) != bool(theirs_found):
        print(f"{name}: read by {'ours' if ours_found else 'note-seq'} only")
        return 0, 0
    for part, own, other in zip(("melody", "bass", "drums"), ours_found, theirs_found, strict=True):
        own_set = {tuple(window) for window in own}
        other_set = set().union(*other)
        equal += len(own_set & other_set)
        total += len(own_set | other_set)
        only = len(own_set - other_set), len(other_set - own_set)
        if any(only):
            print(f"{name}: {part}, {only[0]} windows of ours only, {only[1]} of note-seq only")
    return equal, total


def timed(function, contents):
    """Seconds of the processor, and windows."""
    start = time.process_time()
    windows = 0
    for content in contents:
        for part in function(content):
            windows += sum(map(len, part)) if isinstance(part, list) else len(part)
    return time.process_time() - start, windows


def main():
    """Compares, times and prints the line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=50, help="how many to time; 0 for all")
    parser.add_argument("--compare", type=int, help="how many to compare; default: those timed")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # pretty_midi's, of tempi on later tracks.
    paths = sorted(options.folder.rglob("*.mid"))
    if not paths:
        parser.error(f"Expected .mid files in {options.folder}, found none.")

    def some(count):
        return paths[:: max(1, len(paths) // count)][:count] if count else paths

    compared = some(options.files if options.compare is None else options.compare)
    results = [compare(path.name, path.read_bytes()) for path in compared]
    equal, total = (sum(column) for column in zip(*results, strict=True))

    contents = [path.read_bytes() for path in some(options.files)]
    ours(contents[0]), theirs(contents[0])
    rounds = []
    for _ in range(ROUNDS):
        own, windows = timed(ours, contents)
        other, _ = timed(theirs, contents)
        rounds.append((other / own, len(contents) / own, windows / own, len(contents) / other))
    ratio, files, windows, their_files = (
        statistics.median(column) for column in zip(*rounds, strict=True)
    )
    print(
        json.dumps(
            {
                "files": len(contents),
                "compared": len(compared),
                "windows_compared": total,
                "windows_equal_percent": round(100 * equal / max(1, total), 3),
                "files_per_second": round(files),
                "windows_per_second": round(windows),
                "note_seq_files_per_second": round(their_files, 2),
                "ratio": round(ratio, 1),
                "ratios": [round(each[0], 1) for each in rounds],
            }
        )
    )


if __name__ == "__main__":
    main()
