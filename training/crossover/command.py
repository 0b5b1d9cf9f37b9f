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
from training.crossover.ledger import read_rows
from training.crossover.options import add_options
from training.crossover.page import page_with
from training.crossover.plan import DatasetFolder, Plan
from training.crossover.recorded import recorded_runs
from training.crossover.row import CrossoverRow
from training.crossover.summary import summaries
from training.crossover.table import crossover_text

__all__ = ["add_options", "run"]

log = logging.getLogger(__name__)


def run(options: argparse.Namespace) -> int:
    """Do what was asked for, and return the exit code."""
    actions = {"plan": _plan, "run": _run, "list": _list, "table": _table}
    return actions[options.action](options)


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
    rows = _rows(options)
    recorded_runs(plan, rows)  # refuses what the ledger has of other data, before a plan is kept
    folder = PlanFolder(options.plan)
    planned = {arm.name for arm in folder.keep(plan).arms}
    for name in KNOWN_ARMS:
        if name not in planned:
            log.warning("arm %s is left out: it needs --weights %s=FILE", name, name)
    told = _told(folder, rows)
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
    plan = folder.read()
    chosen, made = plan.chosen(options.only), recorded_runs(plan, _rows(options))
    keys = [key for key in chosen if key not in made]
    if len(keys) < len(chosen):
        log.info("%d of %d runs are in the ledger already", len(chosen) - len(keys), len(chosen))
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
    return _told(PlanFolder(options.plan), _rows(options))


def _rows(options: argparse.Namespace) -> tuple[CrossoverRow, ...]:
    return read_rows(options.ledger) if options.ledger.exists() else ()


def _told(folder: PlanFolder, rows: Sequence[CrossoverRow]) -> int:
    """Write the runs with how far they are here or in the ledger, and how many are done."""
    plan = folder.read()
    made = recorded_runs(plan, rows)
    states = {key: "done" if key in made else folder.state(key) for key in plan.runs()}
    lines = ["runs are called dataset/arm/percent/seed; open is what is not begun"]
    lines += [f"{state:6}{key}" for key, state in states.items()]
    done = sum(state == "done" for state in states.values())
    sys.stdout.write("\n".join([*lines, f"{done} of {len(states)} runs are done", ""]))
    return 0


def _table(options: argparse.Namespace) -> int:
    found = summaries(row for row in _rows(options) if options.plan in (None, row.plan))
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
