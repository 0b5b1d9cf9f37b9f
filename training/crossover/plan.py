"""A plan of runs: what the backbone starts from (arms), how many labels there are (shares), and seeds.

Every combination is one run. Runs of one seed and share learn from the same labels whatever their arm, and
all of a dataset are tested on the same images, so that arms can be compared pair by pair.
"""

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias, TypeVar

from pydantic import Field, model_validator

from patherea_core.bundle_card import CardWords
from patherea_core.config import Recipe, Settings
from patherea_core.errors import InputError
from patherea_core.seeding import Seed
from training.recipes.experiment import Experiment, changed
from training.recipes.small import CONSEP, MOBILENET
from training.run_record import Digest, NotNegativeInt, Slug, Words

Share = Annotated[float, Field(gt=0, le=1)]

#: "steps": as many steps at every share, so that small shares are shown more often; "epochs": as many passes.
Schedule: TypeAlias = Literal["steps", "epochs"]

#: What says, for each dataset, how it is divided.
DATASETS: dict[str, Experiment] = {one.dataset: one for one in (MOBILENET, CONSEP)}


class Arm(Settings):
    """What a backbone starts from, and all else that its runs have in common."""

    name: Slug
    recipe: Recipe
    """Its epochs are those at all labels."""
    backbone: Words
    initialisation: Words
    weights: Path | None = None
    """The file that the backbone starts from; None from scratch."""
    weights_sha256: Digest | None = None

    @model_validator(mode="after")
    def _has_what_it_starts_from(self) -> Self:
        needed = self.recipe.training.initialisation == "pretrained"
        if needed != (self.weights is not None) or needed != (self.weights_sha256 is not None):
            raise ValueError(
                f"arm {self.name} needs weights" if needed else f"arm {self.name} takes no weights"
            )
        return self


class DatasetFolder(Settings):
    """A dataset, and where it lies."""

    name: Slug
    folder: Path
    digest: Digest
    """SHA-256 of its manifest."""


@dataclass(frozen=True, slots=True)
class Key:
    """Which run of a plan.

    Attributes:
        dataset: name of the dataset.
        arm: name of the arm.
        share: of the labels.
        seed: root of the run's random choices, and of which labels it has.
    """

    dataset: str
    arm: str
    share: float
    seed: int

    def __str__(self) -> str:
        return f"{self.dataset}/{self.arm}/{percent(self.share)}/{self.seed}"


class Plan(Settings):
    """All that determines the runs."""

    schema_version: Literal[1] = 1
    name: Slug
    datasets: Annotated[tuple[DatasetFolder, ...], Field(min_length=1)]
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    shares: Annotated[tuple[Share, ...], Field(min_length=1)]
    seeds: Annotated[tuple[NotNegativeInt, ...], Field(min_length=1)]
    schedule: Schedule = "steps"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for what, values in (
            ("dataset", [one.name for one in self.datasets]),
            ("arm", [one.name for one in self.arms]),
            ("share", [percent(one) for one in self.shares]),
            ("seed", self.seeds),
        ):
            if len({*values}) < len(values):
                raise ValueError(f"a {what} is named twice")
        for one in self.datasets:
            if one.name not in DATASETS:
                raise ValueError(
                    f"there is no division of {one.name}, only of {', '.join(DATASETS)}"
                )
        amounts = {
            (one.recipe.training.epochs, one.recipe.training.batch_size) for one in self.arms
        }
        if len(amounts) > 1:
            raise ValueError(
                "arms differ in their epochs or their batch size, so none is compared fairly"
            )
        return self

    def runs(self) -> Iterator[Key]:
        """Yield the runs in the order in which they are made.

        The first seed of everything comes first, so that what is there when time is up is a whole table.
        """
        for seed in self.seeds:
            for dataset in self.datasets:
                for share in self.shares:
                    for arm in self.arms:
                        yield Key(dataset.name, arm.name, share, seed)

    def chosen(self, patterns: Sequence[str]) -> list[Key]:
        """Return the runs whose name fits one of some patterns, say "brca-m2c/*/10/0"; all without patterns.

        Raises:
            InputError: a pattern fits no run.
        """
        keys = [*self.runs()]
        for pattern in patterns:
            if not any(fnmatch.fnmatchcase(str(key), pattern) for key in keys):
                raise InputError(
                    f"--only {pattern!r} fits no run; runs are called dataset/arm/percent/seed, say {keys[0]}"
                )
        return [
            key
            for key in keys
            if not patterns or any(fnmatch.fnmatchcase(str(key), one) for one in patterns)
        ]

    def arm(self, name: str) -> Arm:
        """Return the arm of a name, which must be there."""
        return next(one for one in self.arms if one.name == name)

    def dataset(self, name: str) -> DatasetFolder:
        """Return the dataset of a name, which must be there."""
        return next(one for one in self.datasets if one.name == name)

    def experiment(self, key: Key, epochs: int | None = None) -> Experiment:
        """Return what a run trains.

        Args:
            key: which run.
            epochs: passes over its labels; None for those at all labels.
        """
        arm = self.arm(key.arm)
        rule = DATASETS[key.dataset].division
        if key.share < 1:
            rule = rule.labelled(key.share, Seed(key.seed))
        recipe = arm.recipe
        return replace(
            DATASETS[key.dataset],
            name=f"crossover/{arm.name}",
            recipe=recipe if epochs is None else changed(recipe, training={"epochs": epochs}),
            division=rule,
            backbone=arm.backbone,
            initialisation=arm.initialisation,
            words=CardWords(),
            note="",
        )

    def extended(self, other: "Plan") -> "Plan":
        """Return the plan with what another one has besides: arms, datasets, shares and seeds.

        Raises:
            InputError: they have something of one name that differs, so that runs would not be comparable.
        """
        if (self.name, self.schedule) != (other.name, other.schedule):
            raise InputError(
                f"the plan there is {self.name} by {self.schedule}, not {other.name} by {other.schedule};"
                " name another folder"
            )
        return Plan(
            name=self.name,
            schedule=self.schedule,
            datasets=_together(self.datasets, other.datasets),
            arms=_together(self.arms, other.arms),
            shares=tuple(dict.fromkeys((*self.shares, *other.shares))),
            seeds=tuple(dict.fromkeys((*self.seeds, *other.seeds))),
        )


def percent(share: float) -> str:
    """Return a share in percent, as runs are called by it: 0.25 is "25"."""
    return f"{100 * share:g}"


Named = TypeVar("Named", Arm, DatasetFolder)


def _together(mine: Sequence[Named], theirs: Sequence[Named]) -> tuple[Named, ...]:
    """Return both, in order; of one that both have, the later place of its files is taken."""
    found = {one.name: one for one in mine}
    for one in theirs:
        if one.name in found and _content(found[one.name]) != _content(one):
            raise InputError(
                f"{one.name} is another one in the plan there; give it another name, or name another folder"
            )
        found[one.name] = one
    return tuple(found.values())


def _content(one: Arm | DatasetFolder) -> dict[str, object]:
    return one.model_dump(exclude={"folder", "weights"})
