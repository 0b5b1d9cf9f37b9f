"""The words of a page of a Ki-67 count agree with its figures, its picture and each other."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from patherea_core.index.detector_errors import DetectorErrors
from patherea_core.index.kinds import Kind, KindedCells
from plugin.index.counting import CellsOfSlide, CountSettings, count
from plugin.index.methods import METHODS, window_named
from plugin.index.report import Ki67Report, Origin
from plugin.outputs.ki67_content import page_of
from plugin.outputs.ki67_drawing import Scene, draw_scene, picture_words, scene_around, shown_slide
from plugin.outputs.ki67_page import ki67_page
from plugin.outputs.ki67_table import ki67_table

ERRORS = DetectorErrors(
    np.array([[[80, 15, 0, 5], [5, 90, 0, 5], [0, 0, 0, 0], [3, 4, 0, 0]]], dtype=np.int64)
)


def slide(
    name: str, positive: int, negative: int, others: int = 0, mpp: float | None = 0.5
) -> CellsOfSlide:
    kind = np.repeat([Kind.POSITIVE, Kind.NEGATIVE, Kind.NOT_COUNTED], (positive, negative, others))
    random = np.random.default_rng(0)
    xy = random.uniform(0, 1000, (len(kind), 2))
    return CellsOfSlide(name, KindedCells(xy, random.permutation(kind)), mpp=mpp)


def report_of(
    *slides: CellsOfSlide,
    settings: CountSettings | None = None,
    errors: DetectorErrors | None = None,
) -> Ki67Report:
    name = slides[0].name
    return Ki67Report(
        name=name,
        item="",
        run_id="r",
        slides=slides,
        count=count(name, slides, settings or CountSettings(), errors),
        classes={},
        origin=Origin(),
        signer="",
        notes=(),
        made={},
    )


def test_very_few_cells_get_no_grade_and_no_hint_and_the_page_says_why() -> None:
    page = page_of(report_of(slide("s", 1, 2)))
    assert (page.grade, page.chances) == ("", ())
    assert not any("more cells" in check.text for check in page.checks)
    assert any("3 tumour cells cannot tell how far" in note for note in page.warnings)
    assert dict(page.counts)["worth independent cells"] == "3"
    enough = page_of(report_of(slide("s", 10, 20)))
    assert enough.grade
    assert not any("cannot tell how far" in note for note in enough.warnings)


def test_each_index_stands_with_the_chances_of_its_own_grade() -> None:
    report = report_of(slide("s", 120, 480), errors=ERRORS)
    page, count = page_of(report), report.count
    assert count.grades is not None
    assert count.raw_grades is not None
    assert [share for _, share in page.chances] == [one.probability for one in count.grades.chances]
    fixed, raw = page.graded
    assert fixed.endswith("(of the corrected index)")
    assert raw.endswith(f"(as counted, {count.raw_grades.grade})")
    table = ki67_table(report)
    for grades, whose in (
        (count.grades, "of the corrected index"),
        (count.raw_grades, "as counted"),
    ):
        chances = "; ".join(f"{one.name}: {100 * one.probability:.1f} %" for one in grades.chances)
        assert f"Grade {grades.grade}, {whose}: {chances}\n" in table
    assert page_of(report_of(slide("s", 120, 480))).raw_grade == ""


def test_the_hint_of_a_hotspot_says_that_it_has_no_more_cells() -> None:
    settings = CountSettings(method=METHODS["hotspot"], window=window_named("200cells"))
    page = page_of(report_of(slide("g2-25.jpg", 60, 340), settings=settings))
    (hint,) = [check.text for check in page.checks if check.text.startswith("For ±")]
    wanted = r"For ± 2 points a hotspot of about [\d,]+ more cells would be needed; all cells of this one"
    assert re.match(wanted, hint)
    assert any(check.text.startswith("Hotspot 1 has") for check in page.checks)
    assert not any("A hotspot has only" in note for note in page.warnings)  # they were asked for
    assert any("independent; where positive cells lie together" in fact for fact in page.facts)


def test_the_name_of_a_file_is_spelt_as_it_is() -> None:
    page = page_of(report_of(slide("g2-25.jpg", 30, 60)))
    assert page.checks[0].text.startswith("g2-25.jpg has 90 tumour cells")
    assert page.checks[1].text.startswith("The cells of g2-25.jpg")


def test_a_page_of_several_images_names_the_one_it_shows_and_their_pixels() -> None:
    slides = [slide("empty.png", 0, 0, 3), slide("a.png", 5, 25), slide("b.png", 5, 25)]
    report = report_of(*slides)
    words = picture_words(report, scene_around(report))
    assert shown_slide(report).name == "a.png"
    assert words == "a.png, one of 3 images. Positive cells brown, negative blue."
    page = page_of(report)
    assert page.method.endswith("index of 3 images")
    assert dict(page.origin)["pixel size"] == "0.5 µm"
    assert any(note.endswith("no part in that of all: empty.png.") for note in page.warnings)
    mixed = report_of(*slides, slide("c.png", 5, 5, mpp=1.0), slide("d.png", 5, 5, mpp=None))
    said = dict(page_of(mixed).origin)["pixel size"]
    assert said == "0.5 to 1 µm, of some images not known"


def test_the_picture_names_only_what_it_shows() -> None:
    empty = report_of(slide("s", 0, 0, 2))
    scene = scene_around(empty)
    assert picture_words(empty, scene) == "There is no tumour cell."
    settings = CountSettings(window=window_named("20cells"), hotspots=1)
    found = report_of(slide("s", 30, 90), settings=settings)
    pixels = Scene(1000.0, 1000.0, np.zeros((9, 9, 3), dtype=np.uint8))
    assert picture_words(found, pixels) == "Hotspots in magenta, the highest first."
    assert picture_words(report_of(slide("s", 3, 9, mpp=None)), pixels) == "The slide."


def test_two_cells_that_do_not_count_have_no_bar_of_a_part_of_a_micrometre() -> None:
    cells = KindedCells(np.ones((2, 2)), np.full(2, Kind.NOT_COUNTED))
    report = report_of(CellsOfSlide("s", cells, mpp=0.25))
    scene = scene_around(report)
    assert min(scene.width, scene.height) >= 100
    axes = Figure().add_subplot()
    draw_scene(axes, report, scene)
    assert [text.get_text() for text in axes.texts] == ["no tumour cell"]
    assert "There is no tumour cell." in ki67_page(report, scene)


@pytest.mark.parametrize("sign", ["note", "fact"])
def test_faults_and_facts_have_signs_of_their_own(sign: str) -> None:
    report = report_of(slide("s", 10, 20))
    page = page_of(report)
    assert not set(page.warnings) & set(page.facts)
    lines = ki67_table(report).splitlines()
    said = {"note": ("!", page.warnings), "fact": ("·", page.facts)}[sign]
    assert [line for line in lines if line[0:1] == said[0]] == [
        f"{said[0]} {text}" for text in said[1]
    ]
    assert ki67_page(report, scene_around(report)).count(f'class="{sign}"') == len(said[1]) > 0
