"""Windows and notes against those that Magenta's own converters gave."""

import numpy as np
import pytest

from keras_music_vae.music import midi
from keras_music_vae.music.quantize import quantize_seconds
from keras_music_vae.music.representations import Drums, Melody, Trio

FOLDER = "magenta/converters"
FILES = (
    "english1", "example", "example_is_drum", "jigs107", "magenta_primer", "melody",
    "miditok_Aicha", "miditok_All_The_Small_Things", "miditok_Funkytown",
    "miditok_I_Gotta_Feeling", "miditok_In_Too_Deep", "miditok_Les_Yeux_Revolvers",
    "miditok_Macabre_Waltz", "miditok_POP909_008", "miditok_Shut_Up",
    "miditok_What_a_Fool_Believes", "miditok_d8faddb8596fff7abb24d78666f73e4e", "waltzes34",
)  # fmt: skip
CONVERTERS = {
    "mel_2bar": (Melody(last_program=31), 2),
    "mel_16bar": (Melody(), 16),
    "mel_2bar_skip_polyphony": (Melody(last_program=31, skip_polyphony=True), 2),
    "mel_32bar_128pitch": (Melody("workshop"), 32),
    "drums_2bar": (Drums(), 2),
    "drums_16bar": (Drums(), 16),
    "nade_drums_2bar_full": (Drums("pitches"), 2),
    "trio_16bar": (Trio(), 16),
}
# Here notes have the program at which they begin, with pretty_midi that at which they end. Of the
# files only this one changes the program of notes that sound, and so moves them between parts.
MOVED = "miditok_All_The_Small_Things"


def stored_notes(table):
    """Returns notes without times, and starts and ends in seconds, of rows as note-seq has them."""
    table = table[np.argsort(table[:, 0], kind="stable")]
    notes = np.zeros(len(table), midi.Notes)
    for column, name in enumerate(("pitch", "velocity", "track", "program", "is_drum"), start=2):
        notes[name] = table[:, column]
    return notes, table[:, 0], table[:, 1]


def from_stored(arrays):
    return quantize_seconds(
        *stored_notes(arrays["notes"]),
        tempos=arrays["tempos"].tolist(),
        time_signatures=[
            (time, (numerator, denominator))
            for time, numerator, denominator in arrays["time_signatures"].tolist()
        ],
    )


def windows_or_none(representation, score, bars, **options):
    try:
        return representation.windows(score, bars, **options)
    except midi.MidiError:
        return ()


def assert_same_windows(arrays, score):
    for name, (representation, bars) in CONVERTERS.items():
        # Magenta keeps all windows of a trio.
        found = windows_or_none(representation, score, bars, unique=name != "trio_16bar")
        expected = arrays[f"all_sorted/{name}"]
        assert len(found) == len(expected), name
        if not len(found):
            continue
        if name.startswith("nade"):
            found = np.packbits(representation.bits(found), axis=-1)
        np.testing.assert_array_equal(as_sorted(found), as_sorted(expected), name)


def as_sorted(windows):
    rows = np.asarray(windows).reshape(len(windows), -1).astype(np.int64)
    return rows[np.lexsort(rows.T[::-1])]


def midi_of(shared, name):
    path = shared / "fixtures" / FOLDER / "midi" / f"{name}.mid"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return midi.read(path)


def test_every_stored_file_is_tested(shared):
    folder = shared / "fixtures" / FOLDER
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    assert {path.stem for path in folder.glob("[!_]*.npz")} == set(FILES)


def test_the_files_have_windows_of_every_kind(golden):
    counts = dict.fromkeys(CONVERTERS, 0)
    for name in FILES:
        arrays = golden(f"{FOLDER}/{name}")
        for kind in CONVERTERS:
            counts[kind] += len(arrays[f"all_sorted/{kind}"])
    assert min(counts.values()) > 50


@pytest.mark.parametrize("name", FILES)
def test_windows_of_stored_notes_are_magentas(golden, name):
    arrays = golden(f"{FOLDER}/{name}")
    assert_same_windows(arrays, from_stored(arrays))


