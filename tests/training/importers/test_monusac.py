"""MoNuSAC comes in from ImageScope's outlines; ambiguous regions are not labelled."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import shapely
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.data.store import check
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.progress import Silent
from tests.training.importers.layouts import cells, image, write_image
from training.importers.monusac import read
from training.importers.published import write_dataset

TRAIN = "MoNuSAC_images_and_annotations"
TEST = "MoNuSAC Testing Data and Annotations"
SLIDE = "TCGA-5P-A9K0-01Z-00-DX1"

Outline = Sequence[tuple[float, float]]


def square(left: float, top: float, side: float) -> Outline:
    return [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]


def xml(*annotations: tuple[str, Sequence[Outline]]) -> str:
    """Return annotations as ImageScope writes them."""
    text = '<?xml version="1.0" encoding="UTF-8"?>\n<Annotations MicronsPerPixel="0.252">'
    for number, (name, outlines) in enumerate(annotations, start=1):
        text += (
            f'<Annotation Id="{number}" Name="" ReadOnly="0" Visible="1"><Attributes>'
            f'<Attribute Name="{name}" Id="0" Value="" /></Attributes><Regions>'
            '<RegionAttributeHeaders><AttributeHeader Id="9999" Name="Region" />'
            "</RegionAttributeHeaders>"
        )
        for region, outline in enumerate(outlines, start=1):
            text += f'<Region Id="{region}" Type="0" Zoom="1"><Attributes /><Vertices>'
            text += "".join(f'<Vertex X="{x}" Y="{y}" Z="0" />' for x, y in outline)
            text += "</Vertices></Region>"
        text += "</Regions><Plots /></Annotation>"
    return text + "</Annotations>"


def made(folder: Path) -> Path:
    """Write the published layout with one image for training and one for testing."""
    write(
        folder / TRAIN / SLIDE / f"{SLIDE}_1",
        xml(("Epithelial", [square(2, 4, 3), square(8, 1, 2)]), ("Lymphocyte", [square(20, 9, 4)])),
    )
    slide = "TCGA-2Z-A9JG-01Z-00-DX1"
    write(
        folder / TEST / slide / f"{slide}_1",
        xml(
            ("Macrophage", [square(2, 4, 3)]),
            ("Neutrophil", [square(22, 12, 2)]),
            ("Ambiguous", [square(20, 10, 6)]),
        ),
    )
    return folder


def write(stem: Path, text: str) -> None:
    write_image(stem.with_name(f"{stem.name}.tif"), 30, 20)
    stem.with_name(f"{stem.name}.xml").write_text(text)


def annotated(folder: Path, text: str) -> Path:
    """Write the published layout with these annotations of the image for training."""
    made(folder)
    (folder / TRAIN / SLIDE / f"{SLIDE}_1.xml").write_text(text)
    return folder


def test_outlines_become_centroids_that_are_not_moved(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))
    assert cells(image(dataset, f"{SLIDE}_1"), dataset) == [
        (3.5, 5.5, "epithelial"),
        (9.0, 2.0, "epithelial"),
        (22.0, 11.0, "lymphocyte"),
    ]


def test_ambiguous_regions_are_cut_out_with_their_points(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))
    one = image(dataset, "TCGA-2Z-A9JG-01Z-00-DX1_1")
    assert cells(one, dataset) == [(3.5, 5.5, "macrophage")]
    assert one.labelled is not None
    assert shapely.box(0, 0, 30, 20).difference(one.labelled).bounds == (20, 10, 26, 16)


def test_both_parts_become_folds_of_a_whole_dataset(tmp_path: Path) -> None:
    manifest = write_dataset(read(made(tmp_path / "published")), tmp_path / "d", Silent())
    check(tmp_path / "d")
    assert manifest.fold_names == ("train", "test")
    assert [(one.patient, one.fold) for one in manifest.samples] == [
        ("TCGA-5P-A9K0", 0),
        ("TCGA-2Z-A9JG", 1),
    ]


def test_the_slide_is_read_where_there_is_no_plain_image(tmp_path: Path) -> None:
    made(tmp_path)
    plain = tmp_path / TRAIN / SLIDE / f"{SLIDE}_1.tif"
    pixels = image(read(tmp_path), f"{SLIDE}_1").read()
    plain.unlink()
    tifffile.imwrite(plain.with_suffix(".svs"), pixels, photometric="rgb")
    one = image(read(tmp_path), f"{SLIDE}_1")
    assert np.array_equal(one.read(), pixels)
    assert len(one.points) == 3
    plain.with_suffix(".svs").write_bytes(b"no slide")
    with pytest.raises(DatasetError, match=r"cannot read .*_1.svs"):
        read(tmp_path)
    plain.with_suffix(".svs").unlink()
    with pytest.raises(DatasetError, match=r"_1.xml has no image beside it"):
        read(tmp_path)


def test_an_outline_across_the_edge_counts_where_it_lies_in_the_image(tmp_path: Path) -> None:
    dataset = read(annotated(tmp_path, xml(("Epithelial", [square(-4, 4, 6)]))))
    assert cells(image(dataset, f"{SLIDE}_1"), dataset) == [(1.0, 7.0, "epithelial")]


def test_outlines_without_an_area_in_the_image_are_left_out_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outlines: list[Outline] = [square(40, 4, 6), [(1, 1), (2, 2)], [(1, 1), (5, 5), (9, 9)], []]
    dataset = read(annotated(tmp_path, xml(("Epithelial", outlines))))
    assert not len(image(dataset, f"{SLIDE}_1").points)
    assert caplog.text.count("has no area in the image") == 4


@given(st.lists(st.tuples(st.floats(-9, 39), st.floats(-9, 29)), min_size=3, max_size=8))
def test_any_outline_becomes_a_point_in_the_image_or_none(
    tmp_path_factory: pytest.TempPathFactory, outline: Outline
) -> None:
    folder = tmp_path_factory.mktemp("monusac")
    dataset = read(annotated(folder, xml(("Epithelial", [outline]))))
    for x, y, _ in cells(image(dataset, f"{SLIDE}_1"), dataset):
        assert 0 <= x <= 30
        assert 0 <= y <= 20


def test_an_unknown_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="class 'eosinophil' is unknown"):
        read(annotated(tmp_path, xml(("Eosinophil", [square(2, 2, 2)]))))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<Annotations>", "cannot be read as ImageScope's annotations"),
        ("<Annotations><Annotation/></Annotations>", "names no class"),
        (xml(("Epithelial", [[(1, 1), (2, 1), (2, float("nan"))]])), "must be finite"),
        (xml(("Epithelial", [square(2, 2, 2)])).replace('X="2"', 'X="two"'), "'two'"),
        (xml(("Epithelial", [square(2, 2, 2)])).replace('X="2"', 'x="2"'), "'X'"),
    ],
)
def test_broken_annotations_are_refused_by_name(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason) as raised:
        read(annotated(tmp_path, text))
    assert f"{SLIDE}_1.xml" in str(raised.value)


def test_entities_are_refused_before_they_grow(tmp_path: Path) -> None:
    grown = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><Annotations>&c;</Annotations>'
    with pytest.raises(DatasetError, match="declares a document type"):
        read(annotated(tmp_path, grown))


def test_a_folder_with_neither_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has neither part"):
        read(tmp_path)
