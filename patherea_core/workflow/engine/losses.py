"""The loss terms of a training, summed up where they are computed, and read now and then only."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from patherea_core.objective.hybrid import PARTS
from patherea_core.objective.terms import Terms

#: The loss, by its name in the files of a run.
LOSS = "loss"
#: The loss and its unweighted parts of a point-to-point network, by their names in the files of a run.
TERMS = (LOSS, *PARTS)
#: Most rows of the losses by step.
_MOST_ROWS = 1000

LossRow = dict[str, float]
#: Brings a tensor of this process together with those of the others.
Mean = Callable[[Tensor], Tensor]


class LossRecord:
    """Means of the loss terms: since the last validation, and over stretches of the whole training.

    The device is waited for by ``recent`` and ``gather`` only.

    Attributes:
        terms: names of the terms, the loss first.
        rows: step, learning rate and terms of each stretch, a thousand in all at most.
    """

    def __init__(self, terms: tuple[str, ...] = TERMS) -> None:
        self.terms = terms
        self.rows: list[LossRow] = []
        self._length = 1
        self._recent = _Sum()
        self._stretch = _Sum()
        self._finished: list[tuple[int, float, Tensor]] = []

    def plan(self, batches: int) -> None:
        """Choose the length of the stretches for a training of so many batches."""
        self._length = max(1, math.ceil(batches / _MOST_ROWS))

    def note(self, terms: Terms, step: int, learning_rate: float) -> None:
        """Add the terms of a batch, which belongs to a step at a learning rate."""
        values = torch.stack([terms.total, *terms.parts.values()])
        values = values.detach().double()
        self._recent.add(values)
        self._stretch.add(values)
        if self._stretch.count >= self._length:
            self._finished.append((step, learning_rate, self._stretch.mean()))
            self._stretch = _Sum()

    def recent(self, together: Mean = lambda mean: mean) -> LossRow:
        """Return the mean of each term since the last validation; empty before the first batch."""
        if not self._recent.count:
            return {}
        return dict(zip(self.terms, together(self._recent.mean()).tolist(), strict=True))

    def forget_recent(self) -> None:
        """Begin a new mean, after a validation."""
        self._recent = _Sum()

    def gather(self, together: Mean = lambda mean: mean) -> list[LossRow]:
        """Add what was finished to the rows, and return what was added."""
        if not self._finished:
            return []
        steps, rates, means = zip(*self._finished, strict=True)
        table = together(torch.stack(means)).tolist()
        new = [
            {"step": step, "learning_rate": rate, **dict(zip(self.terms, values, strict=True))}
            for step, rate, values in zip(steps, rates, table, strict=True)
        ]
        self._finished = []
        self.rows += new
        return new

    def state(self) -> dict[str, Any]:
        """Return what has to be kept for a training to go on as if it had not stopped."""
        return {
            "rows": self.rows,
            "recent": self._recent.state(),
            "stretch": self._stretch.state(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Take up what was kept."""
        self.rows = state["rows"]
        self._recent = _Sum(*state["recent"])
        self._stretch = _Sum(*state["stretch"])


class _Sum:
    """A sum of tensors of one number a term on whatever device they lie, and how many they were."""

    def __init__(self, total: list[float] | None = None, count: int = 0) -> None:
        self.count = count
        self._total = None if total is None else torch.tensor(total, dtype=torch.float64)

    def add(self, values: Tensor) -> None:
        before = None if self._total is None else self._total.to(values.device)
        self._total = values if before is None else before + values
        self.count += 1

    def mean(self) -> Tensor:
        assert self._total is not None
        return self._total / self.count

    def state(self) -> tuple[list[float] | None, int]:
        return (None if self._total is None else self._total.tolist(), self.count)
