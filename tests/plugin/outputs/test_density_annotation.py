"""Maps of the density as annotations: they count every cell once, and the archive takes them in."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from patherea_core.cells import CellsInMemory
from patherea_core.errors import InputError
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import is_detections, is_ours
from plugin.outputs import density_annotation
from plugin.outputs.arrangement import ONE, Arrangement, DensityForm
from plugin.outputs.density_annotation import density_texts
from plugin.outputs.results import Results, SlideCells, SlideFrame
from tests.plugin.cell_parts import some_cells

TAXONOMY = Taxonomy.of(["positive", "negative", "absent"])
FORMS: tuple[DensityForm, ...] = ("heat map", "grid")


def results(found: Detections, frame: SlideFrame | None) -> Results:
    cells = SlideCells("slide", CellsInMemory(found), frame)
    return Results([cells], TAXONOMY, "Cells run", "run")


def maps(
    found: Detections, arrangement: Arrangement, frame: SlideFrame | None = None
) -> list[dict[str, Any]]:
    frame = frame or SlideFrame(5000, 4000, 0.25)
    texts = list(density_texts(results(found, frame), arrangement))
    made = [json.loads(b"".join(text.pieces)) for text in texts]
    assert [one["name"] for one in made] == [text.name for text in texts]
    return made


def squares(document: dict[str, Any]) -> list[tuple[float, float, float]]:
    """Return the middle of each square and its density."""
    elements = document["elements"]
    if elements[0]["type"] == "heatmap":
        return [(x, y, density) for x, y, _, density in elements[0]["points"]]
    return [(*one["center"][:2], one["user"]["density"]) for one in elements]


def cells_in(document: dict[str, Any]) -> float:
    area = (document["attributes"]["patherea"]["square_um"] / 1000) ** 2
    return float(area * sum(density for _, _, density in squares(document)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("most", [10_000, 40, 3])
def test_the_squares_hold_every_cell_however_large_they_are(
    form: DensityForm, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(density_annotation, "_MOST", {form: most})
    found = some_cells(700, side=4000)
    (made,) = maps(found, Arrangement(density=form))
    assert len(squares(made)) <= most
    assert cells_in(made) == pytest.approx(700, rel=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_a_square_lies_where_its_cells_are(form: DensityForm) -> None:
    near = some_cells(5, side=100)
    found = near.moved_to(near.xy + np.array([2048, 1280]))
    (made,) = maps(found, Arrangement(density=form))
    # 64 µm are 256 pixels.
    (square,) = squares(made)
    assert square == pytest.approx((2048 + 128, 1280 + 128, 5 / 0.064**2), abs=0.1)


@pytest.mark.parametrize("form", FORMS)
def test_classes_apart_have_maps_apart_and_a_class_without_a_cell_has_none(
    form: DensityForm,
) -> None:
    found = some_cells(300)
    made = maps(found, Arrangement(density=form, per_class=True))
    assert [one["name"] for one in made] == [
        *("Density run", "Density run, positive", "Density run, negative")
    ]
    assert [one["display"]["visible"] for one in made] == [True, False, False]
    counts = [300, *(int((found.class_index == row).sum()) for row in range(2))]
    assert [cells_in(one) for one in made] == pytest.approx(counts, rel=1e-3)
    ids = [element["id"] for one in made for element in one["elements"]]
    assert len(set(ids)) == len(ids)


def test_the_densest_square_has_the_last_colour() -> None:
    (made,) = maps(some_cells(900), Arrangement(density="grid"))
    densest = max(made["elements"], key=lambda one: one["user"]["density"])
    assert densest["fillColor"] == "#d7191cb0"
    assert float(densest["label"]["value"].removesuffix(" per mm2")) == pytest.approx(
        densest["user"]["density"], abs=1
    )


def test_nothing_is_drawn_where_nothing_is_wanted_or_found() -> None:
    assert maps(some_cells(5), ONE) == []
    assert maps(Detections.none(), Arrangement(density="heat map")) == []


def test_a_map_is_ours_but_holds_no_detections() -> None:
    (made,) = maps(some_cells(50), Arrangement(density="heat map"))
    assert is_ours({"annotation": made})
    assert not is_detections({"annotation": made})


def test_a_map_needs_to_know_how_large_the_slide_is() -> None:
    unknown = results(some_cells(5), None)
    with pytest.raises(InputError, match="a density map needs to know how large"):
        list(density_texts(unknown, Arrangement(density="grid")))


def test_large_image_accepts_both_forms() -> None:
    pytest.importorskip("girder_large_image_annotation")
    made = [maps(some_cells(90), Arrangement(density=form))[0] for form in FORMS]
    # In a process of its own, for the archive's server is imported with the schema.
    code = (
        "import json, sys, jsonschema\n"
        "from girder_large_image_annotation.models.annotation import AnnotationSchema\n"
        "for written in json.load(sys.stdin):\n"
        "    jsonschema.validate(written, AnnotationSchema.annotationSchema)\n"
    )
    checked = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(made),
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr[-2000:]
