"""What looking at a slide or a machine gave: one thing looked at, whether it will do, and how to mend it."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whether a thing will do.

    FAIL: results would be wrong, or there would be none. WARN: they may be worse, or slower. PASS: neither.
    """

    PASS = "PASS"  # noqa: S105  no password
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what was looked at.
        verdict: whether it will do.
        found: what was found, in words with figures.
        fix: how to mend it; empty if there is nothing to mend.
    """

    name: str
    verdict: Verdict
    found: str
    fix: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return the check, ready for JSON."""
        return asdict(self)


def passed(name: str, found: str) -> Check:
    """Return the check of something that will do."""
    return Check(name, Verdict.PASS, found)


def warned(name: str, found: str, fix: str) -> Check:
    """Return the check of something that may be worse or slower for it."""
    return Check(name, Verdict.WARN, found, fix)


def refused(name: str, error: Exception) -> Check:
    """Return the check of what an error tells of; its sentence ends in how to mend it, if that is known."""
    found, _, fix = str(error).rpartition("; ")
    if not found:
        found, fix = fix, "fetch the file again"
    return failed(name, found, fix)


def failed(name: str, found: str, fix: str) -> Check:
    """Return the check of something that must be mended first."""
    return Check(name, Verdict.FAIL, found, fix)
