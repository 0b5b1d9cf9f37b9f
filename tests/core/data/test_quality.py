"""An inspection names what is wrong with a dataset, and stays silent about a sound one."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from patherea_core.data.finding import Finding, Inspection, by_gravity
from patherea_core.data.nuclei import Nucleus
from patherea_core.data.quality import inspect
from patherea_core.data.sample import Sample
from patherea_core.data.scale_checks import scale_findings
from patherea_core.errors import Cancelled, DatasetError
from patherea_core.geometry import Floats
from patherea_core.points import Points
from patherea_core.progress import Silent
from tests.builders import sample, square, write_dataset
from tests.core.data.tissue import grid, tissue

SIZE = (200, 160)
XY = grid(*SIZE, 28)


def labelled_tissue(
    name: str, *, nuclei: Floats = XY, points: Floats = XY, diameter: float = 14.0, patient: int = 0
) -> Sample:
    """Return a sample of made-up tissue in which some nuclei have a point."""
    classes = np.arange(len(points)) % 2
    made = sample(Points(points, classes), name=name, size=SIZE, fold=patient % 2)
    record = made.record.model_copy(update={"patient": f"p{patient}"})
    return replace(made, pixels=tissue(nuclei, SIZE, diameter=diameter), record=record)


def sound() -> list[Sample]:
    """Return five samples of five patients in two folds, with nothing wrong."""
    return [labelled_tissue(f"s{row}", patient=row) for row in range(5)]


def inspected(folder: Path, samples: list[Sample], *, mpp: float = 0.5) -> Inspection:
    write_dataset(folder, samples, mpp=mpp, folds=2)
    return inspect(folder, Silent())


def checks(inspection: Inspection) -> list[tuple[str, str, str | None]]:
    return [(found.check, found.grade, found.sample) for found in inspection.findings]


def test_a_sound_dataset_has_no_findings(tmp_path: Path) -> None:
    inspection = inspected(tmp_path / "d", sound())
    assert checks(inspection) == []
    assert (inspection.samples, inspection.patients, inspection.folds) == (5, 5, ("0", "1"))
    assert inspection.points == {"positive": 90, "negative": 85}
    assert inspection.neighbour_um == 14
    assert inspection.nucleus_um == pytest.approx(7, rel=0.2)


def test_nuclei_without_a_point_are_found_in_their_sample(tmp_path: Path) -> None:
    partly = labelled_tissue("s0", points=XY[::2])
    inspection = inspected(tmp_path / "d", [partly, *sound()[1:]])
    assert checks(inspection) == [("unlabelled", "warning", "s0")]
    (finding,) = inspection.findings
    missing = {tuple(xy) for xy in np.round(XY[1::2])}
    found = {(round(place.x), round(place.y)) for place in finding.places}
    assert finding.count >= len(missing) // 2
    assert {
        min(missing, key=lambda xy: np.hypot(xy[0] - x, xy[1] - y)) for x, y in found
    } <= missing


def test_an_image_without_a_point_is_measured_by_the_others(tmp_path: Path) -> None:
    bare = labelled_tissue("s0", points=np.empty((0, 2)))
    inspection = inspected(tmp_path / "d", [bare, *sound()[1:]])
    assert checks(inspection) == [("unlabelled", "warning", "s0"), ("empty", "note", "s0")]


def test_an_image_without_nuclei_or_points_is_only_noted(tmp_path: Path) -> None:
    empty = labelled_tissue("s0", nuclei=np.empty((0, 2)), points=np.empty((0, 2)))
    inspection = inspected(tmp_path / "d", [empty, *sound()[1:]])
    assert checks(inspection) == [("empty", "note", "s0")]


def test_what_lies_outside_of_the_labelled_area_need_not_be_labelled(tmp_path: Path) -> None:
    left = XY[XY[:, 0] < 110]
    partly = replace(labelled_tissue("s0", points=left), labelled=square(0, 0, 110))
    inside = left[left[:, 1] < 110]
    partly = replace(
        partly,
        points=Points(inside, np.arange(len(inside)) % 2),
        element_ids=tuple(f"e{row}" for row in range(len(inside))),
        record=partly.record.model_copy(update={"points": len(inside)}),
    )
    assert checks(inspected(tmp_path / "d", [partly, *sound()[1:]])) == []


def test_an_image_of_another_pixel_size_stands_out(tmp_path: Path) -> None:
    other = labelled_tissue("s0", nuclei=grid(*SIZE, 50), points=grid(*SIZE, 50), diameter=25)
    assert checks(inspected(tmp_path / "d", [other, *sound()[1:]])) == [("mpp", "warning", "s0")]


def test_a_pixel_size_that_cannot_be_is_told(tmp_path: Path) -> None:
    inspection = inspected(tmp_path / "d", sound(), mpp=2.0)
    assert ("mpp", "warning", None) in checks(inspection)
    assert "at 2 µm per pixel" in inspection.findings[0].message


@pytest.mark.parametrize(
    ("diameter", "neighbour", "told"),
    [
        (5.5, 8.8, False),
        (3.4, 4.4, True),
        (10.6, 17.6, True),
        (3.4, 8.8, False),
        (5.5, 30.0, False),
        (3.4, 30.0, False),
        (2.5, 8.8, True),
        (5.5, 3.0, True),
        (5.5, None, False),
        (None, None, False),
        (12.0, None, True),
    ],
)
def test_size_and_distance_of_nuclei_are_weighed_together(
    diameter: float | None, neighbour: float | None, *, told: bool
) -> None:
    nucleus = None if diameter is None else Nucleus(diameter, 0.1)
    assert bool(scale_findings(0.5, nucleus, neighbour)) == told


def test_broken_and_changed_files_are_errors_and_the_rest_is_inspected(tmp_path: Path) -> None:
    write_dataset(tmp_path / "d", sound(), folds=2)
    (tmp_path / "d" / "images" / "s0.png").write_bytes(b"no image")
    table = tmp_path / "d" / "points" / "s1.csv"
    table.write_text(table.read_text().replace("negative", "negativ"))
    moved = tmp_path / "d" / "points" / "s2.csv"
    moved.write_text(moved.read_text().replace("14.0", "14.5"))
    inspection = inspect(tmp_path / "d", Silent())
    messages = {found.sample: found.message for found in inspection.findings}
    assert set(checks(inspection)) >= {("broken", "error", f"s{row}") for row in range(3)}
    assert "is no image" in messages["s0"]
    assert "'negativ' is unknown" in messages["s1"]
    assert "changed" in messages["s2"]
    assert sum(inspection.points.values()) == 2 * len(XY)


def test_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no dataset"):
        inspect(tmp_path, Silent())


def test_a_request_to_stop_passes(tmp_path: Path) -> None:
    class Impatient:
        def advance(self, fraction: float, message: str = "") -> None:
            raise Cancelled(f"{fraction} {message}")

    write_dataset(tmp_path / "d", sound(), folds=2)
    with pytest.raises(Cancelled):
        inspect(tmp_path / "d", Impatient())


def test_the_gravest_and_most_numerous_come_first() -> None:
    found = [
        Finding(check="b", grade="note", message="", remedy=""),
        Finding(check="b", grade="error", message="", remedy="", count=1),
        Finding(check="a", grade="warning", message="", remedy=""),
        Finding(check="b", grade="error", message="", remedy="", count=7),
    ]
    ordered = by_gravity(found)
    assert [(one.grade, one.count) for one in ordered] == [
        ("error", 7),
        ("error", 1),
        ("warning", 1),
        ("note", 1),
    ]


def test_an_inspection_becomes_json(tmp_path: Path) -> None:
    report = inspected(tmp_path / "d", [labelled_tissue("s0", points=XY[::2]), *sound()[1:]])
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["counts"] == {"error": 0, "warning": 1, "note": 0}
    assert told["findings"][0]["sample"] == "s0"
    assert set(told["findings"][0]["places"][0]) == {"x", "y"}
