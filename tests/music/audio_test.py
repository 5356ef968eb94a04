"""Sound has the pitch, place and length of the notes, and what is missing is said."""

import importlib.util
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest

from keras_music_vae.music import audio, convert, midi
from keras_music_vae.music.representations import Drums
from keras_music_vae.music.representations.drums import CLASS_NAMES

RATE = 16_000


def make_score(notes, **fields):
    return midi.Score(notes, 4, **fields)


def loudest_hertz(samples, rate):
    """Frequency of the highest peak of one second or more."""
    spectrum = np.abs(np.fft.rfft(samples))
    return spectrum.argmax() * rate / len(samples)


def play(*args, **kwargs):
    pytest.importorskip("pretty_midi")
    return audio.synthesize(*args, sample_rate=RATE, **kwargs)


@pytest.mark.parametrize(("pitch", "hertz"), [(33, 55), (69, 440), (81, 880)])
def test_tones_have_the_pitch_of_their_notes(pitch, hertz):
    # A half note of 60 quarters per minute is two seconds.
    score = make_score(midi.make_notes(pitch, [4], [12]), tempos=np.array([(0, 60.0)], midi.Tempos))
    samples = play(score)
    assert samples.dtype == np.float32
    assert samples.shape == (4 * RATE, 1)
    assert np.abs(samples).max() == 1
    assert not samples[:RATE].any()
    assert not samples[3 * RATE :].any()
    assert loudest_hertz(samples[RATE : 2 * RATE, 0], RATE) == pytest.approx(hertz, abs=1)


def test_a_chord_has_all_its_notes():
    samples = play(make_score(midi.make_notes([57, 64, 69], 0, 8)))
    spectrum = np.abs(np.fft.rfft(samples[:RATE, 0]))
    for hertz in (220, 329.63, 440):
        near = spectrum[round(hertz) - 3 : round(hertz) + 4].max()
        assert near > 10 * np.median(spectrum)


def test_every_class_of_drum_is_heard_on_its_beat():
    hits = np.zeros(16 * len(CLASS_NAMES), np.uint16)
    hits[4::16] = 1 << np.arange(len(CLASS_NAMES))
    samples = play(Drums().decode(hits))[:, 0]
    assert np.isfinite(samples).all()
    assert not samples[: RATE // 2].any()
    bars = np.resize(np.append(samples, np.zeros(2 * RATE)), (len(CLASS_NAMES), 2 * RATE))
    before, on = bars[:, : RATE // 2 - 1], bars[:, RATE // 2 : RATE // 2 + 800]
    loud = np.abs(on).max(axis=1)
    assert (loud > 0.1).all()
    # Even a crash has died away when the next bar begins.
    assert (np.abs(before).max(axis=1) < 0.1).all()
    assert np.ptp(loud) > 0.2


def test_the_same_score_sounds_the_same():
    score = Drums().decode([255, 0, 3, 0])
    np.testing.assert_array_equal(play(score), play(score))


def test_silence_is_silent():
    assert not play(make_score(midi.make_notes([], [], []))).any()


def test_a_wav_holds_the_sound(tmp_path):
    score = make_score(midi.make_notes([69, 40], 0, [4, 8], track=[0, 1]))
    pytest.importorskip("pretty_midi")
    audio.write_wav(score, tmp_path / "a.wav", sample_rate=8000)
    with wave.open(str(tmp_path / "a.wav")) as reader:
        assert reader.getparams()[:4] == (1, 2, 8000, 2 * 8000)
        found = np.frombuffer(reader.readframes(reader.getnframes()), "<i2") / 32767
    expected = audio.synthesize(score, sample_rate=8000)[:, 0]
    np.testing.assert_allclose(found, expected, atol=1 / 32767)


@pytest.mark.parametrize("rate", [0, 7999, 1_000_000])
def test_other_sample_rates_are_refused(rate):
    with pytest.raises(ValueError, match=rf"8000 to 96000 samples a second, got {rate}\."):
        audio.synthesize(make_score(midi.make_notes(60, 0, 4)), sample_rate=rate)


def test_a_missing_font_says_where_there_is_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no sound font .*a\.sf2.*TimGM6mb\.sf2.*https:"):
        play(make_score(midi.make_notes(60, 0, 4)), sound_font=tmp_path / "a.sf2")


@pytest.mark.parametrize("data", [b"", b"RIFF....WAVEfmt ", b"MThd"])
def test_a_file_that_is_no_font_is_refused(tmp_path, data):
    (tmp_path / "a.sf2").write_bytes(data)
    with pytest.raises(ValueError, match=r"Expected a sound font.*received .*a\.sf2"):
        play(make_score(midi.make_notes(60, 0, 4)), sound_font=tmp_path / "a.sf2")


def test_without_the_program_the_command_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.sf2").write_bytes(b"RIFF\0\0\0\0sfbk")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match=r"apt install fluidsynth.* or leave sound_font out"):
        play(make_score(midi.make_notes(60, 0, 4)), sound_font=tmp_path / "a.sf2")


def test_without_pretty_midi_the_command_is_told(monkeypatch):
    def refuse(name, *args, **kwargs):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(convert.importlib, "import_module", refuse)
    with pytest.raises(ImportError, match=r"pip install 'keras-music-vae\[convert\]'"):
        audio.synthesize(make_score(midi.make_notes(60, 0, 4)))


def stand_in(folder, monkeypatch, script):
    """Puts a program named fluidsynth on the PATH."""
    program = folder / "fluidsynth"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    (folder / "a.sf2").write_bytes(b"RIFF\0\0\0\0sfbk")
    return folder / "a.sf2"


def test_what_the_program_writes_comes_back(tmp_path, monkeypatch):
    np.array([[0.5, 0], [0, -0.25]], "<f4").tofile(tmp_path / "made")
    script = f"""echo "$@" > {tmp_path}/arguments
while [ "$1" != -F ]; do shift; done; cp {tmp_path}/made "$2"
"""
    font = stand_in(tmp_path, monkeypatch, script)
    samples = audio.synthesize(
        make_score(midi.make_notes(60, 0, 4)), sound_font=font, sample_rate=22050
    )
    np.testing.assert_array_equal(samples, [[1, 0], [0, -0.5]])
    arguments = (tmp_path / "arguments").read_text()
    assert "-r 22050 -F" in arguments
    assert f" {font} " in arguments


def test_a_font_that_the_program_cannot_load_is_said(tmp_path, monkeypatch):
    # FluidSynth ends well and leaves silence.
    script = """echo 'error: size mismatch' >&2; echo 'Failed to load the SoundFont' >&2
while [ "$1" != -F ]; do shift; done; : > "$2"
"""
    font = stand_in(tmp_path, monkeypatch, script)
    with pytest.raises(RuntimeError, match=r"with .*a\.sf2. It says: error: size mismatch$"):
        audio.synthesize(make_score(midi.make_notes(60, 0, 4)), sound_font=font)


def test_fluidsynth_plays_the_pitch():
    found = importlib.util.find_spec("pretty_midi")
    font = Path(found.origin).with_name("TimGM6mb.sf2") if found else Path("none")
    if not font.is_file() or shutil.which("fluidsynth") is None:
        pytest.skip("needs the program fluidsynth, and the sound font that pretty_midi brings")
    samples = play(make_score(midi.make_notes(69, 0, 16)), sound_font=font)
    assert samples.shape[1] == 2
    assert len(samples) > 2 * RATE
    assert np.abs(samples).max() == 1
    assert loudest_hertz(samples[:RATE, 0], RATE) == pytest.approx(440, abs=2)
