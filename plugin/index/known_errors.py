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
        errors: of each report; a report is a group.
        sources: name and digest of each report.
        cells: labelled cells in all reports.
    """

    errors: DetectorErrors
    sources: tuple[str, ...]
    cells: int


def read_known_errors(paths: Sequence[Path], choice: ClassChoice) -> KnownErrors | None:
    """Return the errors that some reports tell, one for each patient or a single one; None without any.

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
        names, confusion = _confusion(read_json(path))
    except (KeyError, TypeError, ValueError, ShapeError) as error:
        raise InputError(f"{path} is no report of an evaluation; {_HOW}") from error
    classes = counted_classes(names, choice)
    kinds = classes.kinds.of_class[: len(names)]
    return _by_kind(confusion, kinds)


def _confusion(content: Any) -> tuple[tuple[str, ...], Confusion]:  # noqa: ANN401  any JSON value
    found: Mapping[str, Any] = content["confusion"]
    names = tuple(str(name) for name in found["rows"][:-1])
    matrix = np.asarray(found["cells"])
    if matrix.dtype.kind != "i" or matrix.min() < 0 or len(matrix) != len(names) + 1:
        raise ValueError("a confusion has whole numbers of cells of each class")
    return names, Confusion(matrix)


def _by_kind(confusion: Confusion, kinds: Sequence[Kind]) -> DetectorErrors:
    """Return the errors as one group, also where the report has no class of some kind."""
    kind = np.array([*kinds, len(Kind)], dtype=np.int64)
    group = np.zeros((1, len(Kind) + 1, len(Kind) + 1), dtype=np.int64)
    np.add.at(group[0], (kind[:, np.newaxis], kind), confusion.matrix)
    return DetectorErrors(group)


def _named(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"{path.name} (SHA-256 {digest[:12]})"
