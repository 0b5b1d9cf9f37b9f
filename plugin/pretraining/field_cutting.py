"""Fields of one slide as images: what stays of a slide that is too large to be kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from patherea_core.files import replacing
from patherea_core.geometry import Box, Pixels
from patherea_core.slides import SlideReader, read_working
from plugin.pretraining.ground import Ground

#: Bytes of a working pixel that is not compressed.
_PIXEL = 3


@dataclass(frozen=True, slots=True)
class FieldWishes:
    """What fields are wanted of a slide.

    Attributes:
        count: how many.
        side: of each in working pixels, or as much as the slide has.
        mpp: micrometres per working pixel.
    """

    count: int
    side: int
    mpp: float

    @property
    def size(self) -> int:
        """Bytes that the fields of a slide take at the most."""
        return self.count * self.side**2 * _PIXEL


def cut_fields(
    slide: SlideReader, ground: Ground, wishes: FieldWishes, random: np.random.Generator
) -> Iterator[Pixels]:
    """Yield (H, W, 3) working pixels of random fields of a slide; an image that is no larger as a whole.

    Raises:
        SlideError: the slide cannot be read there.
    """
    if ground.sites is None and ground.width * ground.height <= wishes.count * wishes.side**2:
        yield read_working(slide, Box(0, 0, ground.width, ground.height), wishes.mpp)
        return
    side = min(wishes.side, ground.width, ground.height)
    for _ in range(wishes.count):
        yield read_working(slide, ground.box(side, random), wishes.mpp)


def write_field(pixels: Pixels, path: Path, name: str, mpp: float, cut_from: str) -> Ground:
    """Write a field as an image, and return it as the ground that it is.

    Args:
        pixels: (H, W, 3).
        path: of the image.
        name: of the field, in messages.
        mpp: micrometres per pixel.
        cut_from: what tells its slide from others.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing(path) as temporary:
        # Little compression: a field is read much more often than it is written.
        Image.fromarray(pixels).save(temporary, format="PNG", compress_level=1)
    return Ground(path, name, mpp, pixels.shape[1], pixels.shape[0], cut_from=cut_from)
