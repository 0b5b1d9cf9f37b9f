"""What was named but cannot serve for a pretraining, and the words that tell of it."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Literal, TypeAlias

from patherea_core.errors import InputError

log = logging.getLogger(__name__)

#: How many are named in a message.
_NAMED = 5

Reason: TypeAlias = Literal["unreadable", "too small", "too coarse", "without tissue"]

#: The reasons in words, in the order in which they are told.
_WORDS: Mapping[Reason, str] = MappingProxyType(
    {
        "unreadable": "cannot be read",
        "too small": "smaller than a tile",
        "too coarse": "with much larger pixels than the tiles, so that these would be blurred",
        "without tissue": "without tissue",
    }
)

#: What helps with some of them.
_WAYS: Mapping[Reason, str] = MappingProxyType(
    {
        "too small": "take smaller tiles (--tile) or a finer pixel size (--mpp)",
        "too coarse": "take a coarser pixel size (--mpp)",
    }
)


class CannotServeError(InputError):
    """An image that can be read is none that tiles can be taken from; the message names it."""

    reason: ClassVar[Reason]


class TooSmallError(CannotServeError):
    """An image is smaller than a tile."""

    reason = "too small"


class TooCoarseError(CannotServeError):
    """An image would have to be enlarged so much that nothing can be learnt from it."""

    reason = "too coarse"


class NoTissueError(CannotServeError):
    """A slide shows no tissue."""

    reason = "without tissue"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files that tiles cannot be taken from, by reason.

    Attributes:
        found: what names each of them; of those that cannot be read, the sentences that say why.
    """

    found: dict[Reason, list[str]] = field(default_factory=dict)

    def note(self, reason: Reason, name: str) -> None:
        """Remember a file."""
        self.found.setdefault(reason, []).append(name)

    def tell(self) -> None:
        """Warn of what is left out, a sentence for each reason."""
        for sentence in self._sentences():
            log.warning("%s", sentence)

    def nothing_left(self) -> str:
        """Return why there is nothing to take tiles from, and how to mend it."""
        reasons = self._sentences() or ["nothing was named"]
        # Other tiles help where there is tissue, and only there.
        more = [way for reason, way in _WAYS.items() if reason in self.found]
        ways = ", or ".join(["name other slides or images", *more])
        return f"there is nothing to take tiles from: {'; '.join(reasons)}; {ways}"

    def _sentences(self) -> list[str]:
        return [
            _sentence(words, self.found[reason])
            for reason, words in _WORDS.items()
            if reason in self.found
        ]


def _sentence(what: str, names: Sequence[str]) -> str:
    files = "1 file is" if len(names) == 1 else f"{len(names)} files are"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{files} left out, {what}: {', '.join(names[:_NAMED])}{more}"
