"""Cross-over experiments: from which share of the labels on does it not matter what a backbone starts from.

``plan`` says what is to be run, ``run`` makes the runs (again and again, until all are done), ``list`` tells
how far they are, and ``table`` renders the ledger. ``docs/crossover.md`` says how, and what was found.
"""

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from patherea_core.files import write_whole
from patherea_core.seeding import Seed
from training.checking import checked
from training.crossover.arms import KNOWN_ARMS, TEMPLATES, Template, given_arm, known_arms
from training.crossover.folder import PlanFolder
from training.crossover.ledger import CROSSOVER, read_rows
from training.crossover.page import page_with
from training.crossover.plan import DatasetFolder, Plan
from training.crossover.summary import summaries
from training.crossover.table import crossover_text

log = logging.getLogger(__name__)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the four actions."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_plan(actions.add_parser("plan", help="say what is to be run, or add to it"))
    _add_run(actions.add_parser("run", help="make the runs that are not done"))
    listing = actions.add_parser("list", help="tell how far the runs are")
    listing.add_argument("plan", metavar="PLAN", type=Path, help="the folder of the plan")
    _add_table(actions.add_parser("table", help="render the ledger as table and figures"))


def run(options: argparse.Namespace) -> int:
    """Do what was asked for, and return the exit code."""
    actions = {"plan": _plan, "run": _run, "list": _list, "table": _table}
    return actions[options.action](options)


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
        metavar="NAME=EXPERIMENT[:WEIGHTS]",
        action="append",
        default=[],
        help="a further arm, with the recipe of an experiment (python -m training run --list)",
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
    add("--ledger", metavar="FILE", type=Path, default=CROSSOVER, help=f"(default: {CROSSOVER})")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: auto)")
    add("--workers", metavar="N", type=int, default=0, help="processes beside a run (default: 0)")
    add("--keep-models", action="store_true", help="keep states and models of runs that are done")


def _add_table(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--ledger", metavar="FILE", type=Path, default=CROSSOVER, help=f"(default: {CROSSOVER})")
    add("--plan", metavar="NAME", help="of one plan only")
    add("--page", metavar="FILE", type=Path, help="put the table into this page, between its marks")
    add("--figures", metavar="DIR", type=Path, help="write a figure for each plan and dataset")


def _plan(options: argparse.Namespace) -> int:
    template = _template(options)
    weights = dict(_pair(text) for text in options.weights)
    arms = (
        *known_arms(template, weights),
        *(given_arm(text, template) for text in options.arm),
    )
    plan = checked(
        lambda: Plan(
            name=options.name or options.template,
            datasets=tuple(_dataset(folder) for folder in options.data),
            arms=arms,
            shares=template.shares,
            seeds=template.seeds,
            schedule=options.schedule,
        ),
        "the plan",
        "see python -m training crossover plan --help",
    )
    folder = PlanFolder(options.plan)
    planned = {arm.name for arm in folder.keep(plan).arms}
    for name in KNOWN_ARMS:
        if name not in planned:
            log.warning("arm %s is left out: it needs --weights %s=FILE", name, name)
    told = _told(folder)
    again = shlex.join(["python", "-m", "training", "crossover", "run", str(options.plan)])
    sys.stdout.write(f"{options.template}: {template.words}\nnow, until all are done: {again}\n")
    return told


def _run(options: argparse.Namespace) -> int:
    # Loaded now, since it takes as long as all that a wrong word should take.
    from training.crossover.jobs import limit_threads, one_by_one, side_by_side
    from training.crossover.one_run import How

    for name in ("jobs", "threads"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise InputError(f"--{name} must be at least 1, not {getattr(options, name)}")
    folder = PlanFolder(options.plan)
    keys = folder.read().chosen(options.only)
    how = How(
        ledger=options.ledger.absolute(),
        device=options.device,
        workers=options.workers,
        keep_models=options.keep_models,
    )
    if not how.ledger.parent.is_dir():
        raise InputError(f"there is no folder {how.ledger.parent} for --ledger; make it")
    if options.jobs > 1:
        failed = side_by_side(folder, keys, how, options.jobs, options.threads or 1)
    else:
        if options.threads is not None:
            limit_threads(options.threads)
        failed = one_by_one(folder, keys, how)
    if failed:
        log.error("failed: %s", ", ".join(map(str, failed)))
    return 1 if failed else 0


def _list(options: argparse.Namespace) -> int:
    return _told(PlanFolder(options.plan))


def _told(folder: PlanFolder) -> int:
    """Write the runs with how far they are, and how many are done."""
    states = {key: folder.state(key) for key in folder.read().runs()}
    lines = ["runs are called dataset/arm/percent/seed; open is what is not begun"]
    lines += [f"{state:6}{key}" for key, state in states.items()]
    done = sum(state == "done" for state in states.values())
    sys.stdout.write("\n".join([*lines, f"{done} of {len(states)} runs are done", ""]))
    return 0


def _table(options: argparse.Namespace) -> int:
    rows = read_rows(options.ledger) if options.ledger.exists() else ()
    found = summaries(row for row in rows if options.plan in (None, row.plan))
    text = crossover_text(found)
    if options.page is None:
        sys.stdout.write(text)
    else:
        write_whole(options.page, page_with(options.page, text).encode())
    if options.figures is not None:
        # Loaded now: a table alone needs no pictures.
        from training.crossover.figure import crossover_figure

        for one in found:
            name = f"crossover-{one.first.run.dataset}-{one.first.plan}.png"
            write_whole(options.figures / name, crossover_figure(one))
    return 0


def _template(options: argparse.Namespace) -> Template:
    template = TEMPLATES[options.template]
    if options.shares is not None:
        shares = tuple(share / 100 for share in _numbers(options.shares, "--shares"))
        template = replace(template, shares=shares)
    if options.seeds is not None:
        seeds = _numbers(options.seeds, "--seeds")
        template = replace(template, seeds=tuple(Seed(int(seed)).value for seed in seeds))
    return template


def _dataset(folder: Path) -> DatasetFolder:
    manifest = read_manifest(folder)
    name = manifest.lineage.get("dataset")
    if name is None:
        raise InputError(
            f"the dataset {folder} does not say which one it is; make it with python -m training import"
        )
    return DatasetFolder(name=name, folder=folder.absolute(), digest=manifest.digest())


def _pair(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise InputError(f"--weights {text!r} is not ARM=FILE; correct it")
    return name, Path(file)


def _numbers(text: str, option: str) -> Sequence[float]:
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise InputError(
            f"{option} {text!r} is no list of numbers like 0,1,2; correct it"
        ) from None
