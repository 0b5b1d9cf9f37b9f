"""Suggesting regions of a slide, in a file or in an archive."""

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely

from patherea_core.errors import InputError
from patherea_core.progress import Silent
from plugin.commands.slide_plan import DetectSettings
from plugin.commands.suggest_regions import SuggestRequest, run
from plugin.dsa.annotation_codec import decode
from tests.builders import noise
from tests.plugin.archive import TOKEN, FakeArchive, serving, square
from tests.plugin.bundles import write_model
from tests.plugin.slide_files import write_tiff


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suggest")
    write_model(folder / "model.safetensors")
    write_tiff(folder / "slide.tif", mpp=0.25)
    return folder


@pytest.fixture
def wanted(place: Path, tmp_path: Path) -> SuggestRequest:
    return SuggestRequest(
        model=place / "model.safetensors",
        slide=place / "slide.tif",
        out=tmp_path / "regions.anot",
        report=tmp_path / "regions.json",
        count=4,
        side_um=24,
        settings=DetectSettings(name="Suggested regions", threshold=0.3, everywhere=True),
        device="cpu",
    )


def test_regions_are_of_one_size_apart_and_in_order(wanted: SuggestRequest) -> None:
    found = run(wanted, Silent())
    assert wanted.out is not None
    assert wanted.report is not None
    document = json.loads(wanted.out.read_text())
    outlines = [region.outline for region in decode({"annotation": document}).regions]
    assert [outline.bounds[2] - outline.bounds[0] for outline in outlines] == [96.0] * 4
    assert all(one.intersection(other).area == 0 for one, other in combinations(outlines, 2))
    merit = [element["user"]["merit"] for element in document["elements"]]
    assert merit == sorted(merit, reverse=True)
    assert merit[0] > merit[-1]
    assert found.fields == 12
    report = json.loads(wanted.report.read_text())
    assert [region["merit"] for region in report["regions"]] == merit


def test_the_same_slide_gives_the_same_regions(wanted: SuggestRequest, tmp_path: Path) -> None:
    once = run(wanted, Silent())
    twice = run(replace(wanted, out=tmp_path / "again.anot"), Silent())
    assert once.found == twice.found


def test_only_fields_in_the_region_are_suggested(wanted: SuggestRequest) -> None:
    region = shapely.box(96, 96, 192, 192)
    settings = replace(wanted.settings, region=region)
    found = run(replace(wanted, settings=settings), Silent())
    assert found.fields <= 4
    with pytest.raises(InputError, match="into which a field"):
        run(replace(wanted, side_um=1000), Silent())


def test_labelled_parts_of_a_slide_in_the_archive_are_left_out(
    wanted: SuggestRequest, place: Path
) -> None:
    archive = FakeArchive()
    item = archive.add_slide("slide.tif", (place / "slide.tif").read_bytes(), (400, 300))
    archive.annotate(item, square(0, 0, 200))
    crossed = {"type": "polyline", "closed": True, "points": [[0, 0, 0]] * 4}
    archive.annotate(item, crossed, name="crossed")
    earlier = archive.annotate(item, square(0, 0, 400), name="suggested before")
    ours = {"kind": "suggested regions"}
    archive.annotations[earlier]["annotation"]["attributes"] = {"patherea": ours}
    with serving(archive):
        request = replace(
            wanted, slide=None, out=None, api_url=archive.address, token=TOKEN, item_id=item
        )
        found = run(request, Silent())
        ((_, document),) = archive.posted
        assert found.taken > 0
        outlines = [region.outline for region in decode({"annotation": document}).regions]
        assert all(one.intersection(shapely.box(0, 0, 200, 200)).area == 0 for one in outlines)
        archive.annotate(item, square(0, 0, 400), name="all of it")
        with pytest.raises(InputError, match="has labels already"):
            run(request, Silent())


def test_glass_is_not_suggested_however_small_the_slide(
    wanted: SuggestRequest, tmp_path: Path
) -> None:
    pixels = np.full((800, 1600, 3), 240, dtype=np.uint8)
    pixels[:, :500] = write_tiff(tmp_path / "tissue.tif", noise(500, 800)) // 2
    write_tiff(tmp_path / "half.tif", pixels, mpp=0.25)
    half = replace(wanted, slide=tmp_path / "half.tif", count=1000)
    everything = run(half, Silent())
    seen = run(replace(half, settings=replace(half.settings, everywhere=False)), Silent())
    rightmost = [max(one.box.right for one in found.found) for found in (seen, everything)]
    assert rightmost[0] < rightmost[1] * 0.7
    assert {one.box for one in seen.found} < {one.box for one in everything.found}


def test_a_slide_of_glass_has_nothing_to_suggest(wanted: SuggestRequest, tmp_path: Path) -> None:
    write_tiff(tmp_path / "glass.tif", np.full((400, 400, 3), 240, dtype=np.uint8), mpp=0.25)
    settings = replace(wanted.settings, everywhere=False)
    with pytest.raises(InputError, match=r"shows no tissue there.*--everywhere"):
        run(replace(wanted, slide=tmp_path / "glass.tif", settings=settings), Silent())


@pytest.mark.parametrize("name", ["s.csv", "s", "s.anot.gz"])
def test_a_file_whose_ending_is_no_annotations_is_refused(
    wanted: SuggestRequest, name: str
) -> None:
    with pytest.raises(InputError, match=r"must end in one of \.anot, \.json"):
        replace(wanted, out=Path(name))


def test_what_cannot_be_is_refused(wanted: SuggestRequest) -> None:
    with pytest.raises(InputError, match="--out"):
        replace(wanted, out=None)
    for wrong in ({"count": 0}, {"side_um": 0.0}):
        with pytest.raises(InputError, match="at least one region"):
            replace(wanted, **wrong)
