"""What heaps of positive cells usually add to a design effect, where the blocks of a field cannot show it.

All of it where blocks are small and none where they are large: 2.5 times the part of a heap that the field
holds, times the part of a heap that a block lacks.
"""

#: Cells of a usual heap, and the design effect that heaps add to the 1 of independent cells in a large field.
#: Set so that intervals hold in fields of 50 to 200 cells that are strongly alike (docs/ki67.md).
HEAP_CELLS, HEAP_EFFECT = 55.0, 2.5


def unseen_effect(of_field: float, of_block: float) -> float:
    """Return what heaps add to the design effect that blocks of so many cells are too small to show.

    Args:
        of_field: cells of a field.
        of_block: cells of a block.
    """
    held, shown = (cells / (cells + HEAP_CELLS) for cells in (of_field, of_block))
    return HEAP_EFFECT * held * (1 - shown)
