"""Notes, hits, bars and names are where the score has them, and nothing written overlaps."""

import dataclasses

import numpy as np
import pytest

from keras_music_vae.music import midi, plotting
from keras_music_vae.music.representations import Band, Trio
from keras_music_vae.music.representations.drums import CLASS_NAMES

colors = pytest.importorskip("matplotlib.colors")

KICK, CLOSED_HAT, RIDE, UNKNOWN = 36, 42, 82, 24


def make_score(**fields):
    """Melody and bass in the first two bars, and drums."""
    notes = [
        midi.make_notes([72, 76], [0, 4], [4, 6], program=80, track=0),
        midi.make_notes([40, 43], [0, 16], [8, 32], program=33, track=1),
        midi.make_notes([KICK, CLOSED_HAT, 38], [0, 2, 4], [1, 3, 40], is_drum=True, track=2),
    ]
    values = {"notes": np.concatenate(notes), "ticks_per_quarter": 4, **fields}
    return midi.Score(**values)


def boxes(axes):
    """Drawn boxes as (row, start, end, height, colour)."""
    (collection,) = (c for c in axes.collections if type(c).__name__ == "PolyCollection")
    colours = np.resize(collection.get_facecolors(), (len(collection.get_paths()), 4))
    found = []
    for path, colour in zip(collection.get_paths(), colours, strict=True):
        (left, low), (right, high) = path.vertices.min(axis=0), path.vertices.max(axis=0)
        row = round((low + high) / 2)
        found.append((row, left, right, round(high - low, 3), colors.to_hex(colour)))
    return found


def legend(figure):
    """Colour of each name."""
    handles = figure.legends[0].legend_handles
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    return dict(
        zip(texts, [colors.to_hex(handle.get_facecolor()) for handle in handles], strict=True)
    )


def test_notes_have_the_colour_of_their_track():
    figure = plotting.multitrack(make_score(names=("Lead", "Low", "Kit")), title="Three parts")
    roll, lane = figure.axes
    colour = legend(figure)
    assert list(colour) == ["Lead", "Low"]
    assert sorted(boxes(roll)) == [
        (40, 0, 2, 0.86, colour["Low"]),
        (43, 4, 8, 0.86, colour["Low"]),
        (72, 0, 1, 0.86, colour["Lead"]),
        (76, 1, 1.5, 0.86, colour["Lead"]),
    ]
    assert roll.get_title(loc="left") == "Three parts"
    assert not set(colour.values()) & {box[4] for box in boxes(lane)}


def test_drums_have_a_row_for_each_class_and_are_short():
    roll, lane = plotting.multitrack(make_score()).axes
    assert [label.get_text() for label in lane.get_yticklabels()] == list(CLASS_NAMES)
    assert [(row, start) for row, start, *_ in boxes(lane)] == [(0, 0), (2, 0.5), (1, 1)]
    assert all(end - start == pytest.approx(0.2) for _, start, end, *_ in boxes(lane))
    # The lane is as long as the roll: a hit that is held adds no bar.
    assert lane.get_xlim() == roll.get_xlim() == (0, 8)
    assert [label.get_text() for label in lane.get_xticklabels()] == ["1", "2"]
    assert [label.get_text() for label in roll.get_xticklabels()] == ["", ""]


def test_other_drums_share_a_row():
    notes = midi.make_notes([KICK, RIDE, UNKNOWN], [0, 1, 2], [1, 2, 3], is_drum=True)
    (lane,) = plotting.multitrack(midi.Score(notes, 4)).axes
    assert [label.get_text() for label in lane.get_yticklabels()] == [*CLASS_NAMES, "other"]
    assert [(row, start) for row, start, *_ in boxes(lane)] == [(0, 0), (8, 0.25), (9, 0.5)]


def test_tracks_without_a_name_have_that_of_their_family():
    assert list(legend(plotting.multitrack(make_score()))) == ["Synth lead", "Bass"]
    same = plotting.multitrack(make_score(names=("A song",) * 3))
    assert list(legend(same)) == ["Synth lead", "Bass"]


def test_more_than_eight_names_become_families():
    parts = [
        midi.make_notes(40 + 3 * track, 0, 4, program=8 * (track % 3), track=track)
        for track in range(9)
    ]
    names = tuple(f"Track {track}" for track in range(9))
    score = midi.Score(np.concatenate(parts), 4, names=names)
    families = list(legend(plotting.multitrack(score)))
    assert families == ["Piano", "Chromatic percussion", "Organ"]
    score = dataclasses.replace(score, notes=score.notes[score.notes["track"] < 8])
    assert list(legend(plotting.multitrack(score))) == list(names[:8])


