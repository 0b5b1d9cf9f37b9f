"""A report states its figures, their terms, and what was left out."""

import json

import pytest

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation.lines import CountingError, aligned
from patherea_core.evaluation.report import Evaluation, Field, evaluate
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
    assert forwards.counting_errors == backwards.counting_errors


def test_counting_errors_of_regions_cancel_only_in_the_signed_sum() -> None:
    more = Field("more", detections((1, 1, 0), (2, 2, 0)), Points.none(), square(0, 0, 9))
    fewer = Field("fewer", Detections.none(), points((1, 1, 0), (5, 5, 0)), square(0, 0, 9))
    evaluation = evaluated([more, fewer])
    assert evaluation.counting_errors[0] == CountingError(signed=0, absolute=4)
    assert evaluation.any_class_counting_error == CountingError(signed=0, absolute=4)


def test_detections_where_nobody_labelled_take_no_part_and_are_reported() -> None:
    field = Field(
        "one", detections((5, 5, 0), (50, 50, 0)), points((5, 5, 0), (99, 99, 0)), square(0, 0, 10)
    )
    evaluation = evaluated([field])
    assert evaluation.mean_f1 == 1.0
    assert (evaluation.points_outside, evaluation.detections_outside) == (1, 1)
    assert "Left out, since they lie outside of the regions: 1 points, 1 detections" in (
        evaluation.table()
    )


def test_an_evaluation_goes_through_json_unchanged() -> None:
    figures = evaluated(two_fields()).to_dict()
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures


def test_the_json_has_these_keys() -> None:
    figures = json.loads(json.dumps(evaluated(two_fields()).to_dict()))
    assert list(figures) == [
        "radius",
        "unit",
        "regions",
        "classes",
        "mean",
        "any_class",
        "chance",
        "left_out",
    ]
    assert list(figures["classes"][0]) == [
        "name",
        "points",
        "detections",
        "true_positives",
        "false_positives",
        "false_negatives",
        "precision",
        "recall",
        "f1",
        "chance_f1",
        "counting_error",
        "absolute_counting_error",
    ]
    assert [line["name"] for line in figures["classes"]] == ["positive", "negative", "other"]
    assert figures["classes"][2]["f1"] is None
    assert figures["any_class"]["true_positives"] == 3
    assert figures["chance"] == {"draws": 20, "regions_without_outline": 0}


def test_the_table_has_a_row_for_each_class_the_mean_and_any_class() -> None:
    rows = evaluated(two_fields()).table().splitlines()
    assert [row[:10].strip() for row in rows[:6]] == [
        "class",
        "positive",
        "negative",
        "other",
        "mean",
        "any class",
    ]
    assert rows[1].split()[1:9] == ["1", "2", "1", "1", "0", "0.500", "1.000", "0.667"]
    assert rows[1].endswith("+1 (1)")
    assert rows[2].endswith("-1 (1)")


def test_the_table_prints_a_dash_for_an_undefined_score() -> None:
    other = evaluated(two_fields()).table().splitlines()[3]
    assert other.split()[1:10] == ["0", "0", "0", "0", "0", "–", "–", "–", "–"]


def test_scores_stand_under_their_title() -> None:
    header, positive, _, _, mean, _ = evaluated(two_fields()).table().splitlines()[:6]
    end = header.index(" F1") + len(" F1")
    assert positive[:end].endswith(" 0.667")
    assert mean[:end].endswith(" 0.733")


@pytest.mark.parametrize(
    "stated",
    ["Radius: 4 µm, inclusive", "Regions: 2.", "Chance F1:", "mean of 20 draws", "undefined"],
)
def test_the_table_states_its_terms(stated: str) -> None:
    assert stated in evaluated(two_fields(), radius=4.0, unit="µm").table()


def test_the_table_says_when_chance_is_taken_in_a_box() -> None:
    unknown = Field("one", detections((5, 5, 0)), points((5, 5, 0)))
    evaluation = evaluated([unknown])
    assert evaluation.fields_without_area == 1
    assert (
        "Regions of unknown outline: 1; chance is taken in the bounding box" in evaluation.table()
    )
    assert "bounding box" not in evaluated(two_fields()).table()


def test_regions_without_any_cell_are_a_result() -> None:
    evaluation = evaluated([Field("empty", Detections.none(), Points.none(), square(0, 0, 9))])
    assert evaluation.mean_f1 is None
    assert "–" in evaluation.table().splitlines()[4]


def test_the_same_seed_gives_the_same_report() -> None:
    assert evaluated(two_fields()) == evaluated(two_fields())


def test_no_region_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to evaluate"):
        evaluated([])


def test_a_class_that_the_taxonomy_lacks_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="class 3"):
        evaluated([Field("one", detections((0, 0, 3)), Points.none())])


def test_aligned_columns_have_one_width() -> None:
    assert aligned([("a", "10"), ("long", "2")]) == ["a     10", "long   2"]
