"""Windows of real files against the way through note-seq, from the bytes of the file on."""

import numpy as np
import pytest

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import quantize
from keras_music_vae.music.representations import Drums, Melody

pytest.importorskip("note_seq")
from benchmarks import note_seq_route as route

BARS = 2
# Files with notes whose program changes while they sound: theirs is the later program.
PROGRAM_CHANGES = {
    "944c8c0a7857fc89ba3a842f755efd38",
    "01fab2cae6250bd26d9f02a445ce38cd",
}


def windows(quantized, representation):
    try:
        return {tuple(window) for window in representation.windows(quantized, BARS).tolist()}
    except midi.MidiError:
        return set()


# pretty_midi warns of tempi on later tracks.
@pytest.mark.filterwarnings("ignore:Tempo, Key or Time signature:RuntimeWarning")
def test_windows_are_those_of_note_seq(shared):
    paths = sorted((shared / "data" / "midi" / "lmd_band").rglob("*.mid"))
    if not paths:
        pytest.skip("lmd_band is not there")
    total = 0
    for path in [*paths[2::60], *(path for path in paths if path.stem in PROGRAM_CHANGES)]:
        quantized = quantize(midi.read(path))
        sequence = route.parse(path.read_bytes())
        melody = set().union(*route.melody_windows(sequence, BARS, 0, 31))
        bass = set().union(*route.melody_windows(sequence, BARS, 32, 39))
        drums = set().union(*route.drum_windows(sequence, BARS))
        found = windows(quantized, Melody(last_program=31))
        assert windows(quantized, Melody(first_program=32, last_program=39)) == bass, path
        assert windows(quantized, Drums()) == drums, path
        assert (found == melody) == (path.stem not in PROGRAM_CHANGES), path
        total += len(melody | bass | drums)
    assert total > 2000


def test_windows_of_a_span_are_unique_and_of_two_spans_are_not(shared):
    path = sorted((shared / "data" / "midi" / "lmd_band").rglob("*.mid"))[0]
    score = midi.read(path)
    quantized = quantize(score)
    by_span = route.drum_windows(route.parse(path.read_bytes()), BARS)
    found = Drums().windows(quantized, BARS)
    assert len(found) == sum(map(len, by_span))
    every = Drums().windows(quantized, BARS, unique=False)
    assert len(every) > len(found)
    assert len(np.unique(every, axis=0)) == len(np.unique(found, axis=0))
