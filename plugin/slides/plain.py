"""Plain images (PNG, JPEG, BMP) as slides: read as a whole, colours moved to sRGB as for slides."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from patherea_core.errors import PixelFormatError, SlideError
from patherea_core.geometry import Pixels
from plugin.slides.pixels import as_rgb
from plugin.slides.refusals import missing, no_image

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})

#: Modes of eight bits a channel or less.
_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"})


def read_plain(path: Path) -> Pixels:
    """Return the (H, W, 3) RGB pixels of an image.

    Raises:
        SlideError: it is missing, broken, too large, or has more than eight bits a channel.
    """
    with _opened(path) as image:
        image.load()
        return as_rgb(np.asarray(_standard_colours(image)), path.name)


def require_plain(path: Path) -> None:
    """Check the head of an image file, without reading its pixels; raises as ``read_plain``."""
    with _opened(path):
        pass


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            if image.mode not in _MODES:
                raise PixelFormatError(
                    f"image {path.name!r} has pixels of mode {image.mode}; convert it to 8 bits a channel"
                )
            yield image
    except FileNotFoundError as error:
        raise missing(path) from error
    except UnidentifiedImageError as error:
        raise no_image(path) from error
    except Image.DecompressionBombError as error:
        raise SlideError(
            f"image {path.name!r} is too large to be read as a whole; convert it to a tiled TIFF"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise SlideError(
            f"image {path.name!r} cannot be read: {_reason(error)}; fetch the file again"
        ) from error


def _standard_colours(image: Image.Image) -> Image.Image:
    """Return the image in RGB or RGBA, with its colour profile, if any, applied."""
    profile = image.info.get("icc_profile")
    plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if not profile or image.mode == "CMYK":
        return plain
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        moved = ImageCms.profileToProfile(plain, source, target, outputMode=plain.mode)
    except (ImageCms.PyCMSError, OSError):
        # A profile that cannot be used is passed over, as the archive does with slides.
        return plain
    return moved or plain


def _reason(error: Exception) -> str:
    return str(error).split("\n")[0]
