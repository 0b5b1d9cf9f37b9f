"""``patherea evaluate``: cells a model found against cells a person labelled."""

import argparse
import json
import sys
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.radius import Radius
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_archive,
    add_points_outside,
    add_seed,
    address,
    names,
    token,
)

_LONG = """\
Compare detections with a person's points: how many were found, missed, and found in vain, of each
class and of any, beside what chance would score. From files, or (with --api-url and --item) from the
annotations of a slide in the archive."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--detections", metavar="FILE|NAME", default="", help="cells; in the archive: newest")
    add(
        "--points", metavar="FILE|NAME", default="", help="CSV image,x,y,class; in the archive: all"
    )
    add("--radius", metavar="R", type=Radius.parse, required=True, help="say 6px or 3um")
    add("--format", choices=("table", "json"), default="table", help="(default: table)")
    add("--mpp", metavar="UM", type=float, help="pixel size, for a radius in um")
    add("--classes", type=names, default=(), help="in order, parted by commas")
    add_seed(parser, "the chance level")
    add_archive(parser, item=True)
    add("--figure", metavar="FILE", type=Path, help="picture of the regions, with --item")
    add_points_outside(parser)


def _run(options: Options, progress: Progress) -> None:
    from plugin.commands import evaluate_detections as command

    request: command.EvaluateFilesRequest | command.EvaluateAnnotationsRequest
    if options.item:
        request = command.EvaluateAnnotationsRequest(
            api_url=address(options),
            token=token(options),
            item_id=options.item,
            radius=options.radius,
            detections=options.detections,
            points=options.points or "*",
            figure=options.figure,
            classes=options.classes,
            points_outside=options.points_outside,
            mpp=options.mpp,
            seed=options.seed,
        )
    elif options.detections and options.points:
        request = command.EvaluateFilesRequest(
            detections=Path(options.detections),
            points=Path(options.points),
            radius=options.radius,
            classes=options.classes,
            mpp=options.mpp,
            seed=options.seed,
        )
    else:
        raise InputError("give --detections FILE and --points FILE, or --api-url and --item")
    evaluation = command.run(request, progress)
    as_json = options.format == "json"
    sys.stdout.write(
        json.dumps(evaluation.to_dict(), indent=1) + "\n" if as_json else evaluation.table()
    )


SUBCOMMAND = Subcommand("evaluate", "cells + points -> scores", _LONG, _add_options, _run)
