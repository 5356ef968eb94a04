"""Figures 3 and 4: points, tiles, chords and names are where the numbers put them."""

import numpy as np
import pytest

from keras_music_vae.music import plotting, theory

colors = pytest.importorskip("matplotlib.colors")


def draw_map():
    z = np.array([[0.0, 1.0], [-3.0, 0.5], [1.0, -1.0]])
    return plotting.latent_map(
        {
            "VAE": (z, ["C minor", "C major", "C minor"]),
            "Classifying VAE": (-z[:2], ["C major", "C major"]),
        }
    )


def draw_heatmaps():
    """C major and C minor triads on octaves 3 and 4 beside silence; a faint A0."""
    probabilities = np.zeros((2, 2, 88))
    probabilities[:, :, 0] = 0.09
    for row, third in enumerate((52, 51)):
        probabilities[row, 0, [48 - 21, third - 21, 67 - 21]] = 0.9, 0.8, 0.4
    probabilities[1, 1] = 0
    return plotting.note_heatmaps(probabilities, ("C major", "C minor"), [(-1.5, 0), (0, 2)])


def test_every_step_is_a_point_in_the_colour_of_its_key():
    figure = draw_map()
    legend = {
        text.get_text(): handle.get_color()
        for text, handle in zip(
            figure.legends[0].get_texts(), figure.legends[0].legend_handles, strict=True
        )
    }
    assert list(legend) == ["C major", "C minor", "prior N(0, I)"]
    left, right = figure.axes
    drawn = {
        tuple(place): colors.to_hex(colour)
        for place, colour in zip(
            left.collections[0].get_offsets().tolist(),
            left.collections[0].get_facecolors(),
            strict=True,
        )
    }
    major, minor = legend["C major"], legend["C minor"]
    assert drawn == {(0, 1): minor, (-3, 0.5): major, (1, -1): minor}
    assert {colors.to_hex(c) for c in right.collections[0].get_facecolors()} == {major}


def test_panels_share_equal_axes_that_hold_every_point_and_the_prior():
    left, right = draw_map().axes
    assert left.get_title(loc="left") == "VAE"
    assert right.get_title(loc="left") == "Classifying VAE"
    for axes in (left, right):
        assert axes.get_xlim() == axes.get_ylim() == pytest.approx((-3.12, 3.12))
        assert axes.get_aspect() == 1
        radii = [np.hypot(*line.get_data()) for line in axes.lines if len(line.get_xdata())]
        np.testing.assert_allclose(radii, [[1] * 181, [2] * 181])
        assert [text.get_text() for text in axes.texts] == ["1σ", "2σ"]


def test_more_than_two_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"received \(4, 3\) .* 'VAE'. Train with latent_dim=2"):
        plotting.latent_map({"VAE": (np.zeros((4, 3)), ["C major"] * 4)})


def test_more_keys_than_colours_are_refused():
    with pytest.raises(ValueError, match=r"at most 6 groups.* received 7: A major"):
        plotting.latent_map({"VAE": (np.zeros((7, 2)), sorted(theory.KEYS)[::2][:7])})


def test_tiles_lie_at_pitch_class_and_octave():
    panels = draw_heatmaps().axes
    tiles = np.asarray(panels[0].collections[0].get_array())
    assert tiles.shape == (2, 12)  # octaves 3 and 4; the faint octave 0 is left out
    assert panels[0].get_ylim() == (3, 6)
    loud = {
        (octave + 3, int(pitch)): tiles[octave, pitch] for octave, pitch in np.argwhere(tiles > 0.1)
    }
    assert loud == {(3, 0): 0.9, (3, 4): 0.8, (4, 7): 0.4}
    assert panels[0].collections[0].get_clim() == (0, 1)


def test_darker_is_more_probable():
    tiles = draw_heatmaps().axes[0].collections[0]
    lightness = tiles.to_rgba(np.linspace(0, 1, 50))[:, :3].mean(axis=1)
    assert (np.diff(lightness) < 0).all()


def test_chords_rows_and_columns_are_named():
    figure = draw_heatmaps()
    panels = figure.axes[:4]
    assert [panel.texts[0].get_text() for panel in panels] == ["C", "A", "Cm", "N.C."]
    assert [panel.get_title() for panel in panels] == ["z = (−1.5, 0)", "z = (0, 2)", "", ""]
    assert panels[0].texts[1].get_text() == "w: C major"
    assert panels[2].texts[1].get_text() == "w: C minor"
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["3", "4"]
    assert figure.axes[4].get_ylabel() == "probability of the note"


def test_pitch_classes_outside_the_key_are_pale():
    panels = draw_heatmaps().axes
    for panel, key in ((panels[1], "C major"), (panels[3], "C minor")):
        labels = panel.get_xticklabels()
        assert [label.get_text() for label in labels] == list(theory.PITCH_CLASSES)
        lightness = np.array([np.mean(colors.to_rgb(label.get_color())) for label in labels])
        np.testing.assert_array_equal(lightness < 0.5, theory.key_pitch_classes(key))


def test_nothing_written_overlaps():
    figure = draw_heatmaps()
    figure.draw_without_rendering()
    written = list(figure.texts)
    for axes in figure.axes:
        labels = [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.texts]
        written += [*labels, axes.title, axes.xaxis.label, axes.yaxis.label]
    boxes = [text.get_window_extent() for text in written if text.get_text()]
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]
    assert len(boxes) > 60
    assert pairs == []


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"of shape \(1, 2, 88\).*received \(1, 3, 88\)"):
        plotting.note_heatmaps(np.zeros((1, 3, 88)), ["C major"], [(0, 0), (1, 1)])


def test_silence_shows_the_whole_piano():
    figure = plotting.note_heatmaps(np.zeros((1, 1, 88)), ["G major"], [(0, 0)])
    assert np.asarray(figure.axes[0].collections[0].get_array()).shape == (9, 12)
