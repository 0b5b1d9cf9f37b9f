"""A backbone is pretrained from a source of tiles to a file that a detector starts from."""

import csv
import logging
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from patherea_core.config import AdapterConfig, NetworkConfig
from patherea_core.errors import Cancelled, InputError, ScaleError, SlideError, TrainingError
from patherea_core.model.backbones import build_backbone
from patherea_core.model.foundation import registry
from patherea_core.model.foundation.registry import FOUNDATIONS
from patherea_core.model.pretrained import initialise, read_backbone_weights
from patherea_core.model.weight_files import read_backbone_card, read_weight_file
from patherea_core.pretraining.mae import MaskedAutoencoder
from patherea_core.pretraining.modelling import Reconstruction
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.progress import Silent
from patherea_core.workflow.pretrain import PretrainRequest, pretrain
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.run.kept_state import read_state
from tests.core.workflow.pretraining.blots import TINY, TINY_MAE, Blots
from tests.fakes import RecordingProgress


def request(
    run: Path, config: PretrainingConfig = TINY_MAE, *, resume: bool = False
) -> PretrainRequest:
    """Return the request of a pretraining of seconds."""
    return PretrainRequest(
        source=Blots(), run=run, config=config, device="cpu", workers=0, seed=3, resume=resume
    )


def of_epochs(epochs: int, **settings: Any) -> PretrainingConfig:  # noqa: ANN401
    """Return the settings of a transformer with others of these names."""
    return TINY_MAE.model_copy(update={"epochs": epochs, **settings})


def weights(run: Path) -> dict[str, Tensor]:
    """Return the last weights of a run."""
    state: dict[str, Tensor] = read_state(run / "checkpoints" / "last.ckpt")["state_dict"]
    return state


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, without what the clock said."""
    rows = csv.DictReader(path.read_text().splitlines())
    return [{name: value for name, value in row.items() if "second" not in name} for row in rows]


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Tell whether weights are the same to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a complete run of three epochs."""
    run = tmp_path_factory.mktemp("run") / "whole"
    progress = RecordingProgress()
    assert pretrain(request(run), progress) == run / "backbone.safetensors"
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == 1
    losses = [f"{float(row['held_out_loss']):.3f}" for row in table(run / "metrics.csv")]
    assert progress.reports[-1] == (1.0, f"3 epochs, held-out loss of epoch 3: {losses[-1]}")
    assert max(progress.fractions[:-1]) < 1
    messages = "\n".join(message for _, message in progress.reports)
    told = set(re.findall(r"held-out loss of epoch (\d): (\d\.\d+)", messages))
    assert told <= {(str(row + 1), loss) for row, loss in enumerate(losses)}
    return run


