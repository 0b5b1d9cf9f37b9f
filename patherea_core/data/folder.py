"""How the files of a dataset folder come to disk and back.

A folder is filled beside its destination first, then moved in one step. What the operating system
refuses becomes an error of this project here.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from patherea_core.data.manifest import MANIFEST
from patherea_core.errors import DatasetError, OutputError
from patherea_core.geometry import Pixels


def require_free(destination: Path) -> None:
    """Make sure, before any work, that a new folder can be written.

    Raises:
        DatasetError: something is there already; an empty folder is not in the way.
        OutputError: nothing can be written there.
    """
    if destination.is_dir():
        if (destination / MANIFEST).exists():
            raise DatasetError(f"{destination} already holds a dataset; choose another folder")
        if any(destination.iterdir()):
            raise DatasetError(f"{destination} is not empty; choose another folder")
    elif destination.exists():
        raise DatasetError(f"{destination} is a file; choose another name")
    ancestor = next(parent for parent in destination.absolute().parents if parent.exists())
    if not (ancestor.is_dir() and os.access(ancestor, os.W_OK | os.X_OK)):
        raise OutputError(
            f"cannot write {destination}: {ancestor} is not a folder one may write to"
        )


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with the line ends it has, in a folder that is made if need be."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())


def write_image(path: Path, pixels: Pixels) -> None:
    """Write (H, W, 3) RGB pixels as PNG, in a folder that is made if need be."""
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path, format="PNG")


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file with the line ends it has.

    Raises:
        DatasetError: it is missing, cannot be read or is no text.
    """
    try:
        return path.read_bytes().decode()
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing") from error
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is no UTF-8 text") from error


def read_image(path: Path) -> Pixels:
    """Return the (H, W, 3) RGB pixels of an image.

    Raises:
        DatasetError: it is missing, no image, or not RGB.
    """
    try:
        with Image.open(path) as image:
            if image.mode != "RGB":
                raise DatasetError(f"{path} must be an RGB image, not {image.mode}")
            return np.array(image)
    except FileNotFoundError as error:
        raise DatasetError(f"{path} is missing") from error
    except UnidentifiedImageError as error:
        raise DatasetError(f"{path} is no image") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow reports a broken PNG as SyntaxError, and some of its parts as ValueError.
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"cannot read {path}: {reason}") from error


def digest(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of the files' contents one after the other, in hexadecimal."""
    total = hashlib.sha256()
    for path in paths:
        # Digests of digests, so that bytes cannot wander from one file to the next.
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
