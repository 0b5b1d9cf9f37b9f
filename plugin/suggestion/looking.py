"""A model looks at the fields of a slide, with both of its heads if it has two."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from patherea_core.batch import Branch, Outputs, Proposals
from patherea_core.decoding import apart, decode, one_per_cell
from patherea_core.errors import InputError
from patherea_core.geometry import Floats
from patherea_core.points import Detections
from patherea_core.progress import Progress
from patherea_core.slides import SlideReader, read_working
from patherea_core.tiling import Tile, owned_by
from patherea_core.workflow.detection.plan import Plan
from patherea_core.workflow.predict import Detector
from plugin.suggestion.signs import SeenField

#: Share of the threshold above which a place is nearly a cell.
_NEARLY = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """How a model looks at a field.

    Attributes:
        detector: the network and its card.
        threshold: least probability of a cell.
        apart: working pixels between two cells of the head that detects; 0 for none.
        radius: working pixels within which two proposals of the other head mean one cell.
    """

    detector: Detector
    threshold: float
    apart: float
    radius: float

    @classmethod
    def of(cls, detector: Detector, plan: Plan) -> "Look":
        """Return how the model of a plan looks."""
        radius = detector.card.recipe.radius_um / detector.card.mpp
        return cls(detector, plan.threshold, plan.least_distance, radius)

    def field(self, slide: SlideReader, plan: Plan, tile: Tile) -> SeenField:
        """Return what the model sees in the core of a tile, which is the field.

        Raises:
            SlideError: the slide cannot be read there.
        """
        pixels = read_working(slide, tile.window, plan.scale.working_mpp)
        image = torch.from_numpy(pixels).permute(2, 0, 1)[None].to(self.detector.device)
        with torch.inference_mode():
            outputs = self.detector.network(image)
        owned = owned_by(tile, outputs.anchors.double().cpu().numpy())
        if isinstance(outputs, Proposals):
            nearly = _decoded(outputs.one_to_one, owned, self.threshold * _NEARLY)
        else:
            nearly = _of_sites(outputs, owned, self.threshold * _NEARLY)
        single = apart(nearly.cells, self.apart)
        nearly = _Decoded(nearly.cells.take(single), nearly.entropy[single])
        other = None
        if isinstance(outputs, Proposals) and outputs.one_to_many is not None:
            found = _decoded(outputs.one_to_many, owned, self.threshold).cells
            other = _placed(one_per_cell(found, self.radius), tile)
        likely = nearly.cells.take(nearly.cells.score >= self.threshold)
        return SeenField(tile.core, _placed(likely, tile), other, nearly.entropy)


def looked_at(
    look: Look, slide: SlideReader, plan: Plan, progress: Progress
) -> Iterator[SeenField]:
    """Yield what the model sees in each whole field of a plan, row by row.

    Raises:
        InputError: no field fits into the area.
        SlideError: the slide cannot be read.
        Cancelled: the progress asked to stop.
    """
    grid = look.detector.network.largest_stride
    side = math.ceil(plan.tile_size / grid) * grid
    whole = [tile for tile in plan.tiles if (tile.core.width, tile.core.height) == (side, side)]
    if not whole:
        raise InputError(
            f"slide {slide.name!r} has no tissue there into which a field of"
            f" {side * plan.scale.working_mpp:.0f} µm fits; take a smaller --side, or a larger region"
        )
    for number, tile in enumerate(whole):
        progress.advance(number / len(whole), f"field {number + 1} of {len(whole)}")
        yield look.field(slide, plan, tile)


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """Proposals that are likely enough: cells in tile pixels, and the entropy of each."""

    cells: Detections
    entropy: Floats


def _decoded(branch: Branch, owned: np.ndarray, least: float) -> _Decoded:
    probability = branch.logits[0].double().softmax(dim=-1).cpu()
    score, of = probability[:, :-1].max(dim=-1)
    keep = (score >= least) & torch.as_tensor(owned)
    cells = Detections(
        branch.xy[0].double().cpu()[keep].numpy(),
        of[keep].numpy(),
        np.clip(score[keep].numpy(), 0.0, 1.0),
    )
    return _Decoded(cells, _entropy(probability[keep]))


def _of_sites(outputs: Outputs, owned: np.ndarray, least: float) -> _Decoded:
    """Return the cells of a network that gives each a score and no probabilities of the other classes.

    The doubt is that between this cell and none.
    """
    cells = decode(outputs, 0, score_threshold=least, owned=owned)
    score = torch.from_numpy(cells.score)
    return _Decoded(cells, _entropy(torch.stack([score, 1 - score], dim=-1)))


def _entropy(probability: Tensor) -> Floats:
    """Return (N,) the entropy of (N, T + 1) probabilities, as a share of the largest there can be."""
    found: Floats = torch.special.entr(probability).sum(dim=-1).numpy()
    return found / math.log(probability.shape[-1])


def _placed(cells: Detections, tile: Tile) -> Detections:
    return cells.moved_to(cells.xy + np.array([tile.window.left, tile.window.top]))
