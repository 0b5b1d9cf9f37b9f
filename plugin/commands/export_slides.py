"""How the annotated slides of an archive come into a dataset: fetched, opened, cut, one by one."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from patherea_core.data.cutting import Piece, cut_region
from patherea_core.data.manifest import AnnotationRecord, SampleRecord, SlideRecord, sample_id
from patherea_core.data.sample import Sample
from patherea_core.regions import AnnotatedRegion
from plugin.dsa.annotation_codec import Shapes
from plugin.dsa.items import SlideItem, download_slide
from plugin.dsa.session import Session
from plugin.dsa.slide_folders import still_there
from plugin.slides.reader import open_slide

#: A region by the id of its slide, its annotator if they are kept apart, and its own name.
Place: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True, eq=False)
class OwnRegion:
    """A region with the points of one annotator; None stands for those of all."""

    region: AnnotatedRegion
    annotator: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedSlide:
    """One slide of the archive with its labels, before its pixels are fetched."""

    slide: SlideItem
    annotations: tuple[Shapes, ...]
    regions: tuple[OwnRegion, ...]
    patient: str
    base_mpp: float

    @property
    def places(self) -> tuple[Place, ...]:
        """Its regions."""
        return tuple(_place(self.slide, own) for own in self.regions)

    def record(self, changed_to: Mapping[str, int]) -> SlideRecord:
        """Return what a dataset keeps of it: whose annotations, in which version.

        Args:
            changed_to: the versions of annotations that were changed meanwhile, by their ids.
        """
        return SlideRecord(
            name=self.slide.name,
            item_id=self.slide.id,
            base_mpp=self.base_mpp,
            patient=self.patient,
            annotations=tuple(
                AnnotationRecord(
                    id=shapes.annotation.id,
                    name=shapes.annotation.name,
                    version=shapes.annotation.version,
                    updated=shapes.annotation.updated,
                    author=shapes.annotation.author,
                    changed_to=changed_to.get(shapes.annotation.id),
                )
                for shapes in self.annotations
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class SlideCutter:
    """Fetches slides and cuts their regions.

    Attributes:
        session: of the archive.
        folds: of every region.
        mpp: micrometres per pixel of the samples.
        tile_size: largest side of a sample in working pixels.
    """

    session: Session
    folds: Mapping[Place, int]
    mpp: float
    tile_size: int

    def samples(self, source: AnnotatedSlide) -> Iterator[Sample]:
        """Yield the samples of one slide; its file is kept only meanwhile.

        Raises:
            ArchiveError: the archive does not send the slide, or has it no more.
            SlideError: it cannot be read.
        """
        with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
            with still_there(self.session, source.slide):
                path = download_slide(self.session, source.slide, Path(scratch))
            slide = open_slide(path, source.base_mpp, source.slide.name)
            for own in source.regions:
                pieces = cut_region(
                    slide, own.region, working_mpp=self.mpp, tile_size=self.tile_size
                )
                for piece in pieces:
                    yield Sample(
                        record=self._record(source, own, piece),
                        pixels=piece.pixels,
                        points=piece.points,
                        element_ids=piece.element_ids,
                        labelled=piece.labelled,
                    )

    def _record(self, source: AnnotatedSlide, own: OwnRegion, piece: Piece) -> SampleRecord:
        slide, region, box = source.slide.name, own.region, piece.box
        return SampleRecord(
            id=sample_id(slide, region.name, box.left, box.top, own.annotator),
            slide=slide,
            region=region.name,
            patient=source.patient,
            fold=self.folds[_place(source.slide, own)],
            left=box.left,
            top=box.top,
            width=box.width,
            height=box.height,
            base_mpp=source.base_mpp,
            points=len(piece.points),
            annotations=region.annotation_ids,
            annotator=own.annotator,
        )


def _place(slide: SlideItem, own: OwnRegion) -> Place:
    return slide.id, own.annotator or "", own.region.name
