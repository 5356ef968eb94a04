import numpy as np
import pytest

from keras_music_vae.music.representations import (
    Band,
    Drums,
    Groove,
    Melody,
    Performance,
    SpelledMelody,
    Trio,
    classes_of,
    fits,
    fitting,
    no_event,
    steps_per_bar,
    tokens_of,
    window_of,
)

CASES = {
    "melody": (Melody(), (90,)),
    "workshop melody": (Melody("workshop"), (130,)),
    "drums": (Drums(), (512,)),
    "single drums": (Drums(), (2,) * 9),
    "single pitches": (Drums("pitches"), (2,) * 61),
    "trio": (Trio(), (90, 90, 512)),
    "workshop trio": (Trio("workshop"), (130, 130, 512)),
    "band": (Band(), (130,) * 4),
    "spelled melody": (SpelledMelody(), (77,)),
    "performance": (Performance(), (490,)),
    "published spelled melody": (SpelledMelody("published"), (71,)),
}


@pytest.mark.parametrize(("representation", "num_classes"), CASES.values(), ids=CASES)
def test_windows_have_a_value_for_each_part_and_tokens_come_back(representation, num_classes):
    random = np.random.default_rng(0)
    shape = representation.window_shape(2)
    highest = np.array(representation.num_classes, dtype=np.uint64)
    tokens = random.integers(0, highest, (3, *shape), dtype=np.uint64).astype(representation.dtype)
    windows = window_of(tokens, representation, num_classes)
    assert windows.shape == (3, shape[0], len(num_classes))
    assert windows.dtype == np.int32
    assert (windows >= 0).all()
    assert (windows < num_classes).all()
    np.testing.assert_array_equal(tokens_of(windows, representation), tokens)
    np.testing.assert_array_equal(tokens_of(windows[0], representation), tokens[0])


@pytest.mark.parametrize(("representation", "num_classes"), CASES.values(), ids=CASES)
def test_a_representation_fits_the_models_of_its_tokens(representation, num_classes):
    assert fits(representation, list(num_classes))
    assert not fits(representation, (7, 8))
    if not isinstance(representation, Band):
        assert fitting(num_classes) == representation


def test_classes_of_parts_and_lines():
    assert classes_of(Melody()) == (90,)
    assert classes_of(Trio()) == (90, 90, 512)
    assert classes_of(Band()) == (130,) * 4


def test_grooves_are_windows_already():
    values = np.random.default_rng(0).normal(size=(3, *Groove().window_shape(2)))
    window = window_of(values, Groove(), (2,) * 9)
    assert (window.shape, window.dtype) == ((3, 32, 27), np.float32)
    np.testing.assert_array_equal(tokens_of(window, Groove()), values.astype("float32"))
    assert fits(Groove(), (2,) * 9)
    assert fitting((2,) * 9) == Drums()  # as tokens


def test_where_nothing_fits():
    assert fitting((5,)) is None
    assert not fits(Melody(), (90, 90))


def test_bars_have_as_many_steps_as_their_representation():
    steps = {each: steps_per_bar(each) for each, _ in CASES.values()}
    assert {type(each) for each in steps if steps[each] != 16} == {SpelledMelody, Performance}
    assert (steps[SpelledMelody()], steps[Performance()]) == (24, 512)


def test_the_token_of_no_event_goes_on_with_what_was():
    for each, _ in CASES.values():
        line = np.full(each.window_shape(1), no_event(each), each.dtype)
        assert not len(each.decode(line).notes), each
    melody = SpelledMelody()
    line = np.full(24, no_event(melody))
    line[3] = melody.names.index("C5")
    notes = melody.decode(line).notes
    assert notes[["pitch", "end"]].tolist() == [(72, 48)]
