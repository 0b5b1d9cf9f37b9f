"""``patherea train``: a dataset becomes a model."""

import argparse
from pathlib import Path

from patherea_core.progress import Progress
from plugin.shell.parser import Options, Subcommand, add_device, add_seed

_LONG = """\
Train a detector on a dataset. The run folder holds the model (model.safetensors), the curves and the
state to resume from; a run that was stopped loses at most one epoch."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("dataset", metavar="DATASET", type=Path, help="a dataset: folder or .zip")
    add("--out", metavar="RUN", type=Path, required=True, help="the folder of the run")
    add("--recipe", metavar="NAME", default="small", help="small or paper (default: small)")
    add("--epochs", metavar="N", type=int, help="passes over the dataset (default: the recipe's)")
    add("--fold", metavar="N", type=int, default=0, help="kept apart for validation (default: 0)")
    add_seed(parser)
    add("--resume", action="store_true", help="go on with the run in RUN")
    add_device(parser)


def _run(options: Options, progress: Progress) -> None:
    from plugin.commands import train_detector

    request = train_detector.TrainRequest(
        dataset=options.dataset,
        out=options.out,
        recipe=options.recipe,
        epochs=options.epochs,
        device=options.device,
        seed=options.seed,
        resume=options.resume,
        fold=options.fold,
    )
    train_detector.run(request, progress)


SUBCOMMAND = Subcommand("train", "dataset -> model", _LONG, _add_options, _run)
