"""What a detector does wrong, as reports of ``patherea evaluate`` tell it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.confusion import Confusion
from patherea_core.index.detector_errors import DetectorErrors
from patherea_core.index.kinds import Kind
from plugin.index.classes import ClassChoice, counted_classes
from plugin.readers.json_file import read_json

_HOW = "give the JSON that patherea evaluate --format json or EvaluateDetections writes"


@dataclass(frozen=True, slots=True, eq=False)
class KnownErrors:
    """The errors of a detector, and where they are known from.

    Attributes:
        errors: of each patient whom a report tells of; a report that tells of none is one group.
        sources: name and digest of each report.
        cells: labelled cells in all reports.
    """

    errors: DetectorErrors
    sources: tuple[str, ...]
    cells: int


def read_known_errors(paths: Sequence[Path], choice: ClassChoice) -> KnownErrors | None:
    """Return the errors that some reports tell; None without any.

    Args:
        paths: the reports, of different patients.
        choice: what a person says of classes.

    Raises:
        InputError: one is no report of an evaluation, or has other classes than a person said.
    """
    if not paths:
        return None
    groups = [_errors(path, choice).groups for path in paths]
    errors = DetectorErrors(np.concatenate(groups))
    return KnownErrors(errors, tuple(_named(path) for path in paths), int(errors.total[:-1].sum()))


def _errors(path: Path, choice: ClassChoice) -> DetectorErrors:
    try:
        names, confusions = _confusions(read_json(path))
    except (KeyError, TypeError, ValueError, ShapeError) as error:
        raise InputError(f"{path} is no report of an evaluation; {_HOW}") from error
    classes = counted_classes(names, choice)
    kinds = classes.kinds.of_class[: len(names)]
    return _by_kind(confusions, kinds)


def _confusions(content: Any) -> tuple[tuple[str, ...], Sequence[Confusion]]:  # noqa: ANN401  any JSON value
    """Return the classes of a report, and the confusion of each patient, or that of all if it tells no other.

    Reports have told of patients only for a while; images are no patients, and alike for whoever has several.
    """
    found: Mapping[str, Any] = content["confusion"]
    names = tuple(str(name) for name in found["rows"][:-1])
    whole = _checked(found["cells"], names)
    patients = [_checked(one["cells"], names) for one in found.get("patients") or ()]
    if not patients:
        return names, (whole,)
    if not np.array_equal(np.sum([one.matrix for one in patients], axis=0), whole.matrix):
        raise ValueError("the confusions of the patients do not add up to that of all")
    return names, [one for one in patients if one.matrix.any()] or (whole,)


def _checked(cells: Any, names: Sequence[str]) -> Confusion:  # noqa: ANN401  any JSON value
    matrix = np.asarray(cells)
    if matrix.dtype.kind != "i" or matrix.min() < 0 or len(matrix) != len(names) + 1:
        raise ValueError("a confusion has whole numbers of cells of each class")
    return Confusion(matrix)


def _by_kind(confusions: Sequence[Confusion], kinds: Sequence[Kind]) -> DetectorErrors:
    """Return the errors, each confusion a group, also where the report has no class of some kind."""
    kind = np.array([*kinds, len(Kind)], dtype=np.int64)
    groups = np.zeros((len(confusions), len(Kind) + 1, len(Kind) + 1), dtype=np.int64)
    for group, confusion in zip(groups, confusions, strict=True):
        np.add.at(group, (kind[:, np.newaxis], kind), confusion.matrix)
    return DetectorErrors(groups)


def _named(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.name} (SHA-256 {digest[:12]})"