def test_all_of_a_unison_are_seen():
    notes = midi.make_notes([60, 60, 60], 0, [4, 8, 4], track=[0, 1, 2], program=[0, 33, 40])
    figure = plotting.multitrack(midi.Score(notes, 4))
    colour = legend(figure)
    assert [box[2:] for box in boxes(figure.axes[0])] == [
        (2, 0.86, colour["Bass"]),
        (1, 0.573, colour["Piano"]),
        (1, 0.287, colour["Strings"]),
    ]


def test_bars_are_those_of_the_metres():
    metres = np.array([(0, 3, 4), (24, 7, 8), (80, 4, 4)], midi.TimeSignatures)
    notes = midi.make_notes(60, [0, 40], [8, 50])
    (roll,) = plotting.multitrack(midi.Score(notes, 4, time_signatures=metres)).axes
    np.testing.assert_allclose(roll.get_xticks(), [0, 3, 6, 9.5])
    assert roll.get_xlim() == (0, 13)
    # A metre that is none, as damaged files have, leaves 4/4.
    broken = np.array([(0, 0, 4)], midi.TimeSignatures)
    (roll,) = plotting.multitrack(midi.Score(notes, 4, time_signatures=broken)).axes
    np.testing.assert_allclose(roll.get_xticks(), [0, 4, 8, 12])


def test_long_music_numbers_every_phrase():
    notes = midi.make_notes(60, [0, 16 * 99], [4, 16 * 100])
    (roll,) = plotting.multitrack(midi.Score(notes, 4)).axes
    numbers = [label.get_text() for label in roll.get_xticklabels()]
    assert numbers == [str(bar) for bar in range(1, 101, 8)]


def test_silence_is_drawn():
    (roll,) = plotting.multitrack(midi.Score(np.empty(0, midi.Notes), 4)).axes
    assert boxes(roll) == []
    assert roll.get_xlim() == (0, 4)


NAMES = ("It costs $1 and $2, or $3 and more", "_under", "a\0b\n", "Ärger")


def test_names_that_matplotlib_would_read_as_commands():
    notes = midi.make_notes([60, 64, 67, 70], 0, 4, track=[0, 1, 2, 3])
    figure = plotting.multitrack(midi.Score(notes, 4, names=NAMES))
    figure.draw_without_rendering()
    assert list(legend(figure)) == [r"It costs \$1 and \$2, or…", "under", "ab", "Ärger"]


def windows(representation, seed):
    """A random window of four bars, as a score."""
    rng = np.random.default_rng(seed)
    shape = representation.window_shape(4)
    if isinstance(representation, Band):
        tokens = rng.integers(30, 90, shape)
    else:
        tokens = np.stack([rng.integers(2, size, shape[0]) for size in (90, 90, 512)], axis=-1)
    return representation.decode(tokens)


@pytest.mark.parametrize("representation", [Trio(), Band()], ids=["trio", "band"])
def test_nothing_written_overlaps(representation):
    figure = plotting.multitrack(windows(representation, 1), title="A title over the bars")
    figure.draw_without_rendering()
    written = [*figure.legends[0].get_texts()]
    for axes in figure.axes:
        written += [*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label]
        written += [axes.title, axes._left_title]
        written += [label for child in axes.child_axes for label in child.get_yticklabels()]
    found = [text.get_window_extent() for text in written if text.get_text()]
    pairs = [(a, b) for i, a in enumerate(found) for b in found[:i] if a.overlaps(b)]
    assert len(found) > 20
    assert pairs == []
    inside = figure.bbox
    assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 for box in found)
    assert all(inside.y0 <= box.y0 and box.y1 <= inside.y1 for box in found)


def test_real_files_are_drawn(shared):
    files = sorted((shared / "data" / "midi" / "lmd_band").rglob("*.mid"))
    if not files:
        pytest.skip("There are no files in lmd_band")
    for file in files[::180]:
        figure = plotting.multitrack(midi.read(file))
        figure.draw_without_rendering()
        assert 1 <= len(figure.axes) <= 2
        assert figure.get_figwidth() <= 20
