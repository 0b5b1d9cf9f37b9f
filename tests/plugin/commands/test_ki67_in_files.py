"""The Ki-67 index of files of cells, and the pages of it."""

import json
from pathlib import Path

import pytest
import shapely
from shapely.geometry import mapping

from patherea_core.errors import InputError
from patherea_core.progress import Silent
from plugin.commands.ki67_in_files import Ki67InFilesRequest, run
from plugin.commands.ki67_outputs import Ki67Outputs
from plugin.commands.stain_check import run as check_stain
from plugin.index.counting import CountSettings
from plugin.index.methods import METHODS
from plugin.shell import main
from tests.plugin.commands.test_stain_check import made_request


def write_cells(path: Path, *images: str, each: int = 30) -> Path:
    rows = [
        f"{image},{5 * row},{10 * (row % 7)},{'positive' if row % 3 == 0 else 'negative'}"
        for image in images
        for row in range(each)
    ]
    path.write_text("\n".join(["image,x,y,class", *rows]) + "\n")
    return path


def write_regions(path: Path, *images: str) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"image": image},
            "geometry": mapping(shapely.box(0, 0, side, 100)),
        }
        for image in images
        for side in (40, 100)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_all_images_of_a_file_are_one_patient_and_one_can_be_chosen(tmp_path: Path) -> None:
    path = write_cells(tmp_path / "c.csv", "a", "b")
    both = run(Ki67InFilesRequest(cells=path), Silent()).count
    assert both.whole.counted.tally.tumour == 60
    one = run(Ki67InFilesRequest(cells=path, image="b"), Silent())
    assert (one.name, one.count.whole.counted.tally.positive) == ("b", 10)
    with pytest.raises(InputError, match="has no image 'c'; its images are: a, b"):
        run(Ki67InFilesRequest(cells=path, image="c"), Silent())


