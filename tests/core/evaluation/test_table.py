"""The printed table has a row for each class, and says what its figures mean."""

from dataclasses import replace

import pytest

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.report import evaluate
from patherea_core.evaluation.table import evaluation_table
from patherea_core.points import Detections, Points
from patherea_core.seeding import Seed
from tests.builders import detections, points, square
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
    assert "bounding box" not in evaluation_table(evaluated(two_fields()))


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
