"""What is evaluated: one region with all its points, and all that the model found in it."""

from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError, ShapeError
from patherea_core.geometry import Floats
from patherea_core.points import Detections, Points
from patherea_core.regions import Outline, inside


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One region under evaluation; all in one frame.

    Attributes:
        name: what it is called in messages.
        detections: what the model found.
        points: every cell in the area, as a person labelled it.
        area: where cells were labelled; None if that is not known.
        patient: whose tissue it is; None if that is not known.
        radius: (N,) accepted distance of each point, which then overrides the common one; None if
            all points share the common one.
    """

    name: str
    detections: Detections
    points: Points
    area: Outline | None = None
    patient: str | None = None
    radius: Floats | None = None

    def __post_init__(self) -> None:
        if self.radius is None:
            return
        radius = np.asarray(self.radius, dtype=np.float64)
        if radius.shape != (len(self.points),):
            raise ShapeError(
                f"field {self.name!r} has {len(self.points)} points, so it needs as many radii, "
                f"not {radius.shape}"
            )
        if not (np.isfinite(radius) & (radius > 0)).all():
            raise InputError(
                f"every radius of field {self.name!r} must be a positive number; one of them is not"
            )
        object.__setattr__(self, "radius", radius)

    def accepted(self, radius: float) -> float | Floats:
        """Return the accepted distances: the points' own if there are any, else the common one."""
        return radius if self.radius is None else self.radius

    def clipped(self) -> "Field":
        """Return the field without the detections and points outside of its area.

        Points and detections inside the outline or on it take part, all others do not: neither as hits,
        nor as misses or false alarms. The edge of a hole is part of the outline; what lies in a hole is
        outside. So a cell next to the outline may lose its detection across it, which costs a miss; that
        is the price of a rule that looks at one position at a time. Such a rule does not know how the
        area was cut into tiles, so no result depends on it.
        """
        if self.area is None:
            return self
        within = inside(self.area, self.points.xy)
        return Field(
            self.name,
            self.detections.take(inside(self.area, self.detections.xy)),
            self.points.take(within),
            self.area,
            self.patient,
            None if self.radius is None else self.radius[within],
        )
