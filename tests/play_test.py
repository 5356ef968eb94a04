"""From MIDI to MIDI through small models."""

import keras
import numpy as np
import pytest

from keras_music_vae import play, presets
from keras_music_vae.models import MusAE, MusicVAE
from keras_music_vae.models.latent_space import slerp
from keras_music_vae.music import chords, midi, reading
from keras_music_vae.music.representations import (
    Band,
    Drums,
    Groove,
    Melody,
    Performance,
    Trio,
    steps_per_bar,
    tokens_of,
    window_of,
)
from keras_music_vae.music.representations.band import sounding

SIZES = {"latent_dim": 3, "encoder_units": (4,), "decoder_units": (6, 4)}
TRIO = {"num_classes": (90, 90, 512), "subsequences": 4, "split_parts": True}
ENSEMBLE = SIZES | {
    "num_classes": (490,),
    "end_token": 489,
    "encoder_units": (4, 4),
    "encoder_lengths": (64, 8),
    "subsequences": 8,
    "conductor_units": (4,),
}
BAND = {"latent_dim": 3, "units": 4, "depth": 1, "genres": ("rock", "jazz", "folk")}
MODELS = {
    "melody": (MusicVAE, SIZES | {"num_classes": (90,)}, Melody(), None),
    "drums": (
        MusicVAE,
        SIZES | {"num_classes": (512,), "encoder_input": "drum_roll"},
        Drums(),
        None,
    ),
    "single drums": (
        MusicVAE,
        SIZES | {"num_classes": (2,) * 9, "head": "nade", "nade_units": 3},
        Drums(),
        None,
    ),
    "trio": (MusicVAE, SIZES | TRIO, Trio(), 4),
    "band": (MusAE, BAND, Band(), 4),
    "ensemble": (MusicVAE, ENSEMBLE, Performance(), 1),
}


def saved(name, tmp_path_factory):
    """A model of random weights, loaded from a preset."""
    kind, settings, representation, bars = MODELS[name]
    keras.utils.set_random_seed(1)
    model = kind(**settings)
    for weight in model.trainable_weights:
        weight.assign(0.5 * keras.random.normal(weight.shape))
    folder = tmp_path_factory.mktemp("preset") / "small"
    presets.save_preset(model, folder, representation=representation, bars=bars)
    return presets.from_preset(folder)


@pytest.fixture(scope="module", params=MODELS)
def model(request, tmp_path_factory):
    return saved(request.param, tmp_path_factory)


@pytest.fixture(scope="module")
def bands(tmp_path_factory):
    return saved("band", tmp_path_factory)


@pytest.fixture
def melody(tmp_path_factory):
    representation = Melody()
    model = MusicVAE(**SIZES, num_classes=(90,))
    folder = tmp_path_factory.mktemp("preset") / "small"
    presets.save_preset(model, folder, representation=representation)
    return presets.from_preset(folder)


def band(bars=9, lead=0):
    """A melody, a busier piano, a bass, drums and strings; the melody plays in every bar.

    Strings take turns, and their notes go on over bars.
    """
    random = np.random.default_rng(0)
    quarters = np.arange(4 * bars)

    def line(start, low, high, **kind):
        return midi.make_notes(random.integers(low, high, len(start)), start, start + 1, **kind)

    chords = np.repeat(quarters[:8], 3)
    parts = [
        line(quarters, 60, 80, program=lead, track=0),
        line(chords, 40, 60, program=4, track=1),
        line(quarters[::2], 30, 40, program=33, track=2),
        line(quarters, 35, 39, is_drum=True, track=3),
    ]
    for track in (4, 5):
        start = quarters[3 + 8 * (track - 4) :: 16]
        end = np.minimum(start + 7, 4 * bars)
        parts.append(midi.make_notes(70 - track, start, end, program=48, track=track))
    notes = np.concatenate(parts)
    order = np.lexsort((notes["track"], notes["pitch"], notes["start"]))
    return midi.Score(notes[order], 1, names=("Lead", "Chords", "Bass", "Drums", "Violin", "Viola"))


