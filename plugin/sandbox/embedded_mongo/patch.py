"""One named change to mongomock, and who needs it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patch:
    """One change to mongomock.

    Attributes:
        name: what it brings.
        needed_by: the call of Girder, large_image or HistomicsUI that fails or crawls without it.
        apply: makes the change, for this whole process.
    """

    name: str
    needed_by: str
    apply: Callable[[], None]
