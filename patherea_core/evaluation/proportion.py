"""How far a share of counted cells would move with other cells of the same kind: Wilson's interval.

It stands where there is one region only, so that no groups can be drawn for a bootstrap. It takes cells for
independent, which those of one slide are not: read it as the least that is uncertain.
"""

import math

from scipy.special import ndtri

from patherea_core.errors import InputError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.intervals import Interval, ScoreIntervals, require_share


def wilson(hits: int, of: int, *, level: float = 0.95) -> Interval | None:
    """Return the score interval of a share of counted cells (Wilson, 1927); None without cells.

    Args:
        hits: cells that are of the kind.
        of: all cells.
        level: share of such intervals that hold the true share.

    Raises:
        InputError: the level is no share, or there are more hits than cells.
    """
    require_share(level)
    if not 0 <= hits <= of:
        raise InputError(f"{hits} of {of} cells is no share")
    if not of:
        return None
    normal = float(ndtri((1 + level) / 2))
    square = normal * normal / of
    share = hits / of
    middle = (share + square / 2) / (1 + square)
    half = normal * math.sqrt(share * (1 - share) / of + square / (4 * of)) / (1 + square)
    # The bounds of no hit and of hits only are exact, which rounding must not undo.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Interval(low, high)


def score_intervals(counts: Counts, *, level: float = 0.95) -> ScoreIntervals:
    """Return the intervals of precision and recall from the cells of one region; that of F1 is unknown."""
    hits = counts.true_positives
    return ScoreIntervals(
        wilson(hits, counts.detections, level=level), wilson(hits, counts.points, level=level), None
    )
