"""What an export of a dataset is asked to do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from patherea_core.errors import InputError
from plugin.commands.export_delivery import Destination
from plugin.commands.export_labels import Annotators
from plugin.commands.export_patients import USUAL_FIELD, PatientRule
from plugin.dsa.annotation_elements import ClassPlace, ClassRule
from plugin.dsa.label_choice import Dates, LabelChoice
from plugin.dsa.labels import PointsOutside
from plugin.review.state import NO_GROUP


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Which slides to export, and how.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        folder_id: the folder of slides; empty where there are items.
        items: ids of single slides, which are exported instead of all in the folder.
        subfolders: whether the folders below the folder are exported, too.
        out: a new folder; or a file, where ``pack`` is set or its name ends in .zip; None for none.
        pack: write one file instead of a folder.
        upload_folder: a folder of the archive that gets the dataset as an item; empty for none.
        upload_name: what that item is called; empty names it by the time.
        annotations: name pattern of the annotations that are labels.
        authors: patterns of the logins or names of those who made them; none takes all.
        dates: when they were made or changed.
        annotators: whether the labels of all annotators are put together, or become samples of their own.
        classes: the classes in order; none takes those that occur.
        mapping: what some groups are to be taken for.
        class_place: where the class of a point stands, in its group or in its label.
        points_outside: what to do with a point outside of every region.
        patient_field: metadata field of a slide that names its patient.
        patient_pattern: finds the patient in the name of a slide instead; empty reads the field.
        mpp: micrometres per pixel of the dataset; None takes that of the slides.
        mpp_override: micrometres per base pixel, for slides that do not say.
        tile_size: largest side of an image in working pixels.
        folds: number of parts that share no patient; None takes three, or fewer where there are fewer
            patients.
    """

    api_url: str
    token: str
    folder_id: str = ""
    items: tuple[str, ...] = ()
    subfolders: bool = False
    out: Path | None = None
    pack: bool = False
    upload_folder: str = ""
    upload_name: str = ""
    annotations: str = "*"
    authors: tuple[str, ...] = ()
    dates: Dates = field(default_factory=Dates)
    annotators: Annotators = "merge"
    classes: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    class_place: ClassPlace = "group"
    points_outside: PointsOutside = "error"
    patient_field: str = USUAL_FIELD
    patient_pattern: str = ""
    mpp: float | None = None
    mpp_override: float | None = None
    tile_size: int = 1024
    folds: int | None = None

    def __post_init__(self) -> None:
        if self.tile_size < 1:
            raise InputError(f"the side of an image must be at least 1 pixel, not {self.tile_size}")
        for option, mpp in (("--mpp", self.mpp), ("--slide-mpp", self.mpp_override)):
            if mpp is not None and not (math.isfinite(mpp) and mpp > 0):
                raise InputError(
                    f"{option} must be a positive number of micrometres per pixel, not {mpp:g}"
                )
        if self.folds is not None and self.folds < 1:
            raise InputError(f"--folds must be 1 or more, not {self.folds}")
        if not (self.folder_id or self.items):
            raise InputError(
                "there is nothing to export; name a folder with --folder, or slides with --items"
            )
        _ = self.choice, self.patients, self.destination

    @property
    def choice(self) -> LabelChoice:
        """Which annotations are labels."""
        return LabelChoice(names=self.annotations, authors=self.authors, dates=self.dates)

    @property
    def patients(self) -> PatientRule:
        """How the patient of a slide is found."""
        return PatientRule(self.patient_field, self.patient_pattern)

    @property
    def destination(self) -> Destination:
        """Where the dataset goes."""
        return Destination(self.out, self.pack, self.upload_folder, self.upload_name)

    @property
    def class_rule(self) -> ClassRule:
        """How the class of a point is found."""
        return ClassRule(self.class_place, self.mapping.get(NO_GROUP))

    @property
    def renamed_groups(self) -> dict[str, str]:
        """What groups are taken for that points are in."""
        return {old: new for old, new in self.mapping.items() if old != NO_GROUP}

    def parameters(self) -> dict[str, object]:
        """Return what a dataset remembers of it: all that its samples depend on, and no secret."""
        since, until = (
            moment and moment.isoformat() for moment in (self.dates.since, self.dates.until)
        )
        return {
            "items": self.items,
            "subfolders": self.subfolders,
            "annotations": self.annotations,
            "authors": self.authors,
            "dates": {"of": self.dates.of, "since": since, "until": until},
            "annotators": self.annotators,
            "classes": self.classes,
            "mapping": dict(self.mapping),
            "class_place": self.class_place,
            "points_outside": self.points_outside,
            "patient_field": self.patient_field,
            "patient_pattern": self.patient_pattern,
            "mpp": self.mpp,
            "mpp_override": self.mpp_override,
            "tile_size": self.tile_size,
        }
