"""Files of one name: the ends of their folders tell them apart, and what is named twice is taken once."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

log = logging.getLogger(__name__)

#: How many are named in a message.
_NAMED = 5


def telling_folders(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the shortest end of the folder of each file that tells it from the others of its name.

    It is empty for a file whose name no other has.

    Args:
        paths: of files, each of which is there once.
    """
    parts = [path.absolute().parts for path in paths]
    folders = [""] * len(parts)
    alike, depth = list(range(len(parts))), 1
    while alike:
        ends = Counter(parts[row][-depth:] for row in alike)
        for row in alike:
            folders[row] = Path(*parts[row][-depth:-1]).as_posix() if depth > 1 else ""
        alike = [row for row in alike if ends[parts[row][-depth:]] > 1 and depth < len(parts[row])]
        depth += 1
    return tuple(folders)


class TakenOnce:
    """Tells whether a file comes for the first time, and what named those that do not."""

    def __init__(self) -> None:
        self._first: dict[Path, str] = {}
        self._again: list[str] = []

    def is_new(self, path: Path, named_by: str) -> bool:
        """Tell whether a file was not named before.

        Args:
            path: of the file.
            named_by: what names it, in words.
        """
        place = path.resolve()
        if place not in self._first:
            self._first[place] = named_by
            return True
        self._again.append(f"{path.name} (by {self._first[place]} and by {named_by})")
        return False

    def tell(self) -> None:
        """Warn of the files that are named twice, in one sentence."""
        if not self._again:
            return
        count = len(self._again)
        more = f" and {count - _NAMED} more" if count > _NAMED else ""
        log.warning(
            "%s named twice and taken once, as the first place says: %s%s",
            "1 file is" if count == 1 else f"{count} files are",
            ", ".join(self._again[:_NAMED]),
            more,
        )
