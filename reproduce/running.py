"""What the scripts do alike: runs of models, seed by seed, kept as they finish; tables; errors."""

import sys
import time

import command_line

from keras_music_vae import reproduction
from keras_music_vae.training import CheckpointError, Devices


class Runs:
    """The runs of one command line.

    Make it before TensorFlow reads data: see `training.Devices`.

    Args:
        paper: `papers.Paper`.
        options: of the command line, with `command_line.add_common_flags` and a `workdir`.
        recorded: path, the project's results of this paper.
    """

    def __init__(self, paper, options, recorded):
        self.paper = paper
        self.options = options
        self.recorded = recorded
        self.is_chief = Devices(options.strategy).is_chief
        self.results_file = options.workdir / "results.jsonl"
        self.device = command_line.device()

    @property
    def results(self):
        """List of `reproduction.Result`, those of the workdir."""
        return reproduction.read(self.results_file)

    def print_plan(self, sizes, settled, describe):
        """What will be done, with what, and how long it took when it was recorded.

        Args:
            sizes: str, of the data.
            settled: dict, experiment name -> its hyperparameters.
            describe: callable, experiment name -> str, what is worth saying of them.
        """
        title = self.paper.datasets[self.options.dataset].title
        print(f"\n{self.paper.title} ({self.paper.year})\n{title}: {sizes}")
        print(f"Workdir: {self.options.workdir}   Device: {self.device}")
        for name in settled:
            print(f"  {describe(name)}")
        recorded = reproduction.read(self.recorded)
        times = [[r.wall_seconds for r in recorded if r.experiment == name] for name in settled]
        if not self.options.smoke and all(times):
            minutes = sum(sum(each) / len(each) for each in times) * self.options.seeds / 60
            print(f"Time, as recorded: about {minutes:.0f} minutes")

    def train(self, settled, train, measure):
        """Trains and measures each model with each seed, and keeps what was measured.

        Args:
            settled: dict, experiment name -> its hyperparameters.
            train: callable, (experiment, values, seed, **options of `training.train`) ->
                `TrainResult`.
            measure: callable, (experiment, values, seed, `TrainResult`) -> dict of float.

        Returns:
            dict, experiment name -> the model of the first seed.
        """
        options, trained = self.options, {}
        for seed in range(options.seed, options.seed + options.seeds):
            for name, values in settled.items():
                experiment = self.paper.experiments[name]
                print(f"\n{name}, seed {seed}")
                result = train(
                    experiment,
                    values,
                    seed,
                    workdir=options.workdir / experiment.model / f"seed_{seed}",
                    resume=options.resume,
                    strategy=options.strategy,
                    mixed_precision=options.mixed_precision,
                    tensorboard=options.tensorboard,
                )
                start = time.perf_counter()
                metrics = measure(experiment, values, seed, result)
                metrics["training_seconds"] = result.wall_seconds
                seconds = result.wall_seconds + time.perf_counter() - start
                self.keep(experiment, metrics, values, seed, seconds)
                trained.setdefault(name, result.model)
        return trained

    def keep(self, experiment, metrics, values, seed=0, seconds=0.0):
        """Appends a finished run to the workdir's results and, if asked for, to the recorded."""
        if not self.is_chief:
            return
        result = reproduction.finished_run(experiment, seed, metrics, values, self.device, seconds)
        reproduction.append(self.results_file, result)
        if self.options.record and not self.options.smoke:
            reproduction.append(self.recorded, result)

    def report(self, written, note, next_commands):
        """Prints the paper's tables, those cells that were measured, and what was written.

        Args:
            written: list of (description, path).
            note: str, what to know of the tables.
            next_commands: str, what to type next.
        """
        for table in self.paper.tables.values():
            cells = reproduction.cells(self.paper, table, self.results, [self.options.dataset])
            cells = [cell for cell in cells if cell.values]
            if cells:
                print("\n" + reproduction.as_text(self.paper, table, cells))
        if self.options.smoke:
            print("\nA smoke run: its figures mean nothing, only that everything runs.")
        print(f"\n{note}\n\nWritten:")
        for what, path in written:
            print(f"  {what}: {path}")
        print(next_commands)


def exit_status(run):
    """Calls `run()`; returns the exit status, after telling in a line what kept it from ending."""
    try:
        run()
    except KeyboardInterrupt:
        print("\nInterrupted; add --resume to go on.", file=sys.stderr)
        return 130
    except (ValueError, OSError, AssertionError, CheckpointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
