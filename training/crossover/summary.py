"""The runs of one plan on one dataset, summed up: scores and paired differences at each share of labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Ints
from training.crossover.arms import KNOWN_ARMS, TEMPLATES
from training.crossover.draws import Estimate, differences, estimates
from training.crossover.row import CrossoverRow

#: What every arm is compared with, where it was run.
REFERENCES = ("scratch", "imagenet")


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """What the rows of one plan on one dataset say.

    Attributes:
        rows: at least one; all measured alike.
    """

    rows: tuple[CrossoverRow, ...]

    def __post_init__(self) -> None:
        _require_comparable(self.rows)

    @property
    def first(self) -> CrossoverRow:
        """The row that was added first; it stands for what all share."""
        return self.rows[0]

    @property
    def classes(self) -> tuple[str, ...]:
        """The scored classes in order."""
        return tuple(self.first.run.classes)

    @property
    def arms(self) -> tuple[str, ...]:
        """Those of the plan, and any other that was run."""
        planned = KNOWN_ARMS if self.first.plan in TEMPLATES else ()
        return tuple(dict.fromkeys((*planned, *(row.arm for row in self.rows))))

    @property
    def shares(self) -> tuple[float, ...]:
        """Those of the plan, and any other that was run, the smallest first."""
        planned = TEMPLATES[self.first.plan].shares if self.first.plan in TEMPLATES else ()
        return tuple(sorted({*planned, *(row.share for row in self.rows)}))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Those of the plan, and any other that was run, the smallest first."""
        planned = TEMPLATES[self.first.plan].seeds if self.first.plan in TEMPLATES else ()
        return tuple(sorted({*planned, *(row.run.seed for row in self.rows)}))

    def of(self, arm: str, share: float) -> dict[int, CrossoverRow]:
        """Return the rows of an arm at a share, by seed."""
        found = {row.run.seed: row for row in self.rows if row.arm == arm and row.share == share}
        return dict(sorted(found.items()))

    def missing(self, arm: str, share: float) -> tuple[int, ...]:
        """Return the seeds that an arm was not run with at a share."""
        return tuple(seed for seed in self.seeds if seed not in self.of(arm, share))

    def scores(self, arm: str, share: float) -> tuple[Estimate, ...] | None:
        """Return F1 of each class, then their mean; None where nothing was run."""
        rows = self.of(arm, share)
        return estimates(self._counts(rows.values())) if rows else None

    def differences(self, arm: str, other: str, share: float) -> tuple[Estimate, ...] | None:
        """Return by how much an arm's scores are higher than another's, over the seeds that both have.

        None where they have none in common.
        """
        mine, its = self.of(arm, share), self.of(other, share)
        common = [seed for seed in mine if seed in its]
        if not common:
            return None
        return differences(*(self._counts([rows[seed] for seed in common]) for rows in (mine, its)))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return which arm is compared with which other one, among those that were run."""
        run = {row.arm for row in self.rows}
        return tuple(
            (arm, other)
            for place, other in enumerate(REFERENCES)
            for arm in self.arms
            # Each pair of references once.
            if {arm, other} <= run and arm not in REFERENCES[: place + 1]
        )

    def _counts(self, rows: Iterable[CrossoverRow]) -> Ints:
        """Return (S, G, T, 3) counts of some rows, patients in the order of their names."""
        return np.array(
            [
                [
                    [row.patients[patient][name] for name in self.classes]
                    for patient in sorted(row.patients)
                ]
                for row in rows
            ],
            dtype=np.int64,
        )


def summaries(rows: Iterable[CrossoverRow]) -> tuple[Summary, ...]:
    """Return one summary for each plan and dataset, in the order of their first rows.

    Raises:
        InputError: rows of one plan and dataset were measured differently.
    """
    found: dict[tuple[str, str], list[CrossoverRow]] = {}
    for row in rows:
        found.setdefault((row.run.dataset, row.plan), []).append(row)
    return tuple(Summary(tuple(of_plan)) for of_plan in found.values())


def _require_comparable(rows: Sequence[CrossoverRow]) -> None:
    first = rows[0]
    labels: dict[tuple[float, int], CrossoverRow] = {}
    weights: dict[str, str | None] = {}
    for row in rows:
        _require_equal(
            row, "weights", row.weights_sha256, weights.setdefault(row.arm, row.weights_sha256)
        )
        for what in ("dataset_digest", "protocol", "evaluated_on", "chosen_on", "fold"):
            _require_equal(row, what, getattr(row.run, what), getattr(first.run, what))
        _require_equal(row, "classes", [*row.run.classes], [*first.run.classes])
        _require_equal(row, "test images", row.tested_on, first.tested_on)
        _require_equal(row, "patients", sorted(row.patients), sorted(first.patients))
        _require_equal(row, "schedule", row.schedule, first.schedule)
        other = labels.setdefault((row.share, row.run.seed), row)
        if row.trained_on.digest != other.trained_on.digest:
            raise InputError(
                f"{row.key} learnt from other labels than {other.key}, so they make no pair; make these runs"
                " again under a plan of another name"
            )


def _require_equal(row: CrossoverRow, what: str, mine: object, its: object) -> None:
    if mine != its:
        raise InputError(
            f"{row.key} of plan {row.plan} cannot stand in one table with the rows before it: they differ"
            f" in {what} ({mine}, not {its}); make it again under a plan of another name"
        )
