"""Detection on a slide: seamless, in base pixels, inside the asked region only."""

import numpy as np
import pytest
import shapely
import torch
from scipy.spatial import cKDTree

from patherea_core.checkpoint import BundleCard, ClassCard, ModelBundle, weights_digest
from patherea_core.config import DecodingConfig, NetworkConfig, Recipe
from patherea_core.decoding import one_per_cell
from patherea_core.errors import Cancelled, InputError
from patherea_core.model.network import P2PNetwork
from patherea_core.points import Detections
from patherea_core.regions import Outline, inside
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide
from patherea_core.workflow.devices import resolve_device
from patherea_core.workflow.engine.whole_tiles import WholeTiles
from patherea_core.workflow.predict import Detector, predict
from tests.core.workflow.cells import MPP, draw_cells

RECIPE = Recipe(network=NetworkConfig(backbone="convnext_atto", fpn_channels=8, head_blocks=1))


@pytest.fixture(scope="module")
def detector() -> Detector:
    """Return an untrained network: its proposals differ from place to place, which is all that counts."""
    torch.manual_seed(0)
    network = P2PNetwork(RECIPE.network, 2)
    torch.nn.init.normal_(network.classification.first_output.weight, std=0.5)
    torch.nn.init.normal_(network.regression.first_output.weight, std=0.5)
    state = network.state_dict()
    card = BundleCard(
        recipe=RECIPE,
        classes=(ClassCard(name="brown", color="#aa5500"), ClassCard(name="blue", color="#0055aa")),
        mpp=MPP,
        score_threshold=0.6,
        halo=64,
        parameters=1,
        seed=0,
        provenance={},
        metrics={},
        weights_sha256=weights_digest(state),
    )
    return Detector.load(ModelBundle(state, card), "cpu")


@pytest.fixture(scope="module")
def slide() -> ArraySlide:
    return ArraySlide("field", MPP, draw_cells(300, 60, Seed(5))[0])


def found_in(
    slide: ArraySlide, detector: Detector, outline: Outline | None = None, tile_size: int = 1024
) -> Detections:
    return predict(slide, detector, outline=outline, tile_size=tile_size)


def shared(first: Detections, second: Detections) -> float:
    """Return the share of cells that both hold at the same place with the same class."""
    keys = [
        {(*np.round(xy, 2), row) for xy, row in zip(each.xy, each.class_index, strict=True)}
        for each in (first, second)
    ]
    return len(keys[0] & keys[1]) / max(1, len(keys[0] | keys[1]))


def test_a_picture_gets_the_cells_that_it_gets_when_a_training_validates(
    slide: ArraySlide, detector: Detector
) -> None:
    card = detector.card
    validated = WholeTiles(card.recipe.decoding.least_distance_um / card.mpp)
    with torch.inference_mode():
        wanted = validated.detect(detector.network, slide.pixels, card.score_threshold)
    found = found_in(slide, detector)
    assert len(found)
    assert shared(found, wanted.take(inside(shapely.box(0, 0, 300, 300), wanted.xy))) == 1.0


@pytest.mark.parametrize("tile_size", [96, 224])
def test_tiled_equals_untiled_at_a_wide_halo(
    slide: ArraySlide, detector: Detector, tile_size: int
) -> None:
    wide = Detector(
        detector.card.model_copy(update={"halo": 320}), detector.network, detector.device
    )
    untiled, tiled = found_in(slide, wide), found_in(slide, wide, tile_size=tile_size)
    assert len(untiled) > 100
    assert abs(len(untiled) - len(tiled)) <= 0.001 * len(untiled)
    assert shared(untiled, tiled) >= 0.99


def test_the_same_tiling_gives_the_same_bytes(slide: ArraySlide, detector: Detector) -> None:
    first, second = (found_in(slide, detector, tile_size=128) for _ in range(2))
    assert first.xy.tobytes() == second.xy.tobytes()
    assert first.score.tobytes() == second.score.tobytes()


