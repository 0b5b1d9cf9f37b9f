"""Check a dataset: what is wrong with it, where, and how to mend it, before a model learns from it."""

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from patherea_core.data.finding import GRADES, Finding, Inspection, counted
from patherea_core.data.quality import inspect
from patherea_core.errors import PathereaError
from patherea_core.progress import Progress

#: Findings of one kind in the table; the JSON has all.
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Which dataset to check.

    Attributes:
        dataset: its folder.
    """

    dataset: Path


def run(request: CheckRequest, progress: Progress) -> Inspection:
    """Check as requested and return what was found; the dataset stays as it is.

    Raises:
        DatasetError: there is no dataset, or its manifest is broken.
    """
    return inspect(request.dataset, progress)


def require_sound(inspection: Inspection) -> None:
    """Raise PathereaError if something was found that makes scores or training wrong."""
    errors = inspection.count("error")
    if errors:
        found = counted(errors, "error was", "errors were")
        raise PathereaError(f"{found} found in the dataset; mend what the report names")


def table(inspection: Inspection) -> str:
    """Return what was found as text for people, the gravest first."""
    lines = [*_heading(inspection), ""]
    for (check, grade), group in groupby(
        inspection.findings, key=lambda found: (found.check, found.grade)
    ):
        found = list(group)
        shown = found if found[0].sample is None else found[:_MOST_SHOWN]
        lines.append(f"{grade.upper()} {check}")
        lines += [f"  {_line(finding)}" for finding in shown]
        if len(found) > len(shown):
            total = sum(finding.count for finding in found)
            rest = counted(len(found) - len(shown), "more image", "more images")
            lines.append(f"  and {rest}, {total} in all; --format json lists them")
        lines += [f"  -> {remedy}" for remedy in dict.fromkeys(one.remedy for one in found)]
        lines.append("")
    lines.append(
        ", ".join(counted(inspection.count(grade), grade, f"{grade}s") for grade in GRADES)
    )
    return "\n".join(lines) + "\n"


def _heading(inspection: Inspection) -> list[str]:
    points = ", ".join(f"{count} {name}" for name, count in inspection.points.items())
    sizes = [
        f"{what} {value:.1f} µm"
        for what, value in (
            ("nuclei seem", inspection.nucleus_um),
            ("nearest points", inspection.neighbour_um),
        )
        if value is not None
    ]
    return [
        f"{counted(inspection.samples, 'image', 'images')} of "
        f"{counted(inspection.patients, 'patient', 'patients')} in "
        f"{counted(len(inspection.folds), 'fold', 'folds')} ({', '.join(inspection.folds)})",
        f"points: {points}",
        "; ".join([f"pixels {inspection.mpp:g} µm", *sizes]),
    ]


def _line(finding: Finding) -> str:
    where = f"{finding.sample}: " if finding.sample else ""
    first = f", first at {finding.places[0].x:g}, {finding.places[0].y:g}" if finding.places else ""
    return f"{where}{finding.message}{first}"
