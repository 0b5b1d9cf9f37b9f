"""Runs of the ledger summed up: one row for all runs that differ in nothing but seed and fold."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.run_record import RunRecord, mean
from training.tables.model import Score


@dataclass(frozen=True, slots=True)
class Experiment:
    """Runs that differ in nothing but seed and fold.

    Attributes:
        records: at least one.
    """

    records: tuple[RunRecord, ...]

    @property
    def first(self) -> RunRecord:
        """The record that was added first; it stands for what all share."""
        return self.records[0]

    @property
    def folds(self) -> int:
        """How many folds were held out."""
        return len(self._by_fold())

    @property
    def runs(self) -> str:
        """How many runs there are, in words."""
        folds, seeds = self.folds, len({record.seed for record in self.records})
        if self.first.fold is None:
            return _counted(len(self.records), "seed")
        if folds * seeds == len(self.records) and seeds > 1:
            return f"{_counted(folds, 'fold')} × {_counted(seeds, 'seed')}"
        if folds == len(self.records):
            return _counted(folds, "fold")
        return f"{_counted(folds, 'fold')}, {_counted(len(self.records), 'run')}"

    def score(self, value: Callable[[RunRecord], float | None]) -> Score | None:
        """Return mean and standard deviation of one figure; None if no run defines it.

        Where there are several folds, the seeds of a fold are averaged first and the deviation is over
        folds: seeds of one fold share their test images and would make the deviation look small.
        """
        folds = self._by_fold()
        if len(folds) > 1:
            values = [mean(value(record) for record in fold) for fold in folds]
        else:
            values = [value(record) for record in self.records]
        defined = [number for number in values if number is not None]
        if not defined:
            return None
        sd = statistics.stdev(defined) if len(defined) > 1 else None
        return Score(statistics.fmean(defined), sd)

    def _by_fold(self) -> list[list[RunRecord]]:
        found: dict[str | None, list[RunRecord]] = defaultdict(list)
        for record in self.records:
            found[record.fold].append(record)
        return list(found.values())


def experiments(records: Sequence[RunRecord]) -> tuple[Experiment, ...]:
    """Return the experiments of some records, in the order of their first records."""
    found: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        found[record.experiment].append(record)
    return tuple(Experiment(tuple(runs)) for runs in found.values())


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
