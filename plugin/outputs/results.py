"""The cells of some slides, before they become a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class SlideCells:
    """What was found on one slide, in its base pixels."""

    slide: str
    detections: Detections


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What one run found.

    Attributes:
        slides: slide by slide.
        taxonomy: the classes.
        name: what an annotation of it is called.
        run_id: names the run.
        facts: where it came from.
    """

    slides: Sequence[SlideCells]
    taxonomy: Taxonomy
    name: str
    run_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)
