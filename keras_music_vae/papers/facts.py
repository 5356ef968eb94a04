"""What a paper says as frozen values: hyperparameters with origins, printed numbers with places."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TRIVIAL = {
    "hold": "nothing happens",
    "mode": "most frequent token of each step",
    "previous_bar": "copy of the bar before",
}
"""What needs no model, for comparison: `trivial` of `evaluation.reconstruction`, by name."""


@dataclass(frozen=True)
class Origin:
    """Where a choice comes from; made by `PAPER`, `CODE` or `ASSUMED`.

    Args:
        kind: str. "paper", "code" or "assumed".
        detail: str. The section, the file and symbol, or the reason.
    """

    kind: str
    detail: str

    def __str__(self):
        prefix = {"paper": "paper", "code": "released code", "assumed": "assumed"}[self.kind]
        return f"{prefix}: {self.detail}"


def PAPER(section):
    """The paper states it, in `section`."""
    return Origin("paper", section)


def CODE(place):
    """The authors' released code does it, in `place` (file and symbol)."""
    return Origin("code", place)


def ASSUMED(why):
    """Neither states it, or both cannot be followed; `why` this was chosen."""
    return Origin("assumed", why)


@dataclass(frozen=True)
class Metric:
    """A quantity that the paper reports or the project measures.

    Args:
        label: str. Its name in tables.
        unit: str. "nats per step", "%", "" for a pure number.
        digits: int. Decimals in tables, as the paper prints them.
        tolerance: float. How near to the printed value counts as reproduced; None gives no verdict.
        better: str or None. "higher" when going beyond the printed value is as good as reaching it;
            None when the distance counts in both directions.
    """

    label: str
    unit: str
    digits: int
    tolerance: float | None = None
    better: str | None = None

    def __post_init__(self):
        if self.better not in (None, "higher", "lower"):
            raise ValueError(
                f"better must be 'higher', 'lower' or None. Received: better={self.better!r}"
            )


@dataclass(frozen=True)
class Reported:
    """A number printed in the paper, or one that stands in its place.

    Args:
        metric: str. Key of the `Metric` that measures it.
        value: float. As printed, in the metric's unit.
        where: str. "Table 1, row VAE, column JSB Chorales (all keys)".
        spread: float or None. What the paper prints after the plus-minus sign.
        tolerance: float or None. Instead of the metric's own.
        quartiles: tuple of two floats, or None. The first and third quartile of runs of which
            `value` is the median; what is measured is then told in medians too.
        measured_by: str. Of a number that the paper does not print, who measured it; such a number
            is there to compare, without a verdict.
    """

    metric: str
    value: float
    where: str
    spread: float | None = None
    tolerance: float | None = None
    quartiles: tuple[float, float] | None = None
    measured_by: str = ""


