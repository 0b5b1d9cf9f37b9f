"""From the values that the archive passes to TrainDetector, to what is trained on what."""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

from patherea_core.bundle_card import CardWords
from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.commands import train_detector
from plugin.commands.earlier_run import EarlierRun
from plugin.commands.foundation_choice import FoundationChoice
from plugin.commands.sending_beside import UploadPace
from plugin.commands.train_detector import TrainRequest
from plugin.commands.train_source import DatasetFile, SlidesFolder, Source
from plugin.dsa.items import is_id
from plugin.models.finding import find_model
from plugin.values import Values, needed, path, unless_zero

log = logging.getLogger(__name__)

#: What the archive's web page shows for a stain that nobody named.
_NOT_SAID = "not said"


def read_training(values: Values) -> Callable[[Progress], None]:
    """Return what a training is to do, given the values; nothing has been done yet.

    Raises:
        InputError: they contradict each other, or something is missing.
    """
    source = _source(values)
    runs_folder = values["runsFolder"]
    base, model_out = _base_model(values), path(values, "outputModelFile")
    if model_out is None and not runs_folder and not isinstance(source, EarlierRun):
        raise InputError(
            "nothing says where the model goes: choose a folder for the run (--runsFolder), or a file for the"
            " model (--outputModelFile)"
        )

    def action(progress: Progress) -> None:
        # What is still being sent when a job has to end may yet write there.
        with tempfile.TemporaryDirectory(prefix="patherea-", ignore_cleanup_errors=True) as folder:
            training = TrainRequest(
                dataset=source if isinstance(source, Path) else Path(),
                out=Path(folder) / "run",
                recipe=None if values["recipe"] == "auto" else values["recipe"],
                model=None if values["model"] == "auto" else values["model"],
                foundation=_foundation(values),
                backbone=values["backbone"].strip() or None,
                epochs=unless_zero(values["epochs"]),
                backbone_weights=path(values, "inputBackboneFile"),
                base_model=base,
                device=values["device"],
                devices=values["devices"],
                workers=unless_zero(values["workers"]),
                seed=values["seed"],
                fold=unless_zero(values["fold"]),
                words=_words(values),
                model_out=model_out,
                curves_out=path(values, "outputCurvesFile"),
                metrics_out=path(values, "outputMetricsFile"),
            )
            if isinstance(source, Path) and not runs_folder:
                train_detector.run(training, progress)
                log.info("the model is %s", model_out)
            else:
                _run_in_archive(values, source, training, progress)

    return action


def _run_in_archive(
    values: Values, source: Source, training: TrainRequest, progress: Progress
) -> None:
    from plugin.commands import train_in_archive

    request = train_in_archive.ArchiveTraining(
        source=source,
        training=training,
        scratch=training.out.parent,
        api_url=needed(values, "girderApiUrl"),
        token=needed(values, "girderToken"),
        runs_folder=values["runsFolder"] or "",
        pace=UploadPace(state=60.0 * values["checkpointMinutes"]),
    )
    train_in_archive.run(request, progress)


def _source(values: Values) -> Source:
    """Return what is to be trained on, which is one of three.

    Raises:
        InputError: none of them is given, or more than one.
    """
    given = {
        "a dataset (--inputDatasetFile)": values["inputDatasetFile"],
        "a folder of slides (--inputFolder)": values["inputFolder"],
        "a run to go on with (--inputRunItem)": values["inputRunItem"],
    }
    chosen = [what for what, value in given.items() if value]
    if not chosen:
        raise InputError(f"nothing says what to train on: choose {', '.join(given)}")
    if len(chosen) > 1:
        raise InputError(
            f"{' and '.join(chosen)} are given, of which only one can be; leave out the rest"
        )
    dataset, folder, run = (value or "" for value in given.values())
    if run:
        return EarlierRun(run)
    if folder:
        return SlidesFolder(
            folder,
            annotations=values["annotations"].strip() or "*",
            classes=values["classes"],
            subfolders=values["subfolders"],
            patient_field=values["patientField"].strip(),
            patient_pattern=values["patientPattern"].strip(),
        )
    # The archive gives an id; whoever starts the container himself has a file.
    return DatasetFile(dataset) if is_id(dataset) else Path(dataset)


def _base_model(values: Values) -> Path | None:
    """Return the model that a training starts from, which is a file or one that comes with the program."""
    named, chosen = values["baseModel"], path(values, "inputModelFile")
    if named == "none":
        return chosen
    if chosen is not None:
        raise InputError("--baseModel and --inputModelFile are two models to start from; name one")
    return find_model(named)


def _foundation(values: Values) -> FoundationChoice:
    named = values["foundation"]
    return FoundationChoice(
        name=None if named == "none" else named,
        accepted_licences=tuple(values["acceptedLicences"]),
    )


def _words(values: Values) -> CardWords:
    return CardWords(
        name=values["modelName"].strip() or None,
        stain=None if values["stain"] == _NOT_SAID else values["stain"],
        tissue=values["tissue"].strip() or None,
        intended_use=values["intendedUse"].strip() or None,
        licence=values["licence"].strip() or None,
    )
