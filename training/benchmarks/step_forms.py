"""Two ways of training that a benchmark compares: ours, and one to the letter of the paper."""

from collections.abc import Callable, Iterator
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
from patherea_core.errors import InputError
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
    """Return a training as the program does it.

    Raises:
        InputError: the dataset has fewer tiles than a batch.
    """
    settings, manifest = recipe.training, read_manifest(folder)
    tiles = TileDataset(
        [read_sample(folder, manifest, record) for record in manifest.samples], settings, Seed(0)
    )
    if len(tiles) < settings.batch_size:
        raise InputError(
            f"{folder} has {len(tiles)} tiles, which make no batch of {settings.batch_size}; name a"
            " larger dataset, or take smaller batches"
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
