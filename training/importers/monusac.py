"""MoNuSAC: H&E images of four organs from TCGA, an outline of each nucleus, in four classes.

Layout, as monusac-2020.grand-challenge.org/Data describes it (Verma et al., IEEE TMI 2021):
``MoNuSAC_images_and_annotations/<slide>/<slide>_<number>`` with the endings ``.svs``, ``.tif`` and ``.xml``,
and ``MoNuSAC Testing Data and Annotations`` alike. The XML is Aperio ImageScope's: Annotation elements,
whose Attribute names the class, with a Region of Vertex elements for each nucleus; X and Y are pixels
counted from the corner of the image, so centroids are not moved by half a pixel.

A nucleus becomes the centroid of the part of its outline that lies in the image. Regions of the test
images named Ambiguous hold nuclei that the annotators did not agree on; they are cut out of the labelled
area, with the points in them. The images are 0.25 µm per pixel, from the 40x objective. The patient is
that of the TCGA barcode.
"""

import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import shapely
import tifffile

from patherea_core.data.codec import polygons_of
from patherea_core.data.folder import read_text
from patherea_core.errors import DatasetError, ShapeError, TaxonomyError
from patherea_core.geometry import Floats, Pixels, as_xy
from patherea_core.points import Points
from patherea_core.regions import Outline, inside
from patherea_core.taxonomy import Taxonomy
from training.importers.published import PublishedDataset, PublishedImage
from training.importers.reading import image_size, patient_of_barcode, require_folders, rgb

log = logging.getLogger(__name__)

_LAYOUT = (
    "MoNuSAC holds 'MoNuSAC_images_and_annotations' and 'MoNuSAC Testing Data and Annotations'"
)
_SPLITS = {
    "train": "MoNuSAC_images_and_annotations",
    "test": "MoNuSAC Testing Data and Annotations",
}
_CLASSES = ("epithelial", "lymphocyte", "macrophage", "neutrophil")
_AMBIGUOUS = "ambiguous"


def read(source: Path) -> PublishedDataset:
    """Return the dataset in a folder; a part whose folder is not there is left out.

    Raises:
        DatasetError: no part is there, or a file is missing or broken.
        TaxonomyError: an outline has an unknown class.
    """
    require_folders(source, (), _LAYOUT)
    splits = {fold: source / name for fold, name in _SPLITS.items() if (source / name).is_dir()}
    if not splits:
        raise DatasetError(f"{source} has neither part; {_LAYOUT}")
    return PublishedDataset(
        name="monusac",
        taxonomy=Taxonomy.of(_CLASSES),
        mpp=0.25,
        folds=tuple(splits),
        images=[
            _image(annotations, fold)
            for fold, folder in splits.items()
            for annotations in sorted(folder.glob("*/*.xml"))
        ],
        citation="Verma et al., MoNuSAC2020: A Multi-Organ Nuclei Segmentation and Classification "
        "Challenge, IEEE TMI 2021",
        licence="CC BY-NC-SA 4.0",
    )


def _image(annotations: Path, fold: str) -> PublishedImage:
    path = next(
        (
            annotations.with_suffix(suffix)
            for suffix in (".tif", ".svs")
            if annotations.with_suffix(suffix).is_file()
        ),
        None,
    )
    if path is None:
        raise DatasetError(f"{annotations} has no image beside it; it needs the .tif or the .svs")
    # Pillow reads the plain TIFF, and stumbles over some of the slides.
    plain = path.suffix == ".tif"
    width, height = image_size(path) if plain else _slide(path).shape[1::-1]
    points, labelled = _cells(annotations, shapely.box(0, 0, width, height))
    return PublishedImage(
        name=annotations.stem,
        read=partial(rgb if plain else _slide, path),
        points=points,
        patient=patient_of_barcode(annotations.stem),
        fold=fold,
        labelled=labelled,
    )


def _slide(path: Path) -> Pixels:
    """Return the (H, W, 3) RGB pixels of a slide at its full resolution."""
    try:
        pixels = tifffile.imread(path, series=0, level=0)
    except (OSError, ValueError, IndexError, tifffile.TiffFileError) as error:
        raise DatasetError(f"cannot read {path}: {error}") from error
    if pixels.ndim != 3 or pixels.shape[2] < 3 or pixels.dtype != np.uint8:
        raise DatasetError(f"{path} must be RGB, not {pixels.shape} {pixels.dtype}")
    return np.ascontiguousarray(pixels[..., :3])


def _cells(annotations: Path, whole: Outline) -> tuple[Points, Outline | None]:
    """Return the cells of an image, and its labelled area unless that is all of it."""
    xy: list[Floats] = []
    classes: list[int] = []
    ambiguous: list[Outline] = []
    for name, vertices in _regions(annotations):
        outline = _outline(vertices, whole)
        if outline.is_empty:
            log.warning("%s: an outline of %r has no area in the image", annotations, name)
        elif name == _AMBIGUOUS:
            ambiguous.append(outline)
        elif name in _CLASSES:
            xy.append(shapely.get_coordinates(outline.centroid)[0])
            classes.append(_CLASSES.index(name))
        else:
            known = ", ".join((*_CLASSES, _AMBIGUOUS))
            raise TaxonomyError(f"{annotations}: class {name!r} is unknown; there are {known}")
    points = Points(np.array(xy).reshape(-1, 2), np.array(classes, dtype=np.int64))
    if not ambiguous:
        return points, None
    labelled = polygons_of(whole.difference(shapely.union_all(ambiguous)))
    return points.take(inside(labelled, points.xy)), labelled


def _outline(vertices: Floats, whole: Outline) -> Outline:
    """Return the part of an outline that lies in the image; hand-drawn ones may cross themselves."""
    if len(vertices) < 3:
        return shapely.MultiPolygon()
    return polygons_of(shapely.make_valid(shapely.Polygon(vertices)).intersection(whole))


def _regions(path: Path) -> Iterator[tuple[str, Floats]]:
    """Yield the class in lower case and the vertices of each outline."""
    text = read_text(path)
    # A document type is where entities are declared that grow without bound; ImageScope writes none.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DatasetError(f"{path} declares a document type, which ImageScope does not write")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  nothing is declared that could grow
        for annotation in root.iter("Annotation"):
            attribute = annotation.find("Attributes/Attribute")
            if attribute is None:
                raise DatasetError(f"{path}: an annotation names no class")
            for region in annotation.iterfind("Regions/Region"):
                vertices = [
                    (float(vertex.attrib["X"]), float(vertex.attrib["Y"]))
                    for vertex in region.iterfind("Vertices/Vertex")
                ]
                yield attribute.attrib["Name"].strip().lower(), as_xy(vertices)
    except (ElementTree.ParseError, KeyError, ValueError, ShapeError) as error:
        raise DatasetError(f"{path} cannot be read as ImageScope's annotations: {error}") from error
