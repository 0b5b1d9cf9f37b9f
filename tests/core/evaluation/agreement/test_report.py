"""Agreement about cells, classes, numbers and the Ki-67 index, with a model on the same axis."""

import json
from typing import Any

import numpy as np
import pytest

from patherea_core.errors import InputError
from patherea_core.evaluation.agreement.axis import Spread
from patherea_core.evaluation.agreement.observers import Observer
from patherea_core.evaluation.agreement.quantities import QuantityAgreement
from patherea_core.evaluation.agreement.report import Agreement, agree
from patherea_core.evaluation.agreement.table import agreement_table
from patherea_core.points import Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from tests.builders import TAXONOMY, points
from tests.core.evaluation.agreement.panels import as_model, panel, seen_by, tissue


def agreed(observers: list[Observer], **more: Any) -> Agreement:  # noqa: ANN401
    return agree(observers, more.pop("taxonomy", TAXONOMY), 6.0, Seed(0), **more)


def about(agreement: Agreement, name: str) -> QuantityAgreement:
    return next(quantity for quantity in agreement.quantities if quantity.name == name)


def marked(*counts: tuple[int, int]) -> tuple[Points, ...]:
    """Regions with so many positive and negative cells."""
    return tuple(
        points(
            *((50 * n, 0, 0) for n in range(positive)), *((50 * n, 90, 1) for n in range(negative))
        )
        for positive, negative in counts
    )


def test_every_two_observers_are_compared() -> None:
    found = agreed([*panel(people=3), as_model(panel(people=1)[0])])
    assert [(pair.first, pair.second, pair.with_model) for pair in found.pairs] == [
        ("a", "b", False),
        ("a", "c", False),
        ("a", "model", True),
        ("b", "c", False),
        ("b", "model", True),
        ("c", "model", True),
    ]


def test_a_model_that_marks_like_a_person_lies_where_the_person_does() -> None:
    people = panel(people=3)
    found = agreed([*people, as_model(people[0])])
    scores = {(pair.first, pair.second): pair.mean_f1 for pair in found.pairs}
    assert scores["b", "model"] == scores["a", "b"]
    assert scores["a", "model"] == 1.0
    assert found.axis.people is not None
    assert found.axis.model is not None
    assert (found.axis.people.pairs, found.axis.model.pairs) == (3, 3)


def test_a_model_worse_than_persons_lies_below_them() -> None:
    cells = tissue(12)
    people = [seen_by(name, cells, seed=row) for row, name in enumerate("abc")]
    model = as_model(seen_by("m", cells, seed=9, missed=0.4, mistaken=0.4))
    difference = agreed([*people, model]).axis.difference
    assert difference.value is not None
    assert difference.interval is not None
    assert difference.interval.low < difference.value < difference.interval.high < 0


def test_the_axis_holds_the_mean_and_the_extremes_of_the_pairs() -> None:
    found = agreed(panel(people=3))
    scores = [pair.mean_f1 or 0 for pair in found.pairs]
    assert found.axis.people is not None
    spread = found.axis.people.mean_f1
    assert spread.mean == pytest.approx(float(np.mean(scores)))
    assert (spread.least, spread.most) == (min(scores), max(scores))
    assert spread.interval is not None
    assert spread.mean is not None
    assert spread.interval.holds(spread.mean)
    assert (found.axis.model, found.axis.difference.value) == (None, None)


def test_regions_of_one_patient_are_drawn_together() -> None:
    people = panel(regions=6, people=2)
    by_image, one_patient = agreed(people), agreed(people, patients=["P"] * 6)
    by_patient = agreed(people, patients=["P", "P", "P", "Q", "Q", "Q"])
    assert (by_image.groups, by_image.grouped_by) == (6, "images")
    assert (by_patient.groups, by_patient.grouped_by) == (2, "patients")
    assert one_patient.axis.people is not None
    assert one_patient.axis.people.mean_f1.interval is None
    assert by_image.axis.people is not None
    assert by_image.axis.people.mean_f1.mean == one_patient.axis.people.mean_f1.mean


def test_one_person_and_a_model_have_no_agreement_between_people() -> None:
    (person,) = panel(people=1)
    found = agreed([person, as_model(person)])
    assert (found.people, found.axis.people, about(found, "cells").people) == (None, None, None)
    assert found.everybody is not None
    assert found.everybody.cells == person.cells


def test_one_region_has_figures_but_no_intervals() -> None:
    people = panel(regions=1, people=2)
    found = agreed([*people, as_model(people[0])])
    assert found.axis.difference.value is not None
    assert found.axis.difference.interval is None
    limits = about(found, "cells").pairs[0].limits
    assert limits.bias.value is not None
    assert limits.upper.value is None
    assert "model less people" in agreement_table(found)


