"""What guidelines ask of a Ki-67 count, with their sources, and the grade that an index means.

* WHO, neuroendocrine tumours of the digestive system: at least 500 tumour cells where most are positive
  (hotspots); G1 below 3 %, G2 from 3 % to 20 %, G3 above 20 %. The grade is the higher one of the Ki-67
  index and the mitoses per 2 mm², of which we know nothing here; that a tumour is well differentiated, a
  person says. Poorly differentiated carcinomas have no grade.
* Breast (IKWG), global scores: areas are told apart by how positive they look (negligible, low, medium,
  high); 100 tumour cells are counted in each of four fields. Unweighted, the score is that of all cells;
  weighted, each field counts by the share of the tumour that looks like it. Hotspot score: 500 cells of
  one field where most are positive. In T1-2, N0-1, ER positive and HER2 negative patients an index up to
  5 %, or from 30 %, can be used to estimate prognosis.
* Breast (IKWG, 2011), which stands for the "500 to 1,000 cells": 1,000 are advised, 500 are the least.

Which of these numbers were read where, and which could not be checked, docs/ki67.md tells.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol, TypeAlias

from patherea_core.errors import InputError
from patherea_core.index.ki67 import Index, Weighting

#: Where cells are counted: the most positive area, or fields that stand for the whole tumour.
Place: TypeAlias = Literal["hotspot", "whole tumour"]


@dataclass(frozen=True, slots=True)
class Band:
    """A grade, or what else a range of the index is called.

    Attributes:
        name: what people call it.
        up_to: where it ends, a share of 1.
        includes_end: whether an index of just that belongs to it, or to the next.
    """

    name: str
    up_to: float
    includes_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Guideline:
    """What one guideline asks of a count.

    Attributes:
        name: short, for a report.
        source: where it is written.
        place: where to count.
        least_cells: tumour cells below which it is not met.
        advised_cells: tumour cells that it would rather have.
        least_regions: fields to count in.
        weighting: how fields are put together.
        strata: whether fields are chosen to stand for all of the tumour (see ``IndexOptions``).
        bands: from low to high; the last ends at 1. None for a guideline without ranges.
        bands_hold: whom the ranges are for, and what else belongs to them: a sentence for the reader.
    """

    name: str
    source: str
    place: Place
    least_cells: int
    advised_cells: int
    least_regions: int
    weighting: Weighting
    strata: bool
    bands: tuple[Band, ...]
    bands_hold: str = ""

    def __post_init__(self) -> None:
        ends = [band.up_to for band in self.bands]
        if ends and (ends[-1] != 1 or any(low >= high for low, high in pairwise([0.0, *ends]))):
            raise InputError(f"the ranges of {self.name} must rise from above 0 to 1, not {ends}")


_WHO = "WHO Classification of Tumours, Digestive System, 5th ed. (2019); kept in 2022"
_LEUNG = (
    "Leung et al., npj Breast Cancer 2016;2:16014 and Histopathology 2019;75:225-235; "
    "Nielsen et al., J Natl Cancer Inst 2021;113:808-819"
)
_NET_HOLD = (
    "The grade of a neuroendocrine tumour is the higher one of this and of the mitoses per 2 mm², which are"
    " not counted here; a poorly differentiated carcinoma has none."
)
_BREAST_HOLD = (
    "The ranges (up to 5 %, from 30 %) are the IKWG's for stages T1-2, N0-1, ER positive and HER2 negative;"
    " it gives them no names."
)
_NET_GRADES = (Band("G1", 0.03, False), Band("G2", 0.20, True), Band("G3", 1.0, True))  # noqa: FBT003  rows of a table
_BREAST_BANDS = (
    Band("low", 0.05, True),  # noqa: FBT003
    Band("intermediate", 0.30, False),  # noqa: FBT003
    Band("high", 1.0, True),  # noqa: FBT003
)

WHO_NET = Guideline(
    name="WHO, neuroendocrine tumour",
    source=_WHO,
    place="hotspot",
    least_cells=500,
    advised_cells=500,
    least_regions=1,
    weighting="pooled",
    strata=False,
    bands=_NET_GRADES,
    bands_hold=_NET_HOLD,
)
IKWG_GLOBAL = Guideline(
    name="IKWG breast, unweighted global",
    source=_LEUNG,
    place="whole tumour",
    least_cells=400,
    advised_cells=400,
    least_regions=4,
    weighting="pooled",
    strata=True,
    bands=_BREAST_BANDS,
    bands_hold=_BREAST_HOLD,
)
IKWG_WEIGHTED_GLOBAL = Guideline(
    name="IKWG breast, weighted global",
    source=_LEUNG,
    place="whole tumour",
    least_cells=400,
    advised_cells=400,
    least_regions=4,
    weighting="weighted",
    strata=True,
    bands=_BREAST_BANDS,
    bands_hold=_BREAST_HOLD,
)
IKWG_HOTSPOT = Guideline(
    name="IKWG breast, hotspot",
    source=_LEUNG,
    place="hotspot",
    least_cells=500,
    advised_cells=500,
    least_regions=1,
    weighting="pooled",
    strata=False,
    bands=_BREAST_BANDS,
    bands_hold=_BREAST_HOLD,
)
IKWG_2011 = Guideline(
    name="IKWG breast, 2011",
    source="Dowsett et al., J Natl Cancer Inst 2011;103:1656-1664",
    place="whole tumour",
    least_cells=500,
    advised_cells=1000,
    least_regions=3,
    weighting="pooled",
    strata=False,
    bands=(),
)
#: All of them.
GUIDELINES = (WHO_NET, IKWG_GLOBAL, IKWG_WEIGHTED_GLOBAL, IKWG_HOTSPOT, IKWG_2011)


class Estimate(Protocol):
    """An index, raw or corrected, that knows its uncertainty."""

    @property
    def value(self) -> float | None:
        """The index; None where it is undefined."""

    def chance_below(self, share: float) -> float | None:
        """Return the probability that the true index is below a share; None where that is not known."""


@dataclass(frozen=True, slots=True)
class GradeChance:
    """The probability that the true index lies in one range."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Grading:
    """The grade of an index, and the probability of every grade; they sum to 1."""

    grade: str
    chances: tuple[GradeChance, ...]


