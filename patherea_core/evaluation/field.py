"""What is evaluated: one region with all its points, and all that the model found in it."""

from dataclasses import dataclass

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
    """

    name: str
    detections: Detections
    points: Points
    area: Outline | None = None

    def clipped(self) -> "Field":
        """Return the field without the detections and points outside of its area."""
        if self.area is None:
            return self
        return Field(
            self.name,
            self.detections.take(inside(self.area, self.detections.xy)),
            self.points.take(inside(self.area, self.points.xy)),
            self.area,
        )
