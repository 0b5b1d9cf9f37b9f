"""The benchmark of a training step: both forms learn the same, and the table says how fast."""

import time
from pathlib import Path

import pytest
import torch

from patherea_core.batch import Batch, Proposals
from patherea_core.config import AssignmentConfig, LossConfig, NetworkConfig, Recipe
from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from patherea_core.objective.hybrid import hybrid_loss
from tests.builders import points, sample, write_dataset
from tests.core.objective import scenes
from training.benchmarks import training_step
from training.benchmarks.literal_step import (
    LiteralNetwork,
    LiteralTiles,
    literal_batches,
    literal_loss,
)
from training.benchmarks.step_forms import Form, literal_form, our_form
from training.benchmarks.training_step import table

SMALL = ("--backbone=test_efficientnet", "--fpn-channels=8", "--batch=2", "--tile-size=32")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a dataset of three images."""
    cells = points((9.0, 8.0, 0), (20.0, 12.0, 1), (3.0, 30.0, 1))
    samples = [sample(cells, name=f"s{number}", size=(48, 40)) for number in range(3)]
    write_dataset(tmp_path / "data", samples)
    return tmp_path / "data"


def recipe() -> Recipe:
    network = {"backbone": "test_efficientnet", "fpn_channels": 8, "head_blocks": 1}
    training = {"batch_size": 2, "tile_size": 32}
    return Recipe.model_validate({"network": network, "training": training})


def test_the_literal_loss_is_ours() -> None:
    both, batch = scenes.proposals(2), scenes.batch([5, 0])
    everywhere = Batch(batch.images, batch.targets, torch.ones_like(batch.labelled))
    settings = AssignmentConfig(proposals_per_target=3), LossConfig()
    literal = literal_loss(both, everywhere, *settings)
    assert literal.item() == pytest.approx(
        hybrid_loss(both, everywhere, *settings).total.item(), rel=1e-5
    )


def test_the_literal_network_has_all_levels_and_our_proposals() -> None:
    config = NetworkConfig(backbone="test_efficientnet", fpn_channels=8, head_blocks=1)
    network = LiteralNetwork(config, 2)
    assert network.backbone.strides == (4, 8, 16, 32)
    proposals: Proposals = network(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert proposals.one_to_one.xy.shape == (1, 8 * 8 * 4, 2)
    assert proposals.one_to_one.logits.shape[-1] == 3


def test_literal_tiles_move_cells_with_their_pixels(folder: Path) -> None:
    tiles = LiteralTiles(folder, read_manifest(folder), 32)
    batch = next(literal_batches(tiles, 2))
    assert batch.images.shape == (2, 3, 32, 32)
    for target in batch.targets:
        assert ((target.xy >= 0) & (target.xy <= 32)).all()


@pytest.mark.parametrize("make", [our_form, literal_form])
def test_a_step_changes_the_weights_and_its_parts_are_timed(make: type, folder: Path) -> None:
    device = torch.device("cpu")
    form: Form = make(folder, recipe(), device)
    before = [one.detach().clone() for one in form.network.parameters()]
    training_step.take_turns([form], device, (1, 1), time.process_time)
    after = list(form.network.parameters())
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
    assert len(form.steps) == 1
    assert all(len(seconds) == 1 and seconds[0] > 0 for seconds in form.parts.values())


def test_a_dataset_without_a_whole_batch_is_refused(folder: Path) -> None:
    large = recipe().training.model_copy(update={"batch_size": 99})
    with pytest.raises(InputError, match="make no batch of 99"):
        our_form(folder, recipe().model_copy(update={"training": large}), torch.device("cpu"))


def test_the_table_has_both_forms_and_their_ratio(folder: Path) -> None:
    forms = [make(folder, recipe(), torch.device("cpu")) for make in (our_form, literal_form)]
    for form, seconds in zip(forms, (0.5, 2.0), strict=True):
        form.steps.append(seconds)
        for part in form.parts.values():
            part.append(seconds / 4)
    lines = table(forms, 16).splitlines()
    assert lines[2] == "| ours | 32 | 500 | 125 | 125 | 125 | 125 |"
    assert lines[3] == "| literal | 8 | 2e+03 | 500 | 500 | 500 | 500 |"
    assert lines[-1] == "ours takes 4 times as many images/s."


@pytest.mark.slow
def test_a_dataset_is_made_where_none_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    training_step.main([*SMALL, "--steps", "1", "--rounds", "1"])
    assert capsys.readouterr().out.splitlines()[3].startswith("| literal | ")
