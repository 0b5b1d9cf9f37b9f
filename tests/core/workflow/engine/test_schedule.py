"""The learning rate rises, falls, and is the backbone's own in the backbone."""

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from patherea_core.config import NetworkConfig, TrainingConfig
from patherea_core.model.network import P2PNetwork
from patherea_core.workflow.engine.schedule import (
    optimizer_for,
    rate_factor,
    schedule_for,
    share_of_step,
)


@pytest.fixture(scope="module")
def network() -> P2PNetwork:
    return P2PNetwork(NetworkConfig(backbone="resnet10t", fpn_channels=8, head_blocks=1), 2)


@given(st.integers(1, 500), st.floats(0, 1))
def test_the_rate_rises_to_its_peak_and_then_only_falls(steps: int, warmup: float) -> None:
    factors = [rate_factor(step, steps, warmup) for step in range(steps)]
    peak = factors.index(max(factors))
    assert factors[peak] == 1
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    assert min(factors) > 0


def test_every_parameter_is_in_one_group_and_the_backbone_has_its_own_rate(
    network: P2PNetwork,
) -> None:
    settings = TrainingConfig(learning_rate=1e-2, backbone_rate_factor=0.25)
    groups = optimizer_for(network, settings).param_groups
    rate_of = {id(one): group["lr"] for group in groups for one in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(rate_of)
    for name, parameter in network.named_parameters():
        wanted = 2.5e-3 if name.startswith("backbone.") else 1e-2
        assert rate_of[id(parameter)] == pytest.approx(wanted), name


def test_what_is_frozen_is_in_no_group(network: P2PNetwork) -> None:
    frozen = next(iter(network.backbone.parameters()))
    frozen.requires_grad = False
    try:
        groups = optimizer_for(network, TrainingConfig()).param_groups
        assert all(one is not frozen for group in groups for one in group["params"])
    finally:
        frozen.requires_grad = True


def test_all_groups_keep_their_proportion_through_the_schedule(network: P2PNetwork) -> None:
    settings = TrainingConfig(learning_rate=1e-2, backbone_rate_factor=0.5, warmup_fraction=0.3)
    optimizer = optimizer_for(network, settings)
    schedule = schedule_for(optimizer, settings, 10)
    for step in range(10):
        backbone, rest = (group["lr"] for group in optimizer.param_groups)
        assert rest == pytest.approx(1e-2 * rate_factor(step, 10, 0.3))
        assert backbone == pytest.approx(rest / 2)
        optimizer.step()
        schedule.step()


@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 5), st.booleans())
def test_every_tile_of_a_step_counts_the_same(
    tiles: int, at_once: int, together: int, dropped: bool
) -> None:
    loader: DataLoader[int] = DataLoader(range(tiles), at_once, drop_last=dropped)  # type: ignore[arg-type]
    batches = len(loader)
    trainer = SimpleNamespace(
        accumulate_grad_batches=together, num_training_batches=batches, train_dataloader=loader
    )
    for first in range(0, batches, together):
        of_step = range(first, min(first + together, batches))
        sizes = [min(at_once, tiles - batch * at_once) for batch in of_step]
        if together == 1:
            assert share_of_step(trainer, first, sizes[0]) == 1  # type: ignore[arg-type]
            continue
        # Lightning divides by how many batches make a step, and the loss of a batch is its mean.
        weights = [
            share_of_step(trainer, batch, size) / together / size  # type: ignore[arg-type]
            for batch, size in zip(of_step, sizes, strict=True)
        ]
        assert all(math.isclose(weight, 1 / sum(sizes)) for weight in weights)
