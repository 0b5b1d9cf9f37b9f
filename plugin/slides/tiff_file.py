"""What a TIFF says of itself as a file: whether all of it is there, and its resolution, plausible or not."""

import logging
import struct
from pathlib import Path

import tifffile

from patherea_core.errors import SlideError

#: What writers put down that know no resolution.
_UNSAID = (1.0, 1.0)

#: What tifffile raises on a file that is broken.
_BROKEN = (OSError, ValueError, IndexError, KeyError, TypeError, RuntimeError, struct.error)

# It tells of every oddity in words of its own; what matters of them is found and told here.
logging.getLogger("tifffile").disabled = True


def require_whole(path: Path) -> None:
    """Refuse a TIFF whose end is missing, which readers would fill with black or leave out without a word.

    Raises:
        SlideError: a part of it is not there; nothing is said of what is no TIFF.
    """
    try:
        with tifffile.TiffFile(path) as file:
            size = path.stat().st_size
            whole = _directories_end(file) <= size and 0 < _pixels_end(file) <= size
    except tifffile.TiffFileError:
        return
    except _BROKEN as error:
        raise SlideError(
            f"{path.name!r} is a broken TIFF ({error}); fetch the file again"
        ) from error
    if not whole:
        raise SlideError(f"slide {path.name!r} is cut short; fetch the file again")


def said_mpp(path: Path) -> float | None:
    """Return the pixel size in micrometres that a TIFF's first image says, even a printer's; else None."""
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            if page.resolution == _UNSAID or page.resolutionunit not in {2, 3}:
                return None
            across, _ = page.get_resolution(tifffile.RESUNIT.MICROMETER)
    except (tifffile.TiffFileError, *_BROKEN):
        return None
    return 1 / across if across > 0 else None


def _pixels_end(file: tifffile.TiffFile) -> int:
    """Return the byte up to which the file must reach to hold all pixels; 0 if there are none."""
    return max(
        (
            offset + count
            for page in file.pages
            for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
        ),
        default=0,
    )


def _directories_end(file: tifffile.TiffFile) -> int:
    """Return the byte up to which the file must reach to hold all directories that it names."""
    form, handle = file.tiff, file.filehandle
    following: int = file.pages.first.offset
    end = 0
    seen: set[int] = set()
    while following and following not in seen:
        seen.add(following)
        tags_begin = following + form.tagnosize
        if tags_begin > handle.size:
            return tags_begin
        handle.seek(following)
        (tags,) = struct.unpack(form.tagnoformat, handle.read(form.tagnosize))
        tags_end = tags_begin + int(tags) * form.tagsize
        end = max(end, tags_end + form.offsetsize)
        if end > handle.size:
            return end
        handle.seek(tags_end)
        (following,) = struct.unpack(form.offsetformat, handle.read(form.offsetsize))
    return end
