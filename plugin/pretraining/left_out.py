"""What was named but cannot serve for a pretraining, and the words that tell of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

#: How many are named in a message.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that tiles cannot be taken from, by reason, each in words.

    Attributes:
        unreadable: the sentences that say why.
        too_small: smaller than a tile.
        without_tissue: slides on which no tissue was found.
    """

    unreadable: list[str] = field(default_factory=list)
    too_small: list[str] = field(default_factory=list)
    without_tissue: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many files are left out."""
        return len(self.unreadable) + len(self.too_small) + len(self.without_tissue)

    def tell(self) -> None:
        """Warn of what is left out, a sentence for each reason."""
        for sentence in self._sentences():
            log.warning("%s", sentence)

    def nothing_left(self) -> str:
        """Return why there is nothing to take tiles from, and how to mend it."""
        reasons = self._sentences() or ["nothing was named"]
        ways = ["name other slides or images"]
        if self.too_small:  # which helps where there is tissue, and only there
            ways.append("take smaller tiles (--tile) or a finer pixel size (--mpp)")
        return f"there is nothing to take tiles from: {'; '.join(reasons)}; {', or '.join(ways)}"

    def _sentences(self) -> list[str]:
        found = (
            ("cannot be read", self.unreadable),
            ("smaller than a tile", self.too_small),
            ("without tissue", self.without_tissue),
        )
        return [_sentence(what, names) for what, names in found if names]


def _sentence(what: str, names: Sequence[str]) -> str:
    files = "1 file is" if len(names) == 1 else f"{len(names)} files are"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{files} left out, {what}: {', '.join(names[:_NAMED])}{more}"