def grading(estimate: Estimate, guideline: Guideline) -> Grading | None:
    """Return the grade of an index; None without its chances, or where the guideline has no ranges."""
    value = estimate.value
    below = [estimate.chance_below(band.up_to) for band in guideline.bands[:-1]]
    reached = [chance for chance in below if chance is not None]
    if value is None or not guideline.bands or len(reached) < len(below):
        return None
    grade = next(
        band.name
        for band in guideline.bands
        if value < band.up_to or (band.includes_end and value == band.up_to)
    )
    shares = [high - low for low, high in pairwise([0.0, *reached, 1.0])]
    return Grading(
        grade,
        tuple(
            GradeChance(band.name, share)
            for band, share in zip(guideline.bands, shares, strict=True)
        ),
    )


def shortfalls(index: Index, guideline: Guideline) -> tuple[str, ...]:
    """Return in sentences what a count lacks of what a guideline asks for; nothing if it meets it."""
    cells, lacks = index.tally.tumour, []
    if cells < guideline.least_cells:
        lacks.append(
            f"{index.name} has {cells} tumour cells, but {guideline.name} asks for at least "
            f"{guideline.least_cells}; count {guideline.least_cells - cells} more"
        )
    elif cells < guideline.advised_cells:
        lacks.append(
            f"{index.name} has {cells} tumour cells; {guideline.name} advises {guideline.advised_cells}"
        )
    if index.regions < guideline.least_regions:
        lacks.append(
            f"the cells of {index.name} come from {index.regions} of the {guideline.least_regions} regions "
            f"that {guideline.name} asks for; outline {guideline.least_regions - index.regions} more"
        )
    if index.weighting != guideline.weighting:
        lacks.append(
            f"the index of {index.name} is {index.weighting}, but that of {guideline.name} is "
            f"{guideline.weighting}"
        )
    return tuple(lacks)
