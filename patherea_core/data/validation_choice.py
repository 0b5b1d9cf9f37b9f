"""Which fold a training is validated on where nobody says, and what serves for what, in words."""

from collections.abc import Collection

from patherea_core.data.division import Division, fold_called, only_one_fold
from patherea_core.data.finding import counted
from patherea_core.data.label_checks import fold_name
from patherea_core.data.manifest import Manifest
from patherea_core.errors import DatasetError

#: What published splits call the part to validate on.
_VALIDATION = ("val", "valid", "validation")

#: What they call the parts that are for something else.
_OTHERS = ("train", "training", "test")


def validation_fold(manifest: Manifest, wanted: int | str | None) -> int:
    """Return the number of the fold to validate on.

    Args:
        manifest: of the dataset.
        wanted: its number, or its name or number in words; None takes the fold that is named for validation,
            else the first that is not named for training or the test.

    Raises:
        DatasetError: there is no such fold, or none that can be taken unasked, or there are no samples.
    """
    if not manifest.samples:
        raise DatasetError("the dataset holds no image; label some regions, and export it again")
    if wanted is None:
        return _unasked(manifest)
    if isinstance(wanted, str) and wanted in manifest.fold_names:
        return manifest.fold_names.index(wanted)
    if isinstance(wanted, str) and not wanted.isdecimal():
        return fold_called(manifest, wanted)
    number = int(wanted)
    if not 0 <= number < manifest.folds:
        raise DatasetError(
            f"the dataset has no fold {number}; its folds are numbered from 0 to {manifest.folds - 1}"
            + (f": {', '.join(manifest.fold_names)}" if manifest.fold_names else "")
        )
    return number


def _unasked(manifest: Manifest) -> int:
    if manifest.folds == 1:
        raise DatasetError(only_one_fold(manifest))
    names = [fold_name(manifest, fold).lower() for fold in range(manifest.folds)]
    for fold, name in enumerate(names):
        if name in _VALIDATION:
            return fold
    for fold, name in enumerate(names):
        if name not in _OTHERS:
            return fold
    raise DatasetError(
        f"none of the dataset's folds is for validation ({', '.join(manifest.fold_names)}); say with --fold"
        " which of them is to choose the best state: all others are trained on"
    )


def extent(manifest: Manifest, rows: Collection[int]) -> str:
    """Return how many samples those are, and of how many patients, in words."""
    patients = len({manifest.samples[row].patient for row in rows})
    return f"{counted(len(rows), 'image', 'images')} of {counted(patients, 'patient', 'patients')}"


def slides_of(manifest: Manifest, rows: Collection[int]) -> list[str]:
    """Return the slide of each of these samples."""
    return [manifest.samples[row].slide for row in rows]


def division_in_words(manifest: Manifest, division: Division) -> str:
    """Return what is trained on, validated on and kept, and why so."""
    kept = f", keeps {extent(manifest, division.test)} for the end" if division.test else ""
    return (
        f"trains on {extent(manifest, division.training)}, validates on"
        f" {extent(manifest, division.validation)}{kept}"
        f" ({division.words.removeprefix('validated on ')})"
    )


def trained_test_folds(manifest: Manifest, division: Division) -> tuple[str, ...]:
    """Return the names of folds that are called test and are trained on all the same."""
    folds = {manifest.samples[row].fold for row in division.training}
    names = (fold_name(manifest, fold) for fold in sorted(folds))
    return tuple(name for name in names if name.lower() == "test")
