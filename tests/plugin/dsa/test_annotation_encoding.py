"""Annotations as they are written: what is written is read back, and the archive takes it in quickly."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.dsa import annotation_encoding
from plugin.dsa.annotation_codec import decode_detections, is_detections
from plugin.dsa.annotation_encoding import AnnotationHead, element_id, encode
from tests.plugin.cell_parts import Shredded, some_cells

TAXONOMY = Taxonomy.of(["positive", 'negative "tumour"', "übrige"])


def encoded(detections: Detections) -> dict[str, Any]:
    return encode(detections, TAXONOMY, name="Zellen", run_id="run", attributes={"mpp": 0.25})


def slowly_encoded(detections: Detections) -> dict[str, Any]:
    """Return the same annotation, made one point at a time."""
    rows = detections.take(np.argsort(detections.class_index, kind="stable"))
    elements = []
    for row, (x, y) in enumerate(rows.xy.tolist()):
        cell_class = TAXONOMY.classes[rows.class_index[row]]
        elements.append(
            {
                "type": "point",
                "id": element_id("run", row),
                "center": [round(x, 1), round(y, 1), 0],
                "group": cell_class.name,
                "label": {"value": cell_class.name},
                "lineColor": cell_class.color,
                "lineWidth": 2,
                "fillColor": f"{cell_class.color}1a",
                "user": {"p": round(float(rows.score[row]), 4), "c": cell_class.name},
            }
        )
    ours = {"kind": "detections", "run": "run", "classes": list(TAXONOMY.names), "mpp": 0.25}
    return {
        "name": "Zellen",
        "description": "",
        "display": {"visible": True},
        "attributes": {"patherea": ours},
        "elements": elements,
    }


@st.composite
def some_detections(draw: st.DrawFn) -> Detections:
    """Detections at tenths of a pixel, with scores of four digits."""
    count = draw(st.integers(0, 30))
    position = st.integers(-100, 10_000_000).map(lambda value: value / 10)
    xy = draw(st.lists(st.tuples(position, position), min_size=count, max_size=count))
    classes = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    scores = draw(st.lists(st.integers(0, 10_000), min_size=count, max_size=count))
    return Detections(
        np.array(xy, dtype=float).reshape(-1, 2),
        np.array(classes, dtype=np.int64),
        np.array(scores, dtype=float) / 10_000,
    )


@settings(deadline=None, max_examples=50)
@given(some_detections())
def test_columns_of_text_are_what_one_point_at_a_time_gives(detections: Detections) -> None:
    written, slow = encoded(detections), slowly_encoded(detections)
    assert written == slow
    assert [list(element) for element in written["elements"]] == [
        list(element) for element in slow["elements"]
    ]


@settings(deadline=None, max_examples=50)
@given(some_detections())
def test_what_is_written_is_read_back(detections: Detections) -> None:
    found = decode_detections({"annotation": encoded(detections)}, TAXONOMY)
    wanted = detections.take(np.argsort(detections.class_index, kind="stable"))
    assert found.xy.tolist() == wanted.xy.tolist()
    assert found.class_index.tolist() == wanted.class_index.tolist()
    assert found.score.tolist() == wanted.score.tolist()


def test_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    detections = some_cells(40, class_count=3)
    whole = encoded(detections)
    monkeypatch.setattr(annotation_encoding, "ROWS", 6)
    head = AnnotationHead("Zellen", "run", {"mpp": 0.25})
    pieces = list(annotation_encoding.encoded(Shredded(detections), TAXONOMY, head))
    assert len(pieces) > 8
    assert b"".join(pieces).isascii()
    assert json.loads(b"".join(pieces)) == whole


def test_points_are_sorted_by_class_and_each_value_is_of_the_same_kind() -> None:
    found = some_cells(200, class_count=3)
    found = found.moved_to(np.where(found.xy > 500, np.rint(found.xy), found.xy))
    elements = encoded(found)["elements"]
    order = [TAXONOMY.index(element["group"]) for element in elements]
    assert order == sorted(order)
    assert len({tuple(element) for element in elements}) == 1
    # The archive skips the check of a point only if its numbers are of the kinds of the one before.
    assert {tuple(type(number) for number in element["center"]) for element in elements} == {
        (float, float, int)
    }


def test_the_same_run_gives_the_same_ids_and_another_run_gives_others() -> None:
    ids = {element_id(run, row) for run in ("run", "other") for row in range(300)}
    assert len(ids) == 600
    assert element_id("run", 5) == element_id("run", 5)
    assert all(len(one) == 24 and set(one) <= set("0123456789abcdef") for one in ids)


def test_an_annotation_is_one_bare_object_with_the_known_keys() -> None:
    written = encoded(Detections.none())
    assert set(written) == {"name", "description", "display", "attributes", "elements"}
    assert is_detections({"annotation": written})


def test_no_key_of_the_attributes_has_a_dot_and_no_number_is_undefined() -> None:
    written = encode(
        Detections.none(),
        TAXONOMY,
        name="Cells",
        run_id="run",
        attributes={"model": {"a.b": [float("nan"), 1.5, {"$c": 2}]}},
    )
    ours = written["attributes"]["patherea"]
    assert ours["model"] == {"a_b": [None, 1.5, {"_c": 2}]}


def test_large_image_accepts_what_is_written_and_skips_most_of_its_checks() -> None:
    pytest.importorskip("girder_large_image_annotation")
    detections = some_cells(200, class_count=3)
    # In a process of its own, for the archive's server is imported with the schema.
    code = (
        "import json, sys, jsonschema\n"
        "from girder_large_image_annotation.models.annotation import Annotation, AnnotationSchema\n"
        "written = json.load(sys.stdin)\n"
        "jsonschema.validate(written, AnnotationSchema.annotationSchema)\n"
        "like = Annotation.__dict__['_similarElementStructure']\n"
        "class Checker:\n"
        "    idRegex, numberInstance = Annotation.idRegex, Annotation.numberInstance\n"
        "    _similarElementStructure = like\n"
        "elements = written['elements']\n"
        "print(sum(not Checker()._similarElementStructure(one, other)\n"
        "          for one, other in zip(elements, elements[1:])))\n"
    )
    checked = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(encoded(detections)),
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr[-2000:]
    assert int(checked.stdout) == 2  # where the class changes
