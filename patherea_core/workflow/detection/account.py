"""How far the detection on a slide is, for people."""

from collections.abc import Callable

from patherea_core.decoding import apart
from patherea_core.progress import in_words
from patherea_core.regions import inside
from patherea_core.workflow.detection.found import Found, Rows, as_detections
from patherea_core.workflow.detection.plan import Plan


class Account:
    """How far a slide is: tiles, area, cells inside of the region, and the time that is left."""

    def __init__(self, name: str, plan: Plan, found: Found, clock: Callable[[], float]) -> None:
        """Begin to count; what is kept already is counted as well."""
        self._name = name
        self._plan = plan
        self._clock = clock
        self._started = clock()
        self._here = 0
        self._done = len(found.done)
        self._cells = sum(self._inside(found.rows(entry)) for entry in found.entries)

    def count(self, rows: Rows) -> None:
        """Note that one more batch is done."""
        self._here += 1
        self._done += 1
        self._cells += self._inside(rows)

    def told(self) -> tuple[float, str]:
        """Return the fraction that is done, and words."""
        total = len(self._plan.batches)
        if not total:
            return 1.0, f"{self._name}: nothing to read"
        fraction = self._done / total
        area = self._plan.square_millimetres
        words = f"{self._name}: {fraction * area:.3g} of {area:.3g} mm², {self._cells:,} cells"
        return fraction, words + self._left()

    def _left(self) -> str:
        todo = len(self._plan.batches) - self._done
        if not self._here or not todo:
            return ""
        seconds = (self._clock() - self._started) / self._here * todo
        return f", about {in_words(seconds)} left"

    def _inside(self, rows: Rows) -> int:
        """Count the cells of a batch inside of the region; few pairs lie across two batches."""
        cells = as_detections(rows)
        cells = cells.take(apart(cells, self._plan.least_distance))
        return int(inside(self._plan.area, self._plan.scale.to_base(cells.xy)).sum())
