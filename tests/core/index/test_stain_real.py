"""The stain of labelled cells of three laboratories agrees with their labels, as docs/ki67-study.md says."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from patherea_core.index.kinds import KindedCells
from patherea_core.index.stain_check import stain_check
from patherea_core.index.stain_density import read_stain
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide

DATA = Path(os.environ.get("PATHEREA_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.data
@pytest.mark.parametrize(
    ("field", "mpp", "least"),
    [
        ("ki67-shidc/p1_0299_5.jpg", 0.175, 0.97),
        ("ki67-rouland/g2-26.jpg", 0.1, 0.98),
        ("ki67-deepliif/34_3.png", 0.25, 0.97),
    ],
)
def test_labels_and_stain_agree(field: str, mpp: float, least: float) -> None:
    folder, name = DATA / field.split("/")[0], field.split("/")[1]
    if not folder.is_dir():
        pytest.skip(f"needs the fields of {folder.name} in $PATHEREA_DATA/{folder.name}")
    with (folder / "points.csv").open() as file:
        rows = [
            row for row in csv.DictReader(file) if row["image"] == name and row["class"] != "til"
        ]
    xy = np.array([(float(row["x"]), float(row["y"])) for row in rows])
    kind = np.array([row["class"] == "negative" for row in rows], dtype=np.int64)
    slide = ArraySlide(name, mpp, np.asarray(Image.open(folder / "images" / name).convert("RGB")))
    dab = read_stain(slide, xy, Silent()).dab
    found = stain_check(KindedCells(xy, kind), dab, mpp, Seed(0))
    assert found.agreement.value is not None
    assert found.agreement.value >= least
