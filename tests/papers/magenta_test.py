"""Magenta's configurations: sizes that give the counted parameters, settings of its own table."""

import fnmatch
import json
import math

import pytest

from keras_music_vae.papers.magenta import MAGENTA

COUNTED = [name for name, configuration in MAGENTA.items() if configuration.parameters]


def lstms(inputs, sizes):
    """Parameters of a stack of LSTMs."""
    return sum(
        4 * size * (before + size + 1)
        for before, size in zip((inputs, *sizes), sizes, strict=False)
    )


def decoder(inputs, embedding, sizes, outputs):
    """A stack whose states come from an embedding, which it also reads, and its outputs."""
    states = (embedding + 1) * 2 * sum(sizes)
    return states + lstms(inputs + embedding, sizes) + (sizes[-1] + 1) * outputs


def count(num_classes, latent_dim, encoder_units, decoder_units, encoder_lengths, subsequences,
          split_parts, encoder_input, control_dim, head, nade_units=0, **_):  # fmt: skip
    """Parameters of a model, by the arithmetic of its layers."""
    parts = len(num_classes)
    depths = {"categorical": num_classes, "nade": (parts,), "groove": (3 * parts,)}[head]
    width = sum(depths)
    if encoder_input == "drum_roll":
        width = 10 if head == "categorical" else parts + 1
    total, width = 0, width + control_dim
    for units in encoder_units:
        total, width = total + 2 * lstms(width, (units,)), 2 * units
    total += 2 * (width + 1) * latent_dim
    embedding = latent_dim
    if subsequences:
        states = (latent_dim + 1) * 2 * sum(decoder_units)
        total, embedding = total + states + lstms(1, decoder_units), decoder_units[-1]
    for depth in depths if split_parts else (sum(depths),):
        outputs = depth + nade_units
        total += decoder(depth + control_dim, embedding, decoder_units, outputs)
        total += 2 * depth * nade_units
    return total


@pytest.mark.parametrize("name", COUNTED)
def test_sizes_give_the_parameters_that_were_counted(name):
    assert count(**MAGENTA[name].model) == MAGENTA[name].parameters


def test_parameters_are_those_of_the_published_shapes(shared):
    path = shared / "fixtures" / "magenta" / "variable_shapes.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    for name, *_, shapes in json.loads(path.read_text()):
        assert MAGENTA[name].parameters == sum(math.prod(shape) for _, shape in shapes), name


def rows_of_the_notes(shared):
    """Rows of the table of configurations in the notes on Magenta's code: names and other cells."""
    path = shared / "specs" / "music_vae.md"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    for line in path.read_text(encoding="utf-8").splitlines():
        first, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        names = first.split(" (")[0].split(" / ")
        found = [name for pattern in names for name in fnmatch.filter(MAGENTA, pattern)]
        if found and len(cells) == 12:
            yield found, cells


def test_settings_are_those_of_the_notes_on_the_code(shared):
    seen = set()
    for names, cells in rows_of_the_notes(shared):
        seen |= set(names)
        _, _, _, latent_dim, steps, batch, bits, weight, rate, sampling, *_ = cells
        for name in names:
            model, training = MAGENTA[name].model, MAGENTA[name].training
            assert model["latent_dim"] == int(latent_dim)
            assert str(training["seq_length"]) in steps.split(" / ")
            assert training["batch_size"] == int(batch)
            assert model["free_nats"] == pytest.approx(int(bits) * math.log(2))
            assert (training["kl_weight"], training["kl_weight_rate"]) == (
                float(weight),
                float(rate),
            )
            assert training["sampling_rate"] == (1000 if "1000" in sampling else 0)
    assert {name for name in MAGENTA if name not in seen} == {
        "hier-multiperf_vel_1bar_big",
        "hier-multiperf_vel_1bar_med_chords",
        "hier-multiperf_vel_1bar_big_chords",
    }
