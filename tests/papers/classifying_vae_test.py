"""The printed numbers are those of the paper's own text, and every experiment can be built."""

import re

import pytest

from keras_music_vae.papers.classifying_vae import (
    CLASSIFYING_VAE,
    COLUMNS,
    EXPERIMENTS,
    MODELS,
    TABLE_1,
    TABLE_2,
)

ROW_OF = {label: model for model, label in MODELS.items()} | {"Data": "data"}
NUMBER = r"-?\d+\.\d+"


@pytest.fixture(scope="module")
def paper_text(shared):
    path = shared / "papers" / "000_bca15bf1ac054a36.txt"
    if not path.is_file():
        pytest.skip(f"{path} is not there: the paper's text is not published with the project")
    return path.read_text(encoding="utf-8")


def printed_rows(text, first, last):
    """Rows of a table of the text: label -> list of cells, each a list of its numbers."""
    block = text[text.index(first) : text.index(last)]
    rows = {}
    for line in block.splitlines():
        label, *cells = [cell.strip() for cell in line.strip(" |").split("|")]
        cells = [[float(n) for n in re.findall(NUMBER, cell)] for cell in cells]
        if any(cells):
            rows[label] = cells[: len(COLUMNS)]
    return rows


def test_table_1_is_as_printed(paper_text):
    printed = printed_rows(paper_text, "| Average log-likelihoods |", "Table 1:")
    assert {ROW_OF[label] for label in printed} == set(TABLE_1)
    for label, cells in printed.items():
        typed = [[] if value is None else [value] for value in TABLE_1[ROW_OF[label]]]
        assert typed == cells, label


def test_table_2_is_as_printed(paper_text):
    printed = printed_rows(paper_text, "| Key consistency |", "Table 2:")
    assert len(printed) == len(TABLE_2) == 7
    for label, cells in printed.items():
        key = ROW_OF[label.rstrip("*")] + ("*" if label.endswith("*") else "")
        typed = [[] if value is None else list(value) for value in TABLE_2[key]]
        assert typed == cells, label


def test_numbers_of_the_text_are_as_printed(paper_text):
    data = EXPERIMENTS["data_jsb_two_keys"]
    for metric in ("notes_per_step", "tone_span"):
        reported = data.reported_value(metric)
        assert f"was {reported.value} ± {reported.spread} (mean" in paper_text.replace(
            r"$\pm$", "±"
        ).replace(r"\pm", "±")


def test_training_settings_are_as_printed(paper_text):
    training = EXPERIMENTS["vae_jsb_all_keys"].training
    stated = re.search(
        r"\\alpha = ([\d.]+)\$, \$\\beta_1 = ([\d.]+)\$, \$\\beta_2 = ([\d.]+)\$, "
        r"\$\\epsilon = 1 \\times 10\^\{(-\d+)\}",
        paper_text,
    )
    settings = (training.learning_rate, training.beta_1, training.beta_2)
    assert settings == tuple(float(value) for value in stated.groups()[:3])
    assert training.epsilon == float(f"1e{stated.group(4)}")
    assert "did not decrease for five consecutive epochs" in paper_text
    assert training.patience == 5


def test_every_number_of_the_tables_is_reported_once():
    reported = [
        (r.metric, experiment.dataset, experiment.model)
        for experiment in EXPERIMENTS.values()
        for r in experiment.reported
    ]
    assert len(reported) == len(set(reported))
    cells = sum(
        value is not None for table in (TABLE_1, TABLE_2) for row in table.values() for value in row
    )
    assert len(reported) == cells + 2
    assert not any(dataset == "jsb_two_keys_music21" for _, dataset, _ in reported)


def test_places_name_table_row_and_column():
    reported = EXPERIMENTS["classifying_vae_lstm_jsb_all_keys"].reported_value
    assert reported("key_consistency_true_key").where == (
        "Table 2, row Classifying VAE+LSTM*, column JSB Chorales (all keys)"
    )
    assert reported("log_likelihood").value == -8.73
    assert EXPERIMENTS["vae_lstm_piano_all_keys"].reported == ()


def test_figure_3_has_two_latents_and_no_step_before():
    for model in ("vae", "classifying_vae"):
        experiment = EXPERIMENTS[f"{model}_figure_3"]
        assert experiment.architecture["latent_dim"] == 2
        assert experiment.architecture["use_x_prev"] is False
        assert experiment.dataset == "jsb_two_keys"
        assert not set(experiment.search) & {"latent_dim", "use_x_prev"}


def test_tables_name_experiments_that_exist():
    for table in CLASSIFYING_VAE.tables.values():
        for row in table.rows:
            assert row.metric in CLASSIFYING_VAE.metrics
            for dataset in table.datasets:
                CLASSIFYING_VAE.experiment(row.model, dataset)


@pytest.mark.parametrize("model", MODELS)
def test_the_model_is_built_as_the_facts_say(model):
    models = pytest.importorskip("keras_music_vae.models")
    experiment = EXPERIMENTS[f"{model}_jsb_two_keys"]
    arguments = dict(experiment.architecture)
    if model.startswith("classifying"):
        arguments["classes"] = ["C", "Eb"]
    if model == "classifying_vae_lstm":
        arguments["seq_length"] = experiment.training.seq_length
    make = {
        "vae": models.VAE,
        "vae_lstm": models.VAELSTM,
        "classifying_vae": models.ClassifyingVAE,
        "classifying_vae_lstm": models.ClassifyingVAELSTM,
    }[model]
    config = make(**arguments).get_config()
    assert {key: config[key] for key in arguments} == arguments
