"""The index of a slide as a TIFF: what other programs read from it."""

import json
from pathlib import Path

import numpy as np
import tifffile

from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.index.surface import index_surface
from plugin.outputs.ki67_surface_tiff import write_surface


def test_other_programs_read_the_index_its_place_and_smaller_levels(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    kind = np.where(random.random(200_000) < 0.3, Kind.POSITIVE, Kind.NEGATIVE)
    found = index_surface(KindedCells(random.uniform(500, 60_000, (200_000, 2)), kind), 0.25)
    assert found is not None
    path = tmp_path / "map.tiff"
    write_surface(path, found, 0.25)
    with tifffile.TiffFile(path) as file:
        (series,) = file.series
        first = series.levels[0].asarray()
        assert np.array_equal(first, found.share.astype(np.float32), equal_nan=True)
        assert np.isnan(first).any()
        assert np.isfinite(first).any()
        assert [level.shape for level in series.levels[1:]] == [
            tuple(-(-side // 2) for side in found.share.shape)
        ]
        small = series.levels[1].asarray()
        row, column = np.argwhere(np.isfinite(small))[100]
        four = found.share[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        assert small[row, column] == np.float32(np.nanmean(four))
        about = json.loads(file.pages.first.description)
    assert about["left_base_pixels"] == found.left
    assert about["step_base_pixels"] == 200
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.tiff"]
