"""What can be wrong with the labels of a dataset: with points, with classes, and with the split."""

import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import shapely
from scipy.spatial import cKDTree

from patherea_core.data.finding import Finding, counted, places
from patherea_core.data.manifest import Manifest
from patherea_core.data.sample import Sample
from patherea_core.geometry import Floats, Ints

#: Micrometres; two nuclei are never that near, so two points are one cell labelled twice.
NEAREST_CELLS = 3.0
#: Points of a class below which its score says little.
FEWEST_POINTS = 50
#: Patients below which a score says little about the next patient.
FEWEST_PATIENTS = 5
#: Tile pixels; cutting a region into images moves a point on its edge by less than that.
_ON_THE_EDGE = 0.01


def outside_findings(sample: Sample) -> list[Finding]:
    """Return whether points lie outside of the labelled area."""
    points = shapely.points(sample.points.xy)
    outside = shapely.distance(points, sample.labelled) > _ON_THE_EDGE
    count = int(np.count_nonzero(outside))
    if not count:
        return []
    return [
        Finding(
            check="outside",
            grade="error",
            message=counted(count, "point lies", "points lie") + " outside of the labelled area",
            remedy="draw the region around them, or delete them, and export again",
            sample=sample.record.id,
            places=places(sample.points.xy[outside]),
            count=count,
        )
    ]


def duplicate_findings(sample: Sample, mpp: float) -> list[Finding]:
    """Return whether points are nearer to each other than two nuclei can be."""
    xy, classes = sample.points.xy, sample.points.class_index
    if len(xy) < 2:
        return []
    reach = NEAREST_CELLS / mpp
    pairs = cKDTree(xy).query_pairs(reach, output_type="ndarray")
    apart = np.linalg.norm(xy[pairs[:, 0]] - xy[pairs[:, 1]], axis=1)
    pairs = pairs[apart < reach]
    same = classes[pairs[:, 0]] == classes[pairs[:, 1]]
    return [
        Finding(
            check=check,
            grade="warning",
            message=counted(len(found), "pair", "pairs")
            + f" of points {what} closer than {NEAREST_CELLS:g} µm",
            remedy=remedy,
            sample=sample.record.id,
            places=places(xy[found[:, 0]]),
            count=len(found),
        )
        for check, found, what, remedy in (
            ("duplicate", pairs[same], "of one class", "delete one point of each pair"),
            ("contradiction", pairs[~same], "of two classes", "keep the point of the right class"),
        )
        if len(found)
    ]


def neighbour_distances(xy_um: Floats) -> Floats:
    """Return the distance from each of (N, 2) positions to the nearest other one: (N,), or none."""
    if len(xy_um) < 2:
        return np.empty(0)
    distances, _ = cKDTree(xy_um).query(xy_um, k=2)
    nearest: Floats = distances[:, 1]
    return nearest


def class_findings(manifest: Manifest, counts: Mapping[int, Ints]) -> list[Finding]:
    """Return what is strange about the classes.

    Args:
        manifest: names the classes and the folds.
        counts: for each fold that has images, its points of each class, (T,).
    """
    names = manifest.taxonomy.names
    total = sum(counts.values(), np.zeros(len(names), dtype=np.int64))
    findings = [
        _class("typo", f"classes {one!r} and {other!r} differ by a letter or two; is it one class?")
        for one, other in combinations(names, 2)
        if looks_like_a_typo(one, other)
    ]
    for row, name in enumerate(names):
        lacking = [fold_name(manifest, fold) for fold, count in counts.items() if not count[row]]
        if not total[row]:
            findings.append(_class("rare", f"class {name!r} has no point"))
        elif total[row] < FEWEST_POINTS:
            findings.append(
                _class("rare", f"class {name!r} has only " + counted(total[row], "point", "points"))
            )
        if total[row] and lacking:
            message = f"class {name!r} has no point in fold {', '.join(lacking)}"
            findings.append(_class("absent", message))
    return findings


_CLASS_REMEDIES = {
    "typo": "give both one name in the archive and export again, unless they are two classes",
    "rare": "label more cells of the class, or leave it out with --classes when exporting",
    "absent": "ask for fewer folds, or label the class in more patients; its score there says nothing",
}


def _class(check: str, message: str) -> Finding:
    return Finding(check=check, grade="warning", message=message, remedy=_CLASS_REMEDIES[check])


def looks_like_a_typo(one: str, other: str) -> bool:
    """Tell whether two class names differ by case, by signs, or by a letter or two of a long word.

    Short words and numbers that differ tell classes apart on purpose, as in "B cell" and "T cell".
    """
    words, others = (re.findall(r"[^\W_]+", name.casefold()) for name in (one, other))
    if "".join(words) == "".join(others):
        return True
    if len(words) != len(others):
        return False
    differing = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    if any(min(map(len, pair)) < 4 or not "".join(pair).isalpha() for pair in differing):
        return False
    return all(edit_distance(*pair) <= (2 if min(map(len, pair)) >= 8 else 1) for pair in differing)


def edit_distance(one: str, other: str) -> int:
    """Return how many letters must be put in, taken out or changed to turn one word into the other."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, start=1):
        above, row = row, [number]
        for place, there in enumerate(other):
            row.append(min(above[place] + (letter != there), above[place + 1] + 1, row[place] + 1))
    return row[-1]


def split_findings(manifest: Manifest) -> list[Finding]:
    """Return what is wrong with how patients are split into folds."""
    patients = {sample.patient for sample in manifest.samples}
    filled = {sample.fold for sample in manifest.samples}
    findings = [
        Finding(
            check="leak",
            grade="error",
            message=f"patient {patient!r} is in folds {' and '.join(folds)}",
            remedy="put all images of the patient in one fold; else the scores are too good",
        )
        for patient, folds in leaking_patients(manifest).items()
    ]
    findings += [
        Finding(
            check="fold",
            grade="warning",
            message=f"fold {fold_name(manifest, fold)} has no image",
            remedy="ask for fewer folds",
        )
        for fold in range(manifest.folds)
        if fold not in filled
    ]
    if len(patients) < FEWEST_PATIENTS:
        findings.append(
            Finding(
                check="patients",
                grade="warning",
                message="only "
                + counted(len(patients), "patient", "patients")
                + "; scores need not hold for the next one",
                remedy="label slides of more patients",
            )
        )
    if len(patients) > 1 and all(sample.patient == sample.slide for sample in manifest.samples):
        findings.append(
            Finding(
                check="patients",
                grade="note",
                message="every slide is a patient of its own, so leaks cannot be seen",
                remedy="unless that is so, name the patients in the slides' metadata",
            )
        )
    return findings


def leaking_patients(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Return the patients that occur in several folds, with the names or numbers of those folds."""
    seen: dict[str, set[int]] = defaultdict(set)
    for sample in manifest.samples:
        seen[sample.patient].add(sample.fold)
    return {
        patient: tuple(fold_name(manifest, fold) for fold in sorted(folds))
        for patient, folds in sorted(seen.items())
        if len(folds) > 1
    }


def fold_name(manifest: Manifest, fold: int) -> str:
    """Return what a fold is called: its name in the published split, else its number."""
    return manifest.fold_names[fold] if manifest.fold_names else str(fold)
