"""One image of a dataset with its labels."""

from dataclasses import dataclass

import numpy as np

from patherea_core.data.manifest import SampleRecord
from patherea_core.errors import DatasetError
from patherea_core.geometry import Box, Pixels
from patherea_core.points import Points
from patherea_core.regions import Outline


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One image of a dataset with its labels.

    Attributes:
        record: what the manifest says about it.
        pixels: (H, W, 3) RGB working pixels.
        points: the labelled cells, in tile pixels.
        element_ids: for each point, the id of the annotation element it came from.
        labelled: inside it every cell is labelled, in tile pixels.
    """

    record: SampleRecord
    pixels: Pixels
    points: Points
    element_ids: tuple[str, ...]
    labelled: Outline

    def __post_init__(self) -> None:
        record, name = self.record, f"sample {self.record.id!r}"
        wanted = (record.height, record.width, 3)
        if self.pixels.shape != wanted or self.pixels.dtype != np.uint8:
            raise DatasetError(
                f"the image of {name} must be {wanted} uint8, not {self.pixels.shape} {self.pixels.dtype}"
            )
        if not len(self.points) == len(self.element_ids) == record.points:
            raise DatasetError(
                f"{name} should have {record.points} points, but has {len(self.points)} with "
                f"{len(self.element_ids)} element ids"
            )
        outside = ~Box(0, 0, record.width, record.height).contains(self.points.xy)
        if outside.any():
            x, y = self.points.xy[outside][0]
            raise DatasetError(f"point ({x}, {y}) of {name} lies outside of its image")
        if self.labelled.area <= 0:
            raise DatasetError(f"{name} has no labelled area")
