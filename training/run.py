"""``python -m training run RECIPE --data DIR --out DIR``: train one experiment, then score it once.

DIR is a dataset folder (``python -m training import``). The part that the experiment keeps for the end is
opened when nothing is left to choose: RUN/report.json holds its figures, RUN/cells.csv, RUN/points.csv and
RUN/regions.geojson what ``patherea evaluate`` needs to find them again. While settings are still being
chosen, use --validation-only; finish such a run with --resume.
"""

import argparse
import logging
import shlex
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

from patherea_core.config import Recipe
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from patherea_core.seeding import Seed
from patherea_core.workflow.request import FitRequest
from training.import_dataset import BarProgress
from training.importers.registry import IMPORTERS
from training.ledger import append
from training.recipes import EXPERIMENTS, Experiment, experiment_named
from training.recipes.experiment import changed
from training.recipes.listing import listing

log = logging.getLogger(__name__)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add which experiment, on what, and where to."""
    add = parser.add_argument
    add("recipe", metavar="RECIPE", nargs="?", help="the experiment; --list shows all")
    add("--list", action="store_true", help="list the experiments and exit")
    add("--data", metavar="DIR", type=Path, help="the dataset folder")
    add("--out", metavar="DIR", type=Path, help="the folder of the run")
    add("--fold", metavar="NAME", help="the fold that is kept for the end (default: the recipe's)")
    add("--part", metavar="K/N", help="validate on part K of N of the other patients, from 1")
    add("--seed", metavar="N", type=int, default=0, help="root of all random choices (default: 0)")
    add("--epochs", metavar="N", type=int, help="passes over the data (default: the recipe's)")
    add(
        "--weights",
        metavar="FILE",
        help="file that python -m training convert wrote, or hub; none from scratch",
    )
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="(default: auto)")
    add("--workers", metavar="N", type=int, help="processes beside the training")
    add("--resume", action="store_true", help="go on with the run in the folder")
    add("--validation-only", action="store_true", help="leave the part that is kept unread")
    add("--ledger", metavar="FILE", type=Path, help="append the run to this ledger")


def run(options: argparse.Namespace) -> int:
    """Train and score, and return the exit code."""
    if options.list:
        sys.stdout.write(listing(EXPERIMENTS.values()))
        return 0
    for name in ("recipe", "data", "out"):
        if getattr(options, name) is None:
            raise InputError(f"a training needs {_WORDS[name]}; see python -m training run --help")
    if options.validation_only and options.ledger is not None:
        raise InputError("--validation-only scores nothing that --ledger could keep; leave one out")
    Seed(options.seed)  # refuses what is none
    experiment = asked_for(options)
    manifest = read_manifest(options.data)
    require_dataset(experiment, manifest)
    return _train_and_score(options, experiment, manifest)


def _train_and_score(
    options: argparse.Namespace, experiment: Experiment, manifest: Manifest
) -> int:
    # Loaded now, since they take as long as all that a wrong word or --list should take.
    from patherea_core.workflow.fit import fit
    from training.last_look import LastLook, require_recordable

    look = LastLook(experiment, manifest, options.data, options.out, options.seed)
    if options.ledger is not None:
        require_recordable(experiment, manifest, options.ledger)
    look.require_first()
    with BarProgress(experiment.name, sys.stderr) as progress:
        model = fit(_request(options, experiment, manifest), progress)
    if not options.validation_only:
        with BarProgress("test", sys.stderr) as progress:
            record, table = look.take(model, options.device, _weights(options.weights), progress)
        sys.stdout.write(table)
        if options.ledger is not None:
            append(options.ledger, record)
        log.info("the figures are in %s", look.report)
    return 0


_WORDS = {"recipe": "the name of a recipe", "data": "--data DIR", "out": "--out DIR"}


def asked_for(options: argparse.Namespace) -> Experiment:
    """Return the experiment with what the command line changes of it."""
    experiment = experiment_named(options.recipe)
    rule = experiment.division
    if options.fold is not None:
        rule = rule.testing(options.fold)
    if options.part is not None:
        rule = rule.validating(*_part(options.part))
    recipe = experiment.recipe
    if options.epochs is not None:
        recipe = _with_epochs(recipe, options.epochs)
    return replace(experiment, division=rule, recipe=recipe)


def require_dataset(experiment: Experiment, manifest: Manifest) -> None:
    """Check that a dataset, as far as it says, is the one that an experiment is for.

    Raises:
        InputError: it is another one.
    """
    told = manifest.lineage.get("dataset")
    if told is None:
        log.warning("the dataset does not say that it is %s", experiment.dataset)
    elif not f"{experiment.dataset}-".startswith(f"{told}-"):
        raise InputError(
            f"recipe {experiment.name} is for {experiment.dataset}, but the dataset is {told};"
            " name another recipe or another dataset"
        )


def _request(options: argparse.Namespace, experiment: Experiment, manifest: Manifest) -> FitRequest:
    return FitRequest(
        dataset=options.data,
        run=options.out,
        recipe=experiment.recipe,
        division=experiment.division.divide(manifest),
        backbone_weights=_weights(options.weights),
        device=options.device,
        workers=options.workers,
        seed=options.seed,
        resume=options.resume,
        provenance=_provenance(options, manifest),
        words=experiment.words,
    )


def _provenance(options: argparse.Namespace, manifest: Manifest) -> dict[str, str]:
    """Return what the card says of how the model was made: with which program, when and by which words."""
    told = manifest.lineage.get("dataset")
    dataset = shlex.quote(options.data.name)
    preparation = f"python -m training import {told} --source PUBLISHED --out {dataset}"
    words = ["python", "-m", "training", "run", options.recipe, "--data", options.data.name]
    words += ["--out", options.out.name, "--seed", str(options.seed)]
    for name in ("fold", "part", "epochs"):
        if getattr(options, name) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    if options.weights is not None:
        words += ["--weights", Path(options.weights).name]
    return ({"preparation": preparation} if told in IMPORTERS else {}) | {
        "experiment": options.recipe,
        "command": shlex.join(words),
        "program": f"patherea {metadata.version('patherea')}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _weights(given: str | None) -> Path | Literal["hub"] | None:
    return "hub" if given == "hub" else None if given is None else Path(given)


def _part(text: str) -> tuple[int, int]:
    """Return a part counted from zero, and of how many."""
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise InputError(f"--part {text!r} is no part like 2/5, the second of five; correct it")
    return int(number) - 1, int(count)


def _with_epochs(recipe: Recipe, epochs: int) -> Recipe:
    if epochs < 1:
        raise InputError(f"--epochs must be at least 1, not {epochs}")
    return changed(recipe, training={"epochs": epochs})
