"""Groups of regions drawn again and again with replacement, and the scores of all draws at once.

Cells of one patient resemble each other, so it is patients that are drawn, not cells. In these arrays,
and only here, an undefined score is NaN: it is left out of what is said about the draws.
"""

from collections.abc import Callable, Sequence

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.scores import ClassCounts
from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.seeding import Seed

#: Numbers in one block of draws, which bounds the memory however many groups there are.
_MOST_AT_ONCE = 1 << 22


def tallies(groups: Sequence[ClassCounts]) -> Ints:
    """Return the counts of G groups as an array.

    Returns:
        (G, T + 2, 3): rows for the T classes, for any class, and for the classes' sum (micro); columns
        for true positives, false positives and false negatives.

    Raises:
        InputError: the groups differ in their number of classes.
    """
    if len({len(group.per_class) for group in groups}) > 1:
        raise InputError(
            "the groups have different numbers of classes; count all with one taxonomy"
        )
    rows = [
        [
            (counts.true_positives, counts.false_positives, counts.false_negatives)
            for counts in (*group.per_class, group.any_class)
        ]
        for group in groups
    ]
    table = np.array(rows, dtype=np.int64)
    return np.concatenate([table, table[:, :-1].sum(axis=1, keepdims=True)], axis=1)


def resampled(values: Ints | Floats, seed: Seed, draws: int) -> Floats:
    """Return the sums over as many groups as there are, drawn with replacement: (draws, …).

    What must be drawn together, such as the counts of two models, belongs into one array.

    Args:
        values: (G, …) counts of each group.
        seed: root of the stream "bootstrap".
        draws: how many times the groups are drawn.

    Raises:
        InputError: there is not one draw.
    """
    random = seed.stream("bootstrap")
    count = len(values)
    chances = np.full(count, 1 / count)
    return _weighted_sums(values, draws, lambda size: random.multinomial(count, chances, size))


def exchanged(values: Ints, seed: Seed, draws: int) -> Floats:
    """Return the sums of two models that are exchanged at random in every group: (draws, 2, …).

    Args:
        values: (G, 2, …) counts of both models in each group.
        seed: root of the stream "exchange".
        draws: how many times a coin is tossed for every group.

    Raises:
        InputError: there is not one draw.
    """
    random = seed.stream("exchange")
    count, total = len(values), values.sum(axis=0)
    moved = _weighted_sums(
        values[:, 1] - values[:, 0], draws, lambda size: random.integers(2, size=(size, count))
    )
    return np.stack([total[0] + moved, total[1] - moved], axis=1)


def _weighted_sums(values: Ints | Floats, draws: int, weights: Callable[[int], Ints]) -> Floats:
    """Return the sums of (G, …) values under (size, G) weights that are drawn block by block."""
    if draws < 1:
        raise InputError(f"resampling needs at least one draw, not {draws}")
    # As floats the product is fast, and exact for sums below 2**53.
    flat = values.reshape(len(values), -1).astype(np.float64)
    at_once = max(1, _MOST_AT_ONCE // len(values))
    blocks = [weights(min(at_once, draws - start)) @ flat for start in range(0, draws, at_once)]
    return np.concatenate(blocks).reshape(draws, *values.shape[1:])


def precision(sums: Floats) -> Floats:
    """Return the precision of (…, 3) counts; NaN without detections."""
    return _share(sums[..., 0], sums[..., 0] + sums[..., 1])


def recall(sums: Floats) -> Floats:
    """Return the recall of (…, 3) counts; NaN without points."""
    return _share(sums[..., 0], sums[..., 0] + sums[..., 2])


def f1(sums: Floats) -> Floats:
    """Return the F1 of (…, 3) counts; NaN without points and detections."""
    return _share(2 * sums[..., 0], 2 * sums[..., 0] + sums[..., 1] + sums[..., 2])


def mean_of_defined(scores: Floats) -> Floats:
    """Return the mean over the last axis, NaN left out, say classes that do not occur; NaN of none."""
    defined = np.isfinite(scores)
    return _share(np.where(defined, scores, 0).sum(axis=-1), defined.sum(axis=-1))


def mean_of_occurring(scores: Floats, occurring: Bools) -> Floats:
    """Return the mean over the classes that occur in the whole sample; NaN where a draw lacks one.

    A draw without one of them would have the mean of other classes, which is another figure: without a
    class that is never found, it would be far too high.

    Args:
        scores: (draws, …, T) of each class, NaN where it is undefined.
        occurring: (…, T) whether the class has a score on all groups together.
    """
    return _share(np.where(occurring, scores, 0).sum(axis=-1), occurring.sum(axis=-1))


def _share(part: Floats, whole: Floats) -> Floats:
    share = np.full(np.broadcast_shapes(np.shape(part), np.shape(whole)), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
