"""How a dataset looks: that of its images, and of no others."""

from pathlib import Path

import pytest

from patherea_core.data import dataset_looks
from patherea_core.data.dataset_looks import dataset_colours
from patherea_core.data.looks import colour_statistics, look
from tests.builders import sample, write_dataset


@pytest.mark.parametrize("most", [40, 2])
def test_the_samples_asked_for_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(dataset_looks, "_LOOKED_AT", most)
    samples = [sample(name=f"s{row}", size=(48 + row, 32)) for row in range(5)]
    manifest = write_dataset(tmp_path / "d", samples)
    rows = [0, 2, 3, 4]
    looked_at = rows if most == 40 else rows[::2]
    looks = [seen for row in looked_at if (seen := look(samples[row].pixels)) is not None]
    assert dataset_colours(tmp_path / "d", manifest, rows) == colour_statistics(looks)
    assert dataset_colours(tmp_path / "d", manifest, []) is None
