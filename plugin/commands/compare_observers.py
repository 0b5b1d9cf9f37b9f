"""Compare observers: how far persons who marked the same images agree, and a model with them."""

import json
from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import OutputError
from patherea_core.evaluation.agreement.report import Agreement, agree
from patherea_core.files import require_writable, write_whole
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin import provenance
from plugin.commands.observer_files import Panel, read_panel
from plugin.outputs.limits_picture import limits_picture
from plugin.radius import Radius

#: Files in the folder of results.
REPORT, PICTURE = "agreement.json", "bland-altman.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareObserversRequest:
    """Which observers to compare, and how.

    Attributes:
        people: a file of cells for each person.
        radius: largest distance of two marks of one cell.
        model: a file of cells that a model found.
        classes: the classes in order; none takes those of the persons.
        mpp: micrometres per base pixel, for a radius in micrometres.
        allow_missing: whether an image that a file does not name has no cell there.
        out: folder for the figures as JSON and for the picture; made if it is not there.
        seed: root of the intervals' draws.
    """

    people: tuple[Path, ...]
    radius: Radius
    model: Path | None = None
    classes: tuple[str, ...] = ()
    mpp: float | None = None
    allow_missing: bool = False
    out: Path | None = None
    seed: int = 0


def run(request: CompareObserversRequest, progress: Progress) -> Agreement:
    """Compare as requested and return the figures.

    Raises:
        InputError: the files or settings cannot serve.
        OutputError: the results cannot be written.
    """
    radius = request.radius.in_pixels(request.mpp)
    panel = read_panel(
        request.people, request.model, request.classes, allow_missing=request.allow_missing
    )
    if request.out is not None:
        _make_folder(request.out)
    progress.advance(0.3, "comparing")
    agreement = agree(
        panel.observers, panel.taxonomy, radius, Seed(request.seed), patients=panel.patients
    )
    if request.out is not None:
        progress.advance(0.8, "writing")
        _write(request, request.out, agreement, panel)
    return agreement


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be made a folder ({error.strerror}); name one that can"
        ) from error
    for name in (REPORT, PICTURE):
        require_writable(out / name)


def _write(request: CompareObserversRequest, out: Path, agreement: Agreement, panel: Panel) -> None:
    report = {
        "files": [str(path) for path in (*request.people, *filter(None, [request.model]))],
        "images": list(panel.images),
        "radius_asked": str(request.radius),
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        **agreement.to_dict(),
    }
    # Both are made before one of them is written.
    content = json.dumps(report, allow_nan=False, indent=1).encode("ascii")
    picture = limits_picture(agreement)
    write_whole(out / REPORT, content)
    write_whole(out / PICTURE, picture)
