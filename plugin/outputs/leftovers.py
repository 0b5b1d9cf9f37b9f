"""What stands beside results under hidden names while a run is at work, and what is left of it."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from patherea_core.files import remove_abandoned, temporaries_of
from plugin.outputs.finished_run import record_of

log = logging.getLogger(__name__)

#: Digits of a fingerprint that a name holds.
_DIGITS = 16


def journal_of(out: Path, fingerprint: str) -> Path:
    """Return where detections are kept until the results are written, beside those."""
    return out.with_name(f".{out.name}.{fingerprint[:_DIGITS]}.journal")


def remove_leftovers(outputs: Sequence[Path]) -> None:
    """Remove what earlier runs left beside these results, whatever their settings.

    That is what runs left that were killed while they wrote, and journals of runs that nobody went on with.
    Nothing is removed that somebody is at work on; see ``remove_abandoned``. The caller is at work on the
    first file.

    Args:
        outputs: all files of results, the first one first.
    """
    first = outputs[0]
    journals = rf"\.{re.escape(first.name)}\.[0-9a-f]{{{_DIGITS}}}\.journal"
    for path in (*outputs, record_of(first)):
        names = temporaries_of(path)
        if path == first:
            names = f"{names}|{journals}"
        if removed := remove_abandoned(path.parent, names):
            log.info("removed what earlier runs left: %s", ", ".join(removed))
