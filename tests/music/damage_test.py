"""Files made to break readers, and thousands of damaged ones, in processes of limited means."""

import collections
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.music import midi
from keras_music_vae.music.representations import Band, Drums, Melody, Trio

MUTATIONS = 20_000


def limited(script, *arguments, seconds):
    """Runs a script with at most 4 GiB of addresses and so many seconds of work."""
    pytest.importorskip("resource")
    script = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
from tests.music import damage_test
damage_test.{script}
"""
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", script, *arguments],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


def vlq(number):
    """Bytes of a MIDI file's variable-length number."""
    digits = [number & 127]
    while number := number >> 7:
        digits.append(128 | number & 127)
    return bytes(reversed(digits))


def one_track(events, division=480):
    track = events + b"\0\xff\x2f\0"
    header = b"MThd\0\0\0\6\0\0\0\1" + division.to_bytes(2, "big")
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


ON, OFF = bytes([0x90, 60, 64]), bytes([0x80, 60, 0])
A_NOTE = b"\0" + ON + vlq(120) + OFF

PATHOLOGICAL = {
    "a tempo without end": (one_track(b"\0\xff\x51\3\0\0\0" + A_NOTE), "bad_tempo"),
    "a million tempi": (one_track(b"\1\xff\x51\3\7\xa1\x20" * 10**6 + A_NOTE), "too_many_changes"),
    "a million metres": (
        one_track(b"\1\xff\x58\4\4\2\x18\x08" * 10**6 + A_NOTE),
        "too_many_changes",
    ),
    "a note after ten million ticks": (one_track(vlq(10**7) + ON + b"\1" + OFF), "too_long"),
    "a note for ten million ticks": (one_track(b"\1" + ON + vlq(10**7) + OFF), "too_long"),
    "ticks beyond 32 bits": (one_track((vlq(2**28 - 1) + b"\xff\1\0") * 20 + A_NOTE), "too_long"),
    "a length beyond the file": (
        one_track(A_NOTE).replace(b"MTrk\0\0", b"MTrk\xff\xff"),
        "truncated",
    ),
    "a million tracks": (
        b"MThd\0\0\0\6\0\1\xff\xff\1\xe0" + b"MTrk\0\0\0\4\0\xff\x2f\0" * 10**6,
        "no_notes",
    ),
    "an endless header": (b"MThd\xff\xff\xff\xff\0\1\0\1\1\xe0MTrk", None),
    # As long as can be: two million bars of rest between two notes.
    "a long rest": (one_track(A_NOTE + vlq(9_999_000) + ON + b"\1" + OFF, division=1), ""),
    "a long note": (one_track(b"\0" + ON + vlq(9_999_000) + OFF, division=1), ""),
}


def every_representation():
    return (
        Melody(),
        Melody("workshop", skip_polyphony=True),
        Drums(),
        Drums("pitches"),
        Trio(),
        Band(),
        Band("released_code"),
    )


def outcome(data):
    """Reads a file and cuts windows of it; returns why it is refused, or an empty string.

    Anything else that is raised is a fault of the library.
    """
    try:
        score = midi.read(data)
    except midi.MidiError as error:
        return error.reason
    assert (score.notes["end"] > score.notes["start"]).all()
    assert score.notes["start"].min() >= 0
    for representation in every_representation():
        for bars in (1, 16):
            with contextlib.suppress(midi.MidiError):
                windows = representation.windows(score, bars)
                assert windows.shape[0] > 0
                assert windows.shape[1] == bars * 16
                assert (windows < np.array(representation.num_classes)).all()
    return ""


def try_pathological():
    for name, (data, expected) in PATHOLOGICAL.items():
        print(name, flush=True)
        reason = outcome(data)
        assert expected is None or reason == expected, f"{name}: {reason!r}"
    print("survived")


@pytest.mark.slow
def test_files_made_to_break_readers_are_refused():
    run = limited("try_pathological()", seconds=60)
    assert run.stdout.endswith("survived\n"), run.stdout[-200:] + run.stderr


def mutate(content, rng):
    """Damages the tracks of a file, and at times its header, its lengths and its end."""
    header, *tracks = content.split(b"MTrk")
    header, tracks = bytearray(header), [bytearray(track[4:]) for track in tracks]
    for _ in range(rng.integers(1, 4)):
        track = tracks[rng.integers(len(tracks))]
        at = int(rng.integers(len(track) + 1))
        match rng.integers(16):
            case 0:
                track[at : at + 1] = rng.bytes(1)
            case 1:
                header[rng.integers(8, len(header))] = rng.integers(256)
            case 2:
                # If a time follows, it is long now.
                track[at:at] = bytes(rng.integers(128, 256, 3).tolist())
            case 3:
                del track[at:]
            case 4:
                del track[at : at + int(rng.integers(1, 200))]
            case 5:
                tracks.insert(rng.integers(len(tracks)), track.copy())
            case 6:
                to = int(rng.integers(len(track) + 1))
                track[to:to] = track[at : at + int(rng.integers(1, 200))]
            case _:
                # Values that stay values leave a file that can be read, of music of another kind.
                for place in rng.integers(len(track) + 1, size=20).tolist():
                    if place < len(track) and track[place] < 128:
                        track[place] = rng.integers(128)
    lengths = [len(track) for track in tracks]
    if rng.random() < 0.1:
        lengths[0] = (lengths[0] + int(rng.choice([-9, -1, 1, 7, 1 << 31]))) % 2**32
    content = header + b"".join(
        b"MTrk" + length.to_bytes(4, "big") + track
        for length, track in zip(lengths, tracks, strict=True)
    )
    return bytes(content[: rng.integers(len(content))] if rng.random() < 0.05 else content)


def try_mutations(paths, count):
    outcomes = collections.Counter()
    contents = [Path(path).read_bytes() for path in paths]
    for number in range(count):
        # Flushed, so that the last line names the one that ends the interpreter.
        print(number, flush=True)
        content = contents[number % len(contents)]
        outcomes[outcome(mutate(content, np.random.default_rng(number)))] += 1
    print(dict(outcomes))
    # Enough of them get as far as the windows, and enough do not.
    assert outcomes[""] > count / 4
    assert count - outcomes[""] > count / 4
    print("survived")


@pytest.mark.slow
def test_damaged_files_are_read_or_refused(shared):
    files = sorted((shared / "data" / "midi" / "lmd_band").rglob("*.mid"))
    small = [str(path) for path in files if path.stat().st_size < 15_000][:30]
    if not small:
        pytest.skip("There are no files in lmd_band")
    run = limited(f"try_mutations(sys.argv[1:], {MUTATIONS})", *small, seconds=600)
    assert run.stdout.endswith("survived\n"), run.stdout[-200:] + run.stderr
