"""An evaluation sums counts before it scores, and says what took no part."""

from dataclasses import replace

import numpy as np
import pytest

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.figures import evaluation_figures
from patherea_core.evaluation.lines import CountingError, aligned
from patherea_core.evaluation.report import Evaluation, LeftOut, evaluate
from patherea_core.points import Detections, Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from tests.builders import detections, points, square

TAXONOMY = Taxonomy.of(["positive", "negative", "other"])


def two_fields() -> list[Field]:
    first = Field(
        "one",
        detections((10, 10, 0), (50, 50, 0), (90, 90, 1)),
        points((11, 10, 0), (90, 89, 1), (20, 70, 1)),
        square(0, 0, 100),
    )
    second = Field("two", detections((5, 5, 1)), points((5, 9, 1)), square(0, 0, 50))
    return [first, second]


def evaluated(fields: list[Field], *, radius: float = 6.0, unit: str = "px") -> Evaluation:
    return evaluate(fields, TAXONOMY, radius, Seed(0), unit=unit)


def test_counts_are_summed_over_regions_before_scores_are_taken() -> None:
    evaluation = evaluated(two_fields())
    positive, negative, other = (line.counts for line in evaluation.lines)
    assert (positive.true_positives, positive.false_positives, positive.false_negatives) == (
        1,
        1,
        0,
    )
    assert (negative.true_positives, negative.false_positives, negative.false_negatives) == (
        2,
        0,
        1,
    )
    assert not other.occurs
    assert evaluation.mean_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_the_order_of_regions_changes_no_score() -> None:
    forwards, backwards = evaluated(two_fields()), evaluated(two_fields()[::-1])
    assert forwards.counts == backwards.counts
    assert [line.counting_error for line in forwards.lines] == [
        line.counting_error for line in backwards.lines
    ]
    assert forwards.intervals == backwards.intervals


def test_counting_errors_of_regions_cancel_only_in_the_signed_sum() -> None:
    more = Field("more", detections((1, 1, 0), (2, 2, 0)), Points.none(), square(0, 0, 9))
    fewer = Field("fewer", Detections.none(), points((1, 1, 0), (5, 5, 0)), square(0, 0, 9))
    evaluation = evaluated([more, fewer])
    for line in (evaluation.lines[0], evaluation.any_class, evaluation.all_classes):
        assert line.counting_error == CountingError(signed=0, absolute=4, regions=2)
        assert line.counting_error.mean_absolute == 2


def test_detections_where_nobody_labelled_take_no_part_and_are_reported() -> None:
    field = Field(
        "one", detections((5, 5, 0), (50, 50, 0)), points((5, 5, 0), (99, 99, 0)), square(0, 0, 10)
    )
    evaluation = evaluated([field])
    assert evaluation.mean_f1 == 1.0
    assert evaluation.left_out == LeftOut(points=1, detections=1)


def test_regions_without_any_cell_are_a_result() -> None:
    evaluation = evaluated([Field("empty", Detections.none(), Points.none(), square(0, 0, 9))])
    assert evaluation.mean_f1 is None
    assert evaluation.absent_classes == TAXONOMY.names


def test_the_same_seed_gives_the_same_report() -> None:
    first, second = (evaluation_figures(evaluated(two_fields())) for _ in range(2))
    assert first == second


def test_no_region_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to evaluate"):
        evaluated([])


def test_a_class_that_the_taxonomy_lacks_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="class 3"):
        evaluated([Field("one", detections((0, 0, 3)), Points.none())])


def test_aligned_columns_have_one_width() -> None:
    assert aligned([("a", "10"), ("long", "2")]) == ["a     10", "long   2"]


def test_all_classes_together_are_the_sum_of_the_classes() -> None:
    counts = evaluated(two_fields()).all_classes.counts
    assert (counts.true_positives, counts.false_positives, counts.false_negatives) == (3, 1, 1)


def test_groups_are_patients_only_where_every_region_knows_its_own() -> None:
    fields = two_fields()
    assert evaluated(fields).grouped_by == "images"
    of_one = [replace(field, patient="p") for field in fields]
    assert evaluated(of_one).grouped_by == "patients"
    assert len(evaluated(of_one).groups) == 1
    assert evaluated(of_one).intervals.mean_f1 is None


def test_a_point_with_a_radius_of_its_own_is_found_within_it() -> None:
    field = Field(
        "one",
        detections((5, 5, 0), (50, 50, 0)),
        points((5, 9, 0), (50, 54, 0)),
        square(0, 0, 99),
        radius=np.array([3.0, 5.0]),
    )
    evaluation = evaluated([field])
    assert evaluation.any_class.counts.true_positives == 1
    assert evaluation.own_radii == 2
