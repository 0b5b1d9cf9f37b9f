"""Whether the stated pixel size can be true: how large nuclei look, and how near they lie to each other.

Each varies with the tissue, so alone it shows only what is off by three times. Where both are off the same
way, a pixel size that is off by two shows: for a dataset as a whole, and for one image beside the rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.data.finding import Finding
from patherea_core.data.manifest import SampleRecord
from patherea_core.data.nuclei import Nucleus
from patherea_core.geometry import Ints

#: Apparent micrometres across a nucleus, and to the nearest point; the middles of five published datasets
#: lie at 3.9 to 7.5 and at 5.1 to 10.5. Outside of these bounds one alone is unlikely,
_DIAMETERS = (3.0, 11.0)
_NEIGHBOURS = (4.0, 40.0)
#: and outside of these both together.
_BOTH_DIAMETERS = (3.6, 9.0)
_BOTH_NEIGHBOURS = (4.8, 13.0)
#: How many times larger or smaller, and farther or nearer, the nuclei of one image may be than the rest.
_OTHER_DIAMETER = 1.6
_OTHER_NEIGHBOUR = 1.4


@dataclass(frozen=True, slots=True, eq=False)
class SampleFacts:
    """What is kept of a sample once its pixels are gone.

    Attributes:
        record: what the manifest says about it.
        counts: (T,) points of each class.
        nucleus: what its nuclei look like; None if too few are labelled.
        neighbour_um: middle distance from a point to the nearest other one, in micrometres; None likewise.
    """

    record: SampleRecord
    counts: Ints
    nucleus: Nucleus | None
    neighbour_um: float | None


def scale_findings(
    mpp: float, nucleus: Nucleus | None, neighbour_um: float | None
) -> list[Finding]:
    """Return whether nuclei are of an unlikely size and distance at the stated pixel size."""
    diameter = None if nucleus is None else nucleus.diameter
    unlikely = _beyond(diameter, _DIAMETERS) or _beyond(neighbour_um, _NEIGHBOURS)
    together = _beyond(diameter, _BOTH_DIAMETERS) * _beyond(neighbour_um, _BOTH_NEIGHBOURS) > 0
    if not (unlikely or together):
        return []
    measures = [("wide", diameter, "4 to 8"), ("apart", neighbour_um, "5 to 11")]
    told = " and ".join(
        f"{value:.1f} µm {how} ({usual} is usual)" for how, value, usual in measures if value
    )
    return [
        Finding(
            check="mpp",
            grade="warning",
            message=f"at {mpp:g} µm per pixel nuclei seem {told}",
            remedy="compare the pixel size with what the scanner says",
        )
    ]


def _beyond(value: float | None, bounds: tuple[float, float]) -> int:
    """Return -1 below the bounds, 1 above them, and 0 inside or where nothing is known."""
    if value is None:
        return 0
    return int(value > bounds[1]) - int(value < bounds[0])


def outlier_findings(
    facts: Sequence[SampleFacts], nucleus: Nucleus | None, neighbour_um: float | None
) -> list[Finding]:
    """Return the samples whose nuclei are larger and farther apart than the others', or the reverse."""
    findings = []
    for fact in facts:
        if not (nucleus and neighbour_um and fact.nucleus and fact.neighbour_um):
            continue
        larger = fact.nucleus.diameter / nucleus.diameter
        farther = fact.neighbour_um / neighbour_um
        if min(larger / _OTHER_DIAMETER, farther / _OTHER_NEIGHBOUR) > 1 or (
            max(larger * _OTHER_DIAMETER, farther * _OTHER_NEIGHBOUR) < 1
        ):
            findings.append(
                Finding(
                    check="mpp",
                    grade="warning",
                    message=f"nuclei seem {larger:.1f} times as wide and {farther:.1f} times as far "
                    "apart as in the other images",
                    remedy="compare the pixel size of its slide with what the scanner says",
                    sample=fact.record.id,
                )
            )
    return findings


def middle_nucleus(facts: Sequence[SampleFacts]) -> Nucleus | None:
    """Return what a nucleus looks like in the middle one of the samples; None if none knows."""
    known = [fact.nucleus for fact in facts if fact.nucleus is not None]
    if not known:
        return None
    return Nucleus(
        float(np.median([nucleus.diameter for nucleus in known])),
        float(np.median([nucleus.strength for nucleus in known])),
    )


def middle(values: Iterable[float | None]) -> float | None:
    """Return the median of the values that are known; None if none is."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
