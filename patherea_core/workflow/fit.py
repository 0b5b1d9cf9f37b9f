"""Train a detector on a dataset folder: read, learn, keep the best state, write the model bundle."""

import logging
from collections.abc import Sequence
from pathlib import Path

from patherea_core.checkpoint import ModelBundle, save_bundle
from patherea_core.data.dataset_looks import dataset_colours
from patherea_core.data.sample import Sample
from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled
from patherea_core.model.timm_models import require_known
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.assess import assess, with_figures
from patherea_core.workflow.detection.halo import effective_halo, mosaic
from patherea_core.workflow.devices import device_count, resolve_device
from patherea_core.workflow.engine.attempt import Material, attempt
from patherea_core.workflow.engine.back_off import with_less_memory
from patherea_core.workflow.engine.followers import company
from patherea_core.workflow.engine.initialisation import beginning_of, noted, say_what_is_kept
from patherea_core.workflow.engine.reporting import Report, TensorBoard
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.announcement import say_what_it_is_trained_on
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity
from patherea_core.workflow.run.outcome import best_bundle, save_best_so_far, say_how_good

__all__ = ["FitRequest", "fit", "save_best_so_far"]

log = logging.getLogger(__name__)

#: Share of the progress that is given to reading the dataset.
_READING = 0.05

#: Share of the progress at which the best state is scored once more, for its card.
_MEASURING = 0.98


def fit(request: FitRequest, progress: Progress) -> Path:
    """Train as requested and return the path of the model bundle.

    A run that is complete already stays as it is. The same request gives the same weights on the same
    CPU. After every epoch the state is kept, so that a run that was stopped or killed loses at most one.

    Raises:
        DatasetError: the dataset is broken, or a fold is empty.
        InputError: the run folder is in the way or cannot be resumed as requested, the seed or the
            device is none, or the base model or the backbone's weights are missing, broken, superfluous
            or do not fit.
        OutputError: the run folder cannot be written.
        TrainingError: the loss or a weight became no number, or memory does not even suffice for a
            single tile; the last complete epoch is kept.
        Cancelled: the progress asked to stop; the last complete epoch is kept in the run folder.
    """
    Seed(request.seed)  # refuses what is none, before the long work
    require_known(request.recipe.network.backbone)
    manifest = read_manifest(request.dataset)
    recipe, folder = request.recipe, RunFolder(request.run)
    beginning = beginning_of(request, manifest)
    identity = noted(
        RunIdentity.of(manifest, request.validation_fold, request.seed, request.division), beginning
    )
    resumed = folder.require_usable(recipe, identity, resume=request.resume)
    if resumed and folder.model.exists():
        log.info("the run in %s is complete: nothing is left to train", request.run)
        return folder.model
    say_what_it_is_trained_on(request, manifest)
    say_what_is_kept(request, beginning, manifest)
    device = resolve_device(request.device)
    devices = device_count(device.type, request.devices)
    reading = Part(progress, 0.0, _READING)
    material = Material.read(request, manifest, beginning, devices, reading)
    if not resumed:
        folder.begin(recipe, identity)
    rest = Part(progress, _READING, _MEASURING)

    def train(at_once: int) -> None:
        with company(request, device.type, devices, at_once, rest) as place:
            attempt(request, material, place, at_once, [Report(rest, folder), TensorBoard(folder)])

    try:
        with_less_memory(recipe.training.batch_size, train)
    except Cancelled as stop:
        raise Cancelled(f"training was stopped {folder.how_far(recipe.training.epochs)}") from stop
    bundle = _measured(request, material, folder, Part(progress, _MEASURING, 1.0))
    save_bundle(folder.model, bundle)
    say_how_good(bundle.card)
    return folder.model


def _measured(
    request: FitRequest, material: Material, folder: RunFolder, progress: Progress
) -> ModelBundle:
    """Return the bundle of the best state, with what is measured of it once it is loaded.

    That are the scores and their intervals, the halo, and how the images look that it was trained on.
    """
    bundle = best_bundle(request, material.manifest, folder, {})
    detector = Detector.load(bundle, request.device, request.backbone_weights)
    found = assess(detector, material.validation, Seed(request.seed), progress)
    scored = with_figures(bundle, found, "validation")
    rows = request.division_of(material.manifest).training
    measured = {
        "halo": _halo(detector, material.validation),
        "colours": dataset_colours(request.dataset, material.manifest, rows),
    }
    return ModelBundle(scored.state, scored.card.model_copy(update=measured))


def _halo(detector: Detector, samples: Sequence[Sample]) -> float:
    """Return the halo of a model, measured on samples; as it is on its card where they do not suffice."""
    image = mosaic([sample.pixels for sample in samples])
    if image is None or detector.network.backbone.attends_everywhere:
        return detector.card.halo
    return effective_halo(detector.runtime, detector.card.score_threshold, image)
