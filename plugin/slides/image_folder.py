"""The images that tables of cells speak of, found by name in a folder, for pictures of single cells."""

from pathlib import Path

from patherea_core.errors import InputError, SlideError
from patherea_core.geometry import Box, Pixels
from patherea_core.slides import SlideReader
from plugin.slides.inputs import slide_files
from plugin.slides.reader import open_slide

#: Pictures show base pixels, so the pixel size of an image does not matter.
_ANY_MPP = 1.0


class ImageFolder:
    """Gives pixels of the images of a folder by their names, with or without an ending.

    Raises:
        InputError: there is no such folder, or it holds no image.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"there is no folder {folder} with images")
        paths = slide_files([folder])
        self._paths = {path.stem: path for path in paths} | {path.name: path for path in paths}
        self._opened: dict[Path, SlideReader] = {}

    def has(self, image: str) -> bool:
        """Tell whether there is an image of that name."""
        return self._path(image) is not None

    def pixels(self, image: str, box: Box) -> Pixels:
        """Return the RGB pixels of a box in base pixels, white beyond the edges.

        Raises:
            SlideError: the image cannot be read, or there is none of that name.
        """
        path = self._path(image)
        if path is None:
            raise SlideError(f"there is no image {image!r} among those for pictures")
        if path not in self._opened:
            # One at a time: a plain image is held in memory whole.
            self._opened = {path: open_slide(path, _ANY_MPP)}
        return self._opened[path].read(box)

    def _path(self, image: str) -> Path | None:
        return self._paths.get(image) or self._paths.get(Path(image).stem)
