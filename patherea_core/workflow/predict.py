"""A detector, and what it finds on a slide that is small enough for memory."""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch

from patherea_core.bundle_card import BundleCard
from patherea_core.checkpoint import ModelBundle, build_network
from patherea_core.errors import SlideError
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.model.folding import folded
from patherea_core.points import Detections
from patherea_core.progress import Progress, Silent
from patherea_core.regions import Outline
from patherea_core.slides import SlideReader
from patherea_core.workflow.detection.batch_size import batch_that_fits
from patherea_core.workflow.detection.detect import detect_planned
from patherea_core.workflow.detection.found import FoundInMemory
from patherea_core.workflow.detection.plan import DetectionSettings, Plan, plan, tile_sizes
from patherea_core.workflow.devices import resolve_device
from patherea_core.workflow.runtimes.choice import choose
from patherea_core.workflow.runtimes.runtime import Precision, Runtime
from patherea_core.workflow.runtimes.torch_runtime import TorchRuntime

#: Parameters up to which a network works through a large tile in seconds on a few processor cores.
_LIGHT = 10_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Detector:
    """A network on its device, with the card of its bundle.

    Attributes:
        card: of the bundle.
        network: ready for inference.
        device: where it lies.
        chosen: what runs it; None for PyTorch as it is.
    """

    card: BundleCard
    network: DetectorNetwork
    device: torch.device
    chosen: Runtime | None = None

    @classmethod
    def load(
        cls,
        bundle: ModelBundle,
        device: str = "auto",
        backbone_weights: Path | Literal["hub"] | None = None,
        runtime: str = "auto",
        precision: Precision | None = None,
    ) -> "Detector":
        """Return the detector of a bundle.

        Args:
            bundle: weights and card.
            device: auto, cpu or cuda.
            backbone_weights: the backbone's pretrained weights, for a bundle that leaves them out.
            runtime: what runs the network; see ``choose``.
            precision: of its arithmetic; None takes bfloat16 on a GPU and 32 bits elsewhere.

        Raises:
            InputError: CUDA is asked for and there is none, or the runtime is not installed or unknown.
            BundleError: the weights do not fit the card, or those of the backbone are missing.
        """
        chosen = resolve_device(device)
        network = folded(build_network(bundle, backbone_weights)).to(chosen)
        return cls(
            bundle.card, network, chosen, choose(runtime, network, chosen, precision=precision)
        )

    @property
    def runtime(self) -> Runtime:
        """What runs the network; where none was chosen, PyTorch in 32 bits."""
        return self.chosen or TorchRuntime(self.network, self.device)

    def planned(self, slide: SlideReader, settings: DetectionSettings) -> Plan:
        """Return what is to be done on a slide; see ``plan``."""
        grid = self.network.largest_stride
        sizes = tile_sizes(
            self.card,
            grid,
            own_size=self.network.backbone.attends_everywhere,
            quick=self.device.type == "cuda" or self.card.parameters <= _LIGHT,
            halves=self.runtime.precision == "bf16-mixed",
        )
        side = (settings.tile_size or sizes.core) + 2 * sizes.halo
        batch_size = _batch_size(self, math.ceil(side / grid) * grid)
        return plan(slide, self.card, grid, settings, sizes=sizes, batch_size=batch_size)


@lru_cache(maxsize=1)
def _batch_size(detector: Detector, side: int) -> int:
    """Return how many tiles go together, tried once for all slides that a detector works on."""
    return batch_that_fits(detector.runtime, detector.device, side)


def predict(
    slide: SlideReader,
    detector: Detector,
    *,
    outline: Outline | None = None,
    tile_size: int | None = None,
    threshold: float | None = None,
    progress: Progress | None = None,
) -> Detections:
    """Return the cells of a slide, or of a region of it, in base pixels, all in memory.

    Nothing is kept of a run that does not end; for whole slides see ``detect_planned``. The order is that
    of the tiles by row, and of the anchor points within a tile; it is the same at every run. A region
    without a cell gives none, which is no error.

    Args:
        slide: where the pixels come from.
        detector: the network and its card.
        outline: the area in base pixels; None for the whole slide.
        tile_size: side of a tile's core in working pixels.
        threshold: least probability; None takes the card's.
        progress: told after every batch of tiles.

    Raises:
        InputError: the outline lies outside of the slide, or a setting is out of its range.
        SlideError: a part of the slide cannot be read.
        Cancelled: the progress asked to stop.
    """
    settings = DetectionSettings(outline=outline, tile_size=tile_size, threshold=threshold)
    work = detector.planned(slide, settings)
    done = detect_planned(slide, detector.runtime, work, FoundInMemory(), progress or Silent())
    if done.holes:
        raise SlideError(
            f"slide {slide.name!r} cannot be read at {len(done.holes)} of {len(work.tiles)} places; fetch"
            " the file again"
        )
    return Detections.concatenate([part.detections for part in done.cells.parts()])
