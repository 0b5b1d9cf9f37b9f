"""The words after ``python -m training crossover``."""

import argparse
from pathlib import Path

from training.crossover.arms import TEMPLATES
from training.crossover.ledger import CROSSOVER


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the four actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_plan(actions.add_parser("plan", help="say what is to be run, or add to it"))
    _add_run(actions.add_parser("run", help="make the runs that are not done"))
    listing = actions.add_parser("list", help="tell how far the runs are")
    listing.add_argument("plan", metavar="PLAN", type=Path, help="the folder of the plan")
    _add_ledger(listing)
    _add_table(actions.add_parser("table", help="render the ledger as table and figures"))


def _add_plan(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "plan",
        metavar="PLAN",
        type=Path,
        help="the folder of the plan; an existing one is added to",
    )
    add(
        "--template",
        choices=tuple(TEMPLATES),
        default="two-cores",
        help="; ".join(f"{name}: {one.words}" for name, one in TEMPLATES.items()),
    )
    add("--name", metavar="NAME", help="what the ledger calls the plan (default: the template's)")
    add("--data", metavar="DIR", type=Path, action="append", required=True, help="a dataset folder")
    add(
        "--weights",
        metavar="ARM=FILE",
        action="append",
        default=[],
        help="what an arm of the template starts from; an arm that needs some and has none is left out",
    )
    add(
        "--arm",
        metavar="NAME=EXPERIMENT|ARM[:WEIGHTS]",
        action="append",
        default=[],
        help="a further arm, set up as an arm of the template, or as an experiment"
        " (python -m training run --list)",
    )
    add(
        "--shares",
        metavar="PERCENT",
        help="of the labels, say 10,25,50,100 (default: the template's)",
    )
    add("--seeds", metavar="N", help="say 0,1,2 (default: the template's)")
    add(
        "--schedule",
        choices=("steps", "epochs"),
        default="steps",
        help="what is equal at all shares: steps (default), or passes over the labels there are",
    )
    _add_ledger(parser)


def _add_ledger(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ledger", metavar="FILE", type=Path, default=CROSSOVER, help=f"(default: {CROSSOVER})"
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("plan", metavar="PLAN", type=Path, help="the folder of the plan")
    add(
        "--only",
        metavar="PATTERN",
        action="append",
        default=[],
        help='runs are called dataset/arm/percent/seed, say "brca-m2c/*/10/0"',
    )
    add("--jobs", metavar="N", type=int, default=1, help="runs at a time (default: 1)")
    add("--threads", metavar="N", type=int, help="of each run (default: 1 with --jobs)")
    _add_ledger(parser)
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: auto)")
    add("--workers", metavar="N", type=int, default=0, help="processes beside a run (default: 0)")
    add("--keep-models", action="store_true", help="keep states and models of runs that are done")


def _add_table(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _add_ledger(parser)
    add("--plan", metavar="NAME", help="of one plan only")
    add("--page", metavar="FILE", type=Path, help="put the table into this page, between its marks")
    add("--figures", metavar="DIR", type=Path, help="write a figure for each plan and dataset")