class StopWhen:
    """A progress that asks to stop once a message has all of some words in it."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def advance(self, _fraction: float, message: str = "") -> None:
        """Raise Cancelled if they are there."""
        if all(word in message for word in self.words):
            raise Cancelled("stopped on request")


def test_a_run_leaves_figures_curves_and_a_picture_of_each_epoch(whole: Path) -> None:
    rows = table(whole / "metrics.csv")
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert all(0 < float(row["held_out_loss"]) < 5 for row in rows)
    assert len(table(whole / "losses.csv")) == 3 * 4
    assert (whole / "curves.png").stat().st_size > 1000
    names = sorted(path.name for path in (whole / "pictures").iterdir())
    assert names == ["epoch-001.png", "epoch-002.png", "epoch-003.png"]
    assert list((whole / "tensorboard").iterdir())


def test_the_card_says_how_the_backbone_was_learnt(whole: Path) -> None:
    card = read_weight_file(whole / "backbone.safetensors").card
    assert card is not None
    assert card.pretraining is not None
    assert (card.architecture, card.pretraining.method) == ("test_vit", "mae")
    assert (card.pretraining.mpp, card.pretraining.epochs) == (0.5, 3)
    assert card.pretraining.tiles_sha256 == Blots().digest()
    assert PretrainingConfig(**card.pretraining.settings) == TINY_MAE
    assert card.origin == "pretrained with mae on drawings of blots at 0.5 µm a pixel"
    last = float(table(whole / "metrics.csv")[-1]["held_out_loss"])
    assert (card.pretraining.held_out, card.pretraining.held_out_loss) == ("the same", last)


def test_a_detector_starts_from_the_file(whole: Path) -> None:
    network = NetworkConfig(backbone="test_vit", adapter=AdapterConfig(attention_heads=4))
    backbone = build_backbone(network)
    read = read_backbone_weights(whole / "backbone.safetensors", network)
    assert read.mpp == 0.5
    initialise(backbone, read)
    learnt = weights(whole)
    for name, tensor in backbone.pretrained_part.state_dict().items():
        if name != "pos_embed":
            assert torch.equal(tensor, learnt[f"model.transformer.{name}"])


def test_a_detector_with_another_backbone_refuses_the_file(whole: Path) -> None:
    other = NetworkConfig(backbone="test_vit2")
    with pytest.raises(InputError, match="holds test_vit, and the recipe names test_vit2; name"):
        read_backbone_weights(whole / "backbone.safetensors", other)


def test_what_goes_on_from_a_foundation_model_says_which_timm_model_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(FOUNDATIONS["dinov2-s"], architecture="test_vit", options={"depth": 2})
    monkeypatch.setattr(registry, "FOUNDATIONS", MappingProxyType({small.name: small}))
    config = TINY_MAE.model_copy(
        update={"backbone": small.name, "epochs": 1, "tiles_per_epoch": 4, "precision": "32-true"}
    )
    pretrain(request(tmp_path, config), Silent())
    path = tmp_path / "backbone.safetensors"
    card = read_backbone_card(path)
    assert card is not None
    assert (card.architecture, card.backbone_options) == ("test_vit", {"depth": 2})
    read_backbone_weights(path, NetworkConfig(backbone="test_vit", backbone_options={"depth": 2}))


def test_a_detector_starts_from_a_convolutional_backbone(tmp_path: Path) -> None:
    config = TINY.model_copy(update={"epochs": 1, "tiles_per_epoch": 4, "precision": "bf16-mixed"})
    pretrain(request(tmp_path, config), Silent())
    network = NetworkConfig(backbone="resnet10t")
    backbone = build_backbone(network)
    initialise(backbone, read_backbone_weights(tmp_path / "backbone.safetensors", network))
    learnt = weights(tmp_path)
    for name, tensor in backbone.pretrained_part.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(tensor, learnt[f"model.pyramid.{name}"])
            assert tensor.dtype == torch.float32


def test_a_stopped_run_writes_its_backbone_and_goes_on_as_if_it_had_not_stopped(
    whole: Path, tmp_path: Path
) -> None:
    with pytest.raises(Cancelled, match="pretraining was stopped after epoch 2 of 3"):
        pretrain(request(tmp_path), StopWhen("epoch 3", "loss"))
    card = read_weight_file(tmp_path / "backbone.safetensors").card
    assert card is not None
    assert card.pretraining is not None
    assert card.pretraining.epochs == 2
    pretrain(request(tmp_path, resume=True), Silent())
    assert equal(weights(whole), weights(tmp_path))
    for name in ("metrics.csv", "losses.csv"):
        assert table(tmp_path / name) == table(whole / name)
    for name in ("backbone.safetensors", "pictures/epoch-003.png"):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()


def test_a_run_that_is_stopped_in_its_first_epoch_leaves_no_backbone(tmp_path: Path) -> None:
    with pytest.raises(Cancelled, match="before the end of its first epoch"):
        pretrain(request(tmp_path), StopWhen("epoch 1"))
    assert not (tmp_path / "backbone.safetensors").exists()


def test_a_complete_run_stays_as_it_is(whole: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = (whole / "backbone.safetensors").stat().st_mtime_ns
    with caplog.at_level(logging.INFO):
        pretrain(request(whole, resume=True), StopWhen())
    assert (whole / "backbone.safetensors").stat().st_mtime_ns == before
    assert f"the run in {whole} is complete" in caplog.text


def test_a_backbone_that_was_lost_is_written_again(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "backbone.safetensors").unlink()
    path = pretrain(request(tmp_path / "run", resume=True), Silent())
    assert path.read_bytes() == (whole / "backbone.safetensors").read_bytes()


def test_a_run_is_not_resumed_on_other_tiles(whole: Path) -> None:
    other = replace(request(whole, resume=True), source=Blots("dots"))
    with pytest.raises(InputError, match=r"started with tiles of digest \w+, not \w+: resume"):
        pretrain(other, Silent())


def test_held_out_tiles_that_come_from_elsewhere_are_told_of_and_learnt_nothing_from(
    whole: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        pretrain(replace(request(tmp_path), held_out=Blots("dots", light=180.0)), Silent())
    assert equal(weights(tmp_path), weights(whole))
    mine, others = (table(run / "metrics.csv")[-1] for run in (tmp_path, whole))
    assert mine["loss"] == others["loss"]
    assert mine["held_out_loss"] != others["held_out_loss"]
    card = read_weight_file(tmp_path / "backbone.safetensors").card
    assert card is not None
    assert card.pretraining is not None
    assert card.pretraining.held_out == "drawings of dots"
    assert "seed 3; held-out loss on drawings of dots" in caplog.text


def test_held_out_tiles_are_read_before_a_run_begins(whole: Path, tmp_path: Path) -> None:
    apart = replace(request(tmp_path), held_out=Blots("dots", broken=True))
    with pytest.raises(SlideError, match=r"blots.png cannot be read; put it back"):
        pretrain(apart, Silent())
    assert not (tmp_path / "settings.json").exists()
    with pytest.raises(InputError, match="held-out tiles of digest none, not"):
        pretrain(replace(request(whole, resume=True), held_out=Blots("dots")), Silent())


def test_a_tile_that_cannot_be_read_ends_the_run_in_one_sentence(tmp_path: Path) -> None:
    broken = replace(request(tmp_path), source=Blots(broken=True), held_out=Blots())
    with pytest.raises(SlideError, match=r"^blots.png cannot be read; put it back$"):
        pretrain(broken, Silent())


def test_weights_to_start_from_are_where_it_starts(whole: Path, tmp_path: Path) -> None:
    slow = of_epochs(1, learning_rate=1e-12, weight_decay=0.0)
    begun = replace(
        request(tmp_path, slow), seed=8, backbone_weights=whole / "backbone.safetensors"
    )
    path = pretrain(begun, Silent())
    with safe_open(whole / "backbone.safetensors", "pt") as first, safe_open(path, "pt") as second:
        for name in first.keys():  # noqa: SIM118  no mapping
            assert torch.allclose(first.get_tensor(name), second.get_tensor(name), atol=1e-6)
    card = read_weight_file(path).card
    assert card is not None
    assert card.pretraining is not None
    assert card.pretraining.started_from == read_weight_file(whole / "backbone.safetensors").sha256
    assert card.origin.endswith(
        "begun from pretrained with mae on drawings of blots at 0.5 µm a pixel"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": Blots(mpp=0.25)}, "blots have 0.25 µm a pixel, and the settings say 0.5"),
        ({"config": of_epochs(1, backbone="resnet10t")}, "'resnet10t' is none; take the method"),
        ({"config": of_epochs(1, backbone="no_such")}, "timm knows no model 'no_such'"),
        ({"config": of_epochs(1, tile_size=72)}, "must be multiples of 16 pixels"),
        ({"seed": -1}, "a seed must be"),
        ({"devices": 2}, "2 GPUs cannot train together"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        pretrain(replace(request(tmp_path / "run"), **changes), Silent())
    assert not (tmp_path / "run").exists()


def test_tiles_of_another_scale_are_an_error_of_scale(tmp_path: Path) -> None:
    with pytest.raises(ScaleError):
        pretrain(replace(request(tmp_path), source=Blots(mpp=0.25)), Silent())


def test_a_loss_that_is_no_number_names_its_step_and_keeps_what_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def astray(model: MaskedAutoencoder, images: Tensor, hidden: Tensor) -> Reconstruction:
        made = original(model, images, hidden)
        calls.append(model.training)
        return replace(made, loss=made.loss * torch.nan) if sum(calls) == 6 else made

    original = MaskedAutoencoder.forward
    monkeypatch.setattr(MaskedAutoencoder, "forward", astray)
    with pytest.raises(TrainingError, match="the loss in step 6 of epoch 2 is no finite number"):
        pretrain(request(tmp_path), Silent())
    assert PretrainingFolder(tmp_path).how_far(3) == "after epoch 1 of 3"


def test_where_memory_is_small_parts_of_a_batch_make_the_same_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fits_two(model: MaskedAutoencoder, images: Tensor, hidden: Tensor) -> Reconstruction:
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(model, images, hidden)

    # Six tiles: steps of four and of two.
    config = of_epochs(1, tiles_per_epoch=6, batch_size=4)
    pretrain(request(tmp_path / "large", config), Silent())
    original = MaskedAutoencoder.forward
    monkeypatch.setattr(MaskedAutoencoder, "forward", fits_two)
    pretrain(request(tmp_path / "small", config), Silent())
    large, small = weights(tmp_path / "large"), weights(tmp_path / "small")
    assert all(torch.allclose(large[name], small[name], atol=2e-4) for name in large)
    assert read_state(tmp_path / "small" / "checkpoints" / "last.ckpt")["global_step"] == 2
