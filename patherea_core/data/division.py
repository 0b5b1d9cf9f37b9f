"""Which samples of a dataset are trained on, which choose the best state, and which are kept for the end."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from patherea_core.data.label_checks import fold_name
from patherea_core.data.manifest import Manifest
from patherea_core.errors import DatasetError
from patherea_core.seeding import Seed

log = logging.getLogger(__name__)

#: What published splits call the part that nobody may touch before the end.
_TEST = "test"


@dataclass(frozen=True, slots=True)
class Division:
    """Rows of a manifest's samples by what they serve for; no row serves for two things.

    Attributes:
        training: what the network learns from.
        validation: what the best state and the threshold are chosen on.
        test: what is looked at once, when nothing is left to choose; empty if nothing is kept for that.
        words: how the division came about, for people.
    """

    training: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    words: str

    def __post_init__(self) -> None:
        rows = (*self.training, *self.validation, *self.test)
        if len(set(rows)) < len(rows):
            raise DatasetError(
                f"{self.words}: a sample would serve for two things; divide the dataset otherwise"
            )

    @property
    def identity(self) -> str:
        """The words with a digest of the rows, which tells two divisions apart."""
        rows = json.dumps([self.training, self.validation, self.test])
        return f"{self.words} [{hashlib.sha256(rows.encode()).hexdigest()[:12]}]"


def by_fold(manifest: Manifest, validation_fold: int) -> Division:
    """Return the division that validates on one fold, trains on all others, and keeps nothing.

    Raises:
        DatasetError: one of the two is empty.
    """
    if manifest.folds == 1:
        raise DatasetError(only_one_fold(manifest))
    known = 0 <= validation_fold < manifest.folds
    name = fold_name(manifest, validation_fold) if known else str(validation_fold)
    validation = _rows(manifest, {validation_fold})
    training = _rows(manifest, {*range(manifest.folds)} - {validation_fold})
    for rows, role in ((validation, "to validate on"), (training, "left to train on")):
        if not rows:
            raise DatasetError(
                f"with fold {name} for validation, the dataset has no tile {role}; name another fold, or"
                " export with more patients or regions"
            )
    return Division(training, validation, (), f"validated on fold {name}")


def only_one_fold(manifest: Manifest) -> str:
    """Return why a dataset of one fold alone cannot be trained on, and what to do."""
    return (
        f"the dataset has one fold alone, {fold_name(manifest, 0)}, and a training needs two: one to learn"
        " from and one that chooses the best state; export it again with --folds 2 or more, if need be of"
        " more patients or regions"
    )


def holding_out(
    manifest: Manifest,
    test_fold: int,
    *,
    validation_fold: int | None = None,
    parts: int = 5,
    part: int = 0,
    seed: Seed,
) -> Division:
    """Return the division that keeps one fold for the end.

    Patients of that fold are not trained on either, nor are they validated on. A fold that is called test is
    left alone even where another one is kept.

    Args:
        manifest: the dataset.
        test_fold: the fold that is kept.
        validation_fold: the fold to validate on; None takes a part of the other folds' patients.
        parts: into how many parts of about as many points those patients are dealt.
        part: which of them is validated on, counted from zero.
        seed: root of the stream "division", by which they are dealt.

    Raises:
        DatasetError: there is no such fold or part, or one of the three is empty.
    """
    for fold in (test_fold, validation_fold):
        _require_fold(manifest, fold)
    if validation_fold == test_fold:
        raise DatasetError(
            f"fold {fold_name(manifest, test_fold)} cannot be validated on and kept for the test;"
            " name two folds, or validate on a part of the others"
        )
    kept, learnt = _learnt_from(manifest, test_fold)
    words = f"tested on {fold_name(manifest, test_fold)}"
    if validation_fold is None:
        patients = _patients_of(manifest, learnt, parts, part, seed)
        validation = tuple(row for row in learnt if manifest.samples[row].patient in patients)
        words += (
            f", validated on part {part + 1} of {parts} of the other patients (seed {seed.value})"
        )
    else:
        validation = tuple(row for row in learnt if manifest.samples[row].fold == validation_fold)
        words += f", validated on {fold_name(manifest, validation_fold)}"
    chosen = {manifest.samples[row].patient for row in validation}
    training = tuple(row for row in learnt if manifest.samples[row].patient not in chosen)
    _require_all(training, validation, kept, words)
    return Division(training, validation, kept, words)


def dealt_anew(manifest: Manifest, folds: int, seed: Seed) -> Manifest:
    """Return the manifest with folds by patient of our own, where none are published.

    The samples and their order stay, so rows of it are rows of the dataset; its digest is another.

    Raises:
        DatasetError: there are fewer patients than folds.
    """
    fold_of = _dealt(_points_per_patient(manifest, range(len(manifest.samples))), folds, seed)
    samples = tuple(
        sample.model_copy(update={"fold": fold_of[sample.patient]}) for sample in manifest.samples
    )
    names = tuple(f"own fold {fold + 1} of {folds}" for fold in range(folds))
    return manifest.model_copy(update={"samples": samples, "folds": folds, "fold_names": names})


def fold_called(manifest: Manifest, name: str) -> int:
    """Return the number of a fold by its name, or by its number where folds have no names.

    Raises:
        DatasetError: there is no such fold; the message lists those there are.
    """
    names = [fold_name(manifest, fold) for fold in range(manifest.folds)]
    if name not in names:
        raise DatasetError(f"the dataset has no fold {name!r}; its folds are: {', '.join(names)}")
    return names.index(name)


def _learnt_from(manifest: Manifest, test_fold: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the rows of the test fold, and the rows that are left to learn from and to choose on."""
    kept = _rows(manifest, {test_fold})
    patients = {manifest.samples[row].patient for row in kept}
    closed = {
        fold for fold in range(manifest.folds) if fold_name(manifest, fold).lower() == _TEST
    } | {test_fold}
    others = _rows(manifest, {*range(manifest.folds)} - closed)
    learnt = tuple(row for row in others if manifest.samples[row].patient not in patients)
    if dropped := sorted({manifest.samples[row].patient for row in {*others} - {*learnt}}):
        log.info(
            "left out %d images of patients who are also in the test fold: %s",
            len(others) - len(learnt),
            ", ".join(dropped),
        )
    return kept, learnt


