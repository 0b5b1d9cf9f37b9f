"""What a person must know of a Ki-67 count besides its figures, a sentence each. Pure."""

from collections.abc import Iterator, Sequence

from patherea_core.index.hotspots import Hotspots
from patherea_core.index.ki67 import Index
from patherea_core.index.windows import NumberOfCells
from plugin.index.methods import Method, Window

#: Names in one sentence; the others are numbered.
_MOST_NAMES = 4


def notes_of(
    whole: Index,
    parts: Sequence[Index],
    found: Hotspots | None,
    method: Method,
    window: Window | None,
) -> Iterator[str]:
    """Yield what to know of a count.

    Args:
        whole: the index of all that was counted.
        parts: of each region, or of each of several slides.
        found: the hotspots; None if nobody looked.
        method: how was counted.
        window: of hotspots, if a person chose it.
    """
    if whole.shared_cells:
        yield (
            f"Regions overlap: {whole.shared_cells:,} cells lie in several of them, and the index of all"
            " counts each once."
        )
    empty = [part.name for part in parts if part.value is None]
    if empty:
        shown = ", ".join(empty[:_MOST_NAMES])
        shown += f" and {len(empty) - _MOST_NAMES} more" if len(empty) > _MOST_NAMES else ""
        yield f"No tumour cell, so no index and no part in that of all: {shown}."
    if found is not None and found.none_because and not method.in_hotspot:
        yield f"No hotspot is shown: {found.none_because}."
    # A person who asks for few cells is not told that there are few.
    if found is not None and not isinstance(window, NumberOfCells):
        few = [spot.index.tally.tumour for spot in found.found if spot.index.few_cells]
        if few:
            yield f"A hotspot has only {min(few):,} tumour cells."
