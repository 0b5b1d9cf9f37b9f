"""Train a detector on a dataset folder: read, learn, keep the best state, write the model bundle."""

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint
from torch.utils.data import DataLoader

from patherea_core.batch import Batch
from patherea_core.checkpoint import (
    BundleCard,
    ClassCard,
    ModelBundle,
    save_bundle,
    weights_digest,
)
from patherea_core.config import Recipe
from patherea_core.data.dataset import TileDataset, collate
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import Sample, read_manifest, read_sample
from patherea_core.errors import DatasetError
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.devices import resolve_device
from patherea_core.workflow.learner import Learner, best_row
from patherea_core.workflow.run_folder import RunFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """What to train on, how, and where to.

    Attributes:
        dataset: a dataset folder.
        run: the folder of the run; must not hold one yet unless ``resume``.
        recipe: all settings.
        validation_fold: the fold that is not trained on; the best state is chosen by it.
        device: auto, cpu or cuda.
        seed: root of every random choice.
        resume: continue the run in the folder after its last complete epoch.
        provenance: further entries for the model card.
    """

    dataset: Path
    run: Path
    recipe: Recipe
    validation_fold: int = 0
    device: str = "auto"
    seed: int = 0
    resume: bool = False
    provenance: dict[str, Any] = field(default_factory=dict)


def fit(request: FitRequest, progress: Progress) -> Path:
    """Train as requested and return the path of the model bundle.

    The same request gives the same weights on the same CPU. After every epoch the state is kept, so
    that a run that was stopped or killed loses at most one.

    Raises:
        DatasetError: the dataset is broken, or a fold is empty.
        InputError: the run folder is in the way, or cannot be resumed with this recipe.
        Cancelled: the progress asked to stop; the last complete epoch is kept in the run folder.
    """
    device = resolve_device(request.device)
    manifest = read_manifest(request.dataset)
    training, validation = _folds(request, manifest)
    folder = RunFolder(request.run)
    folder.begin(request.recipe, resume=request.resume)
    torch.manual_seed(request.seed)
    radius = request.recipe.radius_um / manifest.mpp
    learner = Learner(request.recipe, manifest.taxonomy, radius)
    tiles = _Tiles(training, validation, request.recipe, Seed(request.seed))
    with _quiet_lightning():
        trainer = _trainer(request.recipe, folder, device, progress)
        trainer.fit(
            learner,
            datamodule=tiles,
            ckpt_path=folder.last if request.resume else None,
            weights_only=True,
        )
    save_bundle(folder.model, _best_bundle(request, manifest, folder, learner))
    return folder.model


def _folds(request: FitRequest, manifest: Manifest) -> tuple[list[Sample], list[Sample]]:
    """Return the samples to train on and to validate on."""
    samples = [read_sample(request.dataset, manifest, record) for record in manifest.samples]
    wanted = request.validation_fold
    validation = [sample for sample in samples if sample.record.fold == wanted]
    training = [sample for sample in samples if sample.record.fold != wanted]
    if not validation or not training:
        role = "to validate on" if not validation else "left to train on"
        raise DatasetError(
            f"with validation fold {wanted} of {manifest.folds}, {request.dataset} has no tile {role};"
            " name another fold, or export with more patients or regions"
        )
    return training, validation