def encoded(model, score, length=None):
    tokens = model.representation.encode(reading.lines(score, model.representation), length)
    return window_of(tokens, model.representation, model.num_classes)


def test_a_piece_is_made_again_window_by_window(model):
    score = band()
    remade = play.reconstruct(model, score, temperature=0.5, seed=3)
    tokens = encoded(model, score)
    np.testing.assert_array_equal(remade.tokens, tokens)
    bar = steps_per_bar(model.representation)
    assert remade.made.shape == tokens.shape == (9 * bar, model.parts)
    steps = bar * play.window_bars(model)
    count = -(-len(tokens) // steps)
    padded = encoded(model, score, count * steps)
    windows = padded.reshape(count, steps, -1).copy()
    if isinstance(model.representation, Band):
        windows[:, 0] = sounding(padded)[::steps]
    made = model.reconstruct(windows, temperature=0.5, seed=3)
    made = np.concatenate(made)[: len(tokens)]
    within = np.arange(len(tokens)) % steps > 0
    np.testing.assert_array_equal(remade.made[within], made[within])
    decoded = model.representation.decode(tokens_of(remade.made, model.representation))
    np.testing.assert_array_equal(remade.score.notes, decoded.notes)


def test_a_model_that_keeps_all_keeps_the_piece(model, monkeypatch):
    """What goes on over the edge of a window goes on in the piece too."""
    monkeypatch.setattr(model, "reconstruct", lambda windows, *_: windows)
    remade = play.reconstruct(model, band())
    np.testing.assert_array_equal(remade.made, remade.tokens)
    assert (remade.kept, remade.events_kept) == (1, 1)


def test_windows_of_a_band_say_at_first_what_sounds(bands, monkeypatch):
    seen = []
    monkeypatch.setattr(bands, "reconstruct", lambda windows, *_: seen.append(windows) or windows)
    remade = play.reconstruct(bands, band())
    (windows,) = seen
    assert windows.shape == (3, 64, 4)
    sounds = sounding(remade.tokens)[::64]
    np.testing.assert_array_equal(windows[:, 0], sounds)
    assert sounds[1, 3] == 65
    assert remade.tokens[64, 3] == 129
    # The last window is filled up with silence.
    np.testing.assert_array_equal(sounding(windows[2])[16:], 128)


def test_without_a_temperature_the_model_s_own_is_taken(bands, melody):
    for model, temperature in ((bands, 0.0), (melody, 1.0)):
        score = band()
        found = play.reconstruct(model, score, seed=3).made
        np.testing.assert_array_equal(found, play.reconstruct(model, score, temperature, 3).made)


def test_a_piece_is_edited_window_by_window(bands):
    score = band()
    edited = play.edit(bands, score, "jazz", 0.8)
    windows = encoded(bands, score, 3 * 64).reshape(3, 64, 4).copy()
    windows[:, 0] = sounding(encoded(bands, score, 3 * 64))[::64]
    made = np.concatenate(bands.edit(windows, "jazz", 0.8))[: 9 * 16]
    within = np.arange(9 * 16) % 64 > 0
    np.testing.assert_array_equal(edited.made[within], made[within])
    unmoved = play.edit(bands, score, "jazz", 0.0)
    again = play.reconstruct(bands, score)
    np.testing.assert_array_equal(unmoved.made, again.made)
    np.testing.assert_array_equal(edited.tokens, again.tokens)
    assert (edited.made != again.made).any()


def test_samples_of_a_genre_are_those_of_the_model(bands):
    for genre in ("rock", "folk"):
        expected = bands.representation.decode(bands.sample(1, 64, seed=4, genre=genre)[0])
        (made,) = play.sample(bands, seed=4, genre=genre)
        np.testing.assert_array_equal(made.notes, expected.notes)


def test_genres_that_are_not_there_are_told(bands, melody):
    for ask in (
        lambda model: play.sample(model, genre="polka"),
        lambda model: play.edit(model, band(), "polka"),
    ):
        with pytest.raises(play.PlayError, match=r"of rock, jazz, folk\. Received: 'polka'"):
            ask(bands)
        with pytest.raises(play.PlayError, match=r"has no genres\. Choose a MusAE"):
            ask(melody)


def test_files_and_bytes_are_read_as_scores_are(model, tmp_path):
    midi.write(band(), tmp_path / "band.mid")
    expected = play.reconstruct(model, midi.read(tmp_path / "band.mid")).made
    for source in (tmp_path / "band.mid", (tmp_path / "band.mid").read_bytes()):
        np.testing.assert_array_equal(play.reconstruct(model, source).made, expected)


def test_samples_are_those_of_the_model(model):
    length = steps_per_bar(model.representation) * play.window_bars(model)
    expected = model.sample(2, length, 0.7, 5)
    for score, window in zip(play.sample(model, 2, None, 0.7, 5), expected, strict=True):
        tokens = model.representation.encode(score, length)
        # What no token says, such as the end of no note, is lost in a score.
        again = model.representation.decode(tokens).notes
        decoded = model.representation.decode(tokens_of(window, model.representation)).notes
        np.testing.assert_array_equal(again["start"], decoded["start"])
        np.testing.assert_array_equal(again["pitch"], decoded["pitch"])


def test_interpolations_are_those_of_the_model(model):
    scores = band(), band(lead=1)
    made = play.interpolate(model, *scores, steps=3, temperature=0.5, seed=2)
    bars = play.window_bars(model)
    lines = [reading.lines(score, model.representation) for score in scores]
    ends = [model.representation.windows(score, bars)[0] for score in lines]
    ends = window_of(np.stack(ends), model.representation, model.num_classes)
    expected = np.concatenate(model.interpolate(*ends, 3, 0.5, 2))
    expected = model.representation.decode(tokens_of(expected, model.representation))
    np.testing.assert_array_equal(made.notes, expected.notes)


@pytest.mark.parametrize("source", ["groove", "taps"])
def test_of_grooves_the_encoder_is_told_the_source(source):
    keras.utils.set_random_seed(1)
    model = MusicVAE((2,) * 9, **SIZES, head="groove")
    for weight in model.trainable_weights:
        weight.assign(0.5 * keras.random.normal(weight.shape))
    groove = model.representation = Groove(source=source)
    score = band()
    windows = groove.encode(score, 10 * 16).reshape(5, 32, 27)
    made = np.concatenate(model.reconstruct(groove.source_of(windows), 0.5, 3))[: 9 * 16]
    remade = play.reconstruct(model, score, temperature=0.5, seed=3)
    np.testing.assert_array_equal(remade.score.notes, groove.decode(made).notes)
    np.testing.assert_array_equal(remade.made, made[:, :9])
    np.testing.assert_array_equal(remade.tokens, groove.encode(score)[:, :9])
    assert remade.tokens.dtype == int
    assert len(set(remade.score.notes["velocity"])) > 3
    ends = groove.source_of(groove.windows(score, 2)[[0, 0]])
    expected = groove.decode(np.concatenate(model.interpolate(*ends, 3, 0.5, 3)))
    between = play.interpolate(model, score, score, 3, 0.5, 3)
    np.testing.assert_array_equal(between.notes, expected.notes)


@pytest.mark.parametrize("representation", [Melody(), Performance()])
def test_chords_are_told_step_by_step(representation):
    sizes = ENSEMBLE if isinstance(representation, Performance) else SIZES | {"num_classes": (90,)}
    model = MusicVAE(**sizes, control_dim=49)
    model.representation = representation
    for weight in model.trainable_weights:
        weight.assign(0.5 * keras.random.normal(weight.shape, seed=1))
    score, names = band(), ["C", "G7", "Am"]
    bar, bars = steps_per_bar(representation), play.window_bars(model)
    told = chords.tell(names, representation, 9 * bar)
    told = np.concatenate([told, told[-1:].repeat(-9 % bars * bar, axis=0)])
    told = told.reshape(-1, bars * bar, 49)
    tokens = encoded(model, score, len(told) * bars * bar).reshape(len(told), bars * bar, 1)
    made = np.concatenate(model.reconstruct(tokens, 0.5, 3, told))[: 9 * bar]
    remade = play.reconstruct(model, score, 0.5, 3, names)
    np.testing.assert_array_equal(remade.made, made)
    assert (made != play.reconstruct(model, score, 0.5, 3, ["Edim"]).made).any()
    told = chords.tell(["F"], representation, bars * bar)
    expected = model.sample(2, bars * bar, 0.5, 3, np.stack([told, told]))
    for score, window in zip(
        play.sample(model, 2, None, 0.5, 3, None, ["F"]), expected, strict=True
    ):
        decoded = representation.decode(tokens_of(window, representation))
        np.testing.assert_array_equal(score.notes, decoded.notes)


def test_a_model_of_grooves_that_is_told_hits_is_told_the_piece_s():
    keras.utils.set_random_seed(1)
    model = MusicVAE((2,) * 9, **SIZES, head="groove", control_dim=9)
    groove = model.representation = Groove()
    windows = groove.encode(band(), 10 * 16).reshape(5, 32, 27)
    made = np.concatenate(model.reconstruct(windows, 0.5, 3, windows[..., :9]))[: 9 * 16]
    np.testing.assert_array_equal(play.reconstruct(model, band(), 0.5, 3).made, made[:, :9])


def test_a_model_of_grooves_that_is_told_hits_plays_those_of_a_file():
    keras.utils.set_random_seed(1)
    model = MusicVAE((2,) * 9, **SIZES, head="groove", control_dim=9)
    groove = model.representation = Groove()
    for weight in model.trainable_weights:
        weight.assign(0.5 * keras.random.normal(weight.shape))
    later = band(bars=10)
    windows = groove.windows(band(), 2)
    own, other = windows[0], groove.windows(later, 2)[0]
    assert (own[:, :9] != other[:, :9]).any()

    hits = groove.windows(later, 4)[0][:, :9]
    expected = model.sample(2, 64, 0.5, 3, np.stack([hits, hits]))
    for score, window in zip(play.sample(model, 2, 4, 0.5, 3, hits=later), expected, strict=True):
        np.testing.assert_array_equal(score.notes, groove.decode(window).notes)

    ends = np.stack([own, other])
    codes = np.asarray(model.encode(ends, ends[..., :9]).mean)
    way = slerp(*codes.astype("float64"), np.linspace(0, 1, 3)).astype("float32")
    for given, told in ((None, own), (later, other)):
        controls = np.stack([told[:, :9]] * 3)
        made = groove.decode(np.concatenate(model.decode(way, 32, 0.5, 3, controls)))
        between = play.interpolate(model, band(), later, 3, 0.5, 3, hits=given)
        np.testing.assert_array_equal(between.notes, made.notes)


def test_an_attribute_is_added_to_the_code_of_each_window():
    keras.utils.set_random_seed(1)
    melody = MusicVAE((90,), **SIZES)
    melody.representation = Melody()
    for weight in melody.trainable_weights:
        weight.assign(keras.random.normal(weight.shape))
    busy, calm = [band(lead=1), band(bars=12)], [band(bars=6)]
    groups = [
        np.concatenate([Melody().windows(reading.lines(piece, Melody()), 2) for piece in pieces])
        for pieces in (busy, calm)
    ]
    means = [np.asarray(melody.encode(group[..., None]).mean).mean(axis=0) for group in groups]
    assert np.abs(means[0] - means[1]).max() > 0.01
    windows = encoded(melody, band(), 10 * 16).reshape(5, 32, 1)
    codes = np.asarray(melody.encode(windows).mean) + 0.5 * (means[0] - means[1])
    made = np.concatenate(melody.decode(codes, 32, 0.5, 3))[: 9 * 16]
    remade = play.add_attribute(melody, band(), busy, calm, 0.5, 0.5, 3)
    np.testing.assert_array_equal(remade.made, made)
    plain = play.reconstruct(melody, band(), 0.5, 3).made
    assert (remade.made != plain).any()
    nothing = play.add_attribute(melody, band(), busy, calm, 0, 0.5, 3)
    np.testing.assert_array_equal(nothing.made, plain)


def test_an_attribute_of_grooves_is_found_with_the_hits_of_each_group():
    keras.utils.set_random_seed(1)
    model = MusicVAE((2,) * 9, **SIZES, head="groove", control_dim=9)
    for weight in model.trainable_weights:
        weight.assign(keras.random.normal(weight.shape))
    groove = model.representation = Groove()
    groups = [groove.windows(piece, 2) for piece in (band(bars=12), band(bars=6))]
    hits = [windows[..., :9] for windows in groups]
    vector = model.attribute_vector(*groups, controls=hits)
    assert np.abs(vector).max() > 0.01
    windows = groove.encode(band(), 10 * 16).reshape(5, 32, 27)
    codes = np.asarray(model.encode(windows, windows[..., :9]).mean) + 2 * vector
    made = np.concatenate(model.decode(codes, 32, 0.5, 3, windows[..., :9]))[: 9 * 16]
    remade = play.add_attribute(model, band(), [band(bars=12)], [band(bars=6)], 2, 0.5, 3)
    np.testing.assert_array_equal(remade.score.notes, groove.decode(made).notes)


def test_no_attribute_is_found_without_music_or_chords(melody):
    with pytest.raises(play.PlayError, match="Expected pieces with the attribute"):
        play.add_attribute(melody, band(), [band()], [])
    model = MusicVAE((90,), **SIZES, control_dim=49)
    model.representation = Melody()
    with pytest.raises(play.PlayError, match="Use `attribute_vector` of the model in Python"):
        play.add_attribute(model, band(), [band()], [band()])


def test_a_piece_is_extended_on_the_way_from_its_last_window(melody):
    score = band()
    tokens = encoded(melody, score, 9 * 16)
    made = melody.continue_from(tokens[-32:], 2, 0.5, 3)
    expected = Melody().decode(np.concatenate([tokens, made])[:, 0])
    np.testing.assert_array_equal(play.extend(melody, score, 2, 0.5, 3).notes, expected.notes)


def test_what_follows_is_told_chords_or_hits_of_its_own():
    keras.utils.set_random_seed(1)
    model = MusicVAE((90,), **SIZES, control_dim=49)
    model.representation = Melody()
    tokens = encoded(model, band(), 9 * 16)
    told = chords.tell(["F", "C"], Melody(), 64)
    told = np.concatenate([np.repeat(told[:1], 32, axis=0), told])
    made = model.continue_from(tokens[-32:], 2, 0.5, 3, told)
    expected = Melody().decode(np.concatenate([tokens, made])[:, 0])
    extended = play.extend(model, band(), 2, 0.5, 3, ["F", "C"])
    np.testing.assert_array_equal(extended.notes, expected.notes)

    model = MusicVAE((2,) * 9, **SIZES, head="groove", control_dim=9)
    groove = model.representation = Groove()
    piece, hits = groove.encode(band()), groove.windows(band(bars=10), 4)[0][:, :9]
    told = np.concatenate([piece[-32:, :9], hits])
    made = model.continue_from(piece[-32:], 2, 0.5, 3, told)
    expected = groove.decode(np.concatenate([piece, made]))
    extended = play.extend(model, band(), 2, 0.5, 3, hits=band(bars=10))
    np.testing.assert_array_equal(extended.notes, expected.notes)


def test_shares_kept():
    tokens, made = np.array([[0], [5], [0], [6]]), np.array([[0], [5], [7], [0]])
    remade = play.Remade(None, tokens, made)
    assert (remade.kept, remade.events_kept) == (0.5, 0.5)
    assert play.Remade(None, 0 * tokens, made).events_kept == 1


def test_the_track_that_plays_in_the_most_bars_is_the_line():
    score = band()
    assert set(reading.lines(score, Melody()).notes["track"]) == {0}
    assert set(reading.lines(score, Trio()).notes["track"]) == {0, 2, 3}
    assert set(reading.lines(score, Band()).notes["track"]) == {0, 2, 3, 4, 5}
    assert reading.lines(score, Drums()) is score


def test_bars_of_a_flat_model_may_be_any(melody):
    assert play.window_bars(melody) == 2
    expected = melody.sample(1, 80)[0]
    decoded = melody.representation.decode(expected[:, 0])
    np.testing.assert_array_equal(play.sample(melody, bars=5)[0].notes, decoded.notes)


def test_window_bars_without_a_preset():
    assert play.window_bars(MusicVAE((5,), **SIZES)) == 2
    assert play.window_bars(MusicVAE((5,), **SIZES, subsequences=16)) == 16
    sizes = SIZES | {"encoder_units": (4, 4), "encoder_lengths": (16, 4)}
    assert play.window_bars(MusicVAE((5,), **sizes)) == 4


def test_why_an_ensemble_is_refused_is_not_told_track_by_track():
    model = MusicVAE(**ENSEMBLE)
    model.representation = Performance()
    alone = midi.make_notes(np.arange(60, 69), 0, 4, track=np.arange(9))
    with pytest.raises(midi.MidiError, match=r"at most 62 events there\.$"):
        play.reconstruct(model, midi.Score(alone, 4))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_classes": (5,)}, "no representation"),
        ({"num_classes": (90,), "control_dim": 2}, "is told 2 values"),
        ({"num_classes": (90,), "latent_dim": 0}, "a decoder alone"),
    ],
)
def test_what_cannot_be_played_is_told(settings, message):
    model = MusicVAE(**SIZES | settings)
    model.representation = Melody() if settings["num_classes"] == (90,) else None
    with pytest.raises(play.PlayError, match=message):
        play.reconstruct(model, band())


