"""How the images of a dataset look, for the card of what is trained on them."""

import math
from collections.abc import Sequence
from pathlib import Path

from patherea_core.bundle_card import ColourStatistics
from patherea_core.data.looks import colour_statistics, tile_looks
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_sample
from patherea_core.geometry import Floats

#: Images that are looked at to say how all of them look.
_LOOKED_AT = 40


def dataset_colours(
    dataset: Path, manifest: Manifest, rows: Sequence[int]
) -> ColourStatistics | None:
    """Return how these samples look, of some from all over them; None if nothing in them is stained.

    Args:
        dataset: its folder.
        manifest: what it says about itself.
        rows: of the manifest's samples, those that are trained on.

    Raises:
        DatasetError: a file is missing or broken.
    """
    looks: list[Floats] = []
    for row in rows[:: max(1, math.ceil(len(rows) / _LOOKED_AT))]:
        looks += tile_looks(read_sample(dataset, manifest, manifest.samples[row]).pixels)
    return colour_statistics(looks)
