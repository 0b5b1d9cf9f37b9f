"""The counts of each patient, from the files that the one look at the test part leaves in a run's folder."""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.intervals import group_counts
from patherea_core.evaluation.scores import count_regions
from patherea_core.points import Detections, Points
from training.crossover.row import Triple


def counts_by_patient(
    run: Path, patients: Mapping[str, str], classes: Sequence[str], radius: float
) -> dict[str, dict[str, Triple]]:
    """Return the counts of each patient and class.

    Args:
        run: a folder with ``cells.csv`` and ``points.csv``, which hold what lies in the labelled areas.
        patients: the patient of every test image, by its name.
        classes: in their order.
        radius: accepted distance in working pixels (r).

    Raises:
        InputError: a file is missing, or is not what the look at the test part wrote.
    """
    cells, points = (_by_image(run / name, patients) for name in ("cells.csv", "points.csv"))
    fields = [
        Field(
            name=image,
            detections=Detections(
                *_placed(cells[image], classes),
                np.array([float(row["score"]) for row in cells[image]]),
            ),
            points=Points(*_placed(points[image], classes)),
            patient=patient,
        )
        for image, patient in sorted(patients.items())
    ]
    groups, _ = group_counts(fields, count_regions(fields, len(classes), radius))
    return {
        patient: {
            name: (one.true_positives, one.false_positives, one.false_negatives)
            for name, one in zip(classes, counts.per_class, strict=True)
        }
        for patient, counts in zip(sorted({*patients.values()}), groups, strict=True)
    }


def _by_image(path: Path, images: Mapping[str, str]) -> Mapping[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found[row["image"]].append(row)
    except (OSError, KeyError) as error:
        raise InputError(f"{path} cannot be read ({error}); make the run again") from error
    if unknown := sorted(found.keys() - images.keys()):
        raise InputError(f"{path} has image {unknown[0]}, which is none of the test part")
    return found


def _placed(
    rows: Sequence[Mapping[str, str]], classes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, 2) positions and (N,) classes."""
    xy = np.array([(float(row["x"]), float(row["y"])) for row in rows]).reshape(-1, 2)
    return xy, np.array([classes.index(row["class"]) for row in rows], dtype=np.int64)
