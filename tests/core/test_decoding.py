"""Decoding: one class per proposal, then the threshold."""

import numpy as np
import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st

from patherea_core.batch import Branch, Proposals
from patherea_core.decoding import decode, one_per_cell, survivors
from patherea_core.points import Detections


def proposals(*probabilities: tuple[float, float, float]) -> Proposals:
    logits = torch.tensor([list(map(list, probabilities))]).log()
    xy = torch.arange(2.0 * len(probabilities)).reshape(1, -1, 2)
    branch = Branch(xy, logits)
    return Proposals(torch.zeros(len(probabilities), 2), branch, None)


def test_a_proposal_is_its_likeliest_cell_class() -> None:
    found = decode(proposals((0.3, 0.6, 0.1)), 0, score_threshold=0.5)
    assert found.class_index.tolist() == [1]
    np.testing.assert_allclose(found.score, [0.6], rtol=1e-6)


def test_no_proposal_is_two_cells_however_low_the_threshold() -> None:
    assert len(decode(proposals((0.4, 0.4, 0.2), (0.45, 0.5, 0.05)), 0, score_threshold=0.0)) == 2


def test_background_wins_by_the_threshold_and_not_by_argmax() -> None:
    mostly_background = proposals((0.3, 0.1, 0.6))
    assert len(decode(mostly_background, 0, score_threshold=0.5)) == 0
    assert len(decode(mostly_background, 0, score_threshold=0.3 - 1e-6)) == 1


def test_positions_keep_their_fractions() -> None:
    given = proposals((0.9, 0.05, 0.05))
    given.one_to_one.xy[0, 0] = torch.tensor([1.25, -0.5])
    assert decode(given, 0, score_threshold=0.5).xy.tolist() == [[1.25, -0.5]]


def test_proposals_that_are_not_owned_are_left_to_their_owner() -> None:
    both = proposals((0.9, 0.05, 0.05), (0.05, 0.9, 0.05))
    found = decode(both, 0, score_threshold=0.5, owned=np.array([False, True]))
    assert found.class_index.tolist() == [1]


def scattered(seed: int, count: int = 60) -> Detections:
    """Return detections on a coarse grid with few scores, so that ties are common."""
    random = np.random.default_rng(seed)
    xy = random.integers(0, 24, size=(count, 2)) / 2
    return Detections(xy, random.integers(0, 3, size=count), random.integers(1, 6, size=count) / 5)


def kept_one_by_one(found: Detections, least_distance: float) -> set[tuple[float, float, float]]:
    """Return position and score of what stays, by the definition."""
    rows = np.lexsort((found.xy[:, 0], found.xy[:, 1], -found.score))
    kept: list[int] = []
    for row in rows:
        gaps = np.hypot(*(found.xy[kept] - found.xy[row]).T) if kept else np.empty(0)
        if not (gaps < least_distance).any():
            kept.append(row)
    return as_set(found.take(np.array(kept, dtype=np.int64)))


def as_set(found: Detections) -> set[tuple[float, float, float]]:
    return {(*xy, score) for xy, score in zip(found.xy.tolist(), found.score.tolist(), strict=True)}


@for_all(st.integers(0, 10_000), st.sampled_from([0.5, 1.0, 1.2, 3.0]))
def test_of_detections_too_close_the_likelier_one_stays(seed: int, least_distance: float) -> None:
    found = scattered(seed)
    assert as_set(one_per_cell(found, least_distance)) == kept_one_by_one(found, least_distance)


@for_all(st.integers(0, 10_000))
def test_what_stays_does_not_depend_on_the_order(seed: int) -> None:
    found = scattered(seed)
    shuffled = found.take(np.random.default_rng(seed + 1).permutation(len(found)))
    assert as_set(one_per_cell(found, 1.5)) == as_set(one_per_cell(shuffled, 1.5))


@for_all(st.integers(0, 10_000), st.sampled_from([0.3, 0.6, 0.9]))
def test_a_threshold_may_come_before_or_after(seed: int, threshold: float) -> None:
    found = scattered(seed)
    after = one_per_cell(found, 1.5)
    before = found.take(found.score >= threshold)
    assert as_set(after.take(after.score >= threshold)) == as_set(one_per_cell(before, 1.5))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_detections_far_apart_stay_as_they_are(count: int) -> None:
    few = Detections(
        np.arange(2.0 * count).reshape(-1, 2) * 9, np.zeros(count, int), np.ones(count)
    )
    assert one_per_cell(few, 1.0).xy.tolist() == few.xy.tolist()


def test_without_a_distance_all_stay() -> None:
    assert len(one_per_cell(scattered(0), 0.0)) == 60


def test_every_proposal_is_a_site_before_the_threshold() -> None:
    sites = proposals((0.3, 0.6, 0.1), (0.3, 0.1, 0.6)).sites()
    assert sites.class_index.tolist() == [[1, 0]]
    np.testing.assert_allclose(sites.score, [[0.6, 0.3]], rtol=1e-6)
    assert sites.xy.dtype == sites.score.dtype == torch.float32


@for_all(st.integers(0, 10_000))
def test_a_batch_decodes_as_its_tiles_do(seed: int) -> None:
    torch.manual_seed(seed)
    batch = Proposals(torch.zeros(9, 2), Branch(torch.rand(3, 9, 2), torch.randn(3, 9, 4)), None)
    sites, owned = batch.sites(), np.arange(9) % 3 > 0
    for row in range(3):
        found = survivors(sites, row, score_threshold=0.3, owned=owned)
        expected = decode(batch, row, score_threshold=0.3, owned=owned)
        assert found.xy.tolist() == expected.xy.tolist()
        assert found.score.tolist() == expected.score.tolist()
        assert found.class_index.tolist() == expected.class_index.tolist()
