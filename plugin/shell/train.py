"""``patherea train``: a dataset becomes a model."""

import argparse
import logging
from pathlib import Path
from typing import get_args

from patherea_core.config import Model
from patherea_core.errors import DatasetError
from patherea_core.progress import Progress
from patherea_core.recipes import RECIPES, recipe_named
from patherea_core.seeding import Seed
from plugin.commands.foundation_choice import FOUNDATION_RECIPE, FoundationChoice
from plugin.models.finding import find_model
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_accepted_licences,
    add_backbone_weights,
    add_device,
    add_seed,
    add_words,
    words,
)

log = logging.getLogger(__name__)

_LONG = """\
Train a detector on a dataset. The run folder holds the model (model.safetensors), the curves and the
state to resume from; a run that was stopped loses at most one epoch."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("dataset", metavar="DATASET", type=Path, help="a dataset: folder or .zip")
    add("--out", metavar="RUN", type=Path, required=True, help="the folder of the run")
    _add_network(parser)
    add("--epochs", metavar="N", type=int, help="passes over the dataset (default: the recipe's)")
    add(
        "--fold",
        metavar="N|NAME",
        help="kept apart for validation (default: the one called val or validation, else the first)",
    )
    add(
        "--base-model",
        metavar="MODEL",
        help="start from all weights of a model of `patherea models list`, or of a bundle",
    )
    add_backbone_weights(parser, "say backbone.safetensors of `patherea pretrain`")
    add_seed(parser)
    add("--resume", action="store_true", help="go on with the run in RUN")
    add_device(parser)
    add("--devices", metavar="N", type=int, default=1, help="GPUs; 0 for all (default: 1)")
    add("--workers", metavar="N", type=int, help="processes that prepare tiles (default: chosen)")
    add_words(parser)


def _add_network(parser: argparse.ArgumentParser) -> None:
    """Add what says which network is trained, and how."""
    add = parser.add_argument
    add(
        "--recipe",
        metavar="NAME|FILE",
        help=f"{', '.join(sorted(RECIPES))}; or a .json file like a run's recipe.json (default: that of the"
        " base model; small-pretrained with --backbone-weights; else small)",
    )
    add(
        "--model",
        choices=get_args(Model),
        help="p2p: points; fcrn: maps of how near a cell is (default: as the recipe says)",
    )
    add(
        "--backbone",
        metavar="NAME",
        help="what timm calls it, in place of the recipe's (default: the recipe's; without --recipe what the"
        " --backbone-weights say they are of)",
    )
    add(
        "--foundation",
        metavar="NAME",
        help="a backbone of `patherea models foundations`, frozen in an adapter (then the recipe is"
        f" {FOUNDATION_RECIPE} by default)",
    )
    add_accepted_licences(parser)


def _require_known(options: Options) -> None:
    """Refuse what is cheap to see, before torch is loaded, which takes seconds.

    Raises:
        InputError: the seed or the recipe is none.
        DatasetError: there is no dataset.
    """
    Seed(options.seed)
    if options.recipe is not None and not options.recipe.endswith(".json"):
        recipe_named(options.recipe)
    if not options.dataset.exists():
        raise DatasetError(f"there is no dataset {options.dataset}; export one first")


def _run(options: Options, progress: Progress) -> None:
    _require_known(options)
    base = None if options.base_model is None else find_model(options.base_model)
    from plugin.commands import train_detector

    request = train_detector.TrainRequest(
        dataset=options.dataset,
        out=options.out,
        recipe=options.recipe,
        model=options.model,
        foundation=FoundationChoice(
            name=options.foundation, accepted_licences=tuple(options.accept_licence)
        ),
        backbone=options.backbone,
        epochs=options.epochs,
        backbone_weights=options.backbone_weights,
        base_model=base,
        device=options.device,
        devices=options.devices,
        workers=options.workers,
        seed=options.seed,
        resume=options.resume,
        fold=options.fold,
        words=words(options),
    )
    log.info("the model is %s", train_detector.run(request, progress))


SUBCOMMAND = Subcommand("train", "dataset -> model", _LONG, _add_options, _run)
