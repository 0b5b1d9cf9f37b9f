"""An evaluation as JSON: every figure, and what it means."""

from collections.abc import Sequence

import numpy as np

from patherea_core.evaluation.comparison import Comparison, Difference
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.details import ClassDetails, Details
from patherea_core.evaluation.lines import bounds, count_figures
from patherea_core.evaluation.report import Evaluation
from patherea_core.evaluation.scores import ClassCounts, mean_f1
from patherea_core.geometry import Floats

#: How cells are paired and counted, for whoever compares the figures with others'.
PROTOCOL = {
    "matching": "maximum one-to-one pairing within the radius, bounds included",
    "counting": "counts are summed over regions, then scored",
    "border": "points and detections inside of a region or on its outline take part, no others",
    "mean": "over the classes that have a point or a detection",
}

#: False alarms in an image at which the recall of a FROC curve is told.
FALSE_ALARMS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)

_DEFINITION = {
    "distance_hungarian": (
        "tp: pairs of the least sum of distances that are within the radius; fp: detections in no such "
        "pair; fn: points in no such pair"
    ),
    "one_to_many": (
        "tp: detections within the radius of any point; fp: the other detections; fn: points without a "
        "detection within the radius. tp + fn is not the number of points, and recall = tp / (tp + fn) "
        "is no share of them"
    ),
}

_WARNING = {
    "distance_hungarian": "wrong: steals hits to shorten the sum of distances; too low",
    "one_to_many": "wrong: counts several detections of one cell as hits; too high",
}


def evaluation_figures(evaluation: Evaluation) -> dict[str, object]:
    """Return all figures of an evaluation ready for JSON; an undefined one is None."""
    return {
        "classes": {line.name: line.figures() for line in evaluation.lines},
        "mean_f1": evaluation.mean_f1,
        "mean_f1_interval": bounds(evaluation.intervals.mean_f1),
        "absent_classes": list(evaluation.absent_classes),
        "detection": evaluation.any_class.figures(),
        "micro": evaluation.all_classes.figures(),
        "chance": _chance(evaluation),
        "flawed": {
            "distance_hungarian": _flawed(
                evaluation, "distance_hungarian", evaluation.flawed.distance_hungarian
            ),
            "one_to_many": _flawed(evaluation, "one_to_many", evaluation.flawed.one_to_many),
        },
        "confusion": {
            "rows": [*evaluation.taxonomy.names, "no cell"],
            "columns": [*evaluation.taxonomy.names, "missed"],
            "cells": evaluation.confusion.matrix.tolist(),
            "accuracy": evaluation.confusion.accuracy,
            "patients": [
                {"patient": one.patient, "cells": one.confusion.matrix.tolist()}
                for one in evaluation.patients
            ],
        },
        "intervals": {
            "level": evaluation.intervals.level,
            "draws": evaluation.intervals.draws,
            "groups": evaluation.intervals.groups,
            "grouped_by": evaluation.grouped_by,
            "images_without_patient": evaluation.images_without_patient,
            "draws_of_mean": evaluation.intervals.draws_of_mean,
        },
        "radius_px": evaluation.radius if evaluation.unit == "px" else None,
        "radius": evaluation.radius,
        "unit": evaluation.unit,
        "points_with_own_radius": evaluation.own_radii,
        "images": len(evaluation.regions),
        "protocol": PROTOCOL,
        "left_out": {
            "points": evaluation.left_out.points,
            "detections": evaluation.left_out.detections,
        },
    }


def comparison_figures(comparison: Comparison, names: Sequence[str]) -> dict[str, object]:
    """Return how much better one model is ready for JSON; an undefined figure is None."""
    return {
        "classes": {
            name: _difference(of_class)
            for name, of_class in zip(names, comparison.per_class, strict=True)
        },
        "mean_f1": _difference(comparison.mean_f1),
        "detection": _difference(comparison.any_class),
        "groups": comparison.groups,
        "draws": comparison.draws,
        "draws_of_mean": comparison.draws_of_mean,
    }


def details_figures(details: Details, names: Sequence[str]) -> dict[str, object]:
    """Return curves ready for JSON; what is undefined is None."""
    tolerance, found = details.tolerance, details.reliability
    return {
        "has_scores": details.has_scores,
        "mean_average_precision": details.mean_average_precision,
        "classes": {
            name: _class_details(of_class)
            for name, of_class in zip(names, details.per_class, strict=True)
        },
        "detection": _class_details(details.any_class),
        "tolerance": {
            "radius": tolerance.radii.tolist(),
            "mean_f1": _numbers(tolerance.mean),
            "detection_f1": _numbers(tolerance.any_class),
            "classes": {
                name: _numbers(tolerance.per_class[:, row]) for row, name in enumerate(names)
            },
        },
        "calibration": {
            "edges": found.edges.tolist(),
            "detections": found.counts.tolist(),
            "mean_score": _numbers(found.mean_score),
            "precision": _numbers(found.precision),
            "expected_error": found.expected_error,
            "largest_error": found.largest_error,
        },
    }


def _class_details(found: ClassDetails) -> dict[str, object]:
    curve = found.free_response
    return {
        "average_precision": found.average_precision,
        "best_threshold": found.best_threshold,
        "best_f1": found.best_f1,
        "recall_at_false_alarms_per_image": {
            f"{alarms:g}": None if curve is None else curve.at(alarms) for alarms in FALSE_ALARMS
        },
    }


def _numbers(values: Floats) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def _difference(difference: Difference) -> dict[str, object]:
    return {
        "f1": difference.value,
        "f1_interval": bounds(difference.interval),
        "p_value": difference.p_value,
    }


def _chance(evaluation: Evaluation) -> dict[str, object]:
    chance = evaluation.chance
    return {
        "classes": dict(zip(evaluation.taxonomy.names, chance.per_class, strict=True)),
        "mean_f1": chance.mean,
        "detection": chance.any_class,
        "draws": chance.draws,
        "regions_without_outline": evaluation.fields_without_area,
    }


def _flawed(
    evaluation: Evaluation, protocol: str, counts: ClassCounts | None
) -> dict[str, object] | None:
    if counts is None:
        return None
    true = evaluation.counts
    rows = zip(evaluation.taxonomy.names, counts.per_class, true.per_class, strict=True)
    return {
        "warning": _WARNING[protocol],
        "definition": _DEFINITION[protocol],
        "classes": {name: _flawed_counts(wrong, right) for name, wrong, right in rows},
        "mean_f1": mean_f1(counts.per_class),
        "detection": _flawed_counts(counts.any_class, true.any_class),
    }


def _flawed_counts(wrong: Counts, right: Counts) -> dict[str, object]:
    """Return wrong hits and misses beside the true numbers of cells, which do not follow from them."""
    return {**count_figures(wrong), "points": right.points, "detections": right.detections}