def test_regions_of_a_file_stay_apart_and_overlap_counts_once(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a.png")
    outlines = write_regions(tmp_path / "r.geojson", "a")
    found = run(Ki67InFilesRequest(cells=cells, regions=outlines), Silent()).count
    assert [one.counted.tally.tumour for one in found.regions] == [9, 21]
    assert found.whole.counted.tally.tumour == 21
    assert found.whole.counted.shared_cells == 9


def test_regions_are_called_as_their_file_calls_them_and_weighed_by_kind(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a")
    told: list[dict[str, object]] = [
        {"name": "Rand", "classification": {"name": "high", "color": [255, 0, 0]}},
        {"classification": {"names": ["low", "edge"]}},
        {"classification": "low"},
        {},
    ]
    features = [
        {
            "type": "Feature",
            "properties": {"objectType": "annotation", **properties},
            "geometry": mapping(shapely.box(40 * place, 0, 40 * place + 39, 100)),
        }
        for place, properties in enumerate(told)
    ]
    outlines = tmp_path / "r.geojson"
    outlines.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = run(Ki67InFilesRequest(cells=cells, regions=outlines), Silent()).count
    names = [one.counted.name for one in found.regions]
    assert names == ["Rand", "low: edge", "low", "region 1"]
    weights = {"high": 3.0, "low: edge": 1.0, "low": 1.0, "region 1": 1.0}
    settings = CountSettings(method=METHODS["weighted"], hotspots=0)
    request = Ki67InFilesRequest(cells=cells, regions=outlines, weights=weights, settings=settings)
    weighed = run(request, Silent()).count.whole.counted.value
    shares = [one.counted.value or 0.0 for one in found.regions]
    assert weighed == pytest.approx((3 * shares[0] + sum(shares[1:])) / 6)


def test_regions_of_another_image_are_refused(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a")
    outlines = write_regions(tmp_path / "r.geojson", "z")
    with pytest.raises(InputError, match="a region is of image 'z', but the cells are of 'a'"):
        run(Ki67InFilesRequest(cells=cells, regions=outlines), Silent())


def field(name: str, left: int, image: str = "") -> dict[str, object]:
    """Return a region of 70 pixels as QuPath writes it; without ``image`` it does not name its image."""
    told = {"name": name, "image": image} if image else {"name": name}
    outline = mapping(shapely.box(left, 0, left + 70, 100))
    return {"type": "Feature", "properties": told, "geometry": outline}


def write_fields(path: Path, *fields: dict[str, object]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": fields}))
    return path


def test_regions_without_an_image_are_of_the_chosen_one(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a.png", "b.png")
    outlines = write_fields(tmp_path / "r.geojson", field("left", 0), field("right", 71))
    alone = write_cells(tmp_path / "b.csv", "b.png")
    chosen = run(Ki67InFilesRequest(cells=cells, regions=outlines, image="b.png"), Silent()).count
    only = run(Ki67InFilesRequest(cells=alone, regions=outlines), Silent()).count
    tallies = [[one.counted.tally for one in found.regions] for found in (chosen, only)]
    assert tallies[0] == tallies[1]
    with pytest.raises(
        InputError, match="cells are of 2; choose one with --image, or name the image"
    ):
        run(Ki67InFilesRequest(cells=cells, regions=outlines), Silent())


def test_regions_of_other_images_are_none_of_the_chosen_one(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a.png", "b.png")
    fields = [field("own", 0, "a"), field("other", 71, "b"), field("lost", 0, "z")]
    outlines = write_fields(tmp_path / "r.geojson", *fields)
    found = run(Ki67InFilesRequest(cells=cells, regions=outlines, image="a.png"), Silent()).count
    assert [one.counted.name for one in found.regions] == ["own"]
    lost = write_fields(tmp_path / "r.geojson", field("lost", 0, "z"))
    with pytest.raises(
        InputError, match=r"image 'a.png' has no region \(the regions are of: 'z'\)"
    ):
        run(Ki67InFilesRequest(cells=cells, regions=lost, image="a.png"), Silent())


def weighted(cells: Path, regions: Path | None = None, **weights: float) -> float | None:
    settings = CountSettings(method=METHODS["weighted"], hotspots=0)
    request = Ki67InFilesRequest(cells=cells, regions=regions, weights=weights, settings=settings)
    return run(request, Silent()).count.whole.counted.value


def test_images_without_regions_are_weighed_by_their_names(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a", "b")
    cells.write_text(cells.read_text() + "b,1,1,positive\n" * 6)
    assert weighted(cells, a=3, b=1) == pytest.approx((3 * 10 / 30 + 16 / 36) / 4)
    with pytest.raises(InputError, match="--weight names 'c', but the images are: 'a', 'b'"):
        weighted(cells, c=1)
    with pytest.raises(InputError, match="image 'b' has no weight, though others have"):
        weighted(cells, a=1)


def test_regions_of_several_images_are_weighed_together(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a", "b")
    fields = [field("x", 0, "a"), field("y", 71, "b"), field("x", 0, "b")]
    outlines = write_fields(tmp_path / "r.geojson", *fields)
    request = Ki67InFilesRequest(cells=cells, regions=outlines)
    shares = [one.counted.value or 0.0 for one in run(request, Silent()).count.regions]
    wanted = (2 * shares[0] + 1 * shares[1] + 2 * shares[2]) / 5
    assert weighted(cells, outlines, x=4, y=1) == pytest.approx(wanted)
    alone = {"a, x": 2.0, "b, x": 2.0, "y": 1.0}
    assert weighted(cells, outlines, **alone) == pytest.approx(wanted)
    assert weighted(cells, outlines, a=2, b=3) == pytest.approx(
        (2 * shares[0] + 1.5 * shares[1] + 1.5 * shares[2]) / 5
    )


def test_a_table_without_a_cell_is_refused(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv")
    with pytest.raises(InputError, match=r"c.csv holds no cell, so there is nothing to count"):
        run(Ki67InFilesRequest(cells=cells), Silent())


def test_a_place_labelled_twice_is_told_of(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a")
    cells.write_text(cells.read_text() + "a,0,0,negative\n")
    notes = run(Ki67InFilesRequest(cells=cells), Silent()).all_notes
    assert any(note.startswith("The place (0, 0) of a is labelled both") for note in notes)


@pytest.mark.parametrize(
    "words",
    [
        ["--mpp", "0"],
        ["--mpp", "nan"],
        ["--mpp", "250"],
        ["--map", "m.tif"],
        ["--map", "m.tif", "--mpp", "0.5"],
    ],
    ids=str,
)
def test_a_scale_that_cannot_be_is_refused_for_several_images_too(
    tmp_path: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["ki67", str(write_cells(tmp_path / "c.csv", "a", "b")), *words]) == 2
    assert f"{words[0]} " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["c.csv"]


def test_the_pages_say_what_the_figures_say_and_hold_everything(tmp_path: Path) -> None:
    cells = write_cells(tmp_path / "c.csv", "a<b>")
    outputs = Ki67Outputs(
        report=tmp_path / "r.json", page=tmp_path / "p.html", pdf=tmp_path / "p.pdf"
    )
    run(Ki67InFilesRequest(cells=cells, mpp=0.5, outputs=outputs), Silent())
    figures = json.loads((tmp_path / "r.json").read_text())
    page = (tmp_path / "p.html").read_text()
    assert f"{100 * figures['index']:.1f} %" in page
    assert "a&lt;b&gt;" in page
    assert "T1-2, N0-1, ER positive" in page
    assert "30 cells in 1 field do not show how far positive cells lie together" in page
    assert figures["assumed_design_effect"] > 0.5
    assert "http" not in page.replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "").replace("https://matplotlib.org", "")
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "c.csv",
        "p.html",
        "p.pdf",
        "r.json",
    ]


def test_the_shell_prints_the_table_or_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write_cells(tmp_path / "c.csv", "a"))
    assert main(["ki67", path]) == 0
    table = capsys.readouterr().out
    assert "Ki-67 index, as counted: 33.3 %" in table
    assert "asks for at least 400; count 370 more" in table
    assert main(["ki67", path, "--format", "json", "--points", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["more_cells"]["half_width"] == 0.05


# The stain of the counted cells


def test_the_stain_check_of_an_index_is_that_of_the_slide_and_its_cells(tmp_path: Path) -> None:
    alone = made_request(tmp_path)
    outputs = Ki67Outputs(report=tmp_path / "r.json", page=tmp_path / "p.html")
    request = Ki67InFilesRequest(
        cells=alone.cells,
        stain=alone.slide,
        stain_out=tmp_path / "stain",
        mpp=alone.mpp,
        outputs=outputs,
    )
    run(request, Silent())
    table = tmp_path / "stain" / "stain-check.csv"
    figures = json.loads((tmp_path / "r.json").read_text())
    assert figures["stain_check"].pop("listed_in") == str(table)
    assert figures["stain_check"] == json.loads(json.dumps(check_stain(alone, Silent()).to_dict()))
    assert table.read_bytes() == (alone.out / "stain-check.csv").read_bytes()
    page = (tmp_path / "p.html").read_text()
    assert "of 144 tumour cells, kappa 0.94" in page
    assert f"4 clearly disagree: see {table}" in page
    assert ">The slide.<" in page  # and no longer dots on white


def test_only_cells_that_are_counted_are_checked(tmp_path: Path) -> None:
    alone = made_request(tmp_path)
    outlines = write_regions(tmp_path / "r.geojson", "slide")
    request = Ki67InFilesRequest(cells=alone.cells, regions=outlines, stain=alone.slide, mpp=0.5)
    report = run(request, Silent())
    assert report.stain is not None
    assert len(report.stain.check.cells) == report.count.whole.counted.tally.tumour == 9


def test_without_a_tumour_cell_the_stain_is_not_checked_and_that_is_said(tmp_path: Path) -> None:
    alone = made_request(tmp_path)
    alone.cells.write_text("image,x,y,class\nslide,5,5,normal\n")
    request = Ki67InFilesRequest(cells=alone.cells, stain=alone.slide, mpp=0.5)
    report = run(request, Silent())
    assert report.stain is None
    assert "No tumour cell, so there is no stain to check." in report.all_notes


def test_cells_of_several_images_have_no_stain_of_one_slide(tmp_path: Path) -> None:
    slide = made_request(tmp_path).slide
    cells = write_cells(tmp_path / "c.csv", "a", "b")
    with pytest.raises(InputError, match="the cells are of 2 images; choose one with --image"):
        run(Ki67InFilesRequest(cells=cells, stain=slide, mpp=0.5), Silent())


def test_the_shell_checks_the_stain_of_a_slide(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = made_request(tmp_path)
    words = ["ki67", str(alone.cells), "--mpp", "0.5", "--stain-check"]
    assert main(words) == 2
    assert "say which slide the cells are of: --stain-check SLIDE" in capsys.readouterr().err
    assert main([*words, str(alone.slide)]) == 0
    assert "· Class and stain agree for 97.2 %" in capsys.readouterr().out
    assert main([*words[:-1], "--stain-out", str(tmp_path / "out")]) == 2
    item = ["--api-url", "http://localhost/api/v1", "--item", "0" * 24]
    assert main([*words, str(alone.slide), *item]) == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [[], ["--method", "best"], ["--weight", "x"], ["--window", "big"], ["--points", "50"]],
    ids=str,
)
def test_wrong_usage_is_one_sentence(tmp_path: Path, words: list[str]) -> None:
    cells = [str(write_cells(tmp_path / "c.csv", "a"))] if words else []
    assert main(["ki67", *cells, *words]) == 2


@pytest.mark.parametrize("flag", ["--page", "--pdf"])
def test_a_page_whose_name_says_something_else_is_refused(
    tmp_path: Path, flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = str(write_cells(tmp_path / "c.csv", "a"))
    wrong = tmp_path / "x.txt"
    assert main(["ki67", cells, flag, str(wrong)]) == 2
    assert (
        f"{flag} writes {'HTML' if flag == '--page' else 'PDF'}, but x.txt"
        in capsys.readouterr().err
    )
    assert not wrong.exists()
