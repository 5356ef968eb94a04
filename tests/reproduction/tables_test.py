"""Tables say what was printed, what was measured and whether the two agree, and nothing else."""

import dataclasses

import pytest

from keras_music_vae.papers import PAPERS, Metric, Reported, Row, Table
from keras_music_vae.reproduction import tables
from tests.reproduction.results_test import result

PAPER = PAPERS["classifying_vae"]
TABLE_1, TABLE_2 = PAPER.tables["table_1"], PAPER.tables["table_2"]


def cell(values, metric=None, reported=-8.83, **changes):
    metric = metric or PAPER.metrics["log_likelihood"]
    experiment = PAPER.experiments["vae_jsb_all_keys"]
    if reported is not None:
        reported = Reported("log_likelihood", reported, "Table 1", **changes)
    return tables.Cell("VAE", experiment, metric, reported, tuple(values))


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((-8.83,), "reproduced"),
        ((-8.98,), "reproduced"),
        ((-8.99,), "not reached"),
        ((-8.0,), "better"),
        ((-9.2, -8.6), "reproduced"),
        ((), ""),
    ],
)
def test_a_log_likelihood_may_be_better(values, verdict):
    assert cell(values).verdict == verdict


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(74.3, "reproduced"), (75.8, "reproduced"), (75.9, "different"), (72.7, "different")],
)
def test_a_key_consistency_must_be_near(value, verdict):
    metric = PAPER.metrics["key_consistency"]
    assert cell((value,), metric, reported=74.3).verdict == verdict


def test_lower_may_be_better_too():
    metric = Metric("loss", "", 1, tolerance=0.5, better="lower")
    assert cell((1.0,), metric, reported=3.0).verdict == "better"
    assert cell((5.0,), metric, reported=3.0).verdict == "not reached"


def test_a_printed_number_may_bring_its_own_tolerance():
    metric = PAPER.metrics["key_consistency"]
    assert cell((93.4,), metric, reported=93.2, tolerance=0.1).verdict == "different"
    assert cell((93.25,), metric, reported=93.2, tolerance=0.1).verdict == "reproduced"


def test_without_a_promise_there_is_no_verdict():
    assert cell((-8.83,), Metric("elbo", "", 2)).verdict == ""
    assert cell((-8.83,), reported=None).verdict == ""


def test_seeds_are_averaged_with_their_spread():
    assert cell((-9.0, -8.8, -8.9)).texts([]) == (
        "-8.83",
        "-8.90 ± 0.10 (3)",
        "-0.07",
        "reproduced",
    )
    assert cell((-9.0,), spread=0.2).texts([]) == (
        "-8.83 ± 0.20",
        "-9.00 (1)",
        "-0.17",
        "not reached",
    )
    assert cell((-9.0,), reported=None).texts([]) == ("–", "-9.00 (1)", "–", "–")


def test_a_printed_median_is_compared_with_the_median():
    printed = cell((-9.0, -8.0, -8.8, -8.9), quartiles=(-9, -8.5))
    assert printed.texts([]) == (
        "-8.83 [-9.00, -8.50]",
        "-8.85 [-8.93, -8.60] (4)",
        "-0.02",
        "reproduced",
    )
    assert cell((-9.0,), quartiles=(-9, -8.5)).texts([])[1] == "-9.00 (1)"


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((-8.85,), "reproduced"),
        ((-8.9049,), "reproduced"),
        ((-9.5, -8.92, -8.0), "near"),
        ((-9.5,), "not reached"),
    ],
)
def test_beside_quartiles_near_is_what_the_tolerance_takes_in_beyond_them(values, verdict):
    assert cell(values, quartiles=(-8.9, -8.8)).verdict == verdict
    either = Metric("mig", "", 2, tolerance=0.15)
    above = cell((-8.75,), either, quartiles=(-8.9, -8.8)), cell((-8.75,), quartiles=(-8.9, -8.8))
    assert [each.verdict for each in above] == ["near", "reproduced"]


def test_a_number_that_no_paper_prints_says_whose_it_is_and_gives_no_verdict():
    printed = cell((-8.9,), measured_by="authors' code")
    assert printed.texts([]) == ("-8.83 (authors' code)", "-8.90 (1)", "-0.07", "–")


def test_a_row_may_leave_out_signs_of_seeds():
    row = Row("VAE", "vae", "log_likelihood", magnitude=True)
    table = Table("sizes", "Sizes", (row,), ("jsb_all_keys",))
    values = {1: 0.5, 2: -0.7}
    runs = [result(seed=s, metrics={"log_likelihood": v}) for s, v in values.items()]
    assert [c.values for c in tables.cells(PAPER, table, runs)] == [(0.5, 0.7)]


