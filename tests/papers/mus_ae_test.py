"""The printed numbers are those of the paper's own text, and every experiment can be built."""

import re

import pytest

from keras_music_vae.music import genres
from keras_music_vae.music.representations import band
from keras_music_vae.papers import music_vae
from keras_music_vae.papers.mus_ae import (
    ARCHITECTURE,
    AVERAGES,
    DATASETS,
    EXPERIMENTS,
    METRICS,
    MUS_AE,
    PARTS,
    PEER_OF,
    PRIORS,
    PROFILES,
    TABLE_1,
    datasets_of,
    peers_of,
    priors_of,
)

ROWS = {
    "2 bar drums": ("lakh_band_2bar", "drums"),
    "2-bar melody": ("lakh_band_2bar", "melody"),
    "16-bar drums": ("lakh_band_16bar", "drums"),
    "16-bar bass": ("lakh_band_16bar", "bass"),
    "16-bar guitar/piano": ("lakh_band_16bar", "guitar"),
    "16-bar strings": ("lakh_band_16bar", "strings"),
    "16-bar average (dbgs)": ("lakh_band_16bar", "dbgs"),
    "16-bar average (dbg)": ("lakh_band_16bar", "dbg"),
}
ACCURACIES = ("reconstruction_accuracy", "event_accuracy")
COLUMNS = ("gaussian", "mixture", "music_vae_flat", "music_vae_hierarchical")


@pytest.fixture(scope="module")
def paper_text(shared):
    path = shared / "papers" / "002_08361c5e8d7c9d73.txt"
    if not path.is_file():
        pytest.skip(f"{path} is not there: the paper's text is not published with the project")
    return path.read_text(encoding="utf-8")


def test_table_1_is_as_printed(paper_text):
    for row, (dataset, place) in ROWS.items():
        line = next(
            line.strip() for line in paper_text.splitlines() if line.strip().startswith(row + "\t")
        )
        printed = [None if text == "–" else float(text) for text in line.split("\t")[1:]]
        assert printed == [TABLE_1[dataset].get(column, {}).get(place) for column in COLUMNS], row
    typed = sum(len(places) for columns in TABLE_1.values() for places in columns.values())
    assert typed == 24


def test_printed_averages_are_plain_means_of_the_tracks():
    for places in TABLE_1["lakh_band_16bar"].values():
        for average, parts in (("dbgs", PARTS), ("dbg", PARTS[:3])):
            if average in places:
                mean = sum(places[part] for part in parts) / len(parts)
                assert places[average] == pytest.approx(mean, abs=5.1e-4)


@pytest.mark.parametrize(
    ("stated", "settings"),
    [
        (r"N_z = 512", {"latent_dim": 512}),
        (r"N_h = 1024", {"units": 1024}),
        (r"composed of 3 layers of bidirectional LSTMs", {"depth": 3}),
        (r"variance \$a_1 = 0\.1\$", {"radial_variance": 0.1}),
        (r"variance \$a_2 = 0\.001\$", {"variance": 0.001}),
        (r"a learning rate of 10\^\{-4\}", {"learning_rate": 1e-4}),
        (r"exponential decay rate of 10\^\{-4\}", {"learning_rate_decay": 1e-4}),
        (r"The batch size is 256", {"batch_size": 256}),
        (r"annealed from 0 to 1 .* increases of 0\.1, scheduled every 10,000 gradient updates", {
            "beta": 1.0, "beta_steps": 100_000, "beta_stairs": 10_000,
        }),
        (r"from the interval \[-5, 6\]", {"transpose": (-5, 6)}),
        (r"mean of 256 interpolations", {"interpolations": 256}),
        (r"sampled 256 latent vectors from each of the 32 Gaussians", {"codes_per_genre": 256}),
        (r"128 of which belonging to the first genre", {"shown_per_genre": 128}),
    ],
)  # fmt: skip
def test_the_paper_profile_is_as_stated(paper_text, stated, settings):
    assert re.search(stated, paper_text)
    for dataset in DATASETS:
        values = MUS_AE.experiment("paper_mixture", dataset).hyperparameters()
        assert {key: values[key] for key in settings} == settings
        for name in settings:
            assert str(EXPERIMENTS[f"paper_mixture_{dataset}"].origins[name]).startswith("paper: ")


def test_names_are_those_of_the_music_and_of_what_measures_it():
    pytest.importorskip("keras")
    from keras_music_vae.evaluation import band_reconstruction

    assert band.PARTS == PARTS
    assert set(band_reconstruction.AVERAGES) == set(AVERAGES)
    assert genres.KEPT == 32
    measured = {f"{name}_{part}": 0.0 for name in ACCURACIES for part in PARTS}
    assert band_reconstruction.with_averages(measured).keys() < METRICS.keys()


@pytest.mark.parametrize("profile", PROFILES)
def test_every_number_of_table_1_but_the_melodys_belongs_to_an_experiment(profile):
    for dataset in datasets_of(profile):
        for prior in priors_of(profile):
            places = dict(TABLE_1[dataset].get(prior, {}))
            places.pop("melody", None)
            reported = MUS_AE.experiment(f"{profile}_{prior}", dataset).reported
            for reading in ("", "sampled_", "train_"):
                found = {
                    place: each.value
                    for each in reported
                    for place in (*PARTS, *AVERAGES)
                    if each.metric == f"{reading}reconstruction_accuracy_{place}"
                }
                assert found == places
            assert len(reported) == 3 * len(places)


def test_numbers_of_music_vae_are_marked_as_copied():
    for dataset, columns in TABLE_1.items():
        for model in set(columns) - set(PRIORS):
            experiment = MUS_AE.experiment(model, dataset)
            assert "of other music" in experiment.not_run
            assert len(experiment.reported) == len(set(columns[model]) - {"melody"})


def test_priors_of_a_comparison_differ_in_the_prior_alone():
    for dataset in DATASETS:
        values = [
            MUS_AE.experiment(f"small_{prior}", dataset).hyperparameters() for prior in PRIORS
        ]
        assert {name for name in values[0] if values[0][name] != values[1][name]} == {"prior"}


def test_the_small_profile_keeps_the_papers_pace_of_beta_and_of_its_rate():
    for dataset in DATASETS:
        paper, small = (
            MUS_AE.experiment(f"{profile}_mixture", dataset).hyperparameters()
            for profile in ("paper", "small")
        )
        for values in (paper, small):
            assert values["beta_steps"] == 10 * values["beta_stairs"]
            # Eleven stairs, the last of which has what a division leaves.
            assert values["updates"] // 11 == values["beta_stairs"]
            decay = values["learning_rate_decay"] * values["updates"]
            assert 1 + decay == pytest.approx(12)
        assert set(ARCHITECTURE) < set(small)


def test_peers_are_music_vaes_own_small_models_but_for_how_long_they_train():
    for dataset in DATASETS:
        for model in peers_of(dataset):
            peer = MUS_AE.experiment(f"small_{model}", dataset)
            own = music_vae.MUSIC_VAE.experiment(*PEER_OF[dataset, model])
            assert peer.architecture == own.architecture
            given, theirs = (each.training.hyperparameters() for each in (peer, own))
            assert {name for name in given if given[name] != theirs[name]} == {"updates"}
            assert not peer.reported
