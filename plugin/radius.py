"""The radius inside which a detection may be paired with a point, in pixels or micrometres."""

import math
import re
from dataclasses import dataclass
from typing import Literal, Self

from patherea_core.errors import InputError, ScaleError

_FORM = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(px|um|µm|μm)\s*")


@dataclass(frozen=True, slots=True)
class Radius:
    """A distance of so many base pixels or micrometres."""

    value: float
    unit: Literal["px", "um"]

    def __post_init__(self) -> None:
        if not self.value > 0:
            raise InputError("the radius must be positive, say 6px or 3um")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the radius that a text such as ``6px`` or ``3um`` names.

        Raises:
            InputError: the text is no radius.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            raise InputError(f"{text!r} is no radius; write it with its unit, say 6px or 3um")
        return cls(float(form[1]), "px" if form[2] == "px" else "um")

    def in_pixels(self, mpp: float | None) -> float:
        """Return the radius in pixels of the given size.

        Raises:
            ScaleError: it is in micrometres and the pixel size is not known.
        """
        if self.unit == "px":
            return self.value
        if mpp is None:
            raise ScaleError(
                f"a radius of {self} needs the size of the pixels; give --mpp, or the radius in px"
            )
        if not (math.isfinite(mpp) and mpp > 0):
            raise ScaleError(f"--mpp must be a positive number of micrometres, not {mpp:g}")
        return self.value / mpp

    def __str__(self) -> str:
        return f"{self.value:g}{self.unit}"
