"""Random search: trials repeat, a search goes on where it was, and the best is the best."""

import concurrent.futures

import pytest

from keras_music_vae.papers import PAPERS
from keras_music_vae.reproduction import read, search

PAPER = PAPERS["classifying_vae"]
VAE, CLASSIFYING = (PAPER.experiment(m, "jsb_all_keys") for m in ("vae", "classifying_vae"))


def train(name, values, seed):
    """Pretends to train: the loss is that of a bowl around 100 hidden units."""
    return {"val_loss": abs(values["hidden_dim"] - 100) / 10 + seed / 1000}, 1.5


def run(path, trials, experiments=(VAE, CLASSIFYING), given=()):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(search.run(experiments, trials, path, train, pool, "test", given))


def test_trials_repeat_and_differ():
    assert search.trial(VAE, 3) == search.trial(VAE, 3)
    drawn = [search.trial(VAE, number) for number in range(1, 30)]
    assert len({tuple(sorted(values.items())) for values in drawn}) == len(drawn)
    for values in drawn:
        changed = {name for name, value in VAE.hyperparameters().items() if values[name] != value}
        assert changed <= set(VAE.search)
        assert all(span.low <= values[name] <= span.high for name, span in VAE.search.items())


def test_the_first_trial_is_the_facts_own_setting():
    assert search.trial(VAE, 0) == VAE.hyperparameters()


def test_every_trial_is_in_the_file_and_the_best_is_found(tmp_path):
    path = tmp_path / "trials.jsonl"
    found = run(path, 5)
    assert found[:10] == [None] * 10  # so many wait
    assert len(found) == 20
    assert len(read(path)) == 10
    losses = {result.metrics["val_loss"] for result in search.finished(path, VAE)}
    assert search.best(path, VAE).metrics["val_loss"] == min(losses)
    assert search.best(path, PAPER.experiment("vae", "jsb_two_keys")) is None


def test_a_search_goes_on_where_it_was(tmp_path):
    path = tmp_path / "trials.jsonl"
    run(path, 2)
    first = path.read_text()
    assert len(run(path, 4)) == 8  # four wait, four end
    assert path.read_text().startswith(first)
    assert sorted(result.seed for result in search.finished(path, VAE)) == [0, 1, 2, 3]
    assert run(path, 4) == []


def test_given_hyperparameters_stay(tmp_path):
    path = tmp_path / "trials.jsonl"
    run(path, 3, given={"epochs": 7, "gate": "sigmoid"})
    assert {result.config["epochs"] for result in read(path)} == {7}
    assert not any("gate" in result.config for result in read(path))


def test_what_was_finished_survives_a_failing_trial(tmp_path):
    def fail(name, values, seed):
        if seed == 2:
            raise RuntimeError("no memory")
        return train(name, values, seed)

    path = tmp_path / "trials.jsonl"
    with concurrent.futures.ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError):
        list(search.run([VAE], 4, path, fail, pool, "test"))
    assert [result.seed for result in read(path)][:2] == [0, 1]
