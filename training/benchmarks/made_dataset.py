"""A dataset for benchmarks: noise with cells anywhere."""

from pathlib import Path

import numpy as np
import shapely

from patherea_core.data.manifest import SampleRecord, class_records
from patherea_core.data.sample import Sample
from patherea_core.data.writer import DatasetWriter
from patherea_core.points import Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy

_IMAGES, _IMAGE_SIDE, _CELLS = 12, 512, 260


def made_dataset(folder: Path) -> None:
    """Write a dataset of noise, of which a tile of 224 pixels has 50 cells."""
    taxonomy = Taxonomy.of(["first", "second", "third"])
    with DatasetWriter(folder) as writer:
        for number in range(_IMAGES):
            random = Seed(0).stream("benchmark image", number)
            shape = (_IMAGE_SIDE, _IMAGE_SIDE, 3)
            xy = random.uniform(0, _IMAGE_SIDE, size=(_CELLS, 2))
            record = SampleRecord(
                id=f"image-{number}",
                slide=f"image-{number}.png",
                region="all of it",
                patient=str(number),
                fold=number % 2,
                left=0,
                top=0,
                width=_IMAGE_SIDE,
                height=_IMAGE_SIDE,
                base_mpp=0.5,
                points=_CELLS,
            )
            pixels = random.integers(256, size=shape, dtype=np.uint8)
            points = Points(xy, random.integers(len(taxonomy), size=_CELLS))
            ids = tuple(str(row) for row in range(_CELLS))
            whole = shapely.box(0, 0, _IMAGE_SIDE, _IMAGE_SIDE)
            writer.add(Sample(record, pixels, points, ids, whole))
        writer.finish(classes=class_records(taxonomy), mpp=0.5, folds=2, lineage={})