def test_no_cell_is_found_twice_where_tiles_meet(slide: ArraySlide, detector: Detector) -> None:
    found = found_in(slide, detector, tile_size=64)
    assert len(np.unique(found.xy, axis=0)) == len(found)


def test_cells_keep_their_distance_across_seams_too(slide: ArraySlide, detector: Detector) -> None:
    card = detector.card
    apart = card.recipe.model_copy(
        update={"decoding": DecodingConfig(score_threshold=None, least_distance_um=6 * MPP)}
    )
    strict = Detector(card.model_copy(update={"recipe": apart}), detector.network, detector.device)
    every, some = (found_in(slide, each, tile_size=64) for each in (detector, strict))
    assert cKDTree(every.xy).query_pairs(5.99)
    assert not cKDTree(some.xy).query_pairs(5.99)
    assert shared(some, one_per_cell(every, 6.0)) == 1


def test_only_cells_inside_the_region_are_kept(slide: ArraySlide, detector: Detector) -> None:
    ring = shapely.Point(200, 200).buffer(150).difference(shapely.Point(200, 200).buffer(60))
    found = found_in(slide, detector, ring)
    assert len(found)
    assert inside(ring, found.xy).all()
    whole = found_in(slide, detector)
    expected = whole.take(inside(ring, whole.xy))
    assert abs(len(expected) - len(found)) <= 0.02 * len(expected)


def test_positions_are_base_pixels_whatever_the_slides_resolution(
    slide: ArraySlide, detector: Detector
) -> None:
    finer = ArraySlide("finer", MPP / 2, slide.pixels.repeat(2, axis=0).repeat(2, axis=1))
    coarse, fine = found_in(slide, detector), found_in(finer, detector)
    assert np.abs(fine.xy.max(axis=0) - 2 * coarse.xy.max(axis=0)).max() < 16
    assert 0.5 < len(fine) / len(coarse) < 2


def test_a_region_without_a_cell_is_a_success(detector: Detector) -> None:
    empty = ArraySlide("empty", MPP, np.full((64, 64, 3), 255, dtype=np.uint8))
    assert len(predict(empty, detector, threshold=1.0)) == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"outline": shapely.box(9000, 9000, 9100, 9100)}, "lies outside of slide 'field'"),
        ({"threshold": 1.5}, "between 0 and 1"),
        ({"tile_size": -4}, "positive number of pixels"),
    ],
)
def test_a_wrong_setting_is_said_in_one_sentence(
    slide: ArraySlide, detector: Detector, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        predict(slide, detector, **settings)  # type: ignore[arg-type]


class StopAtOnce:
    """A progress that asks to stop after the first tile."""

    def advance(self, fraction: float, message: str = "") -> None:
        """Raise Cancelled once something is done."""
        if fraction > 0:
            raise Cancelled(message)


def test_a_request_to_stop_ends_after_the_tile(slide: ArraySlide, detector: Detector) -> None:
    with pytest.raises(Cancelled):
        predict(slide, detector, tile_size=64, progress=StopAtOnce())


class StopSoon:
    """A progress that asks to stop when it was told so often that nothing is done yet."""

    def __init__(self, reports: int) -> None:
        self._left = reports

    def advance(self, fraction: float, message: str = "") -> None:
        """Count, and stop."""
        assert fraction == 0
        self._left -= 1
        if not self._left:
            raise Cancelled(message)


@pytest.mark.parametrize("reports", [1, 2, 9])
def test_a_processor_hears_of_a_request_to_stop_while_it_is_at_a_tile(
    slide: ArraySlide, detector: Detector, reports: int
) -> None:
    before = found_in(slide, detector)
    with pytest.raises(Cancelled):
        predict(slide, detector, progress=StopSoon(reports))
    assert np.array_equal(found_in(slide, detector).xy, before.xy)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InputError, match="auto, cpu or cuda"):
        resolve_device("tpu")
