"""The paper's tables beside what was measured, as aligned text or Markdown."""

import math
import statistics
from dataclasses import dataclass

from keras_music_vae.papers import Experiment, Metric, Reported

COLUMNS = ("Data", "Model", "Paper", "Measured", "Difference", "Verdict")


@dataclass(frozen=True)
class Cell:
    """One number of the paper and its measurement.

    Args:
        label: str. Of the row.
        experiment: `Experiment`.
        metric: `Metric`.
        reported: `Reported`, or None where the paper prints nothing.
        values: tuple of float. One for each seed; empty where nothing was measured.
    """

    label: str
    experiment: Experiment
    metric: Metric
    reported: Reported | None
    values: tuple[float, ...]

    @property
    def centre(self):
        """The mean of the seeds, or their median where the paper gives a median."""
        is_median = self.reported and self.reported.quartiles
        return (statistics.median if is_median else statistics.fmean)(self.values)

    @property
    def tolerance(self):
        """How near the centre must come, or None where nothing is promised."""
        if self.reported and self.reported.tolerance is not None:
            return self.reported.tolerance
        return self.metric.tolerance

    @property
    def verdict(self):
        """One of "reproduced", "better", "not reached", by the tolerance of the facts, or "".

        Where neither more nor less is better, what is not "reproduced" is "different". Where the
        paper gives quartiles, "reproduced" is what lies between them, and what the tolerance takes
        in beyond them is "near".
        """
        if not (self.reported and self.values) or self.tolerance is None:
            return ""
        if self.reported.measured_by:
            return ""
        difference = self.centre - self.reported.value
        is_better = difference * {"higher": 1, "lower": -1, None: 0}[self.metric.better] > 0
        if abs(difference) <= self.tolerance + 1e-9:
            low, high = self.reported.quartiles or (-math.inf, math.inf)
            is_within = low <= round(self.centre, self.metric.digits) <= high  # as printed
            return "reproduced" if is_within or is_better else "near"
        if self.metric.better is None:
            return "different"
        return "better" if is_better else "not reached"

    @property
    def why_not_run(self):
        """The reason for an empty measurement, or ""."""
        return "" if self.values else self.experiment.not_run or "no run is recorded"

    def texts(self, notes):
        """The last four columns as text; `notes` are the reasons that footnotes give, in order."""
        digits = self.metric.digits
        printed = measured = difference = ""
        quartiles = self.reported.quartiles if self.reported else None
        if quartiles:
            printed = _with_quartiles(self.reported.value, quartiles, digits)
        elif self.reported:
            printed = _plus_minus(self.reported.value, self.reported.spread, digits)
            if self.reported.measured_by:
                printed += f" ({self.reported.measured_by})"
        if self.values:
            several = len(self.values) > 1
            if quartiles and several:
                own = statistics.quantiles(self.values, n=4, method="inclusive")
                measured = _with_quartiles(self.centre, (own[0], own[-1]), digits)
            else:
                spread = statistics.stdev(self.values) if several else None
                measured = _plus_minus(self.centre, spread, digits)
            measured = f"{measured} ({len(self.values)})"
            if self.reported:
                difference = f"{self.centre - self.reported.value:+.{digits}f}"
        else:
            measured = f"not run ({notes.index(self.why_not_run) + 1})"
        return (printed or "–", measured, difference or "–", self.verdict or "–")


def latest(results, experiment):
    """The results of an experiment that belong together: one a seed, of one configuration.

    Runs of another configuration than the newest's are left out, and of runs with the same seed the
    newest stands.
    """
    own = [result for result in results if result.experiment == experiment.name]
    if not own:
        return []
    return list({r.seed: r for r in own if r.config == own[-1].config}.values())


