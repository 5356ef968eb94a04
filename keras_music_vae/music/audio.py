"""Makes sound of scores: with a sound font, or plainly without one."""

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

from keras_music_vae.music import convert, midi
from keras_music_vae.music.representations.drums import MAPS

# For each of the nine classes of drums: Hz, share of noise, seconds until it has died away to 1/e.
_DRUMS = (
    (55, 0.0, 0.12), (190, 0.6, 0.07), (0, 0.25, 0.02), (0, 0.25, 0.12), (95, 0.1, 0.15),
    (130, 0.1, 0.13), (175, 0.1, 0.11), (0, 0.4, 0.4), (0, 0.15, 0.25),
)  # fmt: skip
_DRUM_OF = {pitch: drum for drum, pitches in enumerate(MAPS["2019"]) for pitch in pitches}

_FONTS = (
    "pretty_midi brings a small one, TimGM6mb.sf2; MuseScore_General.sf3 is a good one, from "
    "https://ftp.osuosl.org/pub/musescore/soundfont/."
)


def write_wav(score, path, *, sound_font=None, sample_rate=44_100):
    """Writes what `synthesize` makes of a score to a WAV file of 16 bits, replacing the file."""
    samples = synthesize(score, sound_font=sound_font, sample_rate=sample_rate)
    with wave.open(str(path), "wb") as writer:
        writer.setparams((samples.shape[1], 2, sample_rate, 0, "NONE", None))
        writer.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())


def synthesize(score, *, sound_font=None, sample_rate=44_100):
    """Plays a score at its tempo.

    Without a sound font all instruments sound alike: tones of three partials that die away, and
    rough beats and hisses for the nine classes of drums (the map of 2019). With one, the program
    FluidSynth plays.

    Args:
        score: `midi.Score`.
        sound_font: path of a sound font (.sf2 or .sf3), or None for plain tones.
        sample_rate: int, samples per second, 8000 to 96000.

    Returns:
        float32 array (sample, channel), as loud as fits between -1 and 1. One channel without a
        sound font, two with one. The last notes have time to die away.

    Raises:
        ImportError: without a sound font, if pretty_midi is not installed.
        OSError: if the sound font cannot be read.
        RuntimeError: if FluidSynth is not installed, or fails.
        ValueError: if the file is no sound font, or the sample rate is another.
    """
    if not 8000 <= sample_rate <= 96_000:
        raise ValueError(f"Expected 8000 to 96000 samples a second, got {sample_rate}. Use 44100.")
    if sound_font is None:
        samples = _plain(score, sample_rate)
    else:
        samples = _fluidsynth(score, Path(sound_font), sample_rate)
    return (samples / (np.abs(samples).max(initial=0) or 1)).astype(np.float32)


def _plain(score, sample_rate):
    pretty = convert.to_pretty_midi(score)
    samples = np.zeros(int((pretty.get_end_time() + 1) * sample_rate))
    for part in pretty.instruments:
        if part.is_drum:
            for note in (note for note in part.notes if note.pitch in _DRUM_OF):
                hit = _hit(_DRUM_OF[note.pitch], sample_rate) * note.velocity
                place = samples[int(note.start * sample_rate) :][: len(hit)]
                place += hit[: len(place)]
        else:
            tones = part.synthesize(sample_rate, _tone)
            samples[: len(tones)] += tones
    return samples[:, None]


def _tone(phase):
    # Partials make low notes heard on small loudspeakers.
    return np.sin(phase) + np.sin(2 * phase) / 3 + np.sin(3 * phase) / 6


def _hit(drum, sample_rate):
    hertz, noise, decay = _DRUMS[drum]
    time = np.arange(int(5 * decay * sample_rate)) / sample_rate
    # The skin slackens after the stroke, so that the pitch falls; noise has only its high part.
    skin = np.sin(2 * np.pi * hertz * (time + 0.03 * (1 - np.exp(-time / 0.03))))
    hiss = np.diff(np.random.default_rng(drum).uniform(-1, 1, len(time) + 1))
    return 1.5 * ((1 - noise) * skin + noise * hiss) * np.exp(-time / decay)


def _fluidsynth(score, sound_font, sample_rate):
    # By its program, as symusic 0.6's own synthesizer fails to return its samples.
    if not sound_font.is_file():
        raise FileNotFoundError(f"There is no sound font {sound_font}. {_FONTS}")
    with sound_font.open("rb") as file:
        header = file.read(12)
    if header[:4] != b"RIFF" or header[8:] != b"sfbk":
        raise ValueError(f"Expected a sound font, .sf2 or .sf3, received {sound_font}. {_FONTS}")
    program = shutil.which("fluidsynth")
    if program is None:
        raise RuntimeError(
            "A sound font needs the program fluidsynth, which is not on the PATH. Install it (apt "
            "install fluidsynth, brew install fluid-synth), or leave sound_font out."
        )
    with tempfile.TemporaryDirectory() as folder:
        music, sound = Path(folder, "score.mid"), Path(folder, "samples")
        midi.write(score, music)
        options = f"-n -i -q -T raw -O float -E little -r {sample_rate} -F".split()
        command = [program, *options, sound, sound_font.resolve(), music]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        # It goes on with another sound font, or in silence, if it cannot load one.
        if done.returncode or "Failed to load" in done.stderr or not sound.is_file():
            said = done.stderr.strip().partition("\n")[0]
            raise RuntimeError(f"FluidSynth could not play with {sound_font}. It says: {said}")
        return np.fromfile(sound, "<f4").reshape(-1, 2)
