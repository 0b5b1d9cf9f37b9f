"""What every objective says of a batch: a loss, and the parts it is made of."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


class Terms(Protocol):
    """The loss of a batch."""

    @property
    def total(self) -> Tensor:
        """The loss, a scalar that takes gradients."""

    @property
    def parts(self) -> Mapping[str, Tensor]:
        """Its unweighted parts, scalars, by the names they have in the files of a run; always the same."""
