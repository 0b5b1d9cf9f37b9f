"""The slides of the demo: some to train on and one to test on, drawn or composed of labelled images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patherea_core.data.folds import assign_folds
from patherea_core.errors import InputError
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.sandbox.demo_images import LabelledImages
from plugin.sandbox.fields import ComposedSlide, Field, compose, irregular_outline
from plugin.sandbox.synthetic import MPP, TAXONOMY, draw_tissue

#: Slides to train on; one of them chooses the best state. One more slide is the test.
_TRAINING_SLIDES = 4


@dataclass(frozen=True, slots=True, eq=False)
class DemoSlide:
    """A slide for the archive.

    Attributes:
        slide: the file and what is on it.
        patient: whose tissue it is.
        training: whether it is trained on; if not, it is the test.
    """

    slide: ComposedSlide
    patient: str
    training: bool


@dataclass(frozen=True, slots=True, eq=False)
class DemoSlides:
    """All slides of a demo; the last one is the test.

    Attributes:
        slides: those to train on, then one that is not.
        taxonomy: the classes of their points.
    """

    slides: tuple[DemoSlide, ...]
    taxonomy: Taxonomy

    @property
    def mpp(self) -> float:
        """Micrometres per base pixel of all slides."""
        return self.slides[0].slide.mpp


@dataclass(frozen=True, slots=True)
class DrawnSize:
    """Sides in pixels of the piece of tissue on each drawn slide."""

    width: int = 1300
    height: int = 1000


def draw_slides(
    folder: Path, seed: Seed, progress: Progress, size: DrawnSize | None = None
) -> DemoSlides:
    """Draw synthetic slides into a folder: each of another patient, with one outlined region."""
    size = size or DrawnSize()
    slides = []
    for number in range(1, _TRAINING_SLIDES + 2):
        progress.advance((number - 1) / (_TRAINING_SLIDES + 1), f"slide {number}")
        name = f"patient-{number}"
        own = Seed(int(seed.stream(name).integers(2**31)))
        tissue = draw_tissue(own, size.width, size.height)
        outline = irregular_outline(own.stream("outline"), size.width, size.height)
        field = Field("tissue", tissue.pixels, tissue.points, name, outline)
        slide = compose([field], MPP, folder / f"{name}.tif")
        slides.append(DemoSlide(slide, name, training=number <= _TRAINING_SLIDES))
    progress.advance(1.0, f"{len(slides)} slides")
    return DemoSlides(tuple(slides), TAXONOMY)


def compose_slides(folder: Path, images: LabelledImages, progress: Progress) -> DemoSlides:
    """Compose labelled images into slides, no patient on two of them.

    Raises:
        InputError: the images are of too few patients to train, to validate and to test.
    """
    groups = _share_out(images.fields)
    slides = []
    for number, group in enumerate(groups, start=1):
        progress.advance((number - 1) / len(groups), f"slide {number}")
        slide = compose(group, images.mpp, folder / f"group-{number}.tif")
        slides.append(DemoSlide(slide, f"group-{number}", training=number < len(groups)))
    progress.advance(1.0, f"{len(slides)} slides")
    return DemoSlides(tuple(slides), images.taxonomy)


def _share_out(fields: Sequence[Field]) -> list[list[Field]]:
    """Return groups with about as many points each; all images of a patient are in one."""
    points: dict[str, int] = {}
    for field in fields:
        points[field.patient] = points.get(field.patient, 0) + len(field.points)
    count = min(_TRAINING_SLIDES + 1, len(points))
    if count < 3:
        raise InputError(
            f"the images are of {len(points)} patients; three are needed to train, validate and test"
        )
    group_of = assign_folds(points, count)
    return [[field for field in fields if group_of[field.patient] == row] for row in range(count)]
