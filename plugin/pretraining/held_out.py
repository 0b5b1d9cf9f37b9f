"""Which slides of a pretraining are held out as a whole, so that their loss shows what is learnt by heart."""

from collections.abc import Sequence

from patherea_core.seeding import Seed
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.pretraining.ground import Ground
from plugin.pretraining.ground_tiles import GroundTiles

#: Fewest slides of which any is held out: of fewer, each is needed to learn from.
_FEWEST = 10
#: Of that many slides one is held out, and of all at most so many.
_ONE_OF, _MOST = 20, 50


def divided(
    tiles: GroundTiles, run: PretrainingFolder, seed: int
) -> tuple[GroundTiles, GroundTiles | None]:
    """Return the tiles that are learnt from, and those of slides that are held out.

    There are none of the latter where the slides are few, nor in a run that goes on and was begun without.

    Args:
        tiles: of all slides.
        run: the folder of the run, which may be there already.
        seed: root of all random choices.

    Raises:
        InputError: the run in the folder does not say how it was started.
    """
    slides = by_slide(tiles.grounds)
    if len(slides) < _FEWEST or run.goes_on_without_held_out():
        return tiles, None
    count = min(_MOST, max(1, len(slides) // _ONE_OF))
    random = Seed(seed).stream("held-out slides")
    drawn = random.choice(len(slides), count, replace=False)
    held_out = {slides[row][0].slide for row in drawn}
    return (
        tiles.part([one for one in tiles.grounds if one.slide not in held_out]),
        tiles.part([one for one in tiles.grounds if one.slide in held_out]),
    )


def by_slide(grounds: Sequence[Ground]) -> list[list[Ground]]:
    """Return the pieces of each slide together, the slides in the order of their names."""
    slides: dict[str, list[Ground]] = {}
    for one in grounds:
        slides.setdefault(one.slide, []).append(one)
    # Names and not paths, so that the order is the same wherever the files lie.
    return sorted(slides.values(), key=lambda pieces: pieces[0].name)
