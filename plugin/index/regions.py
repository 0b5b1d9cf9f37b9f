"""The regions in which cells are counted: their names, and what each stands for. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from patherea_core.errors import InputError
from patherea_core.index.samples import CountingRegion
from patherea_core.regions import Outline


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRegion:
    """An outline as somebody drew it, in base pixels.

    Attributes:
        outline: the area.
        label: what it is called; may be empty, or the name of several.
        group: what kind of region it is; may be empty.
    """

    outline: Outline
    label: str = ""
    group: str = ""


def weight_named(text: str) -> tuple[str, float]:
    """Return the region or group, and what it stands for, of a text such as ``low=0.3``.

    Raises:
        InputError: the text says no weight.
    """
    name, equals, share = (part.strip() for part in text.rpartition("="))
    try:
        weight = float(share)
    except ValueError:
        weight = 0.0
    if not (name and equals and 0 < weight < math.inf):
        raise InputError(
            f"a weight is a name and a positive number, say low=0.3, not {text!r}; leave out a region that"
            " stands for nothing"
        )
    return name, weight


def counting_regions(
    drawn: Sequence[DrawnRegion], weights: Mapping[str, float]
) -> tuple[CountingRegion, ...]:
    """Return the regions under names of their own, each with what it stands for.

    A weight belongs to the region of that name or to the group of that name, whose regions share it.

    Raises:
        InputError: a weight names no region.
    """
    names = _names(drawn)
    for wanted in weights:
        if wanted not in names and not any(wanted == region.group for region in drawn):
            raise InputError(
                f"--weight names {wanted!r}, but the regions are: {', '.join(map(repr, names)) or 'none'}"
            )
    return tuple(
        CountingRegion(name, region.outline, _weight(name, region, drawn, weights))
        for name, region in zip(names, drawn, strict=True)
    )


def _names(drawn: Sequence[DrawnRegion]) -> list[str]:
    """Return the names, with numbers where several would be the same."""
    wanted = [region.label or region.group or "region" for region in drawn]
    counts: dict[str, int] = {}
    names = []
    for name in wanted:
        counts[name] = counts.get(name, 0) + 1
        alone = wanted.count(name) == 1 and name != "region"
        names.append(name if alone else f"{name} {counts[name]}")
    if len(set(names)) < len(names):  # somebody called a region as another one would be numbered
        return [f"region {number}" for number in range(1, len(names) + 1)]
    return names


def _weight(
    name: str, region: DrawnRegion, drawn: Sequence[DrawnRegion], weights: Mapping[str, float]
) -> float | None:
    if name in weights:
        return weights[name]
    if region.group not in weights:
        return None
    return weights[region.group] / sum(other.group == region.group for other in drawn)