def _patients_of(
    manifest: Manifest, rows: Collection[int], parts: int, part: int, seed: Seed
) -> set[str]:
    if not 0 <= part < parts:
        raise DatasetError(f"there is no part {part + 1} of {parts}; parts run from 1 to {parts}")
    part_of = _dealt(_points_per_patient(manifest, rows), parts, seed)
    return {patient for patient, number in part_of.items() if number == part}


def _dealt(points: Mapping[str, int], parts: int, seed: Seed) -> dict[str, int]:
    """Return the part of every patient; no two parts differ by more points than the richest patient has.

    Patients are dealt in rounds, those with most points first, and chance decides who of a round goes where.
    """
    if len(points) < parts:
        raise DatasetError(
            f"{parts} parts need at least {parts} patients, but there are {len(points)}; "
            "ask for fewer parts"
        )
    random = seed.stream("division")
    ordered = sorted(points, key=lambda patient: (-points[patient], patient))
    order = [number for _ in range(0, len(ordered), parts) for number in random.permutation(parts)]
    return {patient: int(number) for patient, number in zip(ordered, order, strict=False)}


def _points_per_patient(manifest: Manifest, rows: Collection[int]) -> Mapping[str, int]:
    points: Counter[str] = Counter()
    for row in rows:
        points[manifest.samples[row].patient] += manifest.samples[row].points
    return points


def _rows(manifest: Manifest, folds: Collection[int]) -> tuple[int, ...]:
    return tuple(row for row, sample in enumerate(manifest.samples) if sample.fold in folds)


def _require_fold(manifest: Manifest, fold: int | None) -> None:
    if fold is not None and not 0 <= fold < manifest.folds:
        raise DatasetError(
            f"the dataset has no fold {fold}; its folds are numbered from 0 to {manifest.folds - 1}"
        )


def _require_all(
    training: Collection[int], validation: Collection[int], test: Collection[int], words: str
) -> None:
    for rows, role in (
        (test, "to test on"),
        (validation, "to validate on"),
        (training, "left to train on"),
    ):
        if not rows:
            raise DatasetError(f"{words}: the dataset has no tile {role}; name other folds")
