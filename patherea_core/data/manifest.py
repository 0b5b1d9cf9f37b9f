"""What a dataset folder says about itself: classes, scale, folds, samples, and where they came from.

The manifest is the file ``dataset.json``; the other files of a sample follow from its id.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from patherea_core.config import Count, Positive, Settings
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.geometry import Box
from patherea_core.taxonomy import CellClass, Taxonomy

#: Sample ids become file names, so they hold nothing that could leave the dataset's folder.
SampleId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]
NotNegativeInt = Annotated[int, Field(ge=0)]


#: The file of a dataset folder that holds the manifest.
MANIFEST = "dataset.json"


class _Record(Settings):
    """An entry of the manifest; what it came to know later stands in it only where it is known.

    So a dataset that says nothing new has the digest that it always had, and older programs read it.
    """

    _later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _without_unknown(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        return {
            name: value
            for name, value in written.items()
            if value is not None or name not in self._later
        }


class ClassRecord(Settings):
    """One cell class; its place in the manifest is its row of the taxonomy."""

    name: str
    color: str


class AnnotationRecord(_Record):
    """One annotation that labels came from."""

    _later = frozenset({"author", "changed_to"})

    id: str
    name: str
    version: int | None = None
    updated: str | None = None
    author: str | None = None
    """Login of whoever made it."""
    changed_to: int | None = None
    """The version that it had when the dataset was done, where somebody had changed it meanwhile."""


class SlideRecord(Settings):
    """One slide that samples were cut from."""

    name: str
    item_id: str | None = None
    """Its item in the archive; None if it came from elsewhere."""
    base_mpp: Positive
    """Micrometres per base pixel."""
    patient: str
    annotations: tuple[AnnotationRecord, ...] = ()


class SampleRecord(_Record):
    """One image of the dataset with its labels."""

    _later = frozenset({"annotator"})

    id: SampleId
    slide: str
    """Name of the slide it was cut from."""
    region: str
    """Name of the annotated region it lies in."""
    patient: str
    fold: NotNegativeInt
    left: int
    """Left edge of the image on the slide, in working pixels, like the next three."""
    top: int
    width: Count
    height: Count
    base_mpp: Positive
    """Micrometres per base pixel of the slide."""
    points: NotNegativeInt
    """How many points it has."""
    annotations: tuple[str, ...] = ()
    """Ids of the annotations its labels came from."""
    annotator: str | None = None
    """Whose labels it has; None where those of all annotators were put together."""
    sha256: str | None = None
    """Digest of its three files, filled in when they are written; None is not checked."""

    @property
    def box(self) -> Box:
        """The image's place on the slide, in working pixels."""
        return Box(self.left, self.top, self.width, self.height)

    @property
    def files(self) -> tuple[str, str, str]:
        """Image, points and region, relative to the dataset's folder."""
        return f"images/{self.id}.png", f"points/{self.id}.csv", f"regions/{self.id}.geojson"


class Manifest(Settings):
    """All that a dataset says about itself."""

    schema_version: Literal[1] = 1
    classes: tuple[ClassRecord, ...]
    mpp: Positive
    """Micrometres per working pixel of every image."""
    folds: Count
    fold_names: tuple[str, ...] = ()
    """What a published split calls each fold, say train and test; empty where folds have no names."""
    samples: tuple[SampleRecord, ...]
    slides: tuple[SlideRecord, ...] = ()
    lineage: dict[str, str] = Field(default_factory=dict)
    """Where it came from: server, folder, program version, time, parameters; never a secret."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        try:
            _ = self.taxonomy
        except TaxonomyError as error:
            raise ValueError(str(error)) from error
        if self.fold_names and len(self.fold_names) != self.folds:
            raise ValueError(f"{self.folds} folds have {len(self.fold_names)} names")
        seen: set[str] = set()
        for sample in self.samples:
            # Some file systems hold "A.png" and "a.png" for one file.
            if sample.id.lower() in seen:
                raise ValueError(f"sample {sample.id!r} is named twice")
            seen.add(sample.id.lower())
            if sample.fold >= self.folds:
                raise ValueError(
                    f"sample {sample.id!r} is in fold {sample.fold}, but folds run from 0 to "
                    f"{self.folds - 1}"
                )
        return self

    @property
    def taxonomy(self) -> Taxonomy:
        """The classes in order."""
        return Taxonomy(tuple(CellClass(record.name, record.color) for record in self.classes))

    def digest(self) -> str:
        """Return the SHA-256 of the manifest, in hexadecimal; it changes with any word or file."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def checked_manifest(make: Callable[[], Manifest], what: str) -> Manifest:
    """Return the manifest that ``make`` makes.

    Raises:
        DatasetError: it is not valid; ``what`` names it in the message.
    """
    try:
        return make()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if place == "schema_version":
            reason = f"it has version {first['input']!r}, but this program reads version 1"
        else:
            reason = f"{place}: {first['msg']}".removeprefix(": ").removeprefix("Value error, ")
        raise DatasetError(f"{what} cannot be used: {reason}") from error


def class_records(taxonomy: Taxonomy) -> tuple[ClassRecord, ...]:
    """Return the classes as a manifest lists them."""
    return tuple(
        ClassRecord(name=cell_class.name, color=cell_class.color) for cell_class in taxonomy.classes
    )


def sample_id(slide: str, region: str, left: int, top: int, annotator: str | None = None) -> str:
    """Return a readable id that fits in a file name and differs for different slides and regions.

    Args:
        slide: the slide's name.
        region: the region's name.
        left: left edge of the image in working pixels.
        top: top edge of the image in working pixels.
        annotator: whose labels it has, where those of several are kept apart.
    """
    words = [slide, region] if annotator is None else [slide, region, annotator]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", "-".join(words)).strip("-")[:80] or "sample"
    exact = zlib.crc32(json.dumps(words).encode())
    return f"{readable}-{exact:08x}_{left}_{top}"
