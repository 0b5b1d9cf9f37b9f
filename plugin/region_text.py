"""The region that a person drew in the archive's web page, which arrives as a list of numbers.

All numbers are base pixels. ``-1,-1,-1,-1`` is the whole slide; the pair ``-1,-1`` parts one shape
from the next; ``-2,-2`` ends a line. A shape of four numbers is a rectangle (left, top, width,
height), of six a rectangle by its middle and half sides (x, y, z, half width, half height, half
depth), of eight or more a polygon, whose corners are pairs; a triangle repeats its first corner.
There are no holes. A corner that truly lies at (-1, -1) is written ``-1.0,-1.0``.
"""

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import shapely
from shapely.geometry import Polygon

from patherea_core.errors import InputError
from patherea_core.regions import Outline, checked_outline

_SHAPE_END = ("-1", "-1")
_LINE_END = (-2.0, -2.0)

_Item = TypeVar("_Item")


def parse_region(text: str) -> Outline | None:
    """Return the outline that the numbers describe, or None for the whole slide.

    Raises:
        InputError: the text is no region, or is a point or a line, which have no area.
    """
    words = [word.strip() for word in text.split(",")]
    if words in ([""], ["-1"] * 4, ["-1.0"] * 4):
        return None
    outlines = [_outline(shape) for shape in _shapes(words)]
    if not outlines:
        raise InputError(f"the region {text!r} has no numbers; write x,y,width,height")
    union: Outline = shapely.union_all(outlines)
    return union


def _shapes(words: Sequence[str]) -> Iterator[list[float]]:
    """Yield the numbers of one shape after the other."""
    if len(words) % 2:
        raise InputError(f"a region has pairs of numbers, but {len(words)} numbers were given")
    shape: list[float] = []
    for pair in _pairs(words):
        if pair == _SHAPE_END:
            if shape:
                yield shape
            shape = []
        else:
            shape.extend(_number(word) for word in pair)
    if shape:
        yield shape


def _pairs(items: Sequence[_Item]) -> list[tuple[_Item, _Item]]:
    return list(zip(items[::2], items[1::2], strict=True))


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{word!r} in the region is no number; write x,y,width,height")
    return number


def _outline(numbers: Sequence[float]) -> Outline:
    if len(numbers) == 2:
        raise InputError("a point has no area; draw a rectangle or a polygon as the region")
    if tuple(numbers[-2:]) == _LINE_END:
        raise InputError("a line has no area; draw a rectangle or a polygon as the region")
    if len(numbers) == 4:
        left, top, width, height = numbers
        return _rectangle(left, top, width, height)
    if len(numbers) == 6:
        x, y, _, half_width, half_height, _ = numbers
        return _rectangle(x - half_width, y - half_height, 2 * half_width, 2 * half_height)
    return checked_outline(Polygon(_pairs(numbers)), "the region")


def _rectangle(left: float, top: float, width: float, height: float) -> Outline:
    if not (width > 0 and height > 0):
        raise InputError(
            f"a region needs a positive width and height, not {width:g} × {height:g} pixels"
        )
    return shapely.box(left, top, left + width, top + height)
