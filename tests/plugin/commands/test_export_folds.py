"""Folds: what is of one patient, or of one place, is never parted."""

import numpy as np
import pytest
import shapely

from patherea_core.errors import DatasetError
from patherea_core.points import Points
from patherea_core.regions import AnnotatedRegion
from plugin.commands.export_folds import folds_of, require_enough
from plugin.commands.export_slides import AnnotatedSlide, OwnRegion
from plugin.dsa.items import SlideItem


def own(name: str, left: float, annotator: str | None = None) -> OwnRegion:
    outline = shapely.box(left, 0, left + 10, 10)
    nobody = Points(np.empty((0, 2)), np.empty(0, dtype=np.int64))
    return OwnRegion(AnnotatedRegion(name, outline, nobody, ()), annotator)


def slide(item: str, patient: str, *regions: OwnRegion, name: str = "s.tif") -> AnnotatedSlide:
    return AnnotatedSlide(SlideItem(item, name, "f"), (), regions, patient, 0.25)


def test_regions_of_two_annotators_that_share_an_area_share_a_fold() -> None:
    regions = [
        *(own(f"anna {row}", 20 * row, "anna") for row in range(4)),
        *(own(f"ben {row}", 20 * row + 3, "ben") for row in range(4)),
        own("eve", 12, "eve"),
    ]
    folds = folds_of([slide("1", "p", *regions)], 2)
    by_name = {place[2]: fold for place, fold in folds.items()}
    assert all(by_name[f"anna {row}"] == by_name[f"ben {row}"] for row in range(4))
    # Eve's region lies across the first two places, which so become one.
    assert by_name["anna 0"] == by_name["eve"] == by_name["anna 1"]
    assert set(folds.values()) == {0, 1}


def test_regions_side_by_side_of_one_annotator_are_not_bound_together() -> None:
    folds = folds_of([slide("1", "p", own("a", 0), own("b", 10))], 2)
    assert set(folds.values()) == {0, 1}


def test_slides_of_one_name_in_two_folders_are_two() -> None:
    sources = [slide("1", "p", own("a", 0)), slide("2", "q", own("a", 0))]
    assert len(folds_of(sources, 2)) == 2


def test_several_patients_are_enough_for_as_many_folds_and_one_for_any() -> None:
    require_enough(["p", "q", "q"], 2)
    require_enough(["p", "q"], None)
    require_enough(["p", "p"], 9)
    with pytest.raises(DatasetError, match="--folds 3 is more than the 2 patients"):
        require_enough(["p", "q", "q"], 3)
