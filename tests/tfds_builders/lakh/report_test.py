"""The table that a build prints, and what it warns of."""

import pytest

report = pytest.importorskip("tfds_builders.lakh.report")
pytest.importorskip("apache_beam")
from tfds_builders.lakh.pipeline import add  # noqa: E402

GOOD = {
    "files": 1000,
    "train/files": 590,
    "train/windows": 6000,
    "test/files": 10,
    "test/windows": 60,
    "windows_per_file/2": 600,
    "grid_fit/9": 450,
    "songs_known": 7,
    "refused/no_trio": 300,
    "refused/no_4_4": 97,
    "refused/data_byte": 3,
}


def test_counts_add_up_in_any_order():
    total = add([{"files": 1, "b": 2}, {"files": 1}, add([{"a": 1}, {"b": 1}])])
    assert list(total.items()) == [("a", 1), ("b", 3), ("files", 2)]


def test_the_table_has_every_count_and_says_what_each_reason_means():
    text = "\n".join(report.lines(GOOD))
    for line in (
        "    1,000 files read",
        "      600 files with windows",
        "    6,060 windows, 10 a file",
        "      590 files, 6,000 windows: train",
        "        0 files, 0 windows: validation",
        "      600 files with 10 to 99 windows",
        "      300 files left out: no_trio. The file lacks a melody",
        "        3 files left out: data_byte. A value in the file is above MIDI's 127.",
    ):
        assert line in text
    assert text.index("no_trio") < text.index("no_4_4") < text.index("data_byte")


def test_a_usual_build_warns_of_nothing():
    assert not list(report.warnings(GOOD))
    assert list(report.lines({}))
    assert not list(report.warnings({}))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"refused/truncated": 60}, "63 of 1,000 files are damaged"),
        ({"refused/broken_archive": 1}, "1 archives could not be read to their end"),
        ({"refused/no_trio": 800}, "900 of 1,000 files gave no window, most for 'no_trio'"),
        ({"refused/duplicate": 1001}, "1,001 files are copies of the other 1,000"),
    ],
)
def test_what_is_unusual_is_said(counts, said):
    (warning,) = report.warnings(GOOD | counts)
    assert said in warning
