"""Score a detector on labelled samples: whole tiles, its own threshold, the figures of the evaluation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree

from patherea_core.checkpoint import ModelBundle
from patherea_core.data.sample import Sample
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.figures import evaluation_figures
from patherea_core.evaluation.report import Evaluation, evaluate
from patherea_core.geometry import Floats, Ints
from patherea_core.points import Detections, Points
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.engine.whole_tiles import WholeTiles
from patherea_core.workflow.predict import Detector

#: Pixels under which two detections are most likely one cell detected twice.
CLOSE = 3.0

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """How a detector did on some samples.

    Attributes:
        evaluation: the scores, with their intervals.
        fields: one for each sample, in tile pixels; what lies outside of its labelled area is left out.
    """

    evaluation: Evaluation
    fields: tuple[Field, ...]

    @property
    def figures(self) -> dict[str, object]:
        """All figures ready for JSON, in the form that ``patherea evaluate`` prints, and the quality."""
        return {**evaluation_figures(self.evaluation), "quality": self.quality}

    @property
    def quality(self) -> dict[str, object]:
        """What the scores do not tell: cells of each class, and pairs that are too close to be two cells."""
        names = self.evaluation.taxonomy.names
        found = [field.detections for field in self.fields]
        labelled = [field.points for field in self.fields]
        return {
            "detections": _counted(names, [one.class_index for one in found]),
            "points": self._labelled(),
            "close_pixels": CLOSE,
            "close_pairs_of_detections": sum(close_pairs(one.xy) for one in found),
            "close_pairs_of_points": sum(close_pairs(one.xy) for one in labelled),
            "close_pairs_per_detection": _share(
                sum(close_pairs(one.xy) for one in found), sum(map(len, found))
            ),
        }

    def metrics(self, prefix: str) -> dict[str, float | None]:
        """Return what a card keeps, by names that start with a prefix.

        That is the mean F1 over the classes, and of any class and of each class (say ``test_any_class_f1``)
        F1, precision, recall, and cells: how many were labelled.
        """
        lines = self.evaluation.lines
        labelled = [float(cells) for cells in self._labelled().values()]
        any_class = _figures(self.evaluation.any_class.counts, sum(labelled))
        each = [_figures(line.counts, cells) for line, cells in zip(lines, labelled, strict=True)]
        return {f"{prefix}_mean_f1": self.evaluation.mean_f1} | {
            f"{prefix}_{name}_{figure}": value
            for name, figures in zip(
                ("any_class", *(line.name for line in lines)), (any_class, *each), strict=True
            )
            for figure, value in figures.items()
        }

    def intervals(self, prefix: str) -> dict[str, Interval]:
        """Return the 95 % intervals of those metrics that have one, by the same names."""
        intervals, names = self.evaluation.intervals, self.evaluation.taxonomy.names
        found = {
            f"{prefix}_mean_f1": intervals.mean_f1,
            f"{prefix}_any_class_f1": intervals.any_class.f1,
            **{
                f"{prefix}_{name}_f1": of_class.f1
                for name, of_class in zip(names, intervals.per_class, strict=True)
            },
        }
        return {name: one.bounds for name, one in found.items() if one is not None}

    def _labelled(self) -> Mapping[str, int]:
        names = self.evaluation.taxonomy.names
        return _counted(names, [field.points.class_index for field in self.fields])


def with_figures(bundle: ModelBundle, found: Assessment, prefix: str) -> ModelBundle:
    """Return a bundle whose card has the scores and intervals of an assessment; the weights stay.

    Args:
        bundle: the model that was assessed.
        found: how it did.
        prefix: the part of the data, before the names of the scores: validation or test.
    """
    card = bundle.card
    figures = {
        "metrics": card.metrics | found.metrics(prefix),
        "intervals": card.intervals | found.intervals(prefix),
    }
    return ModelBundle(bundle.state, card.model_copy(update=figures))


def assess(
    detector: Detector,
    samples: Sequence[Sample],
    seed: Seed,
    progress: Progress,
    *,
    classes: Sequence[str] = (),
    radius: float | None = None,
) -> Assessment:
    """Return how a detector does on samples, at the threshold of its card.

    Each sample is one tile, as in validation. Intervals are those of a bootstrap over patients.

    Args:
        detector: the network and its card.
        samples: what is scored; their pixels are of the card's size.
        seed: root of the intervals and of the chance level.
        progress: told before every sample, and when all are scored.
        classes: those that are scored, in order; none takes all of the card's.
        radius: accepted distance in working pixels; None takes the recipe's.

    Raises:
        InputError: there is no sample.
        TaxonomyError: the model has no such class.
        Cancelled: the progress asked to stop.
    """
    card = detector.card
    rows = [card.taxonomy.index(name) for name in classes or card.taxonomy.names]
    place = np.full(len(card.classes), -1)
    place[rows] = np.arange(len(rows))
    accepted = card.recipe.radius_um / card.mpp if radius is None else radius
    fields: list[Field] = []
    whole = WholeTiles(card.recipe.decoding.least_distance_um / card.mpp)
    for number, sample in enumerate(samples):
        progress.advance(number / len(samples), f"scoring {number + 1} of {len(samples)}")
        with torch.inference_mode():
            found = whole.detect(detector.network, sample.pixels, card.score_threshold)
        fields.append(_field(sample, found, place).clipped())
    progress.advance(1.0, f"scored {len(samples)}")
    taxonomy = Taxonomy(tuple(card.taxonomy.classes[row] for row in rows))
    return Assessment(evaluate(fields, taxonomy, accepted, seed), tuple(fields))


def close_pairs(xy: Floats) -> int:
    """Return how many pairs of (N, 2) positions are closer than three pixels."""
    if len(xy) < 2:
        return 0
    # The tree takes pairs at that distance too, which the next smaller number leaves out.
    return len(cKDTree(xy).query_pairs(np.nextafter(CLOSE, 0.0), output_type="ndarray"))


def _field(sample: Sample, found: Detections, place: Ints) -> Field:
    """Return one sample with what was found in it: each class in its new place, those without left out."""
    found, points = found.take(place[found.class_index] >= 0), sample.points
    points = points.take(place[points.class_index] >= 0)
    return Field(
        name=sample.record.id,
        detections=Detections(found.xy, place[found.class_index], found.score),
        points=Points(points.xy, place[points.class_index]),
        area=sample.labelled,
        patient=sample.record.patient,
    )


def _figures(counts: Counts, labelled: float) -> dict[str, float | None]:
    return {
        "f1": counts.f1,
        "precision": counts.precision,
        "recall": counts.recall,
        "cells": labelled,
    }


def _counted(names: Sequence[str], indices: Iterable[Ints]) -> Mapping[str, int]:
    counts = np.zeros(len(names), dtype=np.int64)
    for index in indices:
        counts += np.bincount(index, minlength=len(names))
    return dict(zip(names, counts.tolist(), strict=True))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
