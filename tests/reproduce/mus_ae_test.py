"""The script: its command line, its settings; what it trains on, measures and leaves."""

import csv
import json

import numpy as np
import pytest

from keras_music_vae import reproduction
from keras_music_vae.models import MusAE
from keras_music_vae.music.representations import Band
from keras_music_vae.papers import PAPERS
from reproduce import mus_ae as script
from reproduce import mus_ae_products as products
from reproduce import mus_ae_run as run

PAPER = PAPERS["mus_ae"]
GENRES = ("pop", "jazz", "folk")


def music(genres=GENRES, songs=12):
    """Five windows of two bars from each of some songs, whose genres take turns."""
    random = np.random.default_rng(0)
    tokens = random.integers(0, 130, (5 * songs, 32, 4)).astype(np.uint8)
    song = np.repeat(np.arange(songs), 5)
    tags = (
        np.eye(len(genres), dtype=np.uint8)[song % max(len(genres), 1)]
        if genres
        else np.zeros((len(song), 0))
    )
    splits = dict.fromkeys(run.SPLITS, run.Windows(tokens, tags, song))
    return run.Music(Band(), splits, genres, tuple(range(len(genres)))[::-1], "folder")


def settled(model, **given):
    experiment = PAPER.experiment(f"small_{model}", "lakh_band_2bar")
    return experiment, script.settle(experiment, given, smoke=True, genres="folder")


