"""Functions of the number of updates: KL weights (the papers' warm-up, annealing), rates.

A model evaluates them inside its traced forward pass on its own non-trainable update counter.
They are `keras.optimizers.schedules.LearningRateSchedule`s, so an optimizer takes them as a
learning rate, and Keras's own schedules (cosine, exponential) serve as KL weights just as well.
"""

import math

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

_register = keras.saving.register_keras_serializable(package="keras_music_vae")


@_register
class Constant(LearningRateSchedule):
    """The same value at every step.

    Args:
        value: float.
    """

    def __init__(self, value):
        self.value = float(value)

    def __call__(self, step):
        return ops.convert_to_tensor(self.value, "float32")

    def get_config(self):
        return {"value": self.value}


@_register
class LinearWarmup(LearningRateSchedule):
    """A straight line from `start` to `stop` over the first `steps` updates, then `stop`.

        value(step) = start + (stop - start) * min(s, steps) / steps
        s = floor(step / staircase) * staircase, or step itself

    Args:
        start: float. Value at step 0.
        stop: float. Value from step `steps` on.
        steps: int. Length of the line in updates; 0 gives `stop` at once.
        staircase: int or None. The value changes only every `staircase` updates. The steps of one
            epoch give the weights of the authors' code, which sets them at the start of each epoch.

    Call arguments:
        step: int or integer tensor of any shape, the number of updates made so far. Integers,
            because a float counter would be rounded under mixed precision.

    Returns:
        float32 tensor of the shape of `step`.

    Reference:
        Hennig, Umakantha and Williamson (2017), "Training"; the epoch-wise annealing callback of
        the authors' code.
    """

    def __init__(self, start, stop, steps, staircase=None):
        if steps < 0:
            raise ValueError(f"`steps` must be 0 or more updates. Received: steps={steps}")
        if staircase is not None and staircase < 1:
            raise ValueError(
                "`staircase` must be None or 1 or more updates (the steps of an epoch). "
                f"Received: staircase={staircase}"
            )
        self.start = float(start)
        self.stop = float(stop)
        self.steps = int(steps)
        self.staircase = None if staircase is None else int(staircase)

    def __call__(self, step):
        if self.steps == 0:
            return self.stop * ops.ones_like(step, dtype="float32")
        if self.staircase is not None:
            step = ops.floor_divide(step, self.staircase) * self.staircase
        # Clipped as integers: float32 counts exactly only up to 2**24.
        fraction = ops.cast(ops.minimum(step, self.steps), "float32") / self.steps
        return self.start * (1 - fraction) + self.stop * fraction

    def get_config(self):
        return {
            "start": self.start,
            "stop": self.stop,
            "steps": self.steps,
            "staircase": self.staircase,
        }


@_register
class ExponentialApproach(LearningRateSchedule):
    """From `start` ever closer to `stop`, by the same share of what is left at every update.

        value(step) = stop + (start - stop) * rate**step

    Args:
        start: float. Value at step 0.
        stop: float. What the values approach.
        rate: float from 0 to below 1; at 0 the value is `stop` from step 1 on.

    Reference: `compute_beta` and the learning rate in magenta/models/music_vae/base_model.py and
    music_vae_train.py; with `1 - rate`, the exponential schedule of scheduled sampling.
    """

    def __init__(self, start, stop, rate):
        if not 0 <= rate < 1:
            raise ValueError(f"`rate` must be from 0 to below 1. Received: rate={rate}")
        self.start = float(start)
        self.stop = float(stop)
        self.rate = float(rate)

    def __call__(self, step):
        left = ops.power(self.rate, ops.cast(step, "float32"))
        return self.stop + (self.start - self.stop) * left

    def get_config(self):
        return {"start": self.start, "stop": self.stop, "rate": self.rate}


@_register
class InverseSigmoid(LearningRateSchedule):
    """From nearly 0 to 1, fastest where `step` is `rate * ln(rate)`.

        value(step) = 1 - rate / (rate + exp(step / rate))

    Args:
        rate: float, at least 1.

    Reference: Bengio et al. 2015, scheduled sampling, inverse sigmoid decay;
    `get_sampling_probability` in magenta/models/music_vae/lstm_utils.py.
    """

    def __init__(self, rate):
        if rate < 1:
            raise ValueError(f"`rate` must be at least 1. Received: rate={rate}")
        self.rate = float(rate)

    def __call__(self, step):
        # The same as above, without an exponential that grows beyond all bounds.
        return ops.sigmoid(ops.cast(step, "float32") / self.rate - math.log(self.rate))

    def get_config(self):
        return {"rate": self.rate}


def compile_arguments(settings):
    """What `MusicVAE.compile` takes, made from the settings of a training.

    Args:
        settings: mapping with `learning_rate`, from which the rate of Adam decays by
            `learning_rate_decay` an update to `learning_rate_floor`; `beta_1`, `beta_2`, `epsilon`
            and `clip_norm`; `kl_weight`, which is approached from 0 by `kl_weight_rate` an update;
            `sampling_rate`, of `InverseSigmoid`, or 0 to read the true tokens. Whatever else it
            has, such as a batch size, is for others.

    Returns:
        Dict of `optimizer`, `kl_weight` and `sampling_probability`.

    Raises:
        ValueError: if there is a `sampling_schedule` of another kind.
    """
    rate = settings["sampling_rate"]
    schedule = settings.get("sampling_schedule", "inverse_sigmoid")
    if rate and schedule != "inverse_sigmoid":
        raise ValueError(
            "Expected sampling_schedule='inverse_sigmoid', or sampling_rate=0 to read the true "
            f"tokens. Received: sampling_schedule={schedule!r} with sampling_rate={rate}"
        )
    names = "learning_rate", "learning_rate_floor", "learning_rate_decay"
    return {
        "optimizer": keras.optimizers.Adam(
            ExponentialApproach(*(settings[name] for name in names)),
            settings["beta_1"],
            settings["beta_2"],
            settings["epsilon"],
            global_clipnorm=settings["clip_norm"],
        ),
        "kl_weight": ExponentialApproach(0.0, settings["kl_weight"], settings["kl_weight_rate"]),
        "sampling_probability": InverseSigmoid(rate) if rate else 0.0,
    }
