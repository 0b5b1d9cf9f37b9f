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
Unit: TypeAlias = Literal["patient", "image"]

#: Patients from which on patients are the units; with fewer, a tenth would be one person or two.
_ENOUGH_PATIENTS = 20
#: Images below which nothing is drawn.
_LEAST_IMAGES = 10


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

        Units are whole patients where there are twenty or more of them, else whole images. They are put in an
        order by chance, and from its start so many are taken that their points come nearest to the share; at
        least one is.

        Args:
            manifest: the dataset.
            division: which of its samples serve for what.

        Raises:
            DatasetError: there are fewer than ten images to draw from.
        """
        if self.share == 1:
            return division
        unit = unit_of(manifest, division)
        taken = self._taken(_points_per_unit(manifest, division.training, unit))
        rows = tuple(row for row in division.training if _name(manifest, row, unit) in taken)
        return replace(division, training=rows, words=f"{division.words}, {self.words}, by {unit}")

    def _taken(self, points: Mapping[str, int]) -> set[str]:
        """Return the units that are taken; those of a smaller share are among them."""
        names = sorted(points)
        order = [names[place] for place in self.seed.stream("label share").permutation(len(names))]
        sums = list(accumulate(points[name] for name in order))
        wanted = self.share * sums[-1]
        # The first of equally near ones; since sums never fall, a larger share never takes fewer.
        count = min(range(len(order)), key=lambda place: abs(sums[place] - wanted)) + 1
        return set(order[:count])


def unit_of(manifest: Manifest, division: Division) -> Unit:
    """Return what is taken or left as a whole when a share of a division's labels is drawn.

    Raises:
        DatasetError: there are fewer than ten images to draw from.
    """
    patients = {manifest.samples[row].patient for row in division.training}
    if len(patients) >= _ENOUGH_PATIENTS:
        return "patient"
    if len(division.training) < _LEAST_IMAGES:
        raise DatasetError(
            f"{division.words}: {len(division.training)} images are left to train on, too few to draw a"
            f" share of the labels from; cut them into at least {_LEAST_IMAGES}, or take all labels"
        )
    return "image"


def _points_per_unit(manifest: Manifest, rows: Sequence[int], unit: Unit) -> Mapping[str, int]:
    points: Counter[str] = Counter()
    for row in rows:
        points[_name(manifest, row, unit)] += manifest.samples[row].points
    return points


def _name(manifest: Manifest, row: int, unit: Unit) -> str:
    sample = manifest.samples[row]
    return sample.patient if unit == "patient" else sample.id
