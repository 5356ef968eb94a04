"""What a build has read and refused, as a table for people."""

from keras_music_vae.music.midi import MidiError
from tfds_builders.splits import SPLITS

# Of Lakh's files 0.4 % are damaged, and of band music about a third has no window.
_DAMAGE = (
    "not_midi", "truncated", "smpte", "bad_division", "data_byte", "bad_event", "bad_tempo",
    "too_long", "too_many_changes", "no_notes", "unreadable", "unreadable_file", "too_large_file",
    "broken_archive",
)  # fmt: skip
_MUCH_DAMAGE = 0.05
_MUCH_REFUSED = 0.75
_OF_FILES = {
    "duplicate": "The file's content came before, under another name.",
    "unreadable_file": "The file could not be read.",
    "too_large_file": "The file is larger than 8 MiB.",
    "broken_archive": "The archive could not be read to its end.",
}


def refusals(report):
    """Dict of reason to number of files, the most frequent first."""
    found = {
        key.removeprefix("refused/"): count
        for key, count in report.items()
        if key.startswith("refused/")
    }
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def lines(report):
    """Yields the lines of the table.

    Args:
        report: dict of str to int, as a dataset's metadata has it.
    """
    files = report.get("files", 0)
    refused = refusals(report)
    kept = sum(report.get(f"{split}/files", 0) for split in SPLITS)
    windows = sum(report.get(f"{split}/windows", 0) for split in SPLITS)
    yield f"{files:9,} files read"
    yield f"{kept:9,} files with windows"
    yield f"{windows:9,} windows, {windows / max(1, kept):.0f} a file"
    for split in SPLITS:
        of_split = report.get(f"{split}/files", 0), report.get(f"{split}/windows", 0)
        yield "{:9,} files, {:,} windows: {}".format(*of_split, split)
    for digits in range(1, 8):
        count = report.get(f"windows_per_file/{digits}", 0)
        if count:
            low, high = 10 ** (digits - 1), 10**digits - 1
            yield f"{count:9,} files with {low:,} to {high:,} windows"
    on_grid = report.get("grid_fit/9", 0)
    yield f"{on_grid:9,} files on the grid (at least 90 % of notes within a tenth of a step)"
    yield f"{report.get('songs_known', 0):9,} of those with windows have a song by table or path"
    if report.get("genres_known"):
        yield f"{report['genres_known']:9,} of those with windows have genres"
    for reason, count in refused.items():
        yield f"{count:9,} files left out: {reason}. {_sentence(reason)}"


def warnings(report):
    """Yields a sentence for each share of refusals that is unusual."""
    refused = refusals(report)
    duplicates = refused.pop("duplicate", 0)
    listed = report.get("files", 0) + sum(refused.get(reason, 0) for reason in _OF_FILES)
    broken = refused.get("broken_archive", 0)
    if broken:
        yield (
            f"{broken:,} archives could not be read to their end, and the music behind is missing. "
            "Were they downloaded or copied to their end?"
        )
    damaged = sum(count for reason, count in refused.items() if reason in _DAMAGE)
    if damaged > _MUCH_DAMAGE * listed:
        yield (
            f"{damaged:,} of {listed:,} files are damaged or no MIDI, where 0.4 % is usual. Was "
            "the collection copied or downloaded to its end?"
        )
    if sum(refused.values()) > _MUCH_REFUSED * listed:
        most = next(iter(refused))
        yield (
            f"{sum(refused.values()):,} of {listed:,} files gave no window, most for {most!r}: "
            f"{_sentence(most)} Is this the right dataset for this music?"
        )
    if duplicates > listed:
        yield f"{duplicates:,} files are copies of the other {listed:,}."


def _sentence(reason):
    return _OF_FILES.get(reason) or MidiError(reason).message
