"""Cells shared out among annotations: none is lost or doubled, whatever is wanted apart."""

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.dsa import annotation_encoding
from plugin.dsa.annotation_codec import is_detections
from plugin.outputs import arrangement as arrangement_module
from plugin.outputs.annotation_file import annotation_of, annotation_texts, fits_one_annotation
from plugin.outputs.arrangement import ONE, Arrangement
from plugin.outputs.cell_choice import chosen_cells, reaching
from plugin.outputs.results import Results, SlideCells
from tests.plugin.cell_parts import Shredded, some_cells

TAXONOMY = Taxonomy.of(["positive", "negative", "other"])


def results(found: Detections) -> Results:
    return Results([SlideCells("slide", Shredded(found))], TAXONOMY, "Cells run", "run")


def documents(found: Detections, arrangement: Arrangement) -> list[dict[str, Any]]:
    texts = list(annotation_texts(results(found), arrangement))
    made = [json.loads(b"".join(text.pieces)) for text in texts]
    assert [document["name"] for document in made] == [text.name for text in texts]
    assert [len(document["elements"]) for document in made] == [text.cells for text in texts]
    return made


def marks(*made: dict[str, Any]) -> Counter[tuple[Any, ...]]:
    return Counter(
        (element["group"], *element["center"], element["user"]["p"])
        for document in made
        for element in document["elements"]
    )


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(0, 40),
    per_class=st.booleans(),
    sure_from=st.none() | st.floats(0, 1),
    size=st.integers(3, 50),
)
def test_no_cell_is_lost_or_doubled(
    count: int, per_class: bool, sure_from: float | None, size: int
) -> None:
    found = some_cells(count, class_count=3)
    arrangement = Arrangement(per_class=per_class, sure_from=sure_from)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotation_encoding, "POINTS_PER_ANNOTATION", size)
        made = documents(found, arrangement)
    assert marks(*made) == marks(annotation_of(results(found)))
    assert len({one["name"] for one in made}) == len(made)
    ids = [element["id"] for one in made for element in one["elements"]]
    assert len(set(ids)) == count
    assert all(len(one["elements"]) <= size for one in made)
    assert all(is_detections({"annotation": one}) for one in made)


def test_classes_and_doubtful_cells_come_apart_and_say_so() -> None:
    found = some_cells(60, class_count=3)
    made = documents(found, Arrangement(per_class=True, sure_from=0.6))
    assert [one["name"] for one in made] == [
        f"Cells run, {name}{words}"
        for name in TAXONOMY.names
        for words in (", high confidence", ", low confidence")
    ]
    for one in made:
        (name,) = {element["group"] for element in one["elements"]}
        sure = "low confidence" not in one["name"]
        assert one["name"].split(", ")[1] == name
        assert {element["user"]["p"] >= 0.6 for element in one["elements"]} == {sure}
        assert one["display"] == {"visible": sure}
        assert one["attributes"]["patherea"]["part"] == one["name"].removeprefix("Cells run, ")
        assert one["attributes"]["patherea"]["run"] == "run"


def test_a_class_without_a_cell_gets_no_annotation_but_no_cell_at_all_gets_one() -> None:
    found = some_cells(30, class_count=2)
    apart = Arrangement(per_class=True)
    assert [one["name"] for one in documents(found, apart)] == [
        "Cells run, positive",
        "Cells run, negative",
    ]
    assert [one["name"] for one in documents(Detections.none(), apart)] == ["Cells run"]


def test_more_cells_than_are_shown_at_once_are_hidden_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = some_cells(30, class_count=3)
    monkeypatch.setattr(arrangement_module, "SHOWN_AT_ONCE", 29)
    for arrangement in (ONE, Arrangement(per_class=True)):
        assert {one["display"]["visible"] for one in documents(found, arrangement)} == {False}
    assert annotation_of(results(found))["display"] == {"visible": False}
    monkeypatch.setattr(arrangement_module, "SHOWN_AT_ONCE", 30)
    assert annotation_of(results(found))["display"] == {"visible": True}


@pytest.mark.parametrize(
    ("arrangement", "one"),
    [
        (ONE, True),
        (Arrangement(per_class=True), False),
        (Arrangement(sure_from=0.5), False),
        (Arrangement(density="grid"), False),
        (Arrangement(density="auto"), True),
    ],
)
def test_one_annotation_is_enough_unless_more_is_wanted_or_it_is_too_large(
    arrangement: Arrangement, one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = results(some_cells(9))
    assert fits_one_annotation(found, arrangement) is one
    monkeypatch.setattr(annotation_encoding, "POINTS_PER_ANNOTATION", 8)
    assert not fits_one_annotation(found, arrangement)


def test_density_is_shown_by_itself_where_cells_are_hidden_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, auto = results(some_cells(9)), Arrangement(density="auto")
    assert auto.density_of(9) is None
    monkeypatch.setattr(arrangement_module, "SHOWN_AT_ONCE", 8)
    assert auto.density_of(9) == "heat map"
    assert not fits_one_annotation(found, auto)
    assert fits_one_annotation(found, ONE)
    assert auto.is_one


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_that_is_none_is_refused(score: float) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        Arrangement(sure_from=score)


def test_each_class_has_its_threshold() -> None:
    found, thresholds = some_cells(80, class_count=3), np.array([0.2, 0.9, 0.5])
    chosen = chosen_cells(Shredded(found), reaching(thresholds))
    parts = [part.detections for part in chosen.parts()]
    wanted = [
        row for row in range(len(found)) if found.score[row] >= thresholds[found.class_index[row]]
    ]
    assert len(chosen) == len(wanted) > 10
    assert Detections.concatenate(parts).xy.tolist() == found.xy[wanted].tolist()
