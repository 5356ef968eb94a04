"""The generated parts of README and docs: what stands between `<!-- results:NAME -->` markers."""

import re
from pathlib import Path

from keras_music_vae.papers import CONFIGURATIONS, PAPERS
from keras_music_vae.reproduction import results as results_file
from keras_music_vae.reproduction import tables

MARKERS = re.compile(
    r"(?P<begin><!-- results:(?P<name>\S+) -->\n).*?(?P<end><!-- /results -->)", re.DOTALL
)


def results_path(root, paper):
    """Where the recorded runs of a paper lie in the repository at `root`."""
    return Path(root) / "reproduce" / "results" / f"{paper.name}.jsonl"


def trials_path(root, paper):
    """Where the trials of a paper's random search lie in the repository at `root`."""
    return Path(root) / "reproduce" / "results" / f"{paper.name}_search.jsonl"


def documents(root):
    """The files that may hold markers: README.md and the pages of docs."""
    return [Path(root) / "README.md", *sorted((Path(root) / "docs").glob("*.md"))]


def blocks(paper, results, trials=()):
    """Everything that can be generated for a paper: name -> Markdown.

    Names are `<paper>.<table>` for its tables, and `<paper>.` followed by `ordering`, `runs`,
    `search`, `hyperparameters`, `datasets` and `deviations`.
    """
    parts = {
        "ordering": _ordering(paper, results),
        "runs": _runs(paper, results),
        "search": _search(paper, trials),
        "hyperparameters": _hyperparameters(paper),
        "datasets": _datasets(paper),
        "deviations": _deviations(paper),
    }
    for table in paper.tables.values():
        cells = tables.cells(paper, table, results)
        parts[table.name] = tables.as_markdown(paper, table, cells)
    return {f"{paper.name}.{name}": text for name, text in parts.items()}


def _deviations(paper):
    """A list of where the paper's models differ from it: all of them, and some."""
    of_some = {}
    for experiment in paper.experiments.values():
        for text in experiment.deviations:
            of_some.setdefault(text, {})[f"`{experiment.model}`"] = None
    lines = [*paper.deviations, *(f"{', '.join(names)}: {text}" for text, names in of_some.items())]
    return "\n".join(f"* {text}" for text in lines)


def configurations(named):
    """Markdown: a table of `papers.Configuration`s of MusicVAE, and where they differ below."""
    header = (
        "Name", "Tokens", "Encoder", "Decoder", "z", "Steps", "Batch", "Free nats", "KL weight",
        "Sampling rate", "Parameters",
    )  # fmt: skip
    rows, notes = [], {}
    for each in named:
        model, training = each.model, each.training
        for text in each.deviations:
            notes.setdefault(text, []).append(f"`{each.name}`")
        weight, rate = (_number(training[key]) for key in ("kl_weight", "kl_weight_rate"))
        rows.append(
            (
                f"`{each.name}`",
                _tokens(model),
                _sizes(model["encoder_units"], model.get("encoder_lengths")),
                _sizes(model["decoder_units"], model["subsequences"]),
                model["latent_dim"],
                training["seq_length"],
                training["batch_size"],
                f"{model['free_nats']:.1f}",
                weight if rate == "0" else f"0 to {weight}, {rate}",
                _number(training["sampling_rate"]) if training["sampling_rate"] else "–",
                f"{each.parameters:,}" if each.parameters else "–",
            )
        )
    told = [f"* {', '.join(names)}: {text}" for text, names in notes.items()]
    return "\n".join([_markdown(header, rows), "", *told])


def _tokens(model):
    """What a step is: "90 + 90 + 512", "61 drums, NADE"; and its controls."""
    head, classes = model.get("head", "categorical"), model["num_classes"]
    text = " + ".join(map(str, classes))
    if head != "categorical":
        text = f"{len(classes)} drums, {head}"
    return f"{text}; {model['control_dim']} controls" if model.get("control_dim") else text


def _sizes(units, levels):
    """Layers, and the lengths of an encoder's levels or the number of a conductor's codes."""
    text = " ".join(map(str, units))
    if isinstance(levels, tuple):
        return f"{text}, of {' and '.join(map(str, levels))}"
    return f"{text}, {levels} codes" if levels else text


def render(text, blocks):
    """`text` with what stands between its markers made anew.

    Raises:
        ValueError: for a marker of an unknown name or without its end.
    """

    def fill(match):
        name = match["name"]
        if name not in blocks:
            raise ValueError(f"Unknown marker results:{name}. Known: {', '.join(sorted(blocks))}")
        return f"{match['begin']}{blocks[name]}\n{match['end']}"

    new, filled = MARKERS.subn(fill, text)
    if filled != text.count("<!-- results:"):
        raise ValueError("A marker <!-- results:NAME --> stands without its end <!-- /results -->")
    return new


