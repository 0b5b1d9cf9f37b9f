"""One run of a cross-over as its ledger keeps it: the run, what it learnt from, and counts by patient.

The counts are what intervals over patients and differences between arms are made of, so that anybody finds
them again from the ledger alone.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from patherea_core.config import Count, Settings
from patherea_core.data.label_share import Unit
from training.crossover.plan import Key, Schedule, Share
from training.records import Recorded
from training.run_record import Digest, NotNegativeInt, RunRecord, Slug, Words

#: True positives, false positives, false negatives.
Triple = tuple[NotNegativeInt, NotNegativeInt, NotNegativeInt]


class TrainedOn(Settings):
    """The labels that a run learnt from."""

    images: Count
    patients: Count
    points: Count
    digest: Digest
    """Of the names of what was drawn, or of the images; arms of one seed and share have the same."""
    drawn_by: Unit | None = None
    """What was taken as a whole or left out as a whole; None for all labels."""


class CrossoverRow(Recorded):
    """One run, and all that tables and figures need of it."""

    schema_version: Literal[1] = 1
    plan: Slug
    arm: Slug
    share: Share
    schedule: Schedule
    epochs: Count
    steps: Count
    """Steps of the optimiser."""
    weights_sha256: Digest | None = None
    trained_on: TrainedOn
    tested_on: Digest
    """Of the names of the test images; all rows that are compared have the same."""
    patients: Annotated[dict[Words, dict[Words, Triple]], Field(min_length=1)]
    """Counts on the test part by patient and class."""
    run: RunRecord

    @model_validator(mode="after")
    def _counts_are_those_of_the_run(self) -> Self:
        for name, score in self.run.classes.items():
            counts = [of_patient[name] for of_patient in self.patients.values()]
            found = tuple(sum(column) for column in zip(*counts, strict=True))
            if found != (score.tp, score.fp, score.fn):
                raise ValueError(
                    f"patients have {found} of {name} together, but the run ({score.tp}, {score.fp},"
                    f" {score.fn})"
                )
        return self

    @property
    def key(self) -> Key:
        """Which run of its plan it is."""
        return Key(self.run.dataset, self.arm, self.share, self.run.seed)

    @property
    def identity(self) -> tuple[str, Key]:
        """What no two rows of a ledger share."""
        return self.plan, self.key

    @property
    def title(self) -> str:
        """Which run it is, in words."""
        return f"{self.plan}: {self.key}"


def digest_of_names(names: Iterable[str]) -> str:
    """Return the SHA-256 of some names, whatever their order, in hexadecimal."""
    return hashlib.sha256(json.dumps(sorted(names)).encode()).hexdigest()
