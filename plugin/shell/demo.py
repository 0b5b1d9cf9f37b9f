"""``patherea demo``: the whole loop on this machine."""

import argparse
from pathlib import Path

from patherea_core.progress import Progress
from plugin.shell.parser import Options, Subcommand, add_seed

_LONG = """\
Run the whole loop on this machine: a slide with annotations in a sandbox archive, export, train,
detect, evaluate, a picture, and the address to look at."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--headless", action="store_true", help="end when the loop is done")
    add("--images", metavar="DIR", type=Path, help="labelled images instead of the drawn slide")
    add("--data", metavar="DIR", type=Path, help="where the archive keeps its data")
    add("--out", metavar="DIR", type=Path, help="where the results go")
    add("--mpp", metavar="UM", type=float, help="pixel size of --images")
    add_seed(parser)
    add("--epochs", metavar="N", type=int, help="passes over the dataset")


def _run(options: Options, _progress: Progress) -> None:
    from plugin.sandbox.demo import DemoRequest, run_demo

    run_demo(
        DemoRequest(
            headless=options.headless,
            images=options.images,
            data=options.data,
            out=options.out,
            mpp=options.mpp,
            seed=options.seed,
            epochs=options.epochs,
        )
    )


SUBCOMMAND = Subcommand("demo", "the whole loop on this machine", _LONG, _add_options, _run)
