"""The figures of an index, its correction, its grades and hotspots, ready for JSON.

Shares are of 1, not per cent; what is undefined is null, with the reason beside it.
"""

from patherea_core.evaluation.intervals import Interval
from patherea_core.index.correction import CorrectedIndex
from patherea_core.index.guidelines import Grading, Guideline, shortfalls
from patherea_core.index.hotspots import Hotspot, Hotspots
from patherea_core.index.ki67 import Index


def index_figures(index: Index) -> dict[str, object]:
    """Return the figures of an index."""
    precision = index.precision
    return {
        "name": index.name,
        "index": index.value,
        "undefined_because": index.undefined_because,
        "positive_cells": index.tally.positive,
        "negative_cells": index.tally.negative,
        "tumour_cells": index.tally.tumour,
        "not_counted_cells": index.tally.not_counted,
        "few_cells": index.few_cells,
        "interval": _bounds(index.interval),
        "wilson_interval": _bounds(index.wilson),
        "bootstrap_interval": _bounds(index.bootstrap),
        "level": index.level,
        "effective_cells": precision and precision.effective_cells,
        "grouped_by": precision and precision.grouped_by,
        "groups": precision and precision.groups,
        "assumed_design_effect": precision and precision.assumed,
        "weighting": index.weighting,
        "regions": index.regions,
        "regions_left_out": list(index.left_out),
        "cells_in_several_regions": index.shared_cells,
    }


def corrected_figures(fixed: CorrectedIndex) -> dict[str, object]:
    """Return the figures of a correction, the raw index among them."""
    return {
        "index": fixed.value,
        "interval": _bounds(fixed.interval),
        "refused_because": fixed.refused_because,
        "at_the_end": fixed.at_the_end,
        "tumour_cells": fixed.tumour_cells,
        "labelled_groups": fixed.groups,
        "raw_index": fixed.raw.value,
        "raw_interval": _bounds(fixed.raw.interval),
    }


def grading_figures(
    index: Index, guideline: Guideline, grades: Grading | None
) -> dict[str, object]:
    """Return the grade by a guideline, its chances, and what the count lacks of it."""
    return {
        "guideline": guideline.name,
        "source": guideline.source,
        "grade": grades and grades.grade,
        "probability": {chance.name: chance.probability for chance in grades.chances}
        if grades
        else None,
        "shortfalls": list(shortfalls(index, guideline)),
    }


def hotspots_figures(found: Hotspots) -> dict[str, object]:
    """Return the figures of all hotspots, the highest first."""
    return {
        "hotspots": [_hotspot_figures(spot) for spot in found.found],
        "none_because": found.none_because,
        "candidates": found.candidates,
        "rivals": found.rivals,
    }


def _hotspot_figures(spot: Hotspot) -> dict[str, object]:
    return {
        "left_base_pixels": spot.left,
        "top_base_pixels": spot.top,
        "side_base_pixels": spot.side,
        "side_micrometres": spot.side_micrometres,
        "square_millimetres": spot.square_millimetres,
        "expected_index": spot.expected.value,
        "expected_interval": _bounds(spot.expected.interval),
        "chance_another_is_higher": spot.chance_another_is_higher,
        **index_figures(spot.index),
    }


def _bounds(interval: Interval | None) -> list[float] | None:
    return None if interval is None else list(interval.bounds)
