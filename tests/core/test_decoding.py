"""Decoding: one class per proposal, then the threshold."""

import numpy as np
import torch

from patherea_core.batch import Branch, Proposals
from patherea_core.decoding import decode


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