@dataclass(frozen=True)
class Range:
    """Values that a random search draws from.

    Args:
        low: int or float. Least value; integers give integers.
        high: int or float. Greatest value, included.
        log: bool. Uniform in the logarithm.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self):
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(
                f"Expected low < high, and 0 < low where log is True. Received: {self}"
            )

    def draw(self, random):
        """One value; `random` is a `random.Random`. The ends are as likely as their neighbours."""
        if not isinstance(self.low, int):
            if self.log:
                return math.exp(random.uniform(math.log(self.low), math.log(self.high)))
            return random.uniform(self.low, self.high)
        if not self.log:
            return random.randint(self.low, self.high)
        value = math.exp(random.uniform(math.log(self.low - 0.5), math.log(self.high + 0.5)))
        return min(max(round(value), self.low), self.high)

    def __str__(self):
        return f"{self.low} to {self.high}{', log-uniform' if self.log else ''}"


@dataclass(frozen=True)
class Training:
    """How a model is trained.

    Args:
        seq_length: int. Steps in a training example (T); 1 for models of single steps.
        batch_size: int. Examples in an update, over all replicas.
        epochs: int. At most.
        patience: int. Epochs without a better validation loss before training stops.
        learning_rate: float. Of Adam.
        beta_1: float. Of Adam.
        beta_2: float. Of Adam.
        epsilon: float. Of Adam.
        objective: mapping. Weights and warm-ups of the paper's own loss terms.
    """

    seq_length: int
    batch_size: int
    epochs: int
    patience: int
    learning_rate: float
    beta_1: float
    beta_2: float
    epsilon: float
    objective: Mapping[str, Any] = field(default_factory=dict)

    def hyperparameters(self):
        """All values in one dict, those of `objective` included."""
        values = {key: value for key, value in vars(self).items() if key != "objective"}
        return values | dict(self.objective)


@dataclass(frozen=True)
class Dataset:
    """Music that the paper's models are trained on.

    Args:
        name: str. Short name, as on the command line.
        tfds: str. Name and configuration in TFDS.
        title: str. Its name in the paper's tables.
        origins: mapping of str to `Origin`. Each choice in making it.
        deviations: tuple of str. Where it differs from what the paper used.
    """

    name: str
    tfds: str
    title: str
    origins: Mapping[str, Origin] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """One model on one dataset, with everything that was chosen and why.

    Args:
        name: str. Key of its lines in the results file.
        dataset: str. Name of a `Dataset` of the paper.
        model: str. Short name of the model, as on the command line; "data" for the music itself.
        architecture: mapping. Arguments of the model's constructor.
        training: `Training`, or None for "data".
        evaluation: mapping. Arguments of the evaluation.
        search: mapping of str to `Range`. What a random search varies.
        reported: tuple of `Reported`.
        origins: mapping of str to `Origin`. One for each hyperparameter of the three groups, and
            one for "search" where there is one.
        deviations: tuple of str. Where it knowingly differs from the paper.
        not_run: str. Why the project has no measurement; empty when it has one.

    Raises:
        ValueError: if a hyperparameter has no origin, an origin no hyperparameter, or two groups
            share a name.
    """

    name: str
    dataset: str
    model: str
    architecture: Mapping[str, Any] = field(default_factory=dict)
    training: Training | None = None
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Range] = field(default_factory=dict)
    reported: tuple[Reported, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()
    not_run: str = ""

    def __post_init__(self):
        names = [*self.architecture, *self.evaluation]
        if self.training:
            names += self.training.hyperparameters()
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{self.name}: hyperparameters named twice: {sorted(twice)}")
        if unknown := set(self.search) - set(names):
            raise ValueError(f"{self.name}: cannot search what is not there: {sorted(unknown)}")
        _check_origins(self, {*names, "search"} if self.search else set(names))

    def hyperparameters(self):
        """All values in one dict, in the order architecture, training, evaluation."""
        training = self.training.hyperparameters() if self.training else {}
        return dict(self.architecture) | training | dict(self.evaluation)

    def reported_value(self, metric):
        """The `Reported` of a metric, or None where the paper prints none."""
        return next((r for r in self.reported if r.metric == metric), None)


@dataclass(frozen=True)
class Configuration:
    """A model and its training, under the name that it is known by.

    Args:
        name: str.
        model: mapping. Arguments of the model's constructor.
        training: mapping. Settings of the training.
        origins: mapping of str to `Origin`. One for each argument and setting.
        parameters: int or None. Trainable numbers, where the source is known to have as many.
        deviations: tuple of str. Where the model here knowingly differs.

    Raises:
        ValueError: if an argument or setting has no origin, or an origin none of these.
    """

    name: str
    model: Mapping[str, Any]
    training: Mapping[str, Any]
    origins: Mapping[str, Origin]
    parameters: int | None = None
    deviations: tuple[str, ...] = ()

    def __post_init__(self):
        _check_origins(self, set(self.hyperparameters()))

    def hyperparameters(self):
        """All values in one dict, those of the model first."""
        return dict(self.model) | dict(self.training)

    def __str__(self):
        lines = [self.name]
        for name, value in self.hyperparameters().items():
            lines.append(f"  {name} = {value!r}  ({self.origins[name]})")
        lines += [f"  differs: {text}" for text in self.deviations]
        return "\n".join(lines)


def _check_origins(facts, expected):
    found = set(facts.origins)
    if expected != found:
        raise ValueError(
            f"{facts.name}: each hyperparameter needs one origin. "
            f"Without origin: {sorted(expected - found)}; "
            f"origins of nothing: {sorted(found - expected)}"
        )


@dataclass(frozen=True)
class Row:
    """A row of a table: a label and what is measured for it.

    With `magnitude` the sign of a seed's number means nothing and is left out.
    """

    label: str
    model: str
    metric: str
    magnitude: bool = False


@dataclass(frozen=True)
class Table:
    """The layout of a table: `rows` for each dataset named in `datasets`."""

    name: str
    title: str
    rows: tuple[Row, ...]
    datasets: tuple[str, ...]


@dataclass(frozen=True)
class Paper:
    """A paper: what it is, what it measures, on what, and what it prints.

    Args:
        name: str. Name of the module, of its results file and of its page in docs.
        title: str.
        authors: tuple of str.
        year: int.
        url: str.
        code: str. Repository of the authors' code.
        commit: str. The commit of it that was read.
        metrics: mapping of str to `Metric`.
        datasets: mapping of str to `Dataset`.
        experiments: mapping of str to `Experiment`.
        tables: mapping of str to `Table`.
        deviations: tuple of str. Those that hold for every experiment.
    """

    name: str
    title: str
    authors: tuple[str, ...]
    year: int
    url: str
    code: str
    commit: str
    metrics: Mapping[str, Metric]
    datasets: Mapping[str, Dataset]
    experiments: Mapping[str, Experiment]
    tables: Mapping[str, Table]
    deviations: tuple[str, ...] = ()

    def __post_init__(self):
        for experiment in self.experiments.values():
            if experiment.dataset not in self.datasets:
                raise ValueError(f"{experiment.name}: unknown dataset {experiment.dataset!r}")
            for reported in experiment.reported:
                if reported.metric not in self.metrics:
                    raise ValueError(f"{experiment.name}: unknown metric {reported.metric!r}")

    def experiment(self, model, dataset):
        """The experiment that fills a table's cell: `model` on `dataset`.

        Raises:
            ValueError: if there is none, with the names that exist.
        """
        name = f"{model}_{dataset}"
        if name not in self.experiments:
            raise ValueError(
                f"{self.name} has no experiment {name!r}. Choose one of: "
                + ", ".join(self.experiments)
            )
        return self.experiments[name]