def test_a_hierarchical_model_makes_its_own_length_alone():
    model = MusicVAE((90,), **SIZES, subsequences=16)
    model.representation = Melody()
    with pytest.raises(play.PlayError, match="makes pieces of 16 bars"):
        play.sample(model, bars=4)


def test_music_without_a_window_is_refused_with_the_reason(melody, tmp_path):
    drums = midi.make_notes([40], [0], [2], is_drum=True)
    midi.write(midi.Score(drums, 2), tmp_path / "drums.mid")
    with pytest.raises(midi.MidiError, match=r"drums\.mid: No part has notes") as raised:
        play.reconstruct(melody, tmp_path / "drums.mid")
    assert raised.value.reason == "no_melody"
    with pytest.raises(midi.MidiError, match="shorter than a window"):
        play.interpolate(melody, band(), band(bars=1))


def test_what_each_track_is_to_a_whole_that_is_refused():
    def line(start, pitch, **kind):
        return midi.Score(midi.make_notes([pitch, pitch], start, np.add(start, 1), **kind), 1)

    parts = [line([0, 7], 60), line([20, 27], 36, program=33), line([4, 5], 38, is_drum=True)]
    parts += [line([0, 4], 64, program=48)]
    score = midi.join(parts, ["Lead", "Bass", "", "Strings"])
    trio = MusicVAE(**SIZES | TRIO)
    trio.representation = Trio()
    with pytest.raises(midi.MidiError) as raised:
        play.reconstruct(trio, score)
    told = "By track: Lead: melody, bars 1 to 2. Bass: bass, bars 6 to 7. "
    assert str(raised.value).endswith(told + "track 3: drums, bars 2 to 2. Strings: no part of it.")
    bands = MusAE(**BAND)
    bands.representation = Band()
    with pytest.raises(midi.MidiError) as raised:
        play.reconstruct(bands, midi.join(parts[:3], ["Lead", "Bass", ""]))
    told = "By track: Lead: guitar, bars 1 to 2. Bass: bass, bars 6 to 7. "
    assert str(raised.value).endswith(told + "track 3: drums, bars 2 to 2.")


def test_each_track_of_a_refused_piece_has_its_reason(melody):
    parts = [
        midi.make_notes([60], [0], [2], is_drum=False),
        midi.make_notes([40], [0], [2], is_drum=True),
        midi.make_notes([62], [0], [2], is_drum=False),
    ]
    score = midi.join([midi.Score(notes, 2) for notes in parts], ["Flute", "Kit", ""])
    with pytest.raises(midi.MidiError) as raised:
        play.reconstruct(melody, score)
    assert raised.value.reason == "too_short"
    why, other = (midi.MidiError(reason).message for reason in ("too_short", "no_melody"))
    assert str(raised.value) == f"{why} By track: Flute, track 3: {why} Kit: {other}"
