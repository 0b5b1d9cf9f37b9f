"""``patherea review``: prepare the viewer for a review, and harvest what came of it."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.models.finding import DEFAULT_MODEL, find_model
from plugin.radius import Radius
from plugin.review.naming import renaming
from plugin.shell.parser import Options, Subcommand, add_archive, add_seed, token

if TYPE_CHECKING:
    from plugin.commands.harvest_review import HarvestRequest

_LONG = """\
patherea review harvest compares what a run of detections put on a slide of the archive with what people
made of it: which cells they accepted, moved, relabelled, deleted and added, and how good the model was in
their eyes. What they left becomes a new annotation, which patherea export takes for labels if it is named
in full. With --folder it harvests every reviewed slide of a folder and pools them; --out writes a page for
people, with pictures of what was changed, and tables. patherea review viewer writes the model's classes and
colours into the viewer's settings of a folder, so that reviewers find them under the keys 1 to 9."""

_MORE = """\
Without --regions nothing says what was reviewed. Then all that the model looked at is taken for reviewed,
and what nobody touched for accepted, once somebody has saved or changed a cell; with --assume changed only
the surroundings of changes are."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_viewer(actions.add_parser("viewer", help="a model's classes -> the viewer of a folder"))
    _add_harvest(actions.add_parser("harvest", help="reviewed slides -> report and labels"))


def _add_viewer(parser: argparse.ArgumentParser) -> None:
    add_archive(parser, item=False)
    parser.add_argument("--folder", metavar="ID", required=True, help="the folder of the slides")
    parser.add_argument(
        "--model", metavar="NAME|PATH", help=f"whose classes (default: {DEFAULT_MODEL})"
    )
    parser.set_defaults(act=_viewer)


def _add_harvest(parser: argparse.ArgumentParser) -> None:
    add_archive(parser, item=False)
    add = parser.add_argument
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--item", metavar="ID", help="the slide")
    which.add_argument("--folder", metavar="ID", help="all its slides that were reviewed")
    add(
        "--run",
        metavar="NAME",
        default="",
        help="the run's annotation, the newest of several; * is any text (default: the newest run)",
    )
    add(
        "--reviewed",
        metavar="NAME",
        default="",
        help="the reviewed annotations, parted by commas; * is any text (default: that of the run)",
    )
    add("--regions", metavar="NAME", default="", help="annotations whose regions were reviewed")
    add("--radius", metavar="R", type=Radius.parse, default="4um", help="(default: 4um)")
    add(
        "--assume",
        choices=("looked", "changed"),
        default="looked",
        help="what was reviewed where there is no region (default: looked)",
    )
    add("--side", metavar="UM", type=float, default=100.0, help="of surroundings (default: 100)")
    add(
        "--map",
        metavar="A=B",
        action="append",
        type=renaming,
        default=[],
        help="group A means class B; may be repeated",
    )
    add(
        "--labels",
        metavar="NAME",
        default="Reviewed",
        help="of the annotation that is added; '' adds none (default: Reviewed)",
    )
    add("--apart", action="store_true", help="each reviewed annotation is a review of its own")
    add("--out", metavar="DIR", type=Path, help="folder for page, tables and figures of all slides")
    add("--report", metavar="FILE", type=Path, help="all figures of one slide as JSON")
    add("--pushed", metavar="FILE", type=Path, help="what the run wrote, if the archive forgot it")
    add("--mpp", metavar="UM", type=float, help="pixel size, for a slide that does not say")
    add("--format", choices=("table", "json"), default="table", help="(default: table)")
    add_seed(parser, "the intervals")
    parser.set_defaults(act=_harvest)


def _run(options: Options, progress: Progress) -> None:
    act: Callable[[Options, Progress], None] = options.act
    act(options, progress)


def _viewer(options: Options, _progress: Progress) -> None:
    from plugin.commands import prepare_viewer as command

    request = command.ViewerRequest(
        options.api_url, token(options), options.folder, find_model(options.model)
    )
    sys.stdout.write(command.run(request))


def _harvest(options: Options, progress: Progress) -> None:
    from plugin.commands import harvest_review as command
    from plugin.review.report import review_figures, review_table

    request = command.HarvestRequest(
        api_url=options.api_url,
        token=token(options),
        item_id=options.item or "",
        run=options.run,
        reviewed=options.reviewed,
        regions=options.regions,
        radius=options.radius,
        assume=options.assume,
        side_um=options.side,
        mapping=dict(options.map),
        labels=options.labels,
        report=options.report,
        pushed=options.pushed,
        mpp=options.mpp,
        seed=options.seed,
    )
    if options.folder or options.out or options.apart:
        _harvest_all(options, request, progress)
        return
    outcome = command.run(request, progress)
    _write(options, lambda: review_figures(outcome), lambda: review_table(outcome))


def _harvest_all(options: Options, each: "HarvestRequest", progress: Progress) -> None:
    from plugin.commands import harvest_folder as command
    from plugin.review.cohort_table import cohort_figures, cohort_table

    for name in ("report", "pushed"):
        if getattr(options, name) is not None:
            raise InputError(f"--{name} is for one slide with one review; give --out DIR instead")
    cohort = command.run(
        command.HarvestFolderRequest(
            folder_id=options.folder or "", slide=each, out=options.out, apart=options.apart
        ),
        progress,
    )
    _write(options, lambda: cohort_figures(cohort), lambda: cohort_table(cohort))
    command.require_complete(cohort)


def _write(
    options: Options, figures: Callable[[], dict[str, Any]], table: Callable[[], str]
) -> None:
    as_json = options.format == "json"
    sys.stdout.write(
        json.dumps(figures(), allow_nan=False, indent=1) + "\n" if as_json else table()
    )


SUBCOMMAND = Subcommand(
    "review", "reviewed detections -> report and labels", _LONG, _add_options, _run, _MORE
)