def rendered(root):
    """Yields path, present text and text as it should be, for each of the documents."""
    parts = {"configurations": configurations(CONFIGURATIONS.values())}
    for paper in PAPERS.values():
        results = results_file.read(results_path(root, paper))
        parts |= blocks(paper, results, results_file.read(trials_path(root, paper)))
    for path in documents(root):
        text = path.read_text(encoding="utf-8")
        try:
            yield path, text, render(text, parts)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error


def write(root):
    """Brings the documents up to date; returns the paths that changed."""
    changed = []
    for path, old, new in rendered(root):
        if old != new:
            path.write_text(new, encoding="utf-8")
            changed.append(path)
    return changed


def _markdown(header, rows):
    lines = [header, ("---",) * len(header), *rows]
    escaped = ([str(cell).replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join("| " + " | ".join(line) + " |" for line in escaped)


def _ordering(paper, results):
    lines = []
    for table in paper.tables.values():
        cells = tables.cells(paper, table, results)
        for dataset, right, pairs, wrong in tables.ordering(cells):
            line = f"* {table.title}, {paper.datasets[dataset].title}: {right} of {pairs} pairs"
            if wrong:
                line += "; not so: " + ", ".join(f"{low} below {high}" for low, high in wrong)
            lines.append(line)
    return "\n".join(lines) or "Not run."


def _runs(paper, results):
    rows = []
    for experiment in paper.experiments.values():
        runs = tables.latest(results, experiment)
        if not runs:
            continue
        facts = experiment.hyperparameters()
        facts = {k: list(v) if isinstance(v, tuple) else v for k, v in facts.items()}  # as in JSON
        other = {k: v for k, v in runs[-1].config.items() if k not in facts or facts[k] != v}
        rows.append(
            (
                experiment.name,
                ", ".join(str(run.seed) for run in runs),
                ", ".join(f"{key} {_number(value)}" for key, value in sorted(other.items())) or "–",
                ", ".join(sorted({run.device for run in runs})),
                f"{sum(run.wall_seconds for run in runs) / len(runs):.0f} s",
                ", ".join(
                    dict.fromkeys(run.commit[:9] + ("+" if run.dirty else "") for run in runs)
                ),
            )
        )
    header = ("Experiment", "Seeds", "Other than the defaults", "Device", "Time a run", "Commit")
    return _markdown(header, rows) if rows else "Not run."


def _search(paper, trials):
    """One row for each experiment that was searched: how often, and the best trial."""
    rows = []
    for experiment in paper.experiments.values():
        own = [trial for trial in trials if trial.experiment == experiment.name]
        if not own:
            continue
        best = min(own, key=lambda trial: trial.metrics["val_loss"])
        found = ", ".join(f"{key} {_number(best.config[key])}" for key in experiment.search)
        rows.append(
            (
                experiment.name,
                len(own),
                f"{best.metrics['val_loss']:.3f}",
                found,
                best.config["epochs"],
                f"{sum(trial.wall_seconds for trial in own) / len(own):.0f} s",
            )
        )
    header = ("Experiment", "Trials", "Best loss", "Found", "Epochs at most", "Time a trial")
    return _markdown(header, rows) if rows else "Not run."


def _hyperparameters(paper):
    """One row for each hyperparameter; every model's columns are those of its first dataset."""
    first = {}
    for experiment in paper.experiments.values():
        if experiment.training:
            first.setdefault(experiment.model, experiment)
    names = dict.fromkeys(name for e in first.values() for name in e.hyperparameters())
    rows = []
    for name in names:
        own = [e for e in first.values() if name in e.origins]
        origins = dict.fromkeys(str(e.origins[name]) for e in own)
        ranges = dict.fromkeys(str(e.search[name]) for e in own if name in e.search)
        values = [_number(e.hyperparameters().get(name, "–")) for e in first.values()]
        rows.append((f"`{name}`", *values, " / ".join(ranges) or "–", "; ".join(origins)))
    return _markdown(("", *(f"`{model}`" for model in first), "Searched", "Origin"), rows)


def _datasets(paper):
    lines = []
    for dataset in paper.datasets.values():
        lines.append(f"* `{dataset.name}` ({dataset.title}; TFDS `{dataset.tfds}`)")
        lines += [f"  * {name}: {origin}" for name, origin in dataset.origins.items()]
        lines += [f"  * differs: {text}" for text in dataset.deviations]
    return "\n".join(lines)


def _number(value):
    if isinstance(value, tuple):
        return ", ".join(map(_number, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