def test_numbers_of_cells_are_compared_region_by_region() -> None:
    one = Observer("a", marked((3, 1), (5, 5), (0, 4)))
    other = Observer("b", marked((2, 1), (4, 5), (1, 4)))
    found = agreed([one, other])
    assert [quantity.name for quantity in found.quantities] == [
        "cells",
        "positive",
        "negative",
        "Ki-67 index",
    ]
    (cells,) = about(found, "cells").pairs
    assert cells.figures.tolist() == [[4, 3], [10, 9], [4, 5]]
    assert cells.limits.bias.value == pytest.approx(1 / 3)
    (negative,) = about(found, "negative").pairs
    assert negative.limits.bias.value == 0
    assert negative.correlations.agreement.value == 1


def test_the_index_is_the_share_of_positive_cells_and_undefined_regions_are_left_out() -> None:
    one = Observer("a", marked((3, 1), (0, 0), (1, 1), (2, 2)))
    other = Observer("b", marked((2, 2), (1, 1), (0, 0), (1, 3)))
    model = Observer("m", marked((4, 0), (0, 1), (1, 0), (0, 4)), is_model=True)
    index = about(agreed([one, other, model]), "Ki-67 index")
    people, with_model, _ = index.pairs
    assert people.figures.tolist() == [[0.75, 0.5], [0.5, 0.25]]
    assert (people.left_out, with_model.left_out, index.left_out) == (2, 1, 2)
    assert with_model.figures.tolist() == [[0.75, 1], [0.5, 1], [0.5, 0]]
    assert index.people is not None
    assert index.people.regions == 2
    assert index.people.consistency.value == pytest.approx(1)


def test_without_the_two_classes_there_is_no_index_and_one_class_is_all_cells() -> None:
    others = [Observer(name, marked((2, 1), (1, 1))) for name in "ab"]
    found = agreed(others, taxonomy=Taxonomy.of(["positive", "stroma"]))
    assert [quantity.name for quantity in found.quantities] == ["cells", "positive", "stroma"]
    single = [Observer(name, marked((2, 0))) for name in "ab"]
    found = agreed(single, taxonomy=Taxonomy.of(["nucleus"]))
    assert [quantity.name for quantity in found.quantities] == ["cells"]


def test_an_index_undefined_everywhere_is_reported_as_none() -> None:
    nobody = [Observer(name, marked((0, 0), (0, 0))) for name in "ab"]
    found = agreed(nobody)
    (pair,) = about(found, "Ki-67 index").pairs
    assert (pair.left_out, pair.limits.bias.value) == (2, None)
    assert found.axis.people is not None
    assert found.axis.people.mean_f1 == Spread(None, None, None)
    assert "Ki-67 index: up to 2 regions are left out" in agreement_table(found)


def test_the_order_of_regions_changes_no_figure() -> None:
    people = panel(people=3)
    turned = [Observer(person.name, person.regions[::-1]) for person in people]
    forwards, backwards = agreed(people), agreed(turned)
    assert forwards.people == backwards.people
    assert [pair.confusion for pair in forwards.pairs] == [
        pair.confusion for pair in backwards.pairs
    ]
    for one, other in zip(forwards.quantities, backwards.quantities, strict=True):
        assert one.people is not None
        assert other.people is not None
        assert one.people.agreement.value == pytest.approx(other.people.agreement.value)


def test_all_figures_are_ready_for_json() -> None:
    people = panel(people=3)
    figures = json.loads(
        json.dumps(agreed([*people, as_model(people[1])]).to_dict(), allow_nan=False)
    )
    assert figures["observers"][3] == {"name": "model", "model": True, "cells": people[1].cells}
    assert set(figures["pairs"][0]["f1"]) == {"positive", "negative"}
    assert figures["between_people"]["pairs"] == 3
    assert figures["shared_cells"]["everybody"]["observers"] == 4
    assert figures["quantities"][3]["name"] == "Ki-67 index"
    assert figures["quantities"][0]["pairs"][0]["bias"]["interval"][0] < 0
    assert figures["radius"] == 6


def test_the_table_holds_every_pair_and_says_what_the_figures_mean() -> None:
    text = agreement_table(agreed([*panel(people=2), as_model(panel(people=1)[0])]))
    for words in (
        "a – b",
        "b – model",
        "Fleiss' kappa",
        "ICC(2,1)",
        "Ki-67 index",
        "model less people",
    ):
        assert words in text
    assert "draws of 8 images" in text
    assert "nan" not in text


@pytest.mark.parametrize(
    ("observers", "reason"),
    [
        (panel(people=1), "two observers or more, not 1"),
        ([*panel(people=1), *panel(people=1)], "two observers are called 'a'"),
        ([Observer("a", ()), Observer("b", ())], "nothing to compare"),
        ([as_model(person, person.name) for person in panel(people=2)], "more than one observer"),
        ([Observer("a", marked((1, 1))), Observer("b", marked((1, 1), (1, 1)))], "same regions"),
    ],
)
def test_observers_that_cannot_be_compared_are_refused(
    observers: list[Observer], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        agreed(observers)


def test_patients_that_do_not_fit_the_regions_are_refused() -> None:
    with pytest.raises(InputError, match="8 regions need as many patients, not 1"):
        agreed(panel(), patients=["P"])
