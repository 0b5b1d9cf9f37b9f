"""Plans, rows and a dataset that trains in a moment, as the tests of cross-overs need them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from patherea_core.data.store import read_manifest
from tests.training.builders import small_recipe, write_split
from tests.training.runs import class_score, run_record
from training.crossover.plan import Arm, DatasetFolder, Plan
from training.crossover.row import CrossoverRow, TrainedOn

RECIPE = small_recipe(epochs=1, batch_size=4)


def arm(name: str = "scratch", **changes: Any) -> Arm:  # noqa: ANN401  of the fields' own types
    """Return an arm that trains in a moment."""
    values = {"name": name, "recipe": RECIPE, "backbone": "tiny", "initialisation": name}
    return Arm.model_validate(values | changes)


def plan(data: Path | None = None, **changes: Any) -> Plan:  # noqa: ANN401  of the fields' own types
    """Return a plan of two arms, two shares and two seeds on BRCA-M2C, or what stands for it."""
    folder = Path("/nowhere") if data is None else data
    digest = "d" * 64 if data is None else read_manifest(data).digest()
    values = {
        "name": "tiny",
        "datasets": (DatasetFolder(name="brca-m2c", folder=folder, digest=digest),),
        "arms": (arm("scratch"), arm("other")),
        "shares": (1.0, 0.25),
        "seeds": (0, 1),
    }
    return Plan.model_validate(values | changes)


def write_dataset(folder: Path, learnt: int = 25, tested: int = 3) -> Path:
    """Write a dataset that says it is BRCA-M2C, of that many images of as many patients in train and val."""
    return write_split(folder, "brca-m2c", ("train", "val"), [0] * learnt + [1] * tested)


#: Counts by patient and class.
Counted = Mapping[str, Mapping[str, tuple[int, int, int]]]

#: Two patients of whom the second has more of everything.
COUNTED: Counted = {
    "ann": {"round": (6, 2, 2), "long": (3, 1, 5)},
    "ben": {"round": (20, 5, 4), "long": (10, 9, 3)},
}


def row(
    arm_name: str = "scratch",
    share: float = 1.0,
    seed: int = 0,
    counted: Counted = COUNTED,
    **changes: Any,  # noqa: ANN401  of the fields' own types
) -> CrossoverRow:
    """Return a row whose run has the counts that are given."""
    names = [*next(iter(counted.values()))]
    sums = {
        name: tuple(
            sum(column) for column in zip(*(one[name] for one in counted.values()), strict=True)
        )
        for name in names
    }
    classes = {name: class_score(*three) for name, three in sums.items()}
    labels = "a" if share == 1 else f"{seed:x}"
    values = {
        "plan": "tiny",
        "arm": arm_name,
        "share": share,
        "schedule": "steps",
        "epochs": 4,
        "steps": 16,
        "trained_on": TrainedOn(
            images=9, patients=9, points=round(400 * share), digest=labels * 64
        ),
        "tested_on": "e" * 64,
        "patients": counted,
        "run": run_record(classes, seed=seed, dataset="brca-m2c", recipe=f"crossover/{arm_name}"),
    }
    return CrossoverRow.model_validate(values | changes)
