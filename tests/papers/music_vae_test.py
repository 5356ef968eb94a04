"""The printed numbers are those of the paper's own text, and every experiment can be built."""

import math
import re

import pytest

from keras_music_vae.papers import CONFIGURATIONS
from keras_music_vae.papers.music_vae import (
    ARMS,
    DATASETS,
    EXPERIMENTS,
    MUSIC_VAE,
    TABLE_1,
    decoders_of,
)
from keras_music_vae.papers.music_vae_profiles import CONFIGURATION_OF

ROWS = {
    "2-bar Drum": ("lakh_drums_2bar", ""),
    "2-bar Melody": ("lakh_melody_2bar", ""),
    "32-bar Melody": ("lakh_melody_32bar", ""),
    "16-bar Trio (Lead)": ("lakh_trio_16bar", "lead"),
    "16-bar Trio (Bass)": ("lakh_trio_16bar", "bass"),
    "16-bar Trio (Drums)": ("lakh_trio_16bar", "drums"),
}


@pytest.fixture(scope="module")
def paper_text(shared):
    path = shared / "papers" / "001_377fc71497e56e26.txt"
    if not path.is_file():
        pytest.skip(f"{path} is not there: the paper's text is not published with the project")
    return path.read_text(encoding="utf-8")


def test_table_1_is_as_printed(paper_text):
    for row, (dataset, part) in ROWS.items():
        line = next(line for line in paper_text.splitlines() if line.startswith(row + "\t"))
        printed = [float(number) for number in re.findall(r"\t(\d+\.\d+)", line)]
        arms = TABLE_1[dataset]
        typed = list(arms["baseline"][part])
        for arm in ("vae", "vae_sampling"):
            kl = [arms[arm]["kl"]] if part in ("", "lead") else []  # the trio's is printed once
            typed += [*arms[arm][part], *kl]
        assert typed == printed, row


@pytest.mark.parametrize(
    ("stated", "name", "settings"),
    [
        ("2048 units per cell", "workshop_flat_vae_lakh_drums_2bar", {"encoder_units": (2048,)}),
        ("using a batch size of 512", "workshop_flat_vae_lakh_drums_2bar", {"batch_size": 512}),
        ("over 100k steps", "workshop_flat_vae_lakh_melody_2bar", {"updates": 100_000}),
        ("trained to 150k steps", "workshop_hierarchical_vae_lakh_melody_32bar", {
            "updates": 150_000, "kl_weight": 1.0, "kl_weight_rate": 0.0, "embedding_dim": 512,
        }),
        ("over 50k steps", "workshop_hierarchical_vae_lakh_trio_16bar", {
            "updates": 50_000, "kl_weight": 0.2, "split_parts": True,
        }),
        ("48 free bits", "workshop_flat_vae_lakh_drums_2bar", {"free_nats": 48 * math.log(2)}),
        ("a rate of 1000", "workshop_flat_vae_sampling_lakh_drums_2bar", {"sampling_rate": 1000}),
    ],
)  # fmt: skip
def test_the_workshop_profile_is_as_stated(paper_text, stated, name, settings):
    assert stated in paper_text
    values = EXPERIMENTS[name].hyperparameters()
    assert {key: values[key] for key in settings} == settings


def test_the_magenta_profile_is_that_of_the_named_configurations():
    for (dataset, decoder), name in CONFIGURATION_OF.items():
        experiment = MUSIC_VAE.experiment(f"magenta_{decoder}_vae_sampling", dataset)
        values, named = experiment.hyperparameters(), CONFIGURATIONS[name].hyperparameters()
        shared = set(values) & set(named)
        differing = {key for key in shared if values[key] != named[key]}
        # Its own data have a length; its arm has scheduled sampling, the code only at two bars.
        assert differing <= {"seq_length", "sampling_rate"}
        assert ("seq_length" in differing) == bool(experiment.deviations)
        assert shared > {"latent_dim", "transpose", "kl_weight", "batch_size", "epsilon"}
    assert {dataset for dataset, _ in CONFIGURATION_OF} == set(DATASETS)


def test_every_number_of_table_1_belongs_to_one_experiment_of_each_profile():
    for dataset, arms in TABLE_1.items():
        for arm, printed in arms.items():
            decoder = decoders_of(dataset)[-1]
            reported = MUSIC_VAE.experiment(f"small_{decoder}_{arm}", dataset).reported
            accuracies = [values for part, values in printed.items() if part != "kl"]
            assert len(reported) == 2 * len(accuracies) + ("kl" in printed)


def test_arms_of_a_comparison_differ_in_the_arm_alone():
    for dataset in DATASETS:
        for decoder in decoders_of(dataset):
            values = [
                MUSIC_VAE.experiment(f"small_{decoder}_{arm}", dataset).hyperparameters()
                for arm in ARMS
            ]
            differing = {name for name in values[0] if len({str(v[name]) for v in values}) > 1}
            assert differing == {"latent_dim", "free_nats", "sampling_rate"}
