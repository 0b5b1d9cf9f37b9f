"""One run as the ledger keeps it: what was run, on what, how it was measured, and the scores.

A record refuses scores that do not follow from its own counts, so that no figure is typed in by hand.
"""

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from patherea_core.config import Count, Probability, Settings
from training.protocol import Chosen, Protocol, may_be_best
from training.records import Recorded

Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^\S(.*\S)?$")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
NotNegativeInt = Annotated[int, Field(ge=0)]
Interval = tuple[Probability, Probability]

#: Reports may round to three decimals; more than that is another figure.
_ROUNDING = 1e-3


class ClassScore(Settings):
    """Counts and F1 of one class, or of cells whatever their class."""

    tp: NotNegativeInt
    fp: NotNegativeInt
    fn: NotNegativeInt
    f1: Probability | None
    """None if the class has neither points nor detections."""
    f1_interval: Interval | None = None
    """95 % interval of F1."""

    @model_validator(mode="after")
    def _follows_from_its_counts(self) -> Self:
        whole = 2 * self.tp + self.fp + self.fn
        _check_score("f1", self.f1, 2 * self.tp / whole if whole else None)
        _check_interval("f1_interval", self.f1_interval)
        return self


class RunRecord(Recorded):
    """One run, evaluated once."""

    schema_version: Literal[1] = 1
    dataset: Slug
    """Name of the dataset, say brca-m2c."""
    dataset_digest: Digest
    """SHA-256 of the manifest of the dataset folder."""
    split: Words
    """Which division of the dataset, say published."""
    fold: Words | None = None
    """The fold that was held out; None for a single division."""
    evaluated_on: Literal["val", "test"]
    chosen_on: Chosen
    """What epoch, threshold or seed was chosen on; "evaluated" makes the run unfit for comparison."""
    protocol: Protocol
    method: Words
    backbone: Words
    initialisation: Words
    """Where the weights came from before training, say ImageNet."""
    recipe: Words
    recipe_digest: Digest
    seed: NotNegativeInt
    program: Words
    """The program and its version."""
    date: date
    images: Count
    cells: NotNegativeInt
    """Labelled cells of the evaluated part."""
    classes: Annotated[dict[Words, ClassScore], Field(min_length=1)]
    mean_f1: Probability | None
    """Mean F1 over the classes that occur."""
    mean_f1_interval: Interval | None = None
    detection: ClassScore
    """Whatever the class."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.protocol.radius is None or self.protocol.matching == "unstated":
            raise ValueError("a run of ours states its radius and its pairing")
        if self.evaluated_on == "val" and self.chosen_on == "validation":
            raise ValueError(
                "a run chosen on validation and evaluated on it was chosen on the evaluated part; "
                "say so: chosen_on is evaluated"
            )
        _check_score("mean_f1", self.mean_f1, mean(score.f1 for score in self.classes.values()))
        _check_interval("mean_f1_interval", self.mean_f1_interval)
        if self.cells != self.detection.tp + self.detection.fn:
            raise ValueError(
                f"{self.cells} cells were labelled, but {self.detection.tp + self.detection.fn} counted"
            )
        return self

    @property
    def reportable(self) -> bool:
        """Whether the evaluated part chose nothing, as far as is known."""
        return may_be_best(self.chosen_on)

    @property
    def experiment(self) -> str:
        """What runs share that differ in nothing but seed and fold, as canonical JSON."""
        return self.model_dump_json(
            exclude={
                *("seed", "fold", "date", "images", "cells"),
                *("classes", "mean_f1", "mean_f1_interval", "detection"),
            }
        )

    @property
    def identity(self) -> tuple[str, int, str | None]:
        """What no two records of a ledger share."""
        return self.experiment, self.seed, self.fold

    @property
    def title(self) -> str:
        """Which run it is, in words."""
        fold = "" if self.fold is None else f", fold {self.fold}"
        return f"{self.recipe} on {self.dataset}, seed {self.seed}{fold}"


def settings_digest(settings: Settings) -> str:
    """Return the SHA-256 of a recipe or another value of settings, in hexadecimal."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()


def mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of the values that are defined; None if none is."""
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None


def _check_score(name: str, given: float | None, expected: float | None) -> None:
    if given is None and expected is None:
        return
    if given is None or expected is None or abs(given - expected) > _ROUNDING:
        raise ValueError(f"{name} is {given}, but what it sums up gives {expected}")


def _check_interval(name: str, interval: Interval | None) -> None:
    if interval is not None and interval[0] > interval[1]:
        raise ValueError(f"{name} runs from {interval[0]} down to {interval[1]}")
