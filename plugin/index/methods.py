"""The ways to count for a Ki-67 index that a person can choose, each with its guideline and its windows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from patherea_core.errors import InputError
from patherea_core.index.guidelines import (
    IKWG_2011,
    IKWG_GLOBAL,
    IKWG_HOTSPOT,
    IKWG_WEIGHTED_GLOBAL,
    WHO_NET,
    Guideline,
)
from patherea_core.index.windows import FixedArea, NumberOfCells

Window: TypeAlias = FixedArea | NumberOfCells

_WINDOW = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(mm2|mm²|cells)\s*")


@dataclass(frozen=True, slots=True)
class Method:
    """One way to count.

    Attributes:
        name: how a person chooses it.
        guideline: what it follows.
        window: the hotspots that belong to it.
    """

    name: str
    guideline: Guideline
    window: Window

    @property
    def in_hotspot(self) -> bool:
        """Whether its index is that of the first hotspot, not of all cells."""
        return self.guideline.place == "hotspot"


#: All of them by their names; the first is the usual one.
METHODS: Mapping[str, Method] = {
    method.name: method
    for method in (
        Method("global", IKWG_GLOBAL, FixedArea()),
        Method("weighted", IKWG_WEIGHTED_GLOBAL, FixedArea()),
        Method("hotspot", IKWG_HOTSPOT, NumberOfCells(500)),
        Method("net", WHO_NET, FixedArea()),
        Method("breast-2011", IKWG_2011, FixedArea()),
    )
}


def method_named(name: str) -> Method:
    """Return a method by its name.

    Raises:
        InputError: there is none of that name.
    """
    if name not in METHODS:
        raise InputError(f"there is no method {name!r}; choose one of {', '.join(METHODS)}")
    return METHODS[name]


def window_named(text: str) -> Window:
    """Return the windows that a text such as ``2mm2`` or ``500cells`` names.

    Raises:
        InputError: the text names none.
    """
    form = _WINDOW.fullmatch(text)
    if form is None:
        raise InputError(
            f"{text!r} is no hotspot; write its area or its cells, say 2mm2 or 500cells"
        )
    if form[2] == "cells":
        if "." in form[1]:
            raise InputError(f"a hotspot has a whole number of cells, not {form[1]}")
        return NumberOfCells(int(form[1]))
    return FixedArea(float(form[1]))


def window_in_words(window: Window) -> str:
    """Return what a report calls the windows."""
    if isinstance(window, FixedArea):
        return f"{window.square_millimetres:g} mm²"
    return f"{window.cells:,} tumour cells"
