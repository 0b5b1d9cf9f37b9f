"""``patherea agree``: persons who marked the same images beside each other, and a model beside them."""

import argparse
import json
import sys
from pathlib import Path

from patherea_core.progress import Progress
from plugin.radius import Radius
from plugin.shell.parser import Options, Subcommand, add_seed, names

_LONG = """\
Compare observers of the same images: F1 of every two, Cohen's and Fleiss' kappa of the cells that they
share, limits of agreement (Bland, Altman) and intraclass correlations of the numbers of cells and of
the Ki-67 index of each image. A model is one more observer, so its agreement with pathologists stands
beside theirs with each other. Observers are called as their files."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "people",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="cells of one person: image,x,y,class, or the folder of a dataset",
    )
    add("--model", metavar="FILE", type=Path, help="cells of a model, in any form")
    add("--radius", metavar="R", type=Radius.parse, required=True, help="say 6px or 3um")
    add("--mpp", metavar="UM", type=float, help="pixel size, for a radius in um")
    add("--classes", type=names, default=(), help="in order, parted by commas")
    add(
        "--allow-missing",
        action="store_true",
        help="an image that a file does not name has no cell there",
    )
    add("--format", choices=("table", "json"), default="table", help="(default: table)")
    add("--out", metavar="DIR", type=Path, help="folder for agreement.json and bland-altman.png")
    add_seed(parser, "the intervals' draws")


def _run(options: Options, progress: Progress) -> None:
    from patherea_core.evaluation.agreement.table import agreement_table
    from plugin.commands import compare_observers as command

    agreement = command.run(
        command.CompareObserversRequest(
            people=tuple(options.people),
            radius=options.radius,
            model=options.model,
            classes=options.classes,
            mpp=options.mpp,
            allow_missing=options.allow_missing,
            out=options.out,
            seed=options.seed,
        ),
        progress,
    )
    as_json = options.format == "json"
    sys.stdout.write(
        json.dumps(agreement.to_dict(), indent=1, allow_nan=False) + "\n"
        if as_json
        else agreement_table(agreement)
    )


SUBCOMMAND = Subcommand("agree", "cells of several people -> agreement", _LONG, _add_options, _run)
