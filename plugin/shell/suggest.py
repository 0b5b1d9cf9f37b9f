"""``patherea suggest``: where on a slide labels or a review would teach a model most."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from patherea_core.errors import InputError
from patherea_core.evaluation.lines import aligned
from patherea_core.progress import Progress
from plugin.models.finding import DEFAULT_MODEL, find_model
from plugin.region_text import parse_region
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_archive,
    add_backbone_weights,
    add_device,
    address,
    token,
)

if TYPE_CHECKING:
    from plugin.commands.suggest_regions import SuggestedSlide

_LONG = """\
Mark the regions of a slide from which a model would learn most if they were labelled or reviewed: where
the two heads of the network disagree, where it is unsure of the classes, and where classes are that the
slide has few of. They are of one size, do not overlap and come in order, each with its reasons. In the
archive (with --api-url and --item) they become a new annotation, and what is labelled is left out."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("slide", metavar="SLIDE", type=Path, nargs="?", help="a slide or image")
    add("--out", metavar="FILE", type=Path, help="annotation of the regions, for a SLIDE")
    add("--model", metavar="NAME|PATH", help=f"the model (default: {DEFAULT_MODEL})")
    add("--count", metavar="N", type=int, default=10, help="regions at the most (default: 10)")
    add("--side", metavar="UM", type=float, default=200.0, help="of a region (default: 200)")
    for name in ("disagreement", "entropy", "rarity"):
        add(f"--{name}", metavar="W", type=float, default=1.0, help="its weight (default: 1)")
    add("--roi", metavar="X,Y,W,H", help="where to look, or corners of a polygon")
    add("--everywhere", action="store_true", help="look where there is no tissue as well")
    add("--threshold", metavar="T", type=float, help="least score of a cell (default: the model's)")
    add("--report", metavar="FILE", type=Path, help="regions and reasons as JSON")
    add("--mpp", metavar="UM", type=float, help="pixel size, for a slide that does not say")
    add_backbone_weights(parser, "for a model that holds its trained part only")
    add_device(parser)
    add_archive(parser, item=True)


def _run(options: Options, progress: Progress) -> None:
    if bool(options.slide) == bool(options.item):
        raise InputError("give either a SLIDE, or --api-url and --item")
    model = find_model(options.model)  # before torch is loaded, which takes seconds
    from plugin.commands import suggest_regions as command
    from plugin.commands.slide_plan import DetectSettings
    from plugin.suggestion.merit import Weights

    request = command.SuggestRequest(
        model=model,
        slide=options.slide,
        out=options.out,
        api_url=address(options) if options.item else "",
        token=token(options) if options.item else "",
        item_id=options.item or "",
        count=options.count,
        side_um=options.side,
        weights=Weights(
            disagreement=options.disagreement, entropy=options.entropy, rarity=options.rarity
        ),
        settings=DetectSettings(
            name="Suggested regions",
            region=parse_region(options.roi) if options.roi else None,
            threshold=options.threshold,
            everywhere=options.everywhere,
        ),
        report=options.report,
        backbone_weights=options.backbone_weights,
        mpp=options.mpp,
        device=options.device,
    )
    sys.stdout.write(_table(command.run(request, progress)))


def _table(found: "SuggestedSlide") -> str:
    """Return the regions in order, with their places in base pixels and their reasons."""
    signs = ("disagreement", "entropy", "rarity")
    rows: list[tuple[str, ...]] = [("region", "left", "top", "side", "merit", *signs, "cells")]
    factor = found.scale.base_per_working
    for number, one in enumerate(found.found, start=1):
        place = (one.box.left, one.box.top, one.box.width)
        rows.append(
            (
                str(number),
                *(f"{edge * factor:.0f}" for edge in place),
                f"{one.merit:.3f}",
                *(f"{one.signs[name]:.3f}" for name in signs),
                str(one.cells),
            )
        )
    looked = f"{found.fields} fields were looked at, {found.taken} of them have labels already."
    return "\n".join([*aligned(rows), "", looked]) + "\n"


SUBCOMMAND = Subcommand("suggest", "slide -> regions to label next", _LONG, _add_options, _run)
