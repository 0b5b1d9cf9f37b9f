"""``patherea export``: annotated slides of an archive become a dataset."""

import argparse
from pathlib import Path

from patherea_core.progress import Progress
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
every point. Nothing is written unless everything fits."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_archive(parser, item=False)
    add = parser.add_argument
    add(
        "--folder",
        metavar="ID",
        required=True,
        help="the folder of slides, without its sub-folders",
    )
    add(
        "--out",
        metavar="DIR",
        type=Path,
        required=True,
        help="new folder, or a file ending in .zip",
    )
    add(
        "--annotations",
        metavar="NAME",
        default="*",
        help="which are labels; * is any text; several are parted by commas (default: *)",
    )
    add("--classes", type=names, default=(), help="in order, parted by commas (default: all found)")
    add("--mpp", metavar="UM", type=float, help="pixel size of the dataset (default: the slides')")
    add(
        "--slide-mpp",
        metavar="UM",
        type=float,
        help="pixel size, for files that do not say; goes before what a slide says",
    )
    add("--tile-size", metavar="N", type=int, default=1024, help="side of an image (default: 1024)")
    add(
        "--folds",
        metavar="N",
        type=int,
        help="parts that share no patient (default: 3, or fewer where there are fewer patients)",
    )
    add(
        "--patient-field", metavar="NAME", default="patient", help="metadata field with the patient"
    )
    add_points_outside(parser)


def _run(options: Options, progress: Progress) -> None:
    from plugin.commands import export_dataset

    request = export_dataset.ExportRequest(
        api_url=options.api_url,
        token=token(options),
        folder_id=options.folder,
        out=options.out,
        annotations=options.annotations,
        classes=options.classes,
        mpp=options.mpp,
        tile_size=options.tile_size,
        folds=options.folds,
        patient_field=options.patient_field,
        mpp_override=options.slide_mpp,
        points_outside=options.points_outside,
    )
    export_dataset.run(request, progress)


SUBCOMMAND = Subcommand(
    "export", "annotated slides of an archive -> dataset", _LONG, _add_options, _run
)
