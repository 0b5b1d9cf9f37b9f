"""A network knows of the same classes what it knew, whatever their order and whatever comes or goes."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from patherea_core.batch import Proposals
from patherea_core.model.class_rows import with_class_rows
from patherea_core.model.network import P2PNetwork
from tests.core.model.networks import images, shaken, small


def learnt(classes: int, *, per_side: int = 2, one_to_many: bool = True) -> P2PNetwork:
    """Return a network that has learnt something."""
    trained = fresh(classes, per_side=per_side, one_to_many=one_to_many)
    shaken(trained)
    return trained


def fresh(classes: int, *, per_side: int = 2, one_to_many: bool = True) -> P2PNetwork:
    config = small(anchors_per_side=per_side, one_to_many=one_to_many)
    torch.manual_seed(classes)
    return P2PNetwork(config, classes).eval()


def taken_over(
    trained: P2PNetwork, other: P2PNetwork, rows: Sequence[int | None], classes: int
) -> P2PNetwork:
    state = with_class_rows(trained.state_dict(), other.state_dict(), rows, classes)
    other.load_trained_state(state)
    return other


@torch.no_grad()
def answers(of: P2PNetwork) -> Proposals:
    found: Proposals = of(images(64, 32))
    return found


def logits(found: Proposals, columns: Sequence[int]) -> list[Tensor]:
    branches = [found.one_to_one, *([found.one_to_many] if found.one_to_many else [])]
    return [branch.logits[..., list(columns)] for branch in branches]


@pytest.mark.parametrize("per_side", [1, 2])
@pytest.mark.parametrize("one_to_many", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_classes_in_another_order_give_the_same_logits_in_that_order(
    order: tuple[int, ...], per_side: int, *, one_to_many: bool
) -> None:
    trained = learnt(3, per_side=per_side, one_to_many=one_to_many)
    other = fresh(3, per_side=per_side, one_to_many=one_to_many)
    before, after = answers(trained), answers(taken_over(trained, other, order, 3))
    torch.testing.assert_close(logits(after, range(4)), logits(before, (*order, 3)))
    torch.testing.assert_close(after.one_to_one.xy, before.one_to_one.xy)


def test_a_class_that_comes_changes_nothing_of_those_that_were_there() -> None:
    trained, other = learnt(2), fresh(3)
    at_random = other.classification.first_output.weight.detach().clone()
    after = answers(taken_over(trained, other, (1, None, 0), 2))
    torch.testing.assert_close(logits(after, (0, 2, 3)), logits(answers(trained), (1, 0, 2)))
    new = other.classification.first_output.weight[1::4]
    assert torch.equal(new, at_random[1::4])
    assert new.abs().max() > 0


def test_a_class_that_goes_takes_its_own_logits_along() -> None:
    trained = learnt(3, one_to_many=False)
    after = answers(taken_over(trained, fresh(2, one_to_many=False), (0, 2), 3))
    torch.testing.assert_close(logits(after, range(3)), logits(answers(trained), (0, 2, 3)))
