"""The printed table has a row for each class, and says what its figures mean."""

from dataclasses import replace

import pytest

from patherea_core.evaluation.comparison import compare
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.report import evaluate
from patherea_core.evaluation.table import comparison_table, evaluation_table
from patherea_core.points import Detections, Points
from patherea_core.seeding import Seed
from tests.builders import detections, points, square
from tests.core.evaluation.groups import group
from tests.core.evaluation.test_report import TAXONOMY, evaluated, two_fields


def test_the_table_has_a_row_for_each_class_the_mean_and_any_class() -> None:
    rows = evaluation_table(evaluated(two_fields())).splitlines()
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
    other = evaluation_table(evaluated(two_fields())).splitlines()[3]
    assert other.split()[1:11] == ["0", "0", "0", "0", "0", "–", "–", "–", "–", "–"]


def test_scores_stand_under_their_title() -> None:
    header, positive, _, _, mean, _ = evaluation_table(evaluated(two_fields())).splitlines()[:6]
    end = header.index(" F1") + len(" F1")
    assert positive[:end].endswith(" 0.667")
    assert mean[:end].endswith(" 0.733")


@pytest.mark.parametrize(
    "stated",
    [
        "Radius: 4 µm, inclusive",
        "Regions: 2.",
        "Chance F1:",
        "mean of 20 draws",
        "bootstrap over 2 images",
        "Patients are unknown",
        "so without other",
        "undefined",
        "Hungarian on distances 0.733 and 0.750",
        "one to many 0.733 and 0.750",
    ],
)
def test_the_table_states_its_terms(stated: str) -> None:
    assert stated in evaluation_table(evaluated(two_fields(), radius=4.0, unit="µm"))


def test_the_table_says_when_chance_is_taken_in_a_box() -> None:
    unknown = Field("one", detections((5, 5, 0)), points((5, 5, 0)))
    evaluation = evaluated([unknown])
    assert evaluation.fields_without_area == 1
    stated = "Regions of unknown outline: 1; chance is taken in the bounding box"
    assert stated in evaluation_table(evaluation)
    assert "the radius wider on every side" in evaluation_table(evaluation)
    assert "bounding box" not in evaluation_table(evaluated(two_fields()))


def test_the_table_says_how_many_images_have_no_patient() -> None:
    first, second = two_fields()
    some = evaluation_table(evaluated([replace(first, patient="p"), second]))
    assert "1 of 2 images have no patient, so images are drawn" in some
    assert "Patients are unknown" not in some
    known = evaluated([replace(first, patient="p"), replace(second, patient="q")])
    assert "no patient" not in evaluation_table(known)
    assert "bootstrap over 2 patients" in evaluation_table(known)


@pytest.mark.parametrize(("count", "few"), [(2, True), (19, True), (20, False)])
def test_the_table_says_where_intervals_are_too_narrow(count: int, few: bool) -> None:
    field = two_fields()[0]
    fields = [replace(field, name=str(row), patient=str(row)) for row in range(count)]
    stated = "With fewer than 20 patients, intervals are too narrow."
    assert (stated in evaluation_table(evaluated(fields))) == few


def test_the_table_names_the_classes_that_few_groups_have() -> None:
    # The first region has two classes, the second one of them.
    fields = [replace(field, patient=field.name) for field in two_fields()]
    stated = "In few patients only: positive (1); intervals of these classes"
    assert stated in evaluation_table(evaluated(fields))
    more = [replace(fields[0], name=str(row), patient=str(row)) for row in range(4)]
    assert "In few patients only: positive (5)" in evaluation_table(evaluated([*fields, *more]))
    enough = [*fields, *more, replace(fields[0], name="4", patient="4")]
    assert "In few patients only" not in evaluation_table(evaluated(enough))
    assert "In few patients only" not in evaluation_table(evaluated(more))


def test_the_table_says_in_how_many_draws_the_mean_is_taken() -> None:
    one, other = two_fields()
    assert "Interval of the mean: over the 1" in evaluation_table(evaluated([one, other]))
    alike = [one, replace(one, name="again")]
    assert "Interval of the mean" not in evaluation_table(evaluated(alike))


@pytest.mark.parametrize(
    ("count", "least"), [(2, "0.5"), (3, "0.25"), (5, "0.062"), (6, None), (30, None)]
)
def test_a_comparison_of_few_groups_says_that_p_cannot_be_small(
    count: int, least: str | None
) -> None:
    groups = [group((8, 2, 2))] * count
    found = comparison_table(compare(groups, groups, Seed(0)), ["a"])
    assert (f"With {count} groups p is at least about {least}:" in found) == (least is not None)
    assert ("p is at least" in found) == (least is not None)
    assert ("With fewer than 20 groups" in found) == (count < 20)


def test_a_comparison_of_one_group_says_that_nothing_is_known() -> None:
    groups = [group((8, 2, 2))]
    found = comparison_table(compare(groups, groups, Seed(0)), ["a"])
    assert "Intervals and p: not known" in found
    assert "p is at least" not in found


def test_a_comparison_says_in_how_many_draws_the_mean_is_taken() -> None:
    groups = [group((5, 0, 0), (0, 0, 0)), group((5, 0, 0), (0, 0, 5))]
    found = comparison_table(compare(groups, groups, Seed(0)), ["a", "b"])
    assert "Interval of the mean: over the 1" in found


def test_the_table_says_that_one_group_gives_no_interval() -> None:
    alone = evaluated(two_fields()[:1])
    assert "fewer than two images" in evaluation_table(alone)


def test_the_table_says_what_was_left_out() -> None:
    field = Field(
        "one", detections((5, 5, 0), (50, 50, 0)), points((5, 5, 0), (99, 99, 0)), square(0, 0, 10)
    )
    stated = "Left out, since they lie outside of the regions: 1 points, 1 detections"
    assert stated in evaluation_table(evaluated([field]))


def test_regions_without_any_cell_have_a_table() -> None:
    empty = Field("empty", Detections.none(), Points.none(), square(0, 0, 9))
    assert "–" in evaluation_table(evaluated([empty])).splitlines()[4]


def test_too_many_cells_for_the_distance_hungarian_are_said_so() -> None:
    evaluation = evaluate(two_fields(), TAXONOMY, 6.0, Seed(0))
    without = replace(evaluation, flawed=replace(evaluation.flawed, distance_hungarian=None))
    assert "not computed, for there are too many cells" in evaluation_table(without)
