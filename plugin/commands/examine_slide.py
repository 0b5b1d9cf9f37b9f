"""Examine slides before work on them: whether they can be read, and whether they suit a model."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from patherea_core.bundle_file import read_card
from patherea_core.data.finding import counted
from patherea_core.errors import PathereaError
from patherea_core.progress import Progress
from plugin.slides.check import Check, Verdict
from plugin.slides.inputs import slide_files
from plugin.slides.preflight import Preflight, examine


@dataclass(frozen=True, slots=True)
class ExamineRequest:
    """Which slides to examine.

    Attributes:
        inputs: slides, images, or folders of them.
        model: the bundle that is to work on them; None judges them for themselves.
        mpp: micrometres per base pixel, for slides that do not say.
    """

    inputs: tuple[Path, ...]
    model: Path | None = None
    mpp: float | None = None


def run(request: ExamineRequest, progress: Progress) -> tuple[Preflight, ...]:
    """Return what is found of each slide; the slides stay as they are.

    Raises:
        InputError: a folder holds no slide, or the model cannot be read.
    """
    card = None if request.model is None else read_card(request.model)
    paths = slide_files(request.inputs)
    found = []
    for row, path in enumerate(paths):
        progress.advance(row / len(paths), path.name)
        found.append(examine(path, request.mpp, card))
    progress.advance(1.0)
    return tuple(found)


def table(found: Sequence[Preflight]) -> str:
    """Return what was found as text for people, slide by slide."""
    lines: list[str] = []
    for one in found:
        lines += [one.slide, *check_lines(one.checks), ""]
    totals = {verdict: sum(one.count(verdict) for one in found) for verdict in Verdict}
    lines.append(", ".join(f"{count} {verdict}" for verdict, count in totals.items()))
    return "\n".join(lines) + "\n"


def check_lines(checks: Iterable[Check]) -> list[str]:
    """Return the checks as lines for people, each with its fix below it."""
    lines = []
    for check in checks:
        lines.append(f"  {check.verdict}  {check.name}: {check.found}")
        if check.fix:
            lines.append(f"        -> {check.fix}")
    return lines


def require_fit(checks: Iterable[Check], what: str) -> None:
    """Raise PathereaError if a check failed; ``what`` names in the message what was looked at."""
    broken = sum(check.verdict is Verdict.FAIL for check in checks)
    if broken:
        raise PathereaError(
            f"{counted(broken, 'check', 'checks')} of {what} failed; mend what the report names"
        )
