"""Whether the numbers of a training are still numbers, asked without making a GPU wait."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from patherea_core.errors import TrainingError


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What was asked: the answer, when it is there, and how to say what the numbers were."""

    answer: Tensor
    there: torch.cuda.Event | None
    what: Callable[[], str]


class NumberWatch:
    """Asks in every step whether its numbers are finite, and hears the answer a little later.

    On a processor the answer is there at once. On a GPU it arrives while the GPU computes on, and is
    heard when the next question but one is put: nobody waits, and no state is kept before all questions
    are settled.
    """

    def __init__(self) -> None:
        self._open: deque[_Question] = deque()

    def ask(self, tensors: Iterable[Tensor], what: Callable[[], str]) -> None:
        """Ask whether all numbers in some tensors of one device are finite; ``what`` says what they are.

        Raises:
            TrainingError: those of an earlier question were not, or these are not, as far as is known.
        """
        answer = torch.stack([torch.isfinite(tensor).all() for tensor in tensors]).all().detach()
        there = None
        if answer.is_cuda:
            answer = answer.to("cpu", non_blocking=True)
            there = torch.cuda.Event()  # type: ignore[no-untyped-call]
            there.record()
        self._open.append(_Question(answer, there, what))
        while self._open and (len(self._open) > 2 or self._open[0].there is None):
            self._hear()

    def settle(self) -> None:
        """Hear all answers.

        Raises:
            TrainingError: some numbers were not finite.
        """
        while self._open:
            self._hear()

    def _hear(self) -> None:
        question = self._open.popleft()
        if question.there is not None:
            question.there.synchronize()
        if not question.answer:
            raise TrainingError(
                f"{question.what()} is no finite number; the epochs before are kept, but this one would end"
                " the same way again: take a recipe with a lower learning rate or a limit to the gradient"
            )
