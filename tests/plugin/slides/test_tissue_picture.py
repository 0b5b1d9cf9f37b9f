"""The picture of the tissue: bright inside, dark outside and in holes."""

import numpy as np

from patherea_core.slides import ArraySlide
from plugin.slides.overview import overview
from plugin.slides.tissue_picture import tissue_picture
from tests.builders import ring


def test_what_is_no_tissue_is_dark() -> None:
    slide = ArraySlide("s", 0.5, np.full((960, 1600, 3), 200, dtype=np.uint8))
    view = overview(slide, 8.0)
    picture = tissue_picture(view, ring(160, 160, 640, 320))
    assert picture.shape == view.pixels.shape
    across = picture[30, :, 1]
    assert across[[3, 30, 80]].tolist() == [80, 80, 80]
    assert across[[15, 45]].tolist() == [200, 200]
    assert (tissue_picture(view, None) == 80).all()
