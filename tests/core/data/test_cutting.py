"""Pieces of a region share its points and its area out among them, exactly."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.cutting import Piece, cut_region
from patherea_core.errors import ScaleError, SlideError
from patherea_core.points import Points
from patherea_core.regions import AnnotatedRegion, Outline
from patherea_core.slides import ArraySlide, read_working
from tests.builders import noise_slide, points, region, ring, scattered, square
from tests.fakes import WatchedSlide

SLIDE = noise_slide(400, 300)
OUTLINES: list[Outline] = [
    square(20, 30, 200),
    ring(10.5, 20.25, 220, 100),
    shapely.Point(150, 140).buffer(110),
    shapely.union_all([square(5, 5, 40), square(300, 200, 60)]),
    shapely.LineString([(10, 10), (380, 280)]).buffer(6),
]


def pieces_of(
    annotated: AnnotatedRegion, *, mpp: float = 0.25, tile_size: int = 64, margin: int = 8
) -> list[Piece]:
    return cut_region(SLIDE, annotated, working_mpp=mpp, tile_size=tile_size, margin=margin)


outlines = st.sampled_from(OUTLINES)
mpps = st.sampled_from([0.25, 0.5, 0.33, 0.1])
tile_sizes = st.integers(20, 400)


@settings(deadline=None, max_examples=60)
@given(outlines, mpps, tile_sizes, st.integers(0, 99))
def test_every_point_is_in_exactly_one_piece_and_moved_by_its_corner(
    outline: Outline, mpp: float, tile_size: int, seed: int
) -> None:
    inner = scattered(outline, 40, seed=seed)
    pieces = pieces_of(region(outline, inner), mpp=mpp, tile_size=tile_size)
    found = {}
    for piece in pieces:
        corner = np.array([piece.box.left, piece.box.top])
        rows = zip(piece.element_ids, piece.points.xy, piece.points.class_index, strict=True)
        for element, xy, class_index in rows:
            assert element not in found
            found[element] = (*(xy + corner), class_index)
    assert found.keys() == {f"e{row}" for row in range(len(inner))}
    ordered = np.array([found[f"e{row}"] for row in range(len(inner))])
    assert ordered[:, :2] == pytest.approx(inner.xy * 0.25 / mpp, abs=1e-9)
    assert ordered[:, 2].tolist() == inner.class_index.tolist()


@settings(deadline=None, max_examples=60)
@given(outlines, mpps, tile_sizes)
def test_the_labelled_areas_of_the_pieces_make_up_the_region(
    outline: Outline, mpp: float, tile_size: int
) -> None:
    pieces = pieces_of(region(outline), mpp=mpp, tile_size=tile_size)
    assert sum(piece.labelled.area for piece in pieces) == pytest.approx(
        outline.area * (0.25 / mpp) ** 2
    )
    back = shapely.union_all(
        [
            shapely.affinity.translate(piece.labelled, piece.box.left, piece.box.top)
            for piece in pieces
        ]
    )
    whole = shapely.affinity.scale(outline, 0.25 / mpp, 0.25 / mpp, origin=(0, 0))
    assert back.symmetric_difference(whole).area < 1e-6 * whole.area


@pytest.mark.parametrize("mpp", [0.25, 0.4])
def test_the_pixels_of_a_piece_are_those_of_its_box(mpp: float) -> None:
    for piece in pieces_of(region(OUTLINES[0]), mpp=mpp):
        assert np.array_equal(piece.pixels, read_working(SLIDE, piece.box, mpp))


def test_labelled_area_and_points_lie_inside_of_the_margin() -> None:
    for piece in pieces_of(region(OUTLINES[2], scattered(OUTLINES[2], 50)), margin=8):
        left, top, right, bottom = piece.labelled.bounds
        assert min(left, top) >= 8
        assert right <= piece.box.width - 8
        assert bottom <= piece.box.height - 8
        assert piece.points.xy.min(initial=8) >= 8


def test_pieces_are_of_even_size_and_never_above_the_tile_size() -> None:
    sizes = {(piece.box.width, piece.box.height) for piece in pieces_of(region(square(0, 0, 130)))}
    assert sizes == {(43 + 16, 43 + 16), (44 + 16, 43 + 16), (43 + 16, 44 + 16), (44 + 16, 44 + 16)}


def test_pieces_without_labelled_area_are_dropped() -> None:
    assert len(pieces_of(region(OUTLINES[3]), tile_size=100)) == 2


def test_a_small_region_is_one_piece() -> None:
    (piece,) = pieces_of(region(square(100, 100, 30), points((110, 120, 1))), margin=5)
    assert (piece.box.left, piece.box.top, piece.box.width, piece.box.height) == (95, 95, 40, 40)
    assert piece.points.xy.tolist() == [[15, 25]]


def test_points_on_the_outer_edges_of_a_region_are_kept() -> None:
    corners = points((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (64, 128, 0), (128, 64, 0))
    pieces = pieces_of(region(square(0, 0, 128), corners))
    assert sum(len(piece.points) for piece in pieces) == len(corners)
    for piece in pieces:
        assert piece.points.xy.max(initial=0) < piece.box.width


def test_a_point_where_the_region_only_touches_a_dropped_piece_goes_to_its_neighbour() -> None:
    # Below y = 64, the region ends exactly at x = 64, where the next piece begins without any area.
    outline = shapely.union_all([square(0, 0, 64), shapely.box(0, 64, 64, 128), square(64, 0, 64)])
    on_edge = points((64, 100, 0))
    pieces = pieces_of(region(outline, on_edge))
    assert len(pieces) == 3
    (owner,) = [piece for piece in pieces if len(piece.points)]
    assert owner.points.xy.tolist() == [[64 + 8, 36 + 8]]


def test_a_region_without_points_is_cut_too() -> None:
    assert all(len(piece.points) == 0 for piece in pieces_of(region(OUTLINES[1], Points.none())))


def test_a_region_at_the_edge_of_the_slide_has_white_context() -> None:
    (piece,) = pieces_of(region(square(0, 0, 20)), margin=4)
    assert (piece.pixels[:4] == 255).all()
    assert np.array_equal(piece.pixels[4:, 4:], SLIDE.pixels[:24, :24])


def test_only_pixels_around_the_region_are_read() -> None:
    watched = WatchedSlide(SLIDE)
    cut_region(watched, region(square(100, 100, 50)), working_mpp=0.25, margin=10)
    assert [(box.left, box.top, box.width, box.height) for box in watched.boxes] == [
        (90, 90, 70, 70)
    ]


def test_a_slide_that_fails_while_it_is_cut_is_not_hidden() -> None:
    watched = WatchedSlide(SLIDE, reads_until_failure=2)
    with pytest.raises(SlideError):
        cut_region(watched, region(square(0, 0, 200)), working_mpp=0.25, tile_size=64)


def test_a_slide_without_scale_is_refused() -> None:
    slide = ArraySlide("s", 0.0, SLIDE.pixels)
    with pytest.raises(ScaleError):
        cut_region(slide, region(square(0, 0, 20)), working_mpp=0.25)
