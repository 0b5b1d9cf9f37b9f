"""The one look at the part of a dataset that is kept for the end, and the files and the record it leaves."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

from shapely.geometry import mapping

from patherea_core.checkpoint import ModelBundle, load_bundle, save_bundle
from patherea_core.data.finding import counted
from patherea_core.data.manifest import Manifest
from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.table import evaluation_table
from patherea_core.files import write_whole
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.assess import Assessment, assess, with_figures
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.reading import read_rows
from training.checking import checked
from training.evaluation_report import read_report
from training.published_results import BENCHMARKS
from training.recipes.experiment import Experiment
from training.run_record import RunRecord, settings_digest

#: Root of intervals and chance: that of ``patherea evaluate``, whose figures are to be found again.
_EVALUATION = Seed(0)

#: Share of the progress that is given to reading.
_READING = 0.1


@dataclass(frozen=True, slots=True)
class LastLook:
    """How an experiment is scored when nothing is left to choose.

    Attributes:
        experiment: what was trained.
        manifest: the dataset that it was trained on.
        data: the folder of that dataset.
        out: the folder of the run.
        seed: the root of the run's random choices.
    """

    experiment: Experiment
    manifest: Manifest
    data: Path
    out: Path
    seed: int

    @property
    def report(self) -> Path:
        """The figures, as ``patherea evaluate --format json`` prints them, and what was run."""
        return self.out / "report.json"

    def require_first(self) -> None:
        """Raise InputError if the part was looked at already."""
        if self.report.exists():
            raise InputError(
                f"{self.report} holds the figures of this run, whose test part is looked at once;"
                " name another folder for another run"
            )

    def take(
        self, model: Path, device: str, weights: Path | Literal["hub"] | None, progress: Progress
    ) -> tuple[RunRecord, str]:
        """Score a model, write what is to be kept of it, and return the record and a table for people.

        Its card has the figures from then on.

        Args:
            model: the bundle.
            device: auto, cpu or cuda.
            weights: those of a backbone that the bundle leaves out, or "hub" to fetch them.
            progress: told how far it is.

        Raises:
            DatasetError: a file of the part is missing or broken.
            OutputError: the folder of the run cannot be written.
            Cancelled: the progress asked to stop; the part counts as not looked at.
        """
        bundle = load_bundle(model)
        division = self.experiment.division.divide(self.manifest)
        samples = read_rows(self.data, self.manifest, division.test, Part(progress, 0.0, _READING))
        found = assess(
            Detector.load(bundle, device, weights),
            samples,
            _EVALUATION,
            Part(progress, _READING, 1.0),
            classes=self.experiment.classes,
            radius=self.experiment.radius_px,
        )
        self._write(found, {"division": division.words, "threshold": bundle.card.score_threshold})
        save_bundle(model, self._measured(with_figures(bundle, found, "test"), found))
        return self.record(), evaluation_table(found.evaluation)

    def record(self) -> RunRecord:
        """Return the run as the ledger keeps it, from the report that was written.

        Raises:
            InputError: the report is missing or broken.
        """
        experiment, report = self.experiment, read_report(self.report)
        rule = experiment.division
        return checked(
            lambda: RunRecord(
                dataset=experiment.dataset,
                dataset_digest=self.manifest.digest(),
                split=rule.split,
                fold=rule.test if rule.several else None,
                evaluated_on="val" if rule.test in {"val", "validation"} else "test",
                chosen_on=experiment.chosen_on,
                protocol=report.protocol_of("maximum", None),
                method=experiment.method,
                backbone=experiment.backbone,
                initialisation=experiment.initialisation,
                recipe=experiment.name,
                recipe_digest=settings_digest(experiment.recipe),
                seed=self.seed,
                program=f"patherea {metadata.version('patherea')}",
                date=datetime.now(UTC).date(),
                images=report.images,
                cells=report.detection.tp + report.detection.fn,
                classes={name: score.kept() for name, score in report.classes.items()},
                mean_f1=report.mean_f1,
                mean_f1_interval=report.mean_f1_interval,
                detection=report.detection.kept(),
            ),
            f"the report {self.report}",
            "run the experiment again",
        )

    def _measured(self, bundle: ModelBundle, found: Assessment) -> ModelBundle:
        """Return a bundle whose card says of which images its scores are."""
        images, before = len(found.fields), bundle.card.measured_on
        patients = len({field.patient for field in found.fields})
        words = (
            f"test: {counted(images, 'image', 'images')} of {counted(patients, 'patient', 'patients')}"
            f" ({self.experiment.dataset}, {self.experiment.division.test}), looked at when nothing was left"
            " to choose"
        )
        told = words if before is None else f"{words}; {before}"
        return ModelBundle(bundle.state, bundle.card.model_copy(update={"measured_on": told}))

    def _write(self, found: Assessment, more: dict[str, object]) -> None:
        """Write the tables, and the report last: it says that all of it is there."""
        names = found.evaluation.taxonomy.names
        write_whole(self.out / "cells.csv", _cells(found.fields, names))
        write_whole(self.out / "points.csv", _points(found.fields, names))
        write_whole(self.out / "regions.geojson", _regions(found.fields))
        about = {
            "experiment": self.experiment.name,
            "row": [f"{table}: {self.experiment.line}" for table in self.experiment.tables],
            "recipe_digest": settings_digest(self.experiment.recipe),
            "dataset_digest": self.manifest.digest(),
            "seed": self.seed,
            **more,
        }
        content = json.dumps({**found.figures, "run": about}, allow_nan=False, indent=1)
        write_whole(self.report, content.encode())


def require_recordable(experiment: Experiment, manifest: Manifest, ledger: Path) -> None:
    """Check before long work that the ledger can take a run.

    Raises:
        InputError: the benchmark of the dataset has other classes, or the ledger's folder is missing.
    """
    if not ledger.absolute().parent.is_dir():
        raise InputError(f"there is no folder {ledger.absolute().parent} for --ledger; make it")
    benchmark = BENCHMARKS.get(experiment.dataset)
    classes = experiment.classes or manifest.taxonomy.names
    if benchmark is not None and {*benchmark.classes} != {*classes}:
        raise InputError(
            f"the table of {experiment.dataset} has the classes {', '.join(benchmark.classes)}, but the"
            f" dataset has {', '.join(classes)}; import it anew"
        )


def _cells(fields: Sequence[Field], names: Sequence[str]) -> bytes:
    return _table(
        ("image", "x", "y", "class", "score"),
        (
            (field.name, repr(x), repr(y), names[row], repr(score))
            for field in fields
            for (x, y), row, score in zip(
                field.detections.xy.tolist(),
                field.detections.class_index.tolist(),
                field.detections.score.tolist(),
                strict=True,
            )
        ),
    )


def _points(fields: Sequence[Field], names: Sequence[str]) -> bytes:
    return _table(
        ("image", "x", "y", "class", "patient"),
        (
            (field.name, repr(x), repr(y), names[row], field.patient or "")
            for field in fields
            for (x, y), row in zip(
                field.points.xy.tolist(), field.points.class_index.tolist(), strict=True
            )
        ),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _regions(fields: Sequence[Field]) -> bytes:
    features = [
        {"type": "Feature", "properties": {"image": field.name}, "geometry": mapping(field.area)}
        for field in fields
        if field.area is not None
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()
