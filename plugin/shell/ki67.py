"""``patherea ki67``: the Ki-67 index of a slide with its uncertainty, and a page to sign."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_archive,
    add_seed,
    address,
    names,
    token,
)

_LONG = """\
Count the Ki-67 index: positive / (positive + negative) tumour cells, of each region and of the slide, with
intervals, by the rules of a guideline, with the chances of its grades and the hotspots. From a file of cells,
or (with --api-url and --item) from the detected or reviewed cells of a slide in the archive, to which the
figures are added. --evaluation corrects the index for what the model does wrong; the index as counted stands
beside it. Research use only."""

_MORE = """\
Methods: global and weighted (IKWG, breast: fields that stand for the whole tumour), hotspot (IKWG, breast:
500 cells where most are positive), net (WHO, neuroendocrine tumour of the digestive system: hotspots of
2 mm2), breast-2011 (IKWG 2011). The classes positive, negative, other positive, other negative and normal
are known by their names."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "cells",
        metavar="CELLS",
        nargs="?",
        default="",
        help="a file of cells; in the archive: name",
    )
    add("--regions", metavar="FILE|NAME", default="", help="where to count (default: everywhere)")
    add("--method", metavar="NAME", default="global", help="how (default: global)")
    add(
        "--weight",
        metavar="NAME=SHARE",
        action="append",
        default=[],
        help="what a region, a group of them or an image stands for; may be repeated",
    )
    for flag, kind in (("positive", "positive"), ("negative", "negative"), ("not-counted", "no")):
        add(f"--{flag}", metavar="A,B", type=names, default=(), help=f"{kind} tumour cells")
    add(
        "--evaluation",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="JSON of patherea evaluate, of the model on other labelled data; may be repeated, one for each"
        " patient",
    )
    add("--hotspots", metavar="K", type=int, default=3, help="how many (default: 3)")
    add("--window", metavar="2mm2|500cells", default="", help="their size (default: the method's)")
    add("--points", metavar="P", type=float, default=2.0, help="wished half interval (default: 2)")
    add("--mpp", metavar="UM", type=float, help="pixel size, for hotspots and map of a file")
    add("--format", choices=("table", "json"), default="table", help="(default: table)")
    add_seed(parser, "all draws")
    _add_outputs(parser.add_argument_group("report"))
    _add_stain(parser.add_argument_group("stain"))
    add("--image", metavar="NAME", default="", help="of a file with several images")
    add_archive(parser, item=True)
    add(
        "--name",
        metavar="NAME",
        default="Ki-67 index",
        help="of what is added to the archive; '' adds nothing (default: Ki-67 index)",
    )
    add("--no-map", action="store_true", help="add no map of the index to the archive")


def _add_outputs(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--page", metavar="FILE", type=Path, help="one page to sign, as HTML")
    group.add_argument("--pdf", metavar="FILE", type=Path, help="the same as PDF")
    group.add_argument("--report", metavar="FILE", type=Path, help="all figures as JSON")
    group.add_argument("--map", metavar="FILE", type=Path, help="the index all over it as TIFF")
    group.add_argument("--signer", metavar="NAME", default="", help="who is to sign the page")


def _add_stain(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--stain-check",
        metavar="SLIDE",
        nargs="?",
        const="",
        help="compare the stain of the slide with the cells; without SLIDE, after CELLS, an item's own",
    )
    group.add_argument(
        "--stain-out",
        metavar="DIR",
        type=Path,
        help="figures and table of that check, of each cell",
    )


def _run(options: Options, progress: Progress) -> None:
    from plugin.index.report import report_figures
    from plugin.outputs.ki67_table import ki67_table

    count: Callable[[Options, Progress], Any] = _on_item if options.item else _in_files
    report = count(options, progress)
    if options.format == "json":
        sys.stdout.write(json.dumps(report_figures(report), allow_nan=False, indent=1) + "\n")
    else:
        sys.stdout.write(ki67_table(report))


def _on_item(options: Options, progress: Progress) -> object:
    from plugin.commands import ki67_on_item as command

    if options.image:
        raise InputError("--image chooses among the images of a file; an item is one slide")
    if options.stain_check:
        raise InputError(
            "--stain-check takes the slide of the item; give no file, and write it after CELLS"
        )
    request = command.Ki67OnItemRequest(
        api_url=address(options),
        token=token(options),
        item_id=options.item,
        cells=options.cells,
        regions=options.regions,
        name=options.name,
        surface=not options.no_map,
        stain=options.stain_check is not None,
        **_common(options),
    )
    return command.run(request, progress)


def _in_files(options: Options, progress: Progress) -> object:
    if not options.cells:
        raise InputError("give a file of CELLS, or --api-url and --item")
    if options.stain_check == "":
        raise InputError("say which slide the cells are of: --stain-check SLIDE")
    from plugin.commands import ki67_in_files as command

    request = command.Ki67InFilesRequest(
        cells=Path(options.cells),
        regions=Path(options.regions) if options.regions else None,
        image=options.image,
        stain=Path(options.stain_check) if options.stain_check else None,
        **_common(options),
    )
    return command.run(request, progress)


def _common(options: Options) -> dict[str, Any]:
    """Return what both ways to count have in common."""
    from patherea_core.seeding import Seed
    from plugin.commands.ki67_outputs import Ki67Outputs
    from plugin.index.classes import ClassChoice
    from plugin.index.counting import CountSettings
    from plugin.index.methods import method_named, window_named
    from plugin.index.regions import weight_named

    return {
        "weights": dict(weight_named(text) for text in options.weight),
        "choice": ClassChoice(options.positive, options.negative, options.not_counted),
        "settings": CountSettings(
            method=method_named(options.method),
            window=window_named(options.window) if options.window else None,
            hotspots=options.hotspots,
            half_width=options.points / 100,
            seed=Seed(options.seed),
        ),
        "errors": tuple(options.evaluation),
        "signer": options.signer,
        "outputs": Ki67Outputs(
            report=options.report, page=options.page, pdf=options.pdf, surface=options.map
        ),
        "mpp": options.mpp,
        "stain_out": options.stain_out,
    }


SUBCOMMAND = Subcommand("ki67", "cells -> Ki-67 index and report", _LONG, _add_options, _run, _MORE)
