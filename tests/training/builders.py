"""A recipe and a dataset with a published split that train in a moment."""

from collections.abc import Sequence
from pathlib import Path

from patherea_core.config import DecodingConfig, NetworkConfig, Recipe, TrainingConfig
from patherea_core.data.manifest import class_records
from patherea_core.data.store import DatasetWriter
from tests.core.workflow.cells import MPP, TAXONOMY, cell_sample

#: Of an image of the dataset and of a tile, in pixels.
SIDE = 64
#: Cells of an image.
CELLS = 6


def small_recipe(epochs: int, batch_size: int) -> Recipe:
    """Return a recipe that trains in a moment."""
    return Recipe(
        network=NetworkConfig(backbone="test_efficientnet", fpn_channels=8, head_blocks=1),
        training=TrainingConfig(
            epochs=epochs, batch_size=batch_size, tile_size=SIDE, validations=1
        ),
        decoding=DecodingConfig(score_threshold=None),
        radius_um=3.0,
    )


def write_split(
    folder: Path, dataset: str, names: Sequence[str], fold_of_each: Sequence[int]
) -> Path:
    """Write a dataset of images of cells, one a patient, and return its folder.

    Args:
        folder: where.
        dataset: what it says it is.
        names: of its folds.
        fold_of_each: number of the fold of each image.
    """
    with DatasetWriter(folder) as writer:
        for number, fold in enumerate(fold_of_each):
            writer.add(cell_sample(number, fold, side=SIDE, count=CELLS))
        writer.finish(
            classes=class_records(TAXONOMY),
            mpp=MPP,
            folds=tuple(names),
            lineage={"dataset": dataset},
        )
    return folder