def test_only_the_newest_configuration_counts_and_of_a_seed_the_newest_run():
    old = result(seed=1, config={"latent_dim": 2}, metrics={"log_likelihood": -20.0})
    first = result(seed=1, metrics={"log_likelihood": -9.0})
    second = result(seed=2, metrics={"log_likelihood": -8.0})
    again = result(seed=1, metrics={"log_likelihood": -7.0})
    other = result(seed=3, experiment="vae_jsb_two_keys", dataset="jsb_two_keys")
    runs = [old, first, second, again, other]
    experiment = PAPER.experiments["vae_jsb_all_keys"]
    assert tables.latest(runs, experiment) == [again, second]
    assert tables.latest([other], experiment) == []
    found = tables.cells(PAPER, TABLE_1, runs, datasets=["jsb_all_keys"])
    assert found[0].values == (-7.0, -8.0)


def test_rows_that_nobody_has_a_number_for_are_left_out():
    found = {(c.experiment.dataset, c.label) for c in tables.cells(PAPER, TABLE_2, [])}
    printed = [r for e in PAPER.experiments.values() for r in e.reported]
    assert len(found) == sum(r.where.startswith("Table 2") for r in printed)
    assert ("piano_all_keys", "VAE+LSTM") not in found
    assert not any(dataset == "jsb_two_keys_music21" for dataset, _ in found)
    run = result(
        experiment="vae_jsb_two_keys_music21",
        dataset="jsb_two_keys_music21",
        metrics={"key_consistency": 80.0},
    )
    found = {(c.experiment.dataset, c.label) for c in tables.cells(PAPER, TABLE_2, [run])}
    assert ("jsb_two_keys_music21", "VAE") in found
    assert ("jsb_two_keys_music21", "VAE+LSTM") not in found


def test_text_is_aligned_and_says_why_something_was_not_run():
    run = result(metrics={"log_likelihood": -8.9})
    cells = tables.cells(PAPER, TABLE_1, [run], datasets=["jsb_all_keys", "piano_two_keys"])
    title, header, rule, *rows = tables.as_text(PAPER, TABLE_1, cells).splitlines()
    assert title == "Average log-likelihoods of test data (Table 1), nats per step"
    assert set(rule) == {"-"}
    assert rows[0].split("  ")[0] == "JSB Chorales (all keys)"
    assert rows[0].split()[-4:] == ["-8.90", "(1)", "-0.07", "reproduced"]
    column = header.index("Measured")
    assert rows[1][column:].startswith("not run (1)")
    assert rows[5][column:].startswith("not run (2)")
    assert rows[-2] == "(1) no run is recorded"
    assert rows[-1] == f"(2) {PAPER.experiments['vae_lstm_piano_two_keys'].not_run}"


def test_markdown_has_the_same_cells_as_text():
    run = result(metrics={"log_likelihood": -8.9})
    cells = tables.cells(PAPER, TABLE_1, [run], datasets=["jsb_all_keys"])
    markdown = tables.as_markdown(PAPER, TABLE_1, cells).splitlines()
    rows = [line.strip("| ").split(" | ") for line in markdown if line.startswith("|")]
    assert rows[0] == list(tables.COLUMNS)
    assert set(rows[1]) == {"---"}
    assert rows[2] == [
        "JSB Chorales (all keys)",
        "VAE",
        "-8.83",
        "-8.90 (1)",
        "-0.07",
        "reproduced",
    ]
    assert len({line.count("|") for line in markdown if line.startswith("|")}) == 1


def test_ordering_counts_pairs_of_the_paper():
    values = {"vae": 80.0, "vae_lstm": 85.0, "classifying_vae": 79.0}
    runs = [
        result(experiment=f"{model}_jsb_all_keys", model=model, metrics={"key_consistency": value})
        for model, value in values.items()
    ]
    found = tables.ordering(tables.cells(PAPER, TABLE_2, runs))
    assert found == [
        ("jsb_all_keys", 1, 3, [("VAE", "Classifying VAE"), ("VAE+LSTM", "Classifying VAE")])
    ]
    equal = [
        dataclasses.replace(c, reported=Reported("key_consistency", 1.0, ""))
        for c in tables.cells(PAPER, TABLE_2, runs)
    ]
    assert tables.ordering(equal) == []
