"""Simple cells on a plain ground, to train on in seconds: two colours of discs of varied size."""

from pathlib import Path

import numpy as np
import shapely

from patherea_core.config import (
    AssignmentConfig,
    DecodingConfig,
    NetworkConfig,
    Recipe,
    TrainingConfig,
)
from patherea_core.data.manifest import SampleRecord, class_records
from patherea_core.data.store import DatasetWriter, Sample
from patherea_core.geometry import Pixels
from patherea_core.points import Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy

TAXONOMY = Taxonomy.of(["brown", "blue"])
MPP = 0.5
#: A training of seconds: three epochs, each validated.
TINY = Recipe(
    network=NetworkConfig(backbone="test_convnext", fpn_channels=16, head_blocks=1),
    assignment=AssignmentConfig(proposals_per_target=2),
    training=TrainingConfig(
        epochs=3, batch_size=2, tile_size=64, learning_rate=1e-3, ema_decay=0.9, validations=3
    ),
    decoding=DecodingConfig(score_threshold=None),
)
_COLOURS = np.array([[120, 70, 40], [70, 80, 150]])


def draw_cells(side: int, count: int, seed: Seed) -> tuple[Pixels, Points]:
    """Return a (side, side, 3) image of discs, none nearer than 14 pixels, and their centres."""
    random = seed.stream("cells")
    xy = np.empty((0, 2))
    while len(xy) < count:
        candidate = random.uniform(4, side - 4, 2)
        if not len(xy) or np.hypot(*(xy - candidate).T).min() > 14:
            xy = np.vstack([xy, candidate])
    classes = random.integers(0, 2, count)
    canvas = 225 + 8 * random.standard_normal((side, side, 3))
    rows, columns = np.mgrid[:side, :side] + 0.5
    for (x, y), row, radius in zip(xy, classes, random.uniform(4, 6, count), strict=True):
        disc = np.hypot(columns - x, rows - y) < radius
        canvas[disc] = _COLOURS[row] + 12 * random.standard_normal((disc.sum(), 3))
    return np.clip(canvas, 0, 255).astype(np.uint8), Points(xy, classes)


def cell_sample(number: int, fold: int, *, side: int, count: int) -> Sample:
    """Return an image of such cells, the only one of its patient and slide."""
    pixels, points = draw_cells(side, count, Seed(number))
    record = SampleRecord(
        id=f"sample-{number}",
        slide=f"slide-{number}",
        region="all",
        patient=f"patient-{number}",
        fold=fold,
        left=0,
        top=0,
        width=side,
        height=side,
        base_mpp=MPP,
        points=count,
    )
    ids = tuple(f"{number}-{row}" for row in range(count))
    return Sample(record, pixels, points, ids, shapely.box(0, 0, side, side))


def write_cells(folder: Path, *, samples: int, side: int, count: int, folds: int = 2) -> None:
    """Write a dataset of such images, dealt out to the folds."""
    with DatasetWriter(folder) as writer:
        for number in range(samples):
            writer.add(cell_sample(number, number % folds, side=side, count=count))
        writer.finish(classes=class_records(TAXONOMY), mpp=MPP, folds=folds)


def tiny_for(epochs: int, **training: float) -> Recipe:
    """Return the tiny recipe with other epochs and other settings of the training."""
    settings = TINY.training.model_copy(update={"epochs": epochs, **training})
    return TINY.model_copy(update={"training": settings})