def cells(paper, table, results, datasets=None):
    """The cells of a table, dataset by dataset.

    Args:
        paper: `Paper`.
        table: `Table` of the paper.
        results: sequence of `Result`, oldest first.
        datasets: names of the datasets to show; None for all of the table.

    Returns:
        list of `Cell`; those neither printed nor measured are left out, and models that are not
        trained on a dataset.
    """
    found = []
    for dataset in table.datasets if datasets is None else datasets:
        for row in table.rows:
            experiment = paper.experiments.get(f"{row.model}_{dataset}")
            if experiment is None:
                continue
            measured = latest(results, experiment)
            values = tuple(r.metrics[row.metric] for r in measured if row.metric in r.metrics)
            if row.magnitude:
                values = tuple(map(abs, values))
            reported = experiment.reported_value(row.metric)
            metric = paper.metrics[row.metric]
            if values or reported:
                found.append(Cell(row.label, experiment, metric, reported, values))
    return found


def card_rows(paper, experiment, results):
    """The rows of a model card's table: what the paper prints and what was measured.

    Args:
        paper: `Paper`.
        experiment: `Experiment` of the model.
        results: sequence of `Result`, of which the experiment's first is the model's.

    Returns:
        list of dict of str, for `presets.save_preset`.
    """
    measured = next(r for r in results if r.experiment == experiment.name).metrics
    rows = []
    for name, metric in paper.metrics.items():
        if name in measured:
            reported = experiment.reported_value(name)
            rows.append(
                {
                    "Metric": f"{metric.label}, {metric.unit}".rstrip(", "),
                    "Paper": f"{reported.value:.{metric.digits}f}" if reported else "–",
                    "Measured": f"{measured[name]:.{metric.digits}f}",
                }
            )
    return rows


def ordering(cells):
    """How far the measured means, or medians, of each dataset stand in the order of the paper's.

    Args:
        cells: list of `Cell`.

    Returns:
        list of (dataset name, number of pairs in the paper's order, number of pairs, list of
        (lower, higher) labels that are the other way round); pairs equal in the paper do not count.
    """
    found = []
    for dataset in dict.fromkeys(cell.experiment.dataset for cell in cells):
        both = [c for c in cells if c.experiment.dataset == dataset and c.reported and c.values]
        pairs = [(a, b) for a in both for b in both if a.reported.value < b.reported.value]
        wrong = [(a.label, b.label) for a, b in pairs if a.centre >= b.centre]
        if pairs:
            found.append((dataset, len(pairs) - len(wrong), len(pairs), wrong))
    return found


def as_text(paper, table, cells):
    """The table with its title, aligned for the terminal."""
    notes = _notes(cells)
    rows = [COLUMNS, *_rows(paper, cells, notes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "-" * len(max(lines, key=len)))
    notes = [f"({number}) {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([_title(table, cells), *lines, *notes])


def as_markdown(paper, table, cells):
    """The table with its title, in Markdown."""
    notes = _notes(cells)
    lines = [COLUMNS, ("---",) * len(COLUMNS), *_rows(paper, cells, notes)]
    lines = ["| " + " | ".join(texts) + " |" for texts in lines]
    notes = [f"\n({number}) {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([f"**{_title(table, cells)}**", "", *lines, *notes])


def _title(table, cells):
    units = dict.fromkeys(cell.metric.unit for cell in cells if cell.metric.unit)
    return f"{table.title}, {', '.join(units)}" if units else table.title


def _notes(cells):
    return list(dict.fromkeys(cell.why_not_run for cell in cells if not cell.values))


def _rows(paper, cells, notes):
    before = None
    for cell in cells:
        dataset = paper.datasets[cell.experiment.dataset].title
        yield ("" if dataset == before else dataset, cell.label, *cell.texts(notes))
        before = dataset


def _with_quartiles(median, quartiles, digits):
    first, third = (f"{value:.{digits}f}" for value in quartiles)
    return f"{median:.{digits}f} [{first}, {third}]"


def _plus_minus(value, spread, digits):
    text = f"{value:.{digits}f}"
    return text if spread is None else f"{text} ± {spread:.{digits}f}"
