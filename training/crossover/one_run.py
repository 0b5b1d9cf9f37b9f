"""One run of a plan: train on its labels, look at the test part once, and keep the row."""

import logging
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from patherea_core.data.division import Division
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from patherea_core.files import write_whole
from patherea_core.progress import Part, Progress
from patherea_core.workflow.fit import fit
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.folder import RunFolder
from training.crossover.arms import digest_of
from training.crossover.counted import counts_by_patient
from training.crossover.folder import PlanFolder
from training.crossover.ledger import append_row
from training.crossover.plan import Key, Plan
from training.crossover.row import CrossoverRow, TrainedOn, digest_of_names
from training.crossover.schedule import Length, batches_of, length
from training.evaluation_report import read_report
from training.last_look import LastLook
from training.run_record import RunRecord

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
        append_row(how.ledger, row)
        if not how.keep_models:
            folder.drop_weights(key)
    return True


def _made(folder: PlanFolder, key: Key, how: How, progress: Progress) -> CrossoverRow:
    plan, run = folder.read(), folder.run(key)
    data = plan.dataset(key.dataset).folder
    manifest = read_manifest(data)
    _require_same(plan, key, manifest)
    whole, part = (plan.experiment(one).division.divide(manifest) for one in (_all(key), key))
    settings = plan.arm(key.arm).recipe.training
    batches, all_batches = (batches_of(data, manifest, one, settings) for one in (part, whole))
    planned = length(plan.schedule, settings, batches, all_batches)
    look = LastLook(plan.experiment(key, planned.epochs), manifest, data, run, key.seed)
    if not look.report.exists():
        weights = plan.arm(key.arm).weights
        request = _request(look, part, weights, how, str(key))
        model = fit(request, Part(progress, 0.0, _TRAINING))
        look.take(model, how.device, weights, Part(progress, _TRAINING, 1.0))
    row = _row(plan, key, planned, look.record(), _Parts(run, manifest, part))
    write_whole(folder.row_file(key), row.model_dump_json(indent=1).encode())
    return row


@dataclass(frozen=True, slots=True)
class _Parts:
    run: Path
    manifest: Manifest
    division: Division

    def names(self, rows: Sequence[int]) -> list[str]:
        return [self.manifest.samples[row].id for row in rows]

    def trained_on(self) -> TrainedOn:
        samples = [self.manifest.samples[row] for row in self.division.training]
        return TrainedOn(
            images=len(samples),
            patients=len({one.patient for one in samples}),
            points=sum(one.points for one in samples),
            digest=digest_of_names(self.names(self.division.training)),
        )

    def tested(self) -> dict[str, str]:
        """Return the patient of every test image, by its name."""
        samples = [self.manifest.samples[row] for row in self.division.test]
        return {one.id: one.patient for one in samples}


def _row(plan: Plan, key: Key, planned: Length, record: RunRecord, parts: _Parts) -> CrossoverRow:
    radius = read_report(parts.run / "report.json").radius_px
    if radius is None:
        raise InputError(f"{parts.run / 'report.json'} has no radius in pixels; make the run again")
    return CrossoverRow(
        plan=plan.name,
        arm=key.arm,
        share=key.share,
        schedule=plan.schedule,
        epochs=planned.epochs,
        steps=planned.steps,
        weights_sha256=plan.arm(key.arm).weights_sha256,
        trained_on=parts.trained_on(),
        tested_on=digest_of_names(parts.names(parts.division.test)),
        patients=counts_by_patient(parts.run, parts.tested(), tuple(record.classes), radius),
        run=record,
    )


def _request(
    look: LastLook, division: Division, weights: Path | None, how: How, name: str
) -> FitRequest:
    return FitRequest(
        dataset=look.data,
        run=look.out,
        recipe=look.experiment.recipe,
        division=division,
        backbone_weights=weights,
        device=how.device,
        workers=how.workers,
        seed=look.seed,
        resume=RunFolder(look.out).recipe.exists(),
        provenance={
            "experiment": look.experiment.name,
            "command": shlex.join(
                ["python", "-m", "training", "crossover", "run", "PLAN", "--only", name]
            ),
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


def _all(key: Key) -> Key:
    return Key(key.dataset, key.arm, 1.0, key.seed)
