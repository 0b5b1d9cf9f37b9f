"""What is no number is said to be, at once on a processor."""

import pytest
import torch
from torch import Tensor

from patherea_core.batch import Branch, Proposals
from patherea_core.errors import TrainingError
from patherea_core.workflow.engine.finite import NumberWatch

GOOD = torch.ones(3)


def never() -> str:
    raise AssertionError("asked for the name of what is finite")


def test_finite_numbers_are_passed_without_a_word() -> None:
    watch = NumberWatch()
    watch.ask([GOOD, torch.zeros(2, 2)], never)
    watch.settle()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_number_that_is_not_finite_is_found(value: float) -> None:
    bad = torch.tensor([0.0, value])
    with pytest.raises(TrainingError, match="the loss in step 3 is no finite number; the epochs"):
        NumberWatch().ask([GOOD, bad], lambda: "the loss in step 3")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_a_gpu_answers_before_a_state_is_kept() -> None:
    watch = NumberWatch()
    watch.ask([torch.full((3,), float("nan"), device="cuda")], lambda: "the loss in step 1")
    with pytest.raises(TrainingError, match="the loss in step 1"):
        watch.settle()


def test_all_that_the_network_says_is_asked_about() -> None:
    def branch() -> Branch:
        return Branch(torch.zeros(1, 4, 2), torch.zeros(1, 4, 3))

    one, many = branch(), branch()
    anchors: Tensor = torch.zeros(4, 2)
    asked = Proposals(anchors, one, many).numbers()
    assert {id(tensor) for tensor in asked} == {
        id(tensor) for part in (one, many) for tensor in (part.xy, part.logits)
    }
    assert len(Proposals(anchors, one, None).numbers()) == 2
