"""A share of the labels that a division trains on: nested subsets, drawn for a seed and nothing else.

The same seed gives the same subset to everything that is compared, and a smaller share is part of every
larger one. What chooses and what is kept for the end is untouched.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal, TypeAlias

from patherea_core.data.division import Division
from patherea_core.data.manifest import Manifest
from patherea_core.errors import DatasetError
from patherea_core.seeding import Seed

#: What is taken as a whole or left out as a whole.
Unit: TypeAlias = Literal["patient", "image", "area"]

#: Units from which on they are drawn; with fewer, a tenth would be one or two, and lack whole classes.
_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class LabelShare:
    """How much of the labels is trained on.

    Attributes:
        share: of the points of the division's training part, above 0 and at most 1.
        seed: root of the stream "label share", by which units are put in order.
    """

    share: float
    seed: Seed

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise DatasetError(
                f"a share of the labels lies above 0 and is at most 1, not {self.share}"
            )

    @property
    def words(self) -> str:
        """What tells it from other shares: "10 % of the labels, drawn by seed 0"."""
        return f"{100 * self.share:g} % of the labels, drawn by seed {self.seed.value}"

    def of(self, manifest: Manifest, division: Division) -> Division:
        """Return a division that trains on the share alone.

        Units are whole patients where there are twenty or more of them, else whole images.

        Args:
            manifest: the dataset.
            division: which of its samples serve for what.

        Raises:
            DatasetError: there are fewer than twenty images to draw from, so parts of images are to be drawn.
        """
        if self.share == 1:
            return division
        unit = unit_of(manifest, division)
        if unit == "area":
            raise DatasetError(
                f"{division.words}: {len(division.training)} images are left to train on, too few to draw a"
                f" share of the labels from; cut them into at least {_ENOUGH}, or take all labels"
            )
        taken = self.taken(_points_per_unit(manifest, division.training, unit))
        rows = tuple(row for row in division.training if _name(manifest, row, unit) in taken)
        return replace(division, training=rows, words=f"{division.words}, {self.words}, by {unit}")

    def taken(self, points: Mapping[str, int]) -> set[str]:
        """Return which of some units are taken; those of a smaller share are among them.

        They are put in an order by chance, and from its start so many are taken that their points come
        nearest to the share; at least one is.

        Args:
            points: how many each unit has, by its name; at least one unit.
        """
        names = sorted(points)
        order = [names[place] for place in self.seed.stream("label share").permutation(len(names))]
        sums = list(accumulate(points[name] for name in order))
        wanted = self.share * sums[-1]
        # The first of equally near ones; since sums never fall, a larger share never takes fewer.
        count = min(range(len(order)), key=lambda place: abs(sums[place] - wanted)) + 1
        return set(order[:count])


def unit_of(manifest: Manifest, division: Division) -> Unit:
    """Return what is taken or left as a whole when a share of a division's labels is drawn.

    That are patients where there are enough of them to train on, else images, else parts of images.
    """
    patients = {manifest.samples[row].patient for row in division.training}
    if len(patients) >= _ENOUGH:
        return "patient"
    return "image" if len(division.training) >= _ENOUGH else "area"


def _points_per_unit(manifest: Manifest, rows: Sequence[int], unit: Unit) -> Mapping[str, int]:
    points: Counter[str] = Counter()
    for row in rows:
        points[_name(manifest, row, unit)] += manifest.samples[row].points
    return points


def _name(manifest: Manifest, row: int, unit: Unit) -> str:
    sample = manifest.samples[row]
    return sample.patient if unit == "patient" else sample.id
