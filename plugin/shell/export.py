"""``patherea export``: annotated slides of an archive become a dataset."""

import argparse
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.review.naming import renaming
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_archive,
    add_points_outside,
    names,
    token,
)

_LONG = """\
Export the annotated slides of a folder of the archive as a dataset: the regions in which every cell
is labelled, and the points in them. The dataset names the annotation, its version and the element of
every point. Nothing is written unless everything fits. docs/export.md explains every option."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_archive(parser, item=False)
    _add_slides_and_places(parser)
    _add_annotations(parser.add_argument_group("which annotations are labels"))
    add_points_outside(parser)
    _add_patients_and_pixels(parser)


def _add_slides_and_places(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("slides").add_argument
    add("--folder", metavar="ID", default="", help="the folder of slides")
    add("--subfolders", action="store_true", help="those of all folders below it, too")
    add("--items", metavar="ID", type=names, default=(), help="single slides, parted by commas")
    add = parser.add_argument_group("where the dataset goes").add_argument
    add("--out", metavar="DIR", type=Path, help="new folder, or a file ending in .zip")
    add("--output-folder", metavar="ID", default="", help="folder of the archive that gets an item")
    add("--output-name", metavar="NAME", default="", help="of that item (default: the time)")


def _add_annotations(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--annotations",
        metavar="NAME",
        default="*",
        help="their names; * is any text; several are parted by commas (default: *)",
    )
    add(
        "--author",
        metavar="LOGIN",
        action="append",
        default=[],
        help="login or name of who made them; * is any text; may be repeated",
    )
    add("--since", metavar="DATE", help="from this day or time on, as in 2026-03-31")
    add("--until", metavar="DATE", help="up to and with this day or time")
    add(
        "--date",
        choices=("updated", "created"),
        default="updated",
        help="the date that counts for these (default: updated)",
    )
    add(
        "--annotators",
        choices=("merge", "apart"),
        default="merge",
        help="put all labels together, or give each annotator samples of their own (default: merge)",
    )
    add("--classes", type=names, default=(), help="in order, parted by commas (default: all found)")
    add(
        "--map",
        metavar="OLD=NEW",
        action="append",
        type=renaming,
        default=[],
        help="group OLD means class NEW; 'no group=NEW' is for points in none; may be repeated",
    )
    add(
        "--class-from",
        choices=("group", "label"),
        default="group",
        help="where the class of a point stands; the other counts where it is missing (default: group)",
    )


def _add_patients_and_pixels(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("patients and folds").add_argument
    add(
        "--patient-field", metavar="NAME", default="patient", help="metadata field with the patient"
    )
    add(
        "--patient-pattern",
        metavar="REGEX",
        default="",
        help="finds the patient in a slide's name instead, by its first group, as in '^([^-]+)-'",
    )
    add(
        "--folds",
        metavar="N",
        type=int,
        help="parts that share no patient (default: 3, or fewer where there are fewer patients)",
    )
    add = parser.add_argument_group("pixels").add_argument
    add("--mpp", metavar="UM", type=float, help="pixel size of the dataset (default: the slides')")
    add(
        "--slide-mpp",
        metavar="UM",
        type=float,
        help="pixel size, for files that do not say; goes before what a slide says",
    )
    add("--tile-size", metavar="N", type=int, default=1024, help="side of an image (default: 1024)")


def _run(options: Options, progress: Progress) -> None:
    from plugin.commands import export_dataset
    from plugin.commands.export_request import ExportRequest
    from plugin.dsa.label_choice import Dates

    for option in ("since", "until"):
        if getattr(options, option) is not None and not getattr(options, option).strip():
            raise InputError(f"--{option} is empty; write a date, or leave it out")
    request = ExportRequest(
        api_url=options.api_url,
        token=token(options),
        folder_id=options.folder,
        items=options.items,
        subfolders=options.subfolders,
        out=options.out,
        upload_folder=options.output_folder,
        upload_name=options.output_name,
        annotations=options.annotations,
        authors=tuple(options.author),
        dates=Dates.parse(options.since or "", options.until or "", options.date),
        annotators=options.annotators,
        classes=options.classes,
        mapping=dict(options.map),
        class_place=options.class_from,
        points_outside=options.points_outside,
        patient_field=options.patient_field,
        patient_pattern=options.patient_pattern,
        mpp=options.mpp,
        mpp_override=options.slide_mpp,
        tile_size=options.tile_size,
        folds=options.folds,
    )
    export_dataset.run(request, progress)


SUBCOMMAND = Subcommand(
    "export", "annotated slides of an archive -> dataset", _LONG, _add_options, _run
)