class _Tiles(lightning.LightningDataModule):
    """Training tiles, cut anew for every epoch, and whole validation tiles."""

    def __init__(
        self, training: list[Sample], validation: list[Sample], recipe: Recipe, seed: Seed
    ) -> None:
        super().__init__()
        settings = recipe.training
        self.batch_size = settings.batch_size
        self.seed = seed
        self.validation = validation
        self.training = TileDataset(
            training,
            tile_size=settings.tile_size,
            seed=seed,
            colour_jitter=settings.colour_jitter,
        )

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the batches of the epoch that begins, in an order that depends on seed and epoch only."""
        epoch = self.trainer.current_epoch if self.trainer is not None else 0
        self.training.set_epoch(epoch)
        order = self.seed.stream("order", epoch).permutation(len(self.training)).tolist()
        return DataLoader(
            self.training, batch_size=self.batch_size, sampler=order, collate_fn=collate
        )

    def val_dataloader(self) -> DataLoader[Sample]:
        """Return the validation tiles, one by one."""
        return DataLoader(self.validation, batch_size=None)  # type: ignore[arg-type]  # a list serves


class _Report(Callback):
    """Tell the progress after every step, and write the history after every validation."""

    def __init__(self, progress: Progress, folder: RunFolder) -> None:
        self.progress = progress
        self.folder = folder

    def on_train_batch_end(self, trainer: lightning.Trainer, learner: Any, *_: object) -> None:  # noqa: ANN401
        """Say how far the training is; a request to stop passes through as Cancelled."""
        total = int(trainer.estimated_stepping_batches)
        message = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}, loss {learner.recent_loss:.3f}"
        if learner.history:
            score = learner.history[-1]["validation_mean_f1"] or 0.0
            message += f", validation F1 {score:.3f}"
        self.progress.advance(min(1.0, trainer.global_step / total), message)

    def on_validation_end(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Write ``metrics.csv`` and ``curves.png``."""
        if not trainer.sanity_checking:
            self.folder.write_history(learner.history)


def _trainer(
    recipe: Recipe, folder: RunFolder, device: torch.device, progress: Progress
) -> lightning.Trainer:
    settings = recipe.training
    callbacks: list[Callback] = [_Report(progress, folder)]
    if settings.ema_decay:
        callbacks.append(EMAWeightAveraging(decay=settings.ema_decay))
    callbacks += [
        ModelCheckpoint(
            folder.checkpoints,
            filename="best",
            monitor="validation_mean_f1",
            mode="max",
            enable_version_counter=False,
        ),
        ModelCheckpoint(
            folder.checkpoints,
            filename="last",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]
    return lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=1,
        max_epochs=settings.epochs,
        precision=settings.precision,
        gradient_clip_val=settings.gradient_clip or None,
        check_val_every_n_epoch=max(1, math.ceil(settings.epochs / settings.validations)),
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        callbacks=callbacks,
        default_root_dir=folder.path,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keep Lightning's hints about workers and hardware out of the log and the warnings."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", module=r"torch\.optim\.lr_scheduler")
            yield
    finally:
        logger.setLevel(level)


def _best_bundle(
    request: FitRequest, manifest: Manifest, folder: RunFolder, learner: Learner
) -> ModelBundle:
    """Return the bundle of the state that scored best on the validation fold."""
    checkpoint = torch.load(folder.best, map_location="cpu", weights_only=True)
    prefix = "network."
    state = {
        name.removeprefix(prefix): tensor
        for name, tensor in checkpoint["state_dict"].items()
        if name.startswith(prefix)
    }
    scores = best_row(learner.history)
    threshold = scores["threshold"]
    assert threshold is not None
    card = BundleCard(
        recipe=request.recipe,
        classes=tuple(ClassCard(name=c.name, color=c.color) for c in manifest.taxonomy.classes),
        mpp=manifest.mpp,
        score_threshold=threshold,
        parameters=sum(tensor.numel() for tensor in state.values()),
        seed=request.seed,
        provenance=_provenance(request, manifest),
        metrics={name: value for name, value in scores.items() if name.startswith("validation")},
        weights_sha256=weights_digest(state),
    )
    return ModelBundle(state, card)


def _provenance(request: FitRequest, manifest: Manifest) -> dict[str, Any]:
    """Return where the model comes from: data by digest, annotations by version, the caller's own."""
    return {
        "dataset_sha256": manifest.digest(),
        "dataset_lineage": manifest.lineage,
        "slides": [slide.model_dump(mode="json") for slide in manifest.slides],
        "validation_fold": request.validation_fold,
        "torch": torch.__version__,
        **request.provenance,
    }
