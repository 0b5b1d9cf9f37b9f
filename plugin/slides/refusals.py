"""Files that are refused before anything is read of them, each in one sentence that ends in the remedy."""

from pathlib import Path

from patherea_core.errors import SlideError


def missing(path: Path) -> SlideError:
    """Return the error of a file that is not there."""
    return SlideError(f"slide {str(path)!r} cannot be read: no such file; check its path")


def no_image(path: Path) -> SlideError:
    """Return the error of a file that no reader takes."""
    if path.stat().st_size == 0:
        return SlideError(f"{path.name!r} is empty; fetch the file again")
    return SlideError(
        f"{path.name!r} is no slide or image that can be read; fetch the file again, or convert it to a "
        "tiled TIFF"
    )