def test_help_shows_every_hyperparameter_with_its_origin(capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(["--help"])
    assert stop.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in PAPER.experiment("small_mixture", "lakh_band_2bar").hyperparameters():
        assert f"--{name.replace('_', '-')}" in text
    assert "1024 (paper 2bar, paper 16bar), 512 (released_code 16bar), 128 (small 2bar" in text
    assert "paper: 3.2.1: N_z" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prior", "mixture", "--model", "gaussian"], "are different models"),
        (["--profile", "released_code"], "the profile released_code has no lakh_band_2bar"),
        (["--model", "music_vae_hierarchical"], "has no music_vae_hierarchical; choose one of"),
        (["--profile", "paper", "--model", "music_vae_flat"], "choose one of gaussian, mixture"),
        (["--seeds", "0"], "--seeds must be at least 1"),
        (["--genres", "tags"], "invalid choice: 'tags'"),
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        script.parse(["--dataset", "lakh_band_2bar", *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_prior_is_a_model_and_all_are_what_the_dataset_has():
    options = script.parse(["--dataset", "lakh_band_2bar", "--prior", "mixture"])
    assert options.models == ["mixture"]
    options = script.parse(["--dataset", "lakh_band_16bar"])
    assert options.models == ["gaussian", "mixture", "music_vae_flat", "music_vae_hierarchical"]
    options = script.parse(["--dataset", "lakh_band_16bar", "--profile", "released_code"])
    assert options.models == ["mixture"]


def test_flags_reach_the_models_that_have_them():
    given = script.parse(["--dataset", "lakh_band_2bar", "--units", "9", "--updates", "7"]).given
    for model, units in (("mixture", 9), ("music_vae_flat", None)):
        experiment = PAPER.experiment(f"small_{model}", "lakh_band_2bar")
        values = script.settle(experiment, given, smoke=False, genres="own")
        assert (values.get("units"), values["updates"], values["genres"]) == (units, 7, "own")


@pytest.mark.parametrize("model", ["gaussian", "mixture", "music_vae_flat"])
def test_models_are_trained_and_everything_is_measured(model):
    experiment, values = settled(model)
    result = run.train_model(experiment, values, music(songs=30), seed=0, verbose=0)
    assert int(result.model.updates.value) == 4
    found = run.measure_model(result, values, music(songs=30), 0)
    assert np.isfinite(list(found.metrics.values())).all()
    expected = {f"{split}{kind}_accuracy_dbgs" for split in ("", "train_")
                for kind in ("reconstruction", "sampled_event")}  # fmt: skip
    expected |= {"interpolation_rising", "interpolation_at_start"}
    if model != "music_vae_flat":
        expected |= {"prior_test_p_value", "genres_in_space"}
        assert found.codes.shape == found.draws.shape == (30, 4)
        assert set(found.separations) == {("pop", "jazz"), ("pop", "folk"), ("jazz", "folk")}
    if model == "mixture":
        expected |= {"roughness"}
        assert found.changes.shape[:2] == (3, 4)
        assert set(found.matches) == {"", *GENRES}
    assert expected <= found.metrics.keys()


@pytest.mark.parametrize(("bars", "cut"), [(2, None), (16, (16, 32))])
def test_sixteen_bars_begin_with_two(bars, cut, monkeypatch):
    monkeypatch.setattr(run, "window_batches", lambda *given, **_: given)
    monkeypatch.setattr(run, "train", lambda make, batches, *_, **__: batches)
    experiment = PAPER.experiment("small_mixture", f"lakh_band_{bars}bar")
    values = script.settle(experiment, {}, smoke=False, genres="folder")
    assert run.train_model(experiment, values, music(songs=30), seed=0)[-1] == cut


def test_the_mixture_stands_in_the_order_of_the_circle_and_needs_genres():
    _, values = settled("mixture")
    model = run.make_model(values, music(songs=30))
    assert model.genres == GENRES
    assert run.circle(music(songs=30)) == ["folk", "jazz", "pop"]
    np.testing.assert_array_equal(model.places[:3], [2, 1, 0])
    with pytest.raises(ValueError, match="no training song has one"):
        run.make_model(values, music(genres=()))
    assert run.make_model(settled("gaussian")[1], music(genres=())).genres == ()


@pytest.mark.parametrize("untagged", ["component", "uniform"])
def test_codes_are_held_against_the_petals_of_their_own_genres(untagged):
    kwargs = {"latent_dim": 6, "units": 4, "depth": 1, "genres": GENRES, "untagged": untagged}
    model, own = MusAE((130,) * 4, **kwargs), music(songs=60)
    test = own.splits["test"]
    # A fifth of the songs have no genre, and all others have pop beside their own.
    tags = test.genres | np.array([1, 0, 0], np.uint8)
    test = test._replace(genres=tags * (test.song % 5 > 0)[:, None].astype(np.uint8))
    mean = np.asarray(model.draw_codes(300, 5, 1))
    posterior = run.codes.Posterior(mean, np.zeros_like(mean))
    *_, matches = run._match_prior(model, own, test, posterior, 0)
    assert set(matches) == {"", *GENRES, "none"}
    assert matches[""].codes == 60
    assert matches["none"].codes == 12
    # Of songs of two genres about half are held against either, and all codes are of jazz.
    assert matches["pop"].codes + matches["jazz"].codes + matches["folk"].codes == 48
    assert 20 < matches["pop"].codes < 45
    assert matches["jazz"].p_value > 0.01 >= matches["pop"].p_value
    assert matches["jazz"].mean_distance < 1 < matches["pop"].mean_distance


def test_equal_windows_of_a_split_are_kept_once_with_their_genres():
    songs = [
        {"windows": np.zeros((2, 4, 4), np.uint8), "genres": np.array([0, 1]), "song": b"b"},
        {"windows": np.ones((1, 4, 4), np.uint8), "genres": np.array([1, 0]), "song": b"a"},
    ]
    found = run._windows_of(songs, [1, 0])
    np.testing.assert_array_equal(found.tokens[:, 0, 0], [0, 1])
    np.testing.assert_array_equal(found.genres, [[1, 0], [0, 1]])
    np.testing.assert_array_equal(found.song, [1, 0])


def test_products_are_presets_music_and_the_papers_figures(tmp_path):
    experiment, values = settled("mixture")
    result = run.train_model(experiment, values, music(songs=30), seed=0, verbose=0)
    found = run.measure_model(result, values, music(songs=30), 0)
    line = reproduction.finished_run(experiment, 0, found.metrics, values, "here", 1.0)
    flags = "--dataset lakh_band_2bar --profile small --model mixture --seed 0 --genres folder"
    options = script.parse([*flags.split(), "--units", "8", "--workdir", str(tmp_path)])
    name = experiment.model
    listed = products.write(options, music(songs=30), [line], {name: result.model}, {name: found})
    written = dict(listed)
    card = (written["preset"] / "README.md").read_text()
    assert f"`python reproduce/mus_ae.py {flags} --units 8`" in card
    assert json.loads((written["preset"] / "preset.json").read_text())["config"]["genres"] == list(
        GENRES
    )
    with written["codes and prior, genre by genre"].open() as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["genre", "all", *GENRES]
    figures = {path.name for _, path in listed if path.suffix == ".png"}
    assert figures >= {
        "prior.png", "figure_3_metrics.png", "figure_4_interpolations.png", "figure_5_pca.png",
        "figure_5_tsne.png", "samples.png", "reconstructions.png", "interpolation_0.png",
    }  # fmt: skip
    commands = products.next_commands(listed, music(songs=30))
    assert f"edit IN.mid --preset {written['preset']} --genre pop" in commands
