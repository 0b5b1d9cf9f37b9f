"""Detection for other Python programs: a model, an image, its cells.

from patherea_core import detect_cells, load_detector

detector = load_detector("model.safetensors")
cells = detect_cells(detector, image, mpp=0.5)
frame = pandas.DataFrame(cells.columns())
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from patherea_core.checkpoint import load_bundle
from patherea_core.errors import InputError
from patherea_core.geometry import Pixels
from patherea_core.points import Detections
from patherea_core.progress import Progress
from patherea_core.regions import Outline
from patherea_core.slides import ArraySlide, SlideReader
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.predict import Detector, predict
from patherea_core.workflow.runtimes.runtime import Precision


@dataclass(frozen=True, slots=True, eq=False)
class ClassifiedCells:
    """Cells with the names of their classes.

    Attributes:
        detections: positions in base pixels, classes as rows of the taxonomy, and scores.
        taxonomy: the classes.
    """

    detections: Detections
    taxonomy: Taxonomy

    def __len__(self) -> int:
        return len(self.detections)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many cells there are of each class."""
        names = self.taxonomy.names
        numbers = np.bincount(self.detections.class_index, minlength=len(names))
        return dict(zip(names, numbers.tolist(), strict=True))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Return x, y, class (its name) and score by name, (N,) each: what a data frame is made of."""
        names = np.array(self.taxonomy.names)
        found = self.detections
        return {
            "x": found.xy[:, 0],
            "y": found.xy[:, 1],
            "class": names[found.class_index],
            "score": found.score,
        }


def load_detector(
    path: str | Path,
    device: str = "auto",
    backbone_weights: str | Path | Literal["hub"] | None = None,
    runtime: str = "auto",
    precision: Precision | None = None,
) -> Detector:
    """Return the detector of a model bundle.

    Args:
        path: the bundle, file or folder.
        device: auto, cpu or cuda.
        backbone_weights: those of a backbone that the bundle leaves out, or "hub" to fetch them.
        runtime: what runs the network: auto, eager, compile, onnx or openvino.
        precision: of its arithmetic, "32-true" or "bf16-mixed"; None takes the latter on a GPU.

    Raises:
        BundleError: the bundle cannot be trusted or read.
        InputError: CUDA is asked for and there is none, or the runtime is not installed.
    """
    given = backbone_weights
    weights = given if given in (None, "hub") else Path(given)
    return Detector.load(load_bundle(Path(path)), device, weights, runtime, precision)


def detect_cells(
    detector: Detector,
    image: Pixels | SlideReader,
    mpp: float | None = None,
    *,
    outline: Outline | None = None,
    threshold: float | None = None,
    progress: Progress | None = None,
) -> ClassifiedCells:
    """Return the cells of an image or slide.

    Args:
        detector: from ``load_detector``.
        image: (H, W, 3) uint8 RGB, or a slide (``plugin.slides.reader.open_slide``).
        mpp: micrometres per pixel of an image; a slide knows its own.
        outline: where to look, a shapely polygon in base pixels; None for everywhere.
        threshold: least probability; None takes the model's.
        progress: told after every batch of tiles.

    Raises:
        InputError: the pixel size of an image is missing, or was given for a slide; or the outline lies
            outside.
        ShapeError: the array is no RGB image of eight bits.
        SlideError: a part of the slide cannot be read.
    """
    slide = _slide(image, mpp)
    found = predict(slide, detector, outline=outline, threshold=threshold, progress=progress)
    return ClassifiedCells(found, detector.card.taxonomy)


def _slide(image: Pixels | SlideReader, mpp: float | None) -> SlideReader:
    if not isinstance(image, np.ndarray):
        if mpp is not None:
            raise InputError(
                "a slide knows its pixel size; leave mpp out, or open the slide with it"
            )
        return image
    if mpp is None:
        raise InputError("an array does not say how large its pixels are; give mpp, in micrometres")
    return ArraySlide("image", mpp, image)
