"""The stain of cells, from slide and cells to figures, a table and an annotation for review."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from patherea_core.data.stain import stain_vectors
from patherea_core.errors import InputError, OutputError, TaxonomyError
from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.progress import Silent
from patherea_core.slides import ArraySlide
from plugin.commands import stain_check_files
from plugin.commands.stain_check import StainCheckRequest, checked_stain, run
from plugin.commands.stain_check_files import (
    ANNOTATION,
    REPORT,
    STAINED,
    TABLE,
    UNSTAINED,
    check_annotations,
    check_lines,
    not_shown,
)
from plugin.dsa.annotation_codec import is_detections, is_ours

#: Cells on a grid, every third of them brown; the first two of each kind have the other class.
SIDE, APART = 12, 40
BROWN = np.arange(SIDE * SIDE) % 3 == 0
POSITIVE = BROWN.copy()
POSITIVE[[0, 3, 1, 2]] ^= True
XY = APART * np.stack(np.divmod(np.arange(SIDE * SIDE), SIDE)[::-1], axis=1) + APART / 2.0


def made_request(folder: Path) -> StainCheckRequest:
    """Return what to check: a picture of brown and blue discs, and their classes."""
    y, x = np.mgrid[: SIDE * APART, : SIDE * APART]
    amounts = np.zeros((*y.shape, 2))
    for (column, row), brown in zip(XY, BROWN, strict=True):
        amounts[np.hypot(x - column, y - row) < 9, :] = (0.1, 0.5) if brown else (0.3, 0.0)
    light = 10.0 ** -(amounts @ stain_vectors("H-DAB")[:2])
    Image.fromarray(np.rint(240 * light).astype(np.uint8)).save(folder / "slide.png")
    words = np.where(POSITIVE, "positive", "negative")
    rows = [f"slide,{x},{y},{word}" for (x, y), word in zip(XY, words, strict=True)]
    (folder / "cells.csv").write_text("\n".join(["image,x,y,class", *rows]))
    return StainCheckRequest(
        slide=folder / "slide.png", cells=folder / "cells.csv", out=folder / "out", mpp=0.5
    )


def test_cells_whose_stain_contradicts_their_class_are_listed(tmp_path: Path) -> None:
    request = made_request(tmp_path)
    checked = run(request, Silent())
    assert checked.check.counts.tolist() == [[46, 2], [2, 94]]
    with (request.out / TABLE).open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == SIDE * SIDE
    assert {row["verdict"] for row in rows[:4]} == {"disagrees"}
    assert {row["verdict"] for row in rows[4:]} == {"agrees"}
    places = {(float(row["x"]), float(row["y"])) for row in rows[:4]}
    assert places == {tuple(XY[row]) for row in (0, 1, 2, 3)}
    brown = [float(row["dab"]) for row in rows if row["stain"] == "stained"]
    assert brown == pytest.approx([0.5] * 48, abs=0.05)
    report = json.loads((request.out / REPORT).read_text())
    assert (report["disagreeing"], report["slide"]) == (4, "slide.png")


def test_the_annotation_has_the_same_cells_and_satisfies_the_archive(tmp_path: Path) -> None:
    request = made_request(tmp_path)
    run(request, Silent())
    written = json.loads((request.out / ANNOTATION).read_text())
    groups = [element["group"] for element in written["elements"]]
    assert groups == [UNSTAINED] * 2 + [STAINED] * 2
    assert written["attributes"]["patherea"]["kind"] == "stain check"
    # So that it is neither reviewed as a model's cells nor exported as a person's.
    assert is_ours({"annotation": written})
    assert not is_detections({"annotation": written})
    # The archive's own schema, in a process of its own: it takes long to import and sets up much.
    program = (
        "import json, sys, jsonschema\n"
        "from girder_large_image_annotation.models.annotation import AnnotationSchema\n"
        "jsonschema.validate(json.load(open(sys.argv[1])), AnnotationSchema.annotationSchema)\n"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(request.out / ANNOTATION)], check=True
    )


def test_of_many_cells_the_most_striking_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = run(made_request(tmp_path), Silent())
    monkeypatch.setattr(stain_check_files, "MOST_SHOWN", 1)
    monkeypatch.setattr(stain_check_files, "MOST_PARTS", 3)
    documents = check_annotations(checked, "run")
    assert [document["name"] for document in documents] == [
        f"Stain check, {number} of 3" for number in (1, 2, 3)
    ]
    every = [one for document in documents for one in document["elements"]]
    assert len({one["id"] for one in every}) == len({tuple(one["center"]) for one in every}) == 3
    assert (not_shown(checked), documents[0]["attributes"]["patherea"]["in_no_annotation"]) == (
        1,
        1,
    )
    document = documents[0]
    (one,) = document["elements"]
    ratios = np.log(np.maximum(checked.check.dab, 0.01) / checked.check.threshold.value)
    most = np.abs(ratios[checked.check.disagrees]).max()
    assert abs(np.log(max(one["user"]["dab"], 0.01) / checked.check.threshold.value)) == (
        pytest.approx(most, abs=0.01)
    )
    assert document["description"].startswith("4 of 144")
    assert "the 1. to the 1." in document["description"]
    assert document["description"].endswith("the last 1 are in no annotation")


def test_a_reader_is_told_in_sentences(tmp_path: Path) -> None:
    lines = check_lines(run(made_request(tmp_path), Silent()))
    assert lines[1] == "Positive: 46 stained, 2 not. Negative: 2 stained, 94 not."
    assert "4 cells clearly disagree" in lines[2]


def test_classes_can_have_any_name(tmp_path: Path) -> None:
    request = made_request(tmp_path)
    text = request.cells.read_text().replace("positive", "brown").replace("negative", "blue")
    request.cells.write_text(text)
    with pytest.raises(TaxonomyError, match="say of each"):
        run(request, Silent())
    named = replace(request, by_name={"brown": Kind.POSITIVE, "blue": Kind.NEGATIVE})
    assert run(named, Silent()).check.counts.tolist() == [[46, 2], [2, 94]]


def test_cells_of_another_slide_are_refused(tmp_path: Path) -> None:
    request = made_request(tmp_path)
    request.cells.write_text("image,x,y,class\na,1,1,positive\nb,1,1,negative\n")
    with pytest.raises(InputError, match=r"none of slide\.png"):
        run(request, Silent())


def test_cells_beyond_the_slide_are_refused_with_their_place() -> None:
    slide = ArraySlide("slide", 0.5, np.zeros((10, 10, 3), dtype=np.uint8))
    cells = KindedCells(np.array([[5.0, 5.0], [11.0, 5.0]]), np.array([0, 1]))
    with pytest.raises(InputError, match=r"1 of 2 cells lie outside of slide, the first at \(11.0"):
        checked_stain(slide, cells, Silent())


def test_a_place_that_cannot_be_written_is_told_before_the_slide_is_read(tmp_path: Path) -> None:
    request = replace(made_request(tmp_path), out=tmp_path / "cells.csv")
    with pytest.raises(OutputError, match="cannot be made a folder"):
        run(request, Silent())