@pytest.mark.parametrize("name", [name for name in FILES if name != MOVED])
def test_windows_of_midi_files_are_magentas(golden, shared, name):
    assert_same_windows(golden(f"{FOLDER}/{name}"), midi_of(shared, name))


def test_notes_whose_program_changes_are_the_only_ones_read_otherwise(golden, shared):
    arrays = golden(f"{FOLDER}/{MOVED}")
    score = midi_of(shared, MOVED)
    with pytest.raises(AssertionError, match="mel_2bar"):
        assert_same_windows(arrays, score)
    # One tempo, so that seconds are ticks.
    _, qpm = arrays["tempos"][0]
    ticks = np.rint(arrays["notes"][:, :2] * qpm / 60 * score.ticks_per_quarter).astype(int)
    stored, _, _ = stored_notes(np.hstack([ticks, arrays["notes"][:, 2:]]))
    stored["start"], stored["end"] = ticks[np.argsort(arrays["notes"][:, 0], kind="stable")].T
    assert len(arrays["tempos"]) == 1
    ours, theirs = (
        np.sort(notes[["start", "end", "pitch", "velocity", "is_drum", "program"]])
        for notes in (score.notes, stored)
    )
    same = ["start", "end", "pitch", "velocity", "is_drum"]
    np.testing.assert_array_equal(ours[same], theirs[same])
    differs = ours["program"] != theirs["program"]
    assert 0 < differs.sum() < 20
    # Each of them is sounding when its channel takes another program.
    changes = program_changes(shared / "fixtures" / FOLDER / "midi" / f"{MOVED}.mid")
    for note in ours[differs]:
        later = theirs[differs & (ours == note)]["program"]
        assert any(
            note["start"] <= tick <= note["end"] and program in later for tick, program in changes
        )


def program_changes(path):
    mido = pytest.importorskip("mido")
    found = []
    for track in mido.MidiFile(path).tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "program_change":
                found.append((tick, message.program))
    return found


def test_drums_of_the_map_of_2017_are_magentas(golden, shared):
    arrays = golden(f"{FOLDER}/_drums_map2017")
    tested = 0
    for key, expected in arrays.items():
        name = key.split("/")[1]
        # Not all of its files are stored.
        if name not in FILES:
            continue
        scores = from_stored(golden(f"{FOLDER}/{name}")), midi_of(shared, name)
        for score in scores:
            found = Drums("2017").windows(score, 2)
            np.testing.assert_array_equal(as_sorted(found), as_sorted(expected), name)
        tested += 1
    assert tested >= 9


COLUMNS = ["start", "end", "pitch", "velocity", "program", "is_drum"]


def assert_same_notes(score, table):
    # A step is an eighth of a second at 120 quarters a minute.
    assert (table[:, :2] * 8 % 1 == 0).all()
    notes, start, end = stored_notes(table)
    notes["start"], notes["end"] = start * 8, end * 8
    np.testing.assert_array_equal(np.sort(score.notes[COLUMNS]), np.sort(notes[COLUMNS]))


@pytest.mark.parametrize("number", range(6))
def test_notes_of_tokens_are_magentas(golden, number):
    arrays = golden(f"{FOLDER}/_from_tensors")
    score = Melody().decode(arrays[f"mel_labels_{number}"])
    assert_same_notes(score, arrays[f"mel_notes_{number}"])
    drums = Drums().decode(arrays[f"drum_labels_{number}"])
    assert_same_notes(drums, arrays[f"drum_notes_sorted_{number}"])
    through_file = midi.read(midi.to_bytes(score))
    for again in (score, through_file):
        np.testing.assert_array_equal(
            Melody(last_program=31).windows(again, 2), arrays[f"mel_reextracted_{number}"]
        )
        np.testing.assert_array_equal(
            Melody().encode(again, 32), arrays[f"mel_reextracted_{number}"][0]
        )


@pytest.mark.parametrize("number", range(2))
def test_notes_of_trios_are_magentas(golden, number):
    arrays = golden(f"{FOLDER}/_from_tensors")
    score = Trio().decode(arrays[f"trio_labels_{number}"])
    assert_same_notes(score, arrays[f"trio_notes_sorted_{number}"])
    assert score.names == ("Melody", "Bass", "Drums")
