"""Generated parts of README and docs are those that the recorded runs give today."""

from pathlib import Path

import pytest

from keras_music_vae.papers import CONFIGURATIONS, PAPERS
from keras_music_vae.reproduction import __main__ as command
from keras_music_vae.reproduction import documents, results
from tests.reproduction.results_test import result

ROOT = Path(__file__).parents[2]
PAPER = PAPERS["classifying_vae"]


def test_the_documents_are_up_to_date():
    stale = [path.name for path, old, new in documents.rendered(ROOT) if old != new]
    assert not stale, f"run `python -m keras_music_vae.reproduction --write`: {stale} are stale"


def test_recorded_runs_are_of_experiments_with_known_metrics():
    for paper in PAPERS.values():
        for run in results.read(documents.results_path(ROOT, paper)):
            experiment = paper.experiments[run.experiment]
            assert (run.model, run.dataset) == (experiment.model, experiment.dataset)
            assert not experiment.not_run, f"{experiment.name} was run: clear its `not_run`"
            shown = {row.metric for table in paper.tables.values() for row in table.rows}
            assert set(run.metrics) & shown, f"{experiment.name} measured nothing that is shown"


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "docs").mkdir()
    page = "before\n<!-- results:classifying_vae.{} -->\n<!-- /results -->\nafter\n"
    (tmp_path / "README.md").write_text(page.format("table_1") + page.format("runs"))
    (tmp_path / "docs" / "classifying_vae.md").write_text(page.format("hyperparameters"))
    (tmp_path / "docs" / "other.md").write_text("nothing generated\n")
    return tmp_path


def test_writing_fills_the_markers_and_nothing_else(repository):
    run = result(metrics={"log_likelihood": -8.9}, config={"latent_dim": 3, "kl": 0.25})
    results.append(documents.results_path(repository, PAPER), run)
    changed = {path.name for path in documents.write(repository)}
    assert changed == {"README.md", "classifying_vae.md"}
    readme = (repository / "README.md").read_text()
    assert readme.startswith("before\n<!-- results:classifying_vae.table_1 -->\n**Average")
    assert readme.count("after\n") == readme.count("<!-- /results -->") == 2
    assert "| VAE | -8.83 | -8.90 (1) | -0.07 | reproduced |" in readme
    assert (
        "| vae_jsb_all_keys | 1 | kl 0.25, latent_dim 3 | 2 CPU cores | 32 s | 000000000 |"
        in readme
    )
    page = (repository / "docs" / "classifying_vae.md").read_text()
    assert (
        "| `epsilon` | 1e-08 | 1e-08 | 1e-08 | 1e-08 | – | paper: Implementation, Training" in page
    )
    assert "| `w_inference` | – | – | sample | sample | – | paper: " in page
    assert r"sample w from q(w \| X_seed) |" in page
    assert documents.write(repository) == []


def test_a_new_run_makes_the_documents_stale(repository):
    documents.write(repository)
    results.append(documents.results_path(repository, PAPER), result())
    stale = {path.name for path, old, new in documents.rendered(repository) if old != new}
    assert stale == {"README.md"}


def test_an_unknown_marker_is_named(repository):
    (repository / "README.md").write_text("<!-- results:nobody -->\n<!-- /results -->\n")
    with pytest.raises(
        ValueError, match=r"README.md: Unknown marker results:nobody. Known: .*classifying_vae\."
    ):
        documents.write(repository)


def test_a_marker_without_end_is_refused(repository):
    (repository / "README.md").write_text("<!-- results:classifying_vae.runs -->\ntext\n")
    with pytest.raises(ValueError, match=r"README.md: .* without its end"):
        documents.write(repository)


def test_every_deviation_and_dataset_is_in_its_block():
    parts = documents.blocks(PAPER, [])
    for text in PAPER.deviations:
        assert text in parts["classifying_vae.deviations"]
    for dataset in PAPER.datasets.values():
        assert f"`{dataset.tfds}`" in parts["classifying_vae.datasets"]
    assert parts["classifying_vae.ordering"] == parts["classifying_vae.runs"] == "Not run."


def test_hyperparameters_that_are_lists_are_written_out():
    text = documents.blocks(PAPERS["ar_vae"], [])["ar_vae.hyperparameters"]
    assert (
        "| `attributes` | rhythmic_complexity, pitch_range, note_density, contour | none |" in text
    )


def test_named_configurations_are_a_row_each_and_what_is_missing_is_told():
    text = documents.configurations(CONFIGURATIONS.values())
    for name in CONFIGURATIONS:
        assert f"| `{name}` |" in text
    for row in (
        "| `cat-mel_2bar_small` | 90 | 512 | 256 256 | 256 | 32 | 512 | 0.0 | 0 to 0.2, 0.99999 "
        "| 1000 | 4,423,770 |",
        "| `hier-trio_16bar` | 90 + 90 + 512 | 1024 1024, of 16 and 16 | 1024 1024, 16 codes | 512 "
        "| 256 | 256 | 177.4 | 0.2 | – | – |",
        "| `nade-drums_2bar_full` | 61 drums, nade | 1024 |",
        "| `cat-mel_2bar_med_chords` | 90; 49 controls |",
    ):
        assert row in text
    assert "\n* `hier-multiperf_vel_1bar_med`, `hier-multiperf_vel_1bar_big`, " in text
    assert "`hier-multiperf_vel_1bar_big_chords`: A note that" in text


def test_the_command_prints_tables_and_writes(repository, capsys):
    assert command.main(["--root", str(repository), "--write"]) == 0
    printed = capsys.readouterr().out
    assert "Key consistency of generated samples (Table 2), %" in printed
    assert "wrote " in printed
    assert command.main(["--root", str(repository), "--write"]) == 0
    assert "up to date" in capsys.readouterr().out


def test_the_command_fails_on_a_bad_file(repository, capsys):
    path = documents.results_path(repository, PAPER)
    path.parent.mkdir(parents=True)
    path.write_text("not json\n")
    assert command.main(["--root", str(repository)]) == 1
    assert "classifying_vae.jsonl, line 1: not a result" in capsys.readouterr().err


def test_deviations_of_some_models_name_them():
    listed = documents.blocks(PAPERS["ar_vae"], [])["ar_vae.deviations"]
    assert "* `s_vae_rhy`, `s_vae_pr`, `s_vae_rhy_pr`, `s_vae_base`: The code of 2019 " in listed
    assert listed.count("`ar_vae`") == 0
