"""The regions in which cells are counted: their names, and what each stands for. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    """Return the regions of one slide under names of their own; see ``counting_regions_of``.

    Raises:
        InputError: a weight names no region.
    """
    return counting_regions_of({"": drawn}, weights)[""]


def counting_regions_of(
    drawn: Mapping[str, Sequence[DrawnRegion]], weights: Mapping[str, float]
) -> Mapping[str, tuple[CountingRegion, ...]]:
    """Return the regions of each image under names of their own, each with what it stands for.

    A weight belongs to all regions of its name, which is that of a region ("low", or "a.png, low" of one
    image alone), of a group or of an image; they share it. The first of these names that has a weight
    counts.

    Raises:
        InputError: a weight names no region.
    """
    keys = {
        image: [
            dict.fromkeys((f"{image}, {name}", name, region.group, image))
            for name, region in zip(_names(regions), regions, strict=True)
        ]
        for image, regions in drawn.items()
    }
    owned = Counter(key for each in keys.values() for names in each for key in names if key)
    for wanted in weights:
        if wanted not in owned:
            names = dict.fromkeys(name for regions in drawn.values() for name in _names(regions))
            there = f"the regions are: {', '.join(map(repr, names))}"
            none = "there is no region; outline some, and say where with --regions"
            raise InputError(f"--weight names {wanted!r}, but {there if names else none}")

    def weight(names: Iterable[str]) -> float | None:
        said = next((name for name in names if name in weights), None)
        return None if said is None else weights[said] / owned[said]

    return {
        image: tuple(
            CountingRegion(name, region.outline, weight(names))
            for name, region, names in zip(_names(regions), regions, keys[image], strict=True)
        )
        for image, regions in drawn.items()
    }


def image_weights(images: Sequence[str], weights: Mapping[str, float]) -> Mapping[str, float]:
    """Return what each image without regions stands for; nothing if nobody said it of any.

    Raises:
        InputError: a weight names no image, or only some have one.
    """
    for wanted in weights:
        if wanted not in images:
            raise InputError(
                f"--weight names {wanted!r}, but the images are: {', '.join(map(repr, images))}"
            )
    without = [image for image in images if weights and image not in weights]
    if without:
        raise InputError(
            f"image {without[0]!r} has no weight, though others have; say what share of the tumour each"
            " stands for with --weight NAME=SHARE"
        )
    return weights


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
