"""Files that are refused before anything is read of them, each in one sentence that ends in the remedy."""

import os
from pathlib import Path

from patherea_core.errors import SlideError


def missing(path: Path) -> SlideError:
    """Return the error of a file that is not there."""
    return SlideError(f"slide {str(path)!r} cannot be read: no such file; check its path")


def require_permitted(path: Path) -> None:
    """Refuse a file that may not be read, which readers would call broken.

    Raises:
        SlideError: the rights of the file keep this user out.
    """
    if path.exists() and not os.access(path, os.R_OK):
        raise SlideError(
            f"slide {str(path)!r} cannot be read: user {os.getuid()} is not permitted to; grant it the right"
            " to read the file, or run as the file's owner"
        )


def no_image(path: Path) -> SlideError:
    """Return the error of a file that no reader takes."""
    if path.stat().st_size == 0:
        return SlideError(f"{path.name!r} is empty; fetch the file again")
    return SlideError(
        f"{path.name!r} is no slide or image that can be read; fetch the file again, or convert it to a "
        "tiled TIFF"
    )
