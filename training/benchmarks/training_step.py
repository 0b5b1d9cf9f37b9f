"""How long a step of a training takes, and which part of it takes how long, against a literal one.

``python -m training.benchmarks.training_step`` prints a Markdown table. Both forms train the same network
by the same loss on the same kind of tiles; ``literal_step.py`` says how the other one does it. They take
turns, so that whatever else the machine does slows both; medians count. The parts are timed in steps of
their own, in which the device is waited for after each part and the assignment is done a second time, so
that they do not add up exactly. Weights are random: they cost the same as any others.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import torch
from torch import Tensor, nn

from patherea_core.batch import Batch, Proposals
from patherea_core.config import Recipe
from patherea_core.data.dataset import TileDataset
from patherea_core.data.order import EpochOrder
from patherea_core.data.store import read_manifest, read_sample
from patherea_core.model.network import P2PNetwork
from patherea_core.objective.assignment import assign
from patherea_core.objective.cells import Cells
from patherea_core.objective.hybrid import hybrid_loss, labelled_anchors
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.loading import Machine, tile_loader
from patherea_core.workflow.engine.schedule import optimizer_for
from training.benchmarks.literal_step import (
    LiteralNetwork,
    LiteralTiles,
    literal_assignments,
    literal_batches,
    literal_loss,
)
from training.benchmarks.made_dataset import made_dataset
from training.benchmarks.stopwatch import Stopwatch

PARTS = ("data", "forward", "assignment", "losses, backward, optimiser")


@dataclass(slots=True)
class Form:
    """One way of training.

    Attributes:
        name: in the table.
        batches: without end, on the host.
        network: on the device.
        optimizer: of its parameters.
        loss: of proposals for a batch.
        assign: what of it is assignment.
        mixed: whether the network computes in bfloat16 where that is accurate enough.
        steps: seconds of whole steps.
        parts: seconds of each part.
    """

    name: str
    batches: Iterator[Batch]
    network: nn.Module
    optimizer: torch.optim.Optimizer
    loss: Callable[[Proposals, Batch], Tensor]
    assign: Callable[[Proposals, Batch], object]
    mixed: bool
    steps: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in PARTS})


def our_form(folder: Path, recipe: Recipe, device: torch.device) -> Form:
    """Return a training as the program does it."""
    settings, manifest = recipe.training, read_manifest(folder)
    tiles = TileDataset(
        [read_sample(folder, manifest, record) for record in manifest.samples], settings, Seed(0)
    )
    shape = settings.batch_size, settings.tile_size
    order = EpochOrder(len(tiles), Seed(0))
    loader = tile_loader(tiles, order, shape, None, Machine.this(gpu=device.type == "cuda"))
    network = P2PNetwork(recipe.network, len(manifest.taxonomy)).to(device)

    def batches() -> Iterator[Batch]:
        for epoch in count():
            order.set_epoch(epoch)
            yield from (batch for batch in loader if len(batch.images) == settings.batch_size)

    def assigned(proposals: Proposals, batch: Batch) -> object:
        branches = [one for one in (proposals.one_to_one, proposals.one_to_many) if one is not None]
        claims = (1, recipe.assignment.proposals_per_target)[: len(branches)]
        active = labelled_anchors(proposals.anchors, batch.labelled)
        weight = recipe.assignment.distance_weight
        return assign(branches, claims, Cells.of(batch.targets), active, distance_weight=weight)

    return Form(
        name="ours",
        batches=batches(),
        network=network,
        optimizer=optimizer_for(network, settings),
        loss=lambda proposals, batch: (
            hybrid_loss(proposals, batch, recipe.assignment, recipe.loss).total
        ),
        assign=assigned,
        mixed=settings.precision == "bf16-mixed",
    )


def literal_form(folder: Path, recipe: Recipe, device: torch.device) -> Form:
    """Return a training to the letter."""
    settings, manifest = recipe.training, read_manifest(folder)
    network = LiteralNetwork(recipe.network, len(manifest.taxonomy)).to(device)
    tiles = LiteralTiles(folder, manifest, settings.tile_size)
    return Form(
        name="literal",
        batches=literal_batches(tiles, settings.batch_size),
        network=network,
        optimizer=torch.optim.AdamW(network.parameters(), lr=settings.learning_rate),
        loss=lambda proposals, batch: literal_loss(
            proposals, batch, recipe.assignment, recipe.loss
        ),
        assign=lambda proposals, batch: literal_assignments(proposals, batch, recipe.assignment),
        mixed=False,
    )


def step(form: Form, device: torch.device) -> None:
    """Take one step."""
    batch = next(form.batches).to(device)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=form.mixed):
        proposals = form.network(batch.images)
        loss = form.loss(proposals, batch)
    form.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    form.optimizer.step()


def timed_step(form: Form, device: torch.device) -> None:
    """Take one step and note how long each part takes."""
    watch = Stopwatch(device)
    batch = next(form.batches).to(device)
    seconds = [watch.lap()]
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=form.mixed):
        proposals = form.network(batch.images)
        seconds.append(watch.lap())
        form.assign(proposals, batch)
        assigned = watch.lap()
        loss = form.loss(proposals, batch)
    form.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    form.optimizer.step()
    seconds += [assigned, watch.lap() - assigned]
    for name, part in zip(PARTS, seconds, strict=True):
        form.parts[name].append(part)


def take_turns(forms: Sequence[Form], device: torch.device, steps: int, rounds: int) -> None:
    """Let the forms take some steps each, one after another, several times."""
    for form in forms:
        step(form, device)  # the first one allocates memory and chooses algorithms
    for _ in range(rounds):
        for form in forms:
            step(form, device)
            watch = Stopwatch(device)
            for _ in range(steps):
                step(form, device)
            form.steps.append(watch.lap() / steps)
            timed_step(form, device)


def table(forms: Sequence[Form], batch_size: int) -> str:
    """Return a Markdown table of the medians."""
    heads = [f"{name}, ms" for name in ("step", *PARTS)]
    rows = [("form", "images/s", *heads), ("---", *["--:"] * (1 + len(heads)))]
    for form in forms:
        seconds = statistics.median(form.steps)
        parts = [statistics.median(form.parts[name]) for name in PARTS]
        rows.append(
            (
                form.name,
                f"{batch_size / seconds:,.3g}",
                *(f"{1e3 * part:,.3g}" for part in (seconds, *parts)),
            )
        )
    ratio = statistics.median(
        theirs / ours for ours, theirs in zip(forms[0].steps, forms[1].steps, strict=True)
    )
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"{lines}\n{forms[0].name} takes {ratio:.3g} times as many images/s.\n"


def recipe_for(given: argparse.Namespace) -> Recipe:
    """Return the settings of a training that the options ask for."""
    on_gpu = given.device.type == "cuda"
    backbone = given.backbone or ("convnext_base" if on_gpu else "mobilenetv2_100")
    return Recipe.model_validate(
        {
            "network": {
                "backbone": backbone,
                "fpn_channels": given.fpn_channels or (256 if on_gpu else 64),
            },
            "assignment": {"proposals_per_target": given.claims},
            "training": {
                "batch_size": given.batch,
                "tile_size": given.tile_size,
                "precision": given.precision or ("bf16-mixed" if on_gpu else "32-true"),
            },
        }
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.training_step",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--backbone", help="convnext_base on a GPU, else mobilenetv2_100")
    parser.add_argument("--fpn-channels", type=int, help="256 on a GPU, else 64")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--precision", help="of ours; bf16-mixed on a GPU, else 32-true")
    parser.add_argument("--claims", type=int, default=6, help="β")
    parser.add_argument("--batch", type=int, default=16, help="tiles of a step")
    parser.add_argument("--tile-size", type=int, default=224, help="pixels")
    parser.add_argument("--steps", type=int, default=5, help="that a form takes in its turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each form")
    parser.add_argument("--data", type=Path, help="a dataset folder; else noise is made")
    given = parser.parse_args(arguments)
    recipe = recipe_for(given)
    with contextlib.ExitStack() as cleanup:
        folder = given.data
        if folder is None:
            folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory())) / "made"
            made_dataset(folder)
        forms = [make(folder, recipe, given.device) for make in (our_form, literal_form)]
        take_turns(forms, given.device, given.steps, given.rounds)
    sys.stdout.write(table(forms, given.batch))


if __name__ == "__main__":
    main()
