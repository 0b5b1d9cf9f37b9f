"""How a dataset is split into folds: no patient in two of them, and about as many points in each."""

from collections.abc import Mapping

from patherea_core.errors import DatasetError


def assign_folds(points_per_patient: Mapping[str, int], folds: int) -> dict[str, int]:
    """Return the fold of every patient; it depends neither on order nor on chance.

    Patients with most points are placed first, each into the fold that has fewest points so far. No
    fold stays empty.

    Raises:
        DatasetError: there are fewer patients than folds.
    """
    return _balanced(points_per_patient, folds, "patient")


def assign_region_folds(points_per_region: Mapping[str, int], folds: int) -> dict[str, int]:
    """Return the fold of every region, as ``assign_folds`` does for patients.

    For datasets of a single patient only: scores on regions of one patient are too good, since the
    regions resemble each other.

    Raises:
        DatasetError: there are fewer regions than folds.
    """
    return _balanced(points_per_region, folds, "region")


def _balanced(points: Mapping[str, int], folds: int, what: str) -> dict[str, int]:
    if folds < 1:
        raise DatasetError(f"a dataset needs at least one fold, not {folds}")
    if len(points) < folds:
        raise DatasetError(
            f"{folds} folds need at least {folds} {what}s, but there are {len(points)}; label more, "
            "or ask for fewer folds"
        )
    loads = [(0, 0, fold) for fold in range(folds)]
    assigned: dict[str, int] = {}
    for name, count in sorted(points.items(), key=lambda item: (-item[1], item[0])):
        load, members, fold = min(loads)
        assigned[name] = fold
        loads[fold] = (load + count, members + 1, fold)
    return assigned
