"""Early stopping: Keras's rule, the authors' runs, and a state that can be put aside."""

from types import SimpleNamespace

import keras
import pytest

from keras_music_vae.training.callbacks import BestWeights


def model(epoch=0):
    weights = SimpleNamespace(epoch=epoch)
    return SimpleNamespace(
        stop_training=False, epoch=weights, metrics=[], get_weights=lambda: [weights.epoch]
    )


def watch(stopper, losses, start=0):
    """Feeds losses until it stops; returns the epoch of the stop (-1: never) and of the best."""
    stopper.set_model(stopper.model or model())
    for epoch, loss in enumerate(losses[start:], start=start):
        stopper.model.epoch.epoch = epoch
        stopper.on_epoch_end(epoch, {"val_loss": float(loss)})
        if stopper.model.stop_training:
            return epoch, stopper.best_epoch
    return -1, stopper.best_epoch


@pytest.mark.parametrize("registered", [1, 2])
@pytest.mark.parametrize("min_epoch", [0, 1, 11])
@pytest.mark.parametrize("patience", [3, 5])
def test_stops_as_the_authors_callback_did(golden, patience, min_epoch, registered):
    """Theirs compares before it counts (one epoch more); registered twice, it counts double."""
    arrays = golden("classifying_vae/callbacks_helpers")
    case = f"early_stop/patience{patience}_minepoch{min_epoch}_registered{registered}"
    equivalent = (patience + registered) // registered
    stops = [
        watch(BestWeights("val_loss", equivalent, min_epoch), losses)
        for losses in arrays["early_stop/val_loss"]
    ]
    assert [stop for stop, _ in stops] == arrays[f"{case}/stop_epoch"].tolist()
    assert [best for _, best in stops] == arrays[f"{case}/best_epoch"].tolist()


@pytest.mark.parametrize("patience", [1, 5])
def test_stops_as_keras_does(golden, patience):
    for losses in golden("classifying_vae/callbacks_helpers")["early_stop/val_loss"]:
        theirs = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
        theirs.set_model(model())
        theirs.on_train_begin()
        assert watch(BestWeights("val_loss", patience, 0), losses) == watch(theirs, losses)


def test_five_epochs_in_a_row_without_improvement_are_the_papers_patience():
    losses = [3.0, 2.0, 2.5, 2.0, 2.1, 2.2, 2.3, 0.0]
    assert watch(BestWeights("val_loss", 5, 0), losses) == (6, 1)


@pytest.mark.parametrize("pause", [0, 1, 4, 5])
def test_goes_on_from_its_state(pause):
    losses = [3.0, 2.0, 2.5, 2.0, 2.1, 2.2, 2.3, 0.0]
    first = BestWeights("val_loss", 5, 0)
    watch(first, losses[:pause])
    second = BestWeights("val_loss", 5, 0)
    second.restore(first.state(), first.best_weights)
    second.on_train_begin()
    assert watch(second, losses, start=pause) == (6, 1)
    assert second.best_weights == [1]


def test_without_patience_it_never_stops_but_keeps_the_best():
    stopper = BestWeights("val_loss", None, 0)
    assert watch(stopper, [1.0] + [2.0] * 500) == (-1, 0)
    assert stopper.best_weights == [0]


def test_before_its_first_epoch_there_is_nothing_to_keep():
    stopper = BestWeights("val_loss", 1, start_from_epoch=3)
    assert watch(stopper, [1.0, 2.0, 3.0]) == (-1, 0)
    assert stopper.state() == {}
    assert stopper.best_weights is None
