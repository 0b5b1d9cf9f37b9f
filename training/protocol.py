"""What has to be said about a score before it may stand beside another: how it was measured, and chosen."""

from typing import Literal

from patherea_core.config import Positive, Settings

#: How detections were paired with points.
Matching = Literal["maximum", "distance-hungarian", "one-to-many", "unstated"]
#: What the result was chosen on: epoch, threshold or seed, whatever was tried more than once. "training" is a
#: part of the training data that was not trained on.
Chosen = Literal["validation", "training", "nothing", "evaluated", "unstated"]

MATCHING_WORDS: dict[Matching, str] = {
    "maximum": "one to one, as many pairs as possible within the radius",
    "distance-hungarian": "Hungarian on distances, then cut at the radius (misses hits)",
    "one-to-many": "one point may pay for several detections (invents hits)",
    "unstated": "pairing not stated",
}
CHOSEN_WORDS: dict[Chosen, str] = {
    "validation": "validation",
    "training": "part of training",
    "nothing": "nothing",
    "evaluated": "evaluated part",
    "unstated": "not stated",
}


class Protocol(Settings):
    """How scores were measured."""

    matching: Matching = "maximum"
    radius: Positive | None
    """Accepted distance, inclusive (r); None if it is not stated."""
    unit: Literal["px", "um"] = "px"
    """Of the radius; px are those of the dataset's images."""
    border: str = ""
    """What became of cells at the edge of the labelled area; empty if it is not stated."""

    @property
    def radius_words(self) -> str:
        """The radius with its unit."""
        if self.radius is None:
            return "radius not stated"
        return f"radius {self.radius:g} {'µm' if self.unit == 'um' else self.unit}"

    def differences(self, other: "Protocol") -> tuple[str, ...]:
        """Return in words what is measured otherwise than in another protocol; borders are told elsewhere."""
        found = []
        if self.matching != other.matching:
            found.append(MATCHING_WORDS[self.matching])
        if (self.radius, self.unit) != (other.radius, other.unit):
            found.append(self.radius_words)
        return tuple(found)


def may_be_best(chosen: Chosen) -> bool:
    """Return whether a result is known not to be chosen on the very part that it is evaluated on."""
    return chosen in {"validation", "training", "nothing"}
