"""From cells and what a person says of them to the figures of a slide."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.index.correction import corrected
from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.index.samples import CountingRegion
from patherea_core.seeding import Seed
from plugin.index.classes import ClassChoice, counted_classes
from plugin.index.counting import CellsOfSlide, CountSettings, count
from plugin.index.known_errors import read_known_errors
from plugin.index.methods import METHODS, method_named, window_named
from plugin.index.regions import DrawnRegion, counting_regions, weight_named

BOX = shapely.box(0, 0, 10, 10)


def cells(number: int = 800, share: float = 0.2, side: float = 1000.0) -> KindedCells:
    random = np.random.default_rng(number)
    kind = np.where(random.random(number) < share, Kind.POSITIVE, Kind.NEGATIVE)
    return KindedCells(random.uniform(0, side, (number, 2)), kind)


def regions(**weights: float) -> tuple[CountingRegion, ...]:
    edges = [(0, 0), (500, 0), (0, 500), (500, 500)]
    drawn = [
        DrawnRegion(shapely.box(x, y, x + 500, y + 500), group="low" if row < 2 else "high")
        for row, (x, y) in enumerate(edges)
    ]
    return counting_regions(drawn, weights)


# Classes


def test_the_usual_names_are_known_however_they_are_written() -> None:
    found = counted_classes(["Other_Positive", "NEGATIVE", "positive", "normal"], ClassChoice())
    assert [kind.name for kind in found.kinds.of_class] == [
        *("NOT_COUNTED", "NEGATIVE", "POSITIVE", "NOT_COUNTED")
    ]


def test_cells_of_one_kind_alone_are_no_fault() -> None:
    found = counted_classes(["negative"], ClassChoice())
    assert set(found.kinds.of_class) == {Kind.NEGATIVE, Kind.POSITIVE}
    said = counted_classes(["positive"], ClassChoice(not_counted=("positive",)))
    assert set(said.kinds.of_class) == set(Kind)


def test_what_is_said_goes_before_a_name_and_a_slip_is_told() -> None:
    found = counted_classes(["positive", "Tumor"], ClassChoice(("Tumor",), (), ("positive",)))
    assert found.by_name["Tumor"] == Kind.POSITIVE
    assert found.by_name["positive"] == Kind.NOT_COUNTED
    assert counted_classes(["positive"], ClassChoice(("Tumr",))).absent == ("Tumr",)


def test_a_class_that_nobody_explained_is_refused_with_the_way_to_explain_it() -> None:
    with pytest.raises(TaxonomyError, match="'Tumor' is; say it with --positive, --negative"):
        counted_classes(["positive", "Tumor"], ClassChoice())
    with pytest.raises(TaxonomyError, match="'a' is given twice"):
        ClassChoice(("a",), ("a",))


# Regions and weights


def test_regions_of_one_name_get_numbers_and_share_the_weight_of_their_group() -> None:
    found = regions(low=0.3, high=0.1)
    assert [one.name for one in found] == ["low 1", "low 2", "high 1", "high 2"]
    assert [one.weight for one in found] == pytest.approx([0.15, 0.15, 0.05, 0.05])


def test_a_name_that_would_stand_twice_stands_once() -> None:
    drawn = [DrawnRegion(BOX, "a"), DrawnRegion(BOX, "a"), DrawnRegion(BOX, "a 1")]
    names = [one.name for one in counting_regions(drawn, {})]
    assert len(set(names)) == 3


def test_a_weight_of_no_region_and_no_number_are_refused() -> None:
    with pytest.raises(InputError, match="names 'medium', but the regions are: 'low 1'"):
        regions(medium=1)
    for text in ("low", "low=", "=1", "low=0", "low=nan", "low=-1"):
        with pytest.raises(InputError, match="a weight is"):
            weight_named(text)
    assert weight_named("a=b=0.5") == ("a=b", 0.5)


@pytest.mark.parametrize("text", ["2", "2 mm", "0.5cells", "many"])
def test_a_window_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="hotspot"):
        window_named(text)


# Figures


@settings(max_examples=12, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_regions_moves_no_pooled_figure(order: list[int]) -> None:
    own = regions()
    slide = CellsOfSlide("s", cells(300), own)
    moved = replace(slide, regions=tuple(own[row] for row in order))
    one, other = (count("s", [each], CountSettings()) for each in (slide, moved))
    assert one.headline.counted.value == other.headline.counted.value
    assert one.headline.counted.tally == other.headline.counted.tally
    assert len(one.regions) == 4


def test_the_weighted_index_is_the_weighted_mean_of_the_regions() -> None:
    slide = CellsOfSlide("s", cells(), regions(low=0.3, high=0.1))
    found = count("s", [slide], CountSettings(method=METHODS["weighted"]))
    shares = [one.counted.value or 0 for one in found.regions]
    assert found.headline.counted.value == pytest.approx(
        np.average(shares, weights=[0.15, 0.15, 0.05, 0.05])
    )
    assert not found.lacks
    with pytest.raises(InputError, match="give the share of each with --weight"):
        count("s", [replace(slide, regions=())], CountSettings(method=METHODS["weighted"]))


def test_overlapping_regions_count_a_cell_once_and_say_so() -> None:
    slide = CellsOfSlide(
        "s", cells(), (CountingRegion("a", shapely.box(0, 0, 1e3, 1e3)), *regions())
    )
    found = count("s", [slide], CountSettings())
    assert found.whole.counted.tally.tumour == 800
    assert any("Regions overlap: 800 cells" in note for note in found.notes)


def test_cells_outside_of_the_regions_take_no_part_in_hotspots_either() -> None:
    slide = CellsOfSlide("s", cells(), regions()[:1], mpp=1.0)
    found = count("s", [slide], CountSettings(window=window_named("50cells"), hotspots=2))
    assert found.hotspots is not None
    assert found.outside == 800 - found.whole.counted.tally.tumour
    assert all(spot.left < 500 and spot.top < 500 for spot in found.hotspots.found)


def test_the_headline_of_a_hotspot_method_is_the_first_hotspot() -> None:
    slide = CellsOfSlide("s", cells(2000), mpp=1.0)
    found = count("s", [slide], CountSettings(method=METHODS["hotspot"]))
    assert found.is_hotspot
    assert found.headline is found.spots[0]
    assert (found.headline.counted.value or 0) >= (found.whole.counted.value or 1)


def test_too_few_cells_for_a_hotspot_leave_the_index_of_all_with_the_reason() -> None:
    slide = CellsOfSlide("s", cells(60), mpp=1.0)
    found = count("s", [slide], CountSettings(method=METHODS["net"]))
    assert found.headline is found.whole
    assert found.headline.counted.few_cells
    assert found.lacks[0].startswith("there is no hotspot")
    assert any("asks for at least 500; count 440 more" in lack for lack in found.lacks)


def test_without_a_tumour_cell_everything_is_undefined_and_nothing_is_0() -> None:
    other = KindedCells(np.ones((3, 2)), np.full(3, Kind.NOT_COUNTED))
    found = count("s", [CellsOfSlide("s", other, mpp=1.0)], CountSettings())
    assert found.headline.counted.value is None
    assert found.grades is None
    assert found.more is None


def test_regions_without_a_tumour_cell_are_named_in_one_note() -> None:
    empty = [
        CountingRegion(f"r{row}", shapely.box(2000 + row, 0, 2001 + row, 1)) for row in range(6)
    ]
    found = count(
        "s", [CellsOfSlide("s", cells(), (*regions(), *empty))], CountSettings(hotspots=0)
    )
    (note,) = found.notes
    assert note.endswith("r0, r1, r2, r3 and 2 more.")
    assert found.regions[-1].counted.value is None


def test_a_hotspot_needs_the_size_of_the_pixels_and_one_slide() -> None:
    slide, wanted = CellsOfSlide("s", cells()), CountSettings(method=method_named("hotspot"))
    with pytest.raises(InputError, match="give --mpp"):
        count("s", [slide], wanted)
    with pytest.raises(InputError, match="choose it with --image"):
        count("s", [slide, slide], wanted)
    with pytest.raises(InputError, match="there is no method 'best'"):
        method_named("best")


def test_several_slides_are_one_patient_and_each_has_its_index() -> None:
    slides = [CellsOfSlide(name, cells(number)) for name, number in (("a", 300), ("b", 500))]
    found = count("patient", slides, CountSettings())
    assert [one.counted.name for one in found.regions] == ["a", "b"]
    assert found.whole.counted.tally.tumour == 800


def test_hotspots_that_were_not_sought_are_told_with_the_reason() -> None:
    slide = CellsOfSlide("s", cells())
    (note,) = count("s", [slide], CountSettings()).notes
    assert note.startswith("No hotspot is shown: ")
    assert note.endswith("give --mpp.")
    (note,) = count("s", [replace(slide, mpp=0.5)] * 2, CountSettings()).notes
    assert note.endswith("these are 2; choose it with --image.")
    assert not count("s", [slide], CountSettings(hotspots=0)).notes


def test_regions_that_hold_no_cell_at_all_are_refused_but_a_slide_without_cells_is_not() -> None:
    far = (CountingRegion("far", shapely.box(1e5, 1e5, 2e5, 2e5)),)
    with pytest.raises(InputError, match="hold none of the 800 cells"):
        count("s", [CellsOfSlide("s", cells(), far)], CountSettings())
    none = KindedCells(np.empty((0, 2)), np.empty(0, dtype=np.int64))
    assert count("s", [CellsOfSlide("s", none, far)], CountSettings()).whole.counted.value is None


# Errors of the model


def evaluation(path: Path, matrix: list[list[Any]], names: tuple[str, ...]) -> Path:
    rows = [*names, "no cell"]
    path.write_text(json.dumps({"confusion": {"rows": rows, "cells": matrix}}))
    return path


def test_the_correction_is_that_of_the_science_and_the_raw_index_stays(tmp_path: Path) -> None:
    matrix = [[90, 5, 5], [10, 180, 10], [2, 4, 0]]
    path = evaluation(tmp_path / "e.json", matrix, ("positive", "negative"))
    known = read_known_errors([path, path], ClassChoice())
    assert known is not None
    assert (len(known.errors.groups), known.cells) == (2, 600)
    slide = CellsOfSlide("s", cells())
    found = count("s", [slide], CountSettings(), known.errors)
    wanted = corrected(found.whole.counted, known.errors, Seed(0))
    assert found.headline.corrected is not None
    assert found.headline.corrected.value == wanted.value
    assert found.headline.counted.value == count("s", [slide], CountSettings()).whole.counted.value


def test_one_evaluation_of_many_patients_serves_as_one_of_each(tmp_path: Path) -> None:
    each = [[[80 + row, 9, 5], [row, 180, 10], [2, 4, 0]] for row in range(9)]
    names = ("positive", "negative")
    apart = [evaluation(tmp_path / f"{row}.json", matrix, names) for row, matrix in enumerate(each)]
    whole = evaluation(tmp_path / "e.json", np.sum(each, axis=0).tolist(), names)
    content = json.loads(whole.read_text())
    patients = [{"patient": f"p{row}", "cells": matrix} for row, matrix in enumerate(each)]
    content["confusion"]["patients"] = patients
    told = tmp_path / "told.json"
    told.write_text(json.dumps(content))
    groups = []
    for paths in (apart, [told]):
        known = read_known_errors(paths, ClassChoice())
        assert known is not None
        groups.append(known.errors.groups.tolist())
    assert groups[0] == groups[1]
    old = read_known_errors([whole], ClassChoice())
    assert old is not None
    assert old.errors.groups.tolist() == np.sum(groups[1], axis=0)[np.newaxis].tolist()
    content["confusion"]["patients"] = patients[1:]
    told.write_text(json.dumps(content))
    with pytest.raises(InputError, match="is no report of an evaluation"):
        read_known_errors([told], ClassChoice())


def test_a_model_that_cannot_tell_the_kinds_apart_leaves_the_raw_index(tmp_path: Path) -> None:
    path = evaluation(
        tmp_path / "e.json", [[5, 5, 0], [5, 5, 0], [0, 0, 0]], ("positive", "negative")
    )
    known = read_known_errors([path], ClassChoice())
    assert known is not None
    found = count("s", [CellsOfSlide("s", cells())], CountSettings(), known.errors).headline
    assert found.corrected is not None
    assert found.corrected.refused_because
    assert found.best is found.counted


@pytest.mark.parametrize(
    "matrix", [[[1.5, 0], [0, 0]], [[1, -1], [0, 0]], [[1, 0]], "x", [], [[1, 2, 3]] * 3]
)
def test_what_is_no_evaluation_is_refused(tmp_path: Path, matrix: Any) -> None:  # noqa: ANN401
    path = evaluation(tmp_path / "e.json", matrix, ("positive",))
    with pytest.raises(InputError, match="is no report of an evaluation; give the JSON"):
        read_known_errors([path], ClassChoice())
