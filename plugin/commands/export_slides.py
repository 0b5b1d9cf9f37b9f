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
from plugin.slides.reader import open_slide

#: A region by the names of its slide and of itself.
Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedSlide:
    """One slide of the archive with its labels, before its pixels are fetched."""

    slide: SlideItem
    annotations: tuple[Shapes, ...]
    regions: tuple[AnnotatedRegion, ...]
    patient: str
    base_mpp: float

    @property
    def places(self) -> tuple[Place, ...]:
        """Its regions."""
        return tuple((self.slide.name, region.name) for region in self.regions)

    @property
    def record(self) -> SlideRecord:
        """What a dataset keeps of it: which annotations, in which version."""
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
            ArchiveError: the archive does not send the slide.
            SlideError: it cannot be read.
        """
        with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
            path = download_slide(self.session, source.slide, Path(scratch))
            slide = open_slide(path, source.base_mpp, source.slide.name)
            for region in source.regions:
                pieces = cut_region(slide, region, working_mpp=self.mpp, tile_size=self.tile_size)
                for piece in pieces:
                    yield Sample(
                        record=self._record(source, region, piece),
                        pixels=piece.pixels,
                        points=piece.points,
                        element_ids=piece.element_ids,
                        labelled=piece.labelled,
                    )

    def _record(
        self, source: AnnotatedSlide, region: AnnotatedRegion, piece: Piece
    ) -> SampleRecord:
        slide, box = source.slide.name, piece.box
        return SampleRecord(
            id=sample_id(slide, region.name, box.left, box.top),
            slide=slide,
            region=region.name,
            patient=source.patient,
            fold=self.folds[slide, region.name],
            left=box.left,
            top=box.top,
            width=box.width,
            height=box.height,
            base_mpp=source.base_mpp,
            points=len(piece.points),
            annotations=region.annotation_ids,
        )
