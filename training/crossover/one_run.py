"""One run of a plan: train on its labels, look at the test part once, and keep the row."""

import logging
import shlex
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from patherea_core.data.label_share import LabelShare
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from patherea_core.files import write_whole
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.fit import fit
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.folder import RunFolder
from training.crossover.arms import digest_of
from training.crossover.counted import counts_by_patient
from training.crossover.folder import PlanFolder
from training.crossover.labels import Labels
from training.crossover.ledger import append_row
from training.crossover.plan import Arm, Key, Plan
from training.crossover.row import CrossoverRow, digest_of_names
from training.crossover.schedule import Length, batches_of, length
from training.evaluation_report import read_report
from training.last_look import LastLook
from training.recipes.experiment import Experiment

log = logging.getLogger(__name__)

#: Share of the progress that is given to the training.
_TRAINING = 0.95


@dataclass(frozen=True, slots=True)
class How:
    """What of a run depends on the machine, not on the plan.

    Attributes:
        ledger: where its row is added.
        device: auto, cpu or cuda.
        workers: processes beside the training; None for what suits the machine.
        keep_models: whether states and model stay when the row is written.
    """

    ledger: Path
    device: str = "auto"
    workers: int | None = 0
    keep_models: bool = False


def carry_out(folder: PlanFolder, key: Key, how: How, progress: Progress) -> bool:
    """Make one run, or what is left of it, and return whether it is done; another process may be at it.

    A run that is done is not made again, one that was killed goes on after its last complete epoch, and the
    test part is looked at once, whatever happened between.

    Raises:
        InputError: dataset or weights are not those of the plan, or the folder of the run is in the way.
        DatasetError: the dataset is broken, or too few of its labels are left to train on.
        TrainingError: the loss became no number.
        OutputError: the folder or the ledger cannot be written.
        Cancelled: the progress asked to stop.
    """
    with folder.at_work(key) as mine:
        if not mine:
            log.info("another process is at %s", key)
            return False
        row = folder.row(key) or _made(folder, key, how, progress)
        # In this order, since a run that the ledger has is never looked at again.
        if not how.keep_models:
            folder.drop_what_is_large(key)
        append_row(how.ledger, row)
    return True


def _made(folder: PlanFolder, key: Key, how: How, progress: Progress) -> CrossoverRow:
    plan = folder.read()
    data, arm = plan.dataset(key.dataset).folder, plan.arm(key.arm)
    manifest = read_manifest(data)
    _require_same(plan, key, manifest)
    rule = plan.experiment(replace(key, share=1.0)).division
    whole = Labels.all_of(data, manifest, rule.divide(manifest))
    labels = whole.share(LabelShare(key.share, Seed(key.seed)), folder.labels(key))
    planned = _length(plan, arm, labels, whole)
    experiment = _scored(plan.experiment(key, planned.epochs), labels)
    look = LastLook(experiment, manifest, data, folder.run(key), key.seed)
    if not look.report.exists():
        request = _request(look, labels, arm, how, str(key))
        model = fit(request, Part(progress, 0.0, _TRAINING))
        look.take(model, how.device, arm.weights, Part(progress, _TRAINING, 1.0))
    tested = {
        manifest.samples[row].id: manifest.samples[row].patient for row in whole.division.test
    }
    record, radius = look.record(), read_report(look.report).radius_px
    assert radius is not None, "the images of a dataset share their pixel size"
    row = CrossoverRow(
        plan=plan.name,
        arm=key.arm,
        share=key.share,
        schedule=plan.schedule,
        epochs=planned.epochs,
        steps=planned.steps,
        weights_sha256=arm.weights_sha256,
        trained_on=labels.trained_on,
        tested_on=digest_of_names(tested),
        patients=counts_by_patient(look.out, tested, tuple(record.classes), radius),
        run=record,
    )
    write_whole(folder.row_file(key), row.model_dump_json(indent=1).encode())
    return row


def _length(plan: Plan, arm: Arm, labels: Labels, whole: Labels) -> Length:
    settings = arm.recipe.training
    batches, all_batches = (
        batches_of(one.data, one.manifest, one.division, settings) for one in (labels, whole)
    )
    return length(plan.schedule, settings, batches, all_batches)


def _scored(experiment: Experiment, labels: Labels) -> Experiment:
    """Return an experiment as it is scored: on the dataset of the plan, whatever it learns from."""
    if labels.trained_on.drawn_by != "area":
        return experiment
    # What is left of an image is no sample of that dataset; the remark tells of it.
    return replace(experiment, division=replace(experiment.division, labels=None))


def _request(look: LastLook, labels: Labels, arm: Arm, how: How, name: str) -> FitRequest:
    command = ["python", "-m", "training", "crossover", "run", "PLAN", "--only", name]
    return FitRequest(
        dataset=labels.data,
        run=look.out,
        recipe=look.experiment.recipe,
        division=labels.division,
        backbone_weights=arm.weights,
        device=how.device,
        workers=how.workers,
        seed=look.seed,
        resume=RunFolder(look.out).recipe.exists(),
        provenance={
            "experiment": look.experiment.name,
            "command": shlex.join(command),
            "program": f"patherea {metadata.version('patherea')}",
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )


def _require_same(plan: Plan, key: Key, manifest: Manifest) -> None:
    dataset, arm = plan.dataset(key.dataset), plan.arm(key.arm)
    if manifest.digest() != dataset.digest:
        raise InputError(
            f"the dataset {dataset.folder} is not the one that the plan was made for; put that one back, or"
            " make another plan"
        )
    if arm.weights is not None and digest_of(arm.weights) != arm.weights_sha256:
        raise InputError(
            f"the weights {arm.weights} are not those that arm {arm.name} was planned with; put these back,"
            " or add an arm of another name"
        )
