"""Facts refuse to be incomplete: a choice without an origin, a number of an unknown metric."""

import dataclasses
import pickle
import random

import pytest

from keras_music_vae.papers import (
    ASSUMED,
    CODE,
    PAPER,
    PAPERS,
    Configuration,
    Experiment,
    Metric,
    Range,
)
from keras_music_vae.papers.facts import Reported, Training


def experiment(**changes):
    values = {
        "name": "toy_here",
        "dataset": "here",
        "model": "toy",
        "architecture": {"width": 3},
        "evaluation": {"draws": 7},
        "origins": {"width": PAPER("1"), "draws": CODE("main.py, DRAWS")},
    }
    return Experiment(**(values | changes))


def test_hyperparameters_of_all_groups_come_in_one_dict():
    training = Training(16, 4, 5, 6, 0.1, 0.2, 0.3, 0.4, objective={"alpha": 2.0})
    names = (
        "seq_length",
        "batch_size",
        "epochs",
        "patience",
        "learning_rate",
        "beta_1",
        "beta_2",
        "epsilon",
    )
    origins = dict.fromkeys(("width", *names, "alpha", "draws"), ASSUMED("a test"))
    values = experiment(training=training, origins=origins).hyperparameters()
    assert list(values) == list(origins)
    assert (values["batch_size"], values["alpha"], values["draws"]) == (4, 2.0, 7)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"origins": {"width": PAPER("1")}}, r"Without origin: \['draws'\]"),
        ({"architecture": {}}, r"origins of nothing: \['width'\]"),
        ({"evaluation": {"width": 1, "draws": 7}}, r"named twice: \['width'\]"),
        ({"search": {"height": Range(1, 2)}}, r"cannot search .*\['height'\]"),
        ({"search": {"width": Range(1, 2)}}, r"Without origin: \['search'\]"),
    ],
)
def test_an_incomplete_experiment_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        experiment(**changes)


def test_a_configuration_tells_its_values_and_where_each_comes_from():
    origins = {"width": PAPER("1"), "rate": CODE("train.py")}
    facts = Configuration("toy", {"width": 3}, {"rate": 0.1}, origins, deviations=("smaller",))
    assert str(facts).splitlines() == [
        "toy",
        "  width = 3  (paper: 1)",
        "  rate = 0.1  (released code: train.py)",
        "  differs: smaller",
    ]
    assert facts.hyperparameters() == {"width": 3, "rate": 0.1}
    with pytest.raises(ValueError, match=r"toy: each .*Without origin: \['height'\]"):
        dataclasses.replace(facts, model={"width": 3, "height": 4})
    with pytest.raises(ValueError, match=r"origins of nothing: \['rate'\]"):
        dataclasses.replace(facts, training={})


def test_a_paper_refuses_what_it_does_not_define():
    paper = PAPERS["classifying_vae"]
    unknown = experiment(dataset="nowhere")
    with pytest.raises(ValueError, match="unknown dataset 'nowhere'"):
        dataclasses.replace(paper, experiments={"toy_here": unknown})
    unknown = experiment(dataset="jsb_all_keys", reported=(Reported("beauty", 1.0, "Table 9"),))
    with pytest.raises(ValueError, match="unknown metric 'beauty'"):
        dataclasses.replace(paper, experiments={"toy_here": unknown})
    with pytest.raises(
        ValueError, match=r"no experiment 'vae_nowhere'. Choose one of: .*vae_jsb_all"
    ):
        paper.experiment("vae", "nowhere")


def test_origins_say_where_a_choice_comes_from():
    assert str(PAPER("section 3")) == "paper: section 3"
    assert str(CODE("train.py, --patience")) == "released code: train.py, --patience"
    assert str(ASSUMED("nobody knows")) == "assumed: nobody knows"


def test_a_metric_knows_which_way_is_better():
    with pytest.raises(ValueError, match="Received: better='bigger'"):
        Metric("size", "", 1, better="bigger")


@pytest.mark.parametrize(
    ("low", "high", "log"), [(2, 6, False), (2, 64, True), (0, 3, False), (0.5, 8.0, True)]
)
def test_a_range_draws_from_end_to_end(low, high, log):
    values = [Range(low, high, log).draw(random.Random(seed)) for seed in range(4000)]
    assert all(isinstance(value, type(low)) for value in values)
    assert all(low <= value <= high for value in values)
    if isinstance(low, int):
        assert {low, high} <= set(values)
    below = sum(value < (low * high) ** 0.5 for value in values) / len(values)
    assert (0.4 < below < 0.6) or not log


@pytest.mark.parametrize("bad", [(3, 3, False), (4, 2, False), (0, 9, True)])
def test_an_empty_range_is_refused(bad):
    with pytest.raises(ValueError, match="Expected low < high"):
        Range(*bad)


def test_facts_travel_between_processes():
    paper = PAPERS["classifying_vae"]
    assert pickle.loads(pickle.dumps(paper)) == paper


def test_facts_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PAPERS["classifying_vae"].year = 2018
