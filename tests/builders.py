"""Small values for tests: points, outlines, images, samples, datasets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import Polygon

from patherea_core.data.manifest import Manifest, SampleRecord, class_records
from patherea_core.data.sample import Sample
from patherea_core.data.writer import DatasetWriter
from patherea_core.geometry import Floats, Pixels
from patherea_core.points import Detections, Points
from patherea_core.regions import AnnotatedRegion, Outline
from patherea_core.slides import ArraySlide
from patherea_core.taxonomy import Taxonomy

TAXONOMY = Taxonomy.of(["positive", "negative"])


def points(*rows: tuple[float, float, int]) -> Points:
    """Return labelled points from rows of x, y and class index."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return Points(table[:, :2], table[:, 2].astype(np.int64))


def detections(*rows: tuple[float, float, int], score: float = 1.0) -> Detections:
    """Return detections of one score from rows of x, y and class index."""
    found = points(*rows)
    return Detections(found.xy, found.class_index, np.full(len(found), score))


def square(left: float, top: float, side: float) -> Polygon:
    """Return the outline of an upright square."""
    return shapely.box(left, top, left + side, top + side)


def ring(left: float, top: float, side: float, hole: float) -> Polygon:
    """Return the outline of an upright square with a square hole in its middle."""
    inset = (side - hole) / 2
    inner = square(left + inset, top + inset, hole)
    return Polygon(square(left, top, side).exterior, [inner.exterior])


def scattered(
    outline: Outline, count: int, *, classes: int = 2, seed: int = 0, inset: float = 0.0
) -> Points:
    """Return random points inside an outline, not nearer to its edge than ``inset``."""
    random = np.random.default_rng(seed)
    inner = outline.buffer(-inset)
    left, top, right, bottom = inner.bounds
    xy = random.uniform((left, top), (right, bottom), size=(50 * count + 50, 2))
    xy = xy[shapely.contains_xy(inner, xy)][:count]
    return Points(xy, random.integers(classes, size=len(xy)))


def region(outline: Outline, inner: Points | None = None, *, name: str = "ROI") -> AnnotatedRegion:
    """Return an annotated region whose points have the element ids e0, e1, …."""
    inner = Points.none() if inner is None else inner
    ids = tuple(f"e{row}" for row in range(len(inner)))
    return AnnotatedRegion(name, outline, inner, ids)


def noise(width: int, height: int, *, seed: int = 0) -> Pixels:
    """Return (height, width, 3) random RGB pixels."""
    return np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)


def noise_slide(width: int, height: int, *, mpp: float = 0.25, seed: int = 0) -> ArraySlide:
    """Return a slide of random pixels."""
    return ArraySlide("noise.png", mpp, noise(width, height, seed=seed))


def dots(xy: Floats, width: int, height: int, *, spread: float = 1.5) -> Pixels:
    """Return (height, width, 3) pixels, black with a soft bright dot at each sub-pixel position."""
    columns, rows = np.arange(width) + 0.5, np.arange(height) + 0.5
    across = np.exp(-((columns - xy[:, :1]) ** 2) / (2 * spread**2))
    down = np.exp(-((rows - xy[:, 1:]) ** 2) / (2 * spread**2))
    light = np.clip(np.einsum("nh,nw->hw", down, across), 0, 1)
    grey = np.rint(255 * light).astype(np.uint8)
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)


def sample(
    inner: Points | None = None,
    *,
    name: str = "s1",
    size: tuple[int, int] = (48, 32),
    fold: int = 0,
    labelled: Outline | None = None,
) -> Sample:
    """Return a sample of random pixels of a (width, height), labelled all over unless told."""
    width, height = size
    inner = points((5.25, 7.5, 0), (1 / 3, 31.0, 1)) if inner is None else inner
    record = SampleRecord(
        id=name,
        slide="noise.png",
        region="ROI",
        patient=f"patient {fold}",
        fold=fold,
        left=0,
        top=0,
        width=width,
        height=height,
        base_mpp=0.25,
        points=len(inner),
    )
    return Sample(
        record,
        noise(width, height),
        inner,
        tuple(f"e{row}" for row in range(len(inner))),
        shapely.box(0, 0, width, height) if labelled is None else labelled,
    )


def write_dataset(
    folder: Path,
    samples: Sequence[Sample],
    *,
    taxonomy: Taxonomy = TAXONOMY,
    mpp: float = 0.5,
    folds: int = 1,
) -> Manifest:
    """Write samples as a dataset folder and return its manifest."""
    with DatasetWriter(folder) as writer:
        for one in samples:
            writer.add(one)
        return writer.finish(
            classes=class_records(taxonomy),
            mpp=mpp,
            folds=folds,
            lineage={"created": "2026-01-01T00:00:00Z"},
        )
