"""Where a training in the archive takes its dataset from: a file, slides, or an earlier run to go on with."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, TypeAlias

from patherea_core.bundle_card import CardWords
from patherea_core.errors import InputError
from patherea_core.progress import Progress
from patherea_core.workflow.run.folder import RunFolder
from plugin.commands import export_dataset
from plugin.commands.earlier_run import (
    EarlierRun,
    Wish,
    require_as_before,
    require_chosen_again,
)
from plugin.commands.export_patients import USUAL_FIELD
from plugin.commands.run_item import CHECKPOINT, FACTS, item_to_go_on
from plugin.commands.train_checkpoint import AskedTraining, unpack_checkpoint
from plugin.commands.train_detector import TrainRequest
from plugin.commands.train_item import DATASET
from plugin.commands.train_settings import pixels_of
from plugin.dsa.session import Session
from plugin.dsa.uploads import StoredFile, file_in
from plugin.models.finding import known_models, word_for

#: What a run that goes on has as it had it when it was begun.
_AS_IT_WAS = ("recipe", "model", "foundation", "backbone", "epochs", "fold", "seed")


@dataclass(frozen=True, slots=True)
class DatasetFile:
    """A dataset that is a file of the archive, which has this id."""

    id: str


@dataclass(frozen=True, slots=True)
class SlidesFolder:
    """Slides of the archive with their labels.

    Attributes:
        id: of the folder that they lie in.
        annotations: name pattern of the annotations that are labels.
        classes: the classes in order; none takes those that occur.
        subfolders: whether the slides of the folders below it are taken, too.
        patient_field: metadata field of a slide that names its patient.
        patient_pattern: finds the patient in the name of a slide instead; empty reads the field.
    """

    id: str
    annotations: str = "*"
    classes: tuple[str, ...] = ()
    subfolders: bool = False
    patient_field: str = USUAL_FIELD
    patient_pattern: str = ""


Source: TypeAlias = Path | DatasetFile | SlidesFolder | EarlierRun


@dataclass(frozen=True, slots=True)
class Prepared:
    """A training that has all it needs on this machine.

    Attributes:
        training: what is to be done.
        asked: the same, for a later job that goes on.
        dataset: what is to lie with the run in the archive; None if that has it already.
        item: of the run, its id and name; None for a run that starts.
        facts: what is known of the run beyond its own files.
    """

    training: TrainRequest
    asked: AskedTraining
    dataset: Path | None
    item: tuple[str, str] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are fetched from and put to.

    Attributes:
        session: of the archive.
        api_url: of the archive.
        token: of the archive.
        scratch: an existing folder.
    """

    session: Session
    api_url: str
    token: str
    scratch: Path


def prepare(source: Source, training: TrainRequest, place: Place, progress: Progress) -> Prepared:
    """Fetch or make the dataset of a training.

    Raises:
        InputError: there is no such thing, its labels cannot serve, or a run cannot go on as asked for.
        ArchiveError: the archive does not answer.
        OutputError: the scratch folder cannot take it.
    """
    if isinstance(source, EarlierRun):
        return _resumed(source, training, place)
    asked = _asked(training)
    if isinstance(source, DatasetFile):
        file = file_in(place.session, source.id)
        told = asked.model_copy(update={"dataset_file": file.id, "dataset_name": file.name})
        facts = {"dataset_file": file.id, "dataset_item": file.item_id}
        return Prepared(replace(training, dataset=_fetched(place, file)), told, None, facts=facts)
    if isinstance(source, SlidesFolder):
        dataset = place.scratch / "dataset"
        export_dataset.export(_export(source, training, place, dataset), progress)
        facts = {"slides_folder": source.id}
        return Prepared(replace(training, dataset=dataset), asked, dataset, None, facts)
    return Prepared(replace(training, dataset=source), asked, source)


def _export(
    source: SlidesFolder, training: TrainRequest, place: Place, out: Path
) -> export_dataset.ExportRequest:
    """Return what to export; pixels are as large as a base model needs them, or a backbone knows them."""
    return export_dataset.ExportRequest(
        api_url=place.api_url,
        token=place.token,
        folder_id=source.id,
        out=out,
        annotations=source.annotations,
        classes=source.classes,
        subfolders=source.subfolders,
        patient_field=source.patient_field,
        patient_pattern=source.patient_pattern,
        mpp=pixels_of(training),
    )


def _resumed(source: EarlierRun, training: TrainRequest, place: Place) -> Prepared:
    """Return a run as its last state in the archive left it."""
    session = place.session
    item, files = item_to_go_on(session, source.id, "run")
    asked = unpack_checkpoint(_fetched(place, files[CHECKPOINT]), RunFolder(training.out))
    request = _as_before(training, asked)
    if asked.dataset_file is not None:
        dataset = file_in(session, asked.dataset_file)
    elif DATASET in files:
        dataset = files[DATASET]
    else:
        raise InputError(
            f"the item {item['name']!r} lacks the dataset of its run ({DATASET}); start anew from the slides"
        )
    known = (item.get("meta") or {}).get(FACTS) or {}
    facts = {
        name: known[name]
        for name in ("dataset_file", "dataset_item", "slides_folder")
        if name in known
    }
    request = replace(request, dataset=_fetched(place, dataset, asked.dataset_name))
    return Prepared(request, asked, None, (item["_id"], item["name"]), facts)


def _asked(training: TrainRequest) -> AskedTraining:
    base, weights = training.base_model, training.backbone_weights
    return AskedTraining(
        **{name: getattr(training, name) for name in _AS_IT_WAS},
        base_model=None if base is None else word_for(base),
        backbone_weights=None if weights is None else Path(weights).name,
        words=training.words,
    )


def _as_before(training: TrainRequest, asked: AskedTraining) -> TrainRequest:
    """Return how to go on with a run, which is as it was begun; what was left open is as it was then.

    Raises:
        InputError: something else was asked for than then, or something has to be given again.
    """
    require_as_before(
        (
            Wish("recipe", training.recipe, asked.recipe),
            Wish("kind of network", training.model, asked.model),
            Wish("foundation model", training.foundation.name, asked.foundation.name),
            Wish("backbone", training.backbone, asked.backbone),
            Wish("number of epochs", training.epochs, asked.epochs),
            Wish("fold", training.fold, asked.fold),
            Wish("seed", training.seed, asked.seed, usual=0),
            Wish("stain", training.words.stain, asked.words.stain),
        )
    )
    require_chosen_again("backbone weights", training.backbone_weights, asked.backbone_weights)
    said = {name: word for name, word in dict(training.words).items() if word}
    return replace(
        training,
        **{name: getattr(asked, name) for name in _AS_IT_WAS},
        base_model=_base_model(training.base_model, asked.base_model),
        words=CardWords(**{**dict(asked.words), **said}),
        resume=True,
    )


def _base_model(given: Path | None, name: str | None) -> Path | None:
    """Return the model that a run started from; the digest of its weights is compared later."""
    if given is not None or name is None:
        return given
    for model in known_models():
        if model.shipped and model.name == name:
            return model.path
    raise InputError(f"the run to go on with started from the base model {name}; choose it again")


def _fetched(place: Place, file: StoredFile, name: str | None = None) -> Path:
    """Return the path of a file of the archive, which is fetched."""
    path = place.scratch / (PurePath(name or file.name).name or "file")
    place.session.download(file.id, path, file.size)
    return path
