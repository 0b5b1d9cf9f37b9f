"""The slides and images that one process has open: the latest ones, as far as memory allows."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from patherea_core.slides import ArraySlide, SlideReader
from plugin.pretraining.ground import Ground
from plugin.slides.reader import open_slide

#: Bytes that all that is open may take in one process.
_MOST_BYTES = 384 * 2**20

#: Bytes that an open slide takes for its tables; its decoded tiles lie in a store of their own.
_OPEN_SLIDE = 12 * 2**20

#: Who warns of a slide whenever it is opened.
_WARNING = ("large_image", "plugin.slides.reader")

Opener = Callable[[Path, float, str], SlideReader]


class OpenImages:
    """Opens what is asked for, and closes what was asked for longest ago.

    Args:
        most_bytes: that all that is open may take; one image is kept open however large it is.
        opener: opens a file, given its pixel size and name.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES, opener: Opener = open_slide) -> None:
        self._most, self._open = most_bytes, opener
        for name in _WARNING:
            logging.getLogger(name).addFilter(_ONCE)
        self._kept: OrderedDict[Path, SlideReader] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def reader(self, ground: Ground) -> SlideReader:
        """Return the slide or image of a ground, ready to be read.

        Raises:
            SlideError: it cannot be read.
        """
        if ground.path not in self._kept:
            self._kept[ground.path] = self._open(ground.path, ground.base_mpp, ground.title)
        self._kept.move_to_end(ground.path)
        while len(self._kept) > 1 and sum(map(_bytes, self._kept.values())) > self._most:
            self._kept.popitem(last=False)
        return self._kept[ground.path]


def _bytes(slide: SlideReader) -> int:
    """Return about how much memory an open slide takes."""
    return slide.pixels.nbytes if isinstance(slide, ArraySlide) else _OPEN_SLIDE


class _Once(logging.Filter):
    """Passes each message once in a process: a slide may be opened a thousand times."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the message is new."""
        message = record.getMessage()
        new = message not in self._told
        self._told.add(message)
        return new


_ONCE = _Once()
