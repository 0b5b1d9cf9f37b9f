"""``patherea evaluate``: cells a model found against cells a person labelled."""

import argparse
import json
import sys
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.evaluation.comparison import Comparison
from patherea_core.evaluation.figures import comparison_figures, evaluation_figures
from patherea_core.evaluation.report import Evaluation
from patherea_core.evaluation.table import comparison_table, evaluation_table
from patherea_core.geometry import Floats
from patherea_core.progress import Progress
from plugin.radius import Radius
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_archive,
    add_points_outside,
    add_seed,
    address,
    names,
    token,
)

_LONG = """\
Compare detections with a person's points: how many were found, missed, and found in vain, of each
class and of any, with intervals, and beside what chance and two flawed protocols would score. From
files, or (with --api-url and --item) from the annotations of a slide in the archive."""

_MORE = """\
Files may be CSV or Parquet (image,x,y,class[,score][,patient][,radius]), GeoJSON of QuPath, CellViT or
InstanSeg, annotations of the archive, TIAToolbox stores (.db), HoVer-Net .mat and .json, HoVer-NeXt and
COCO .json, .npy with positions or dot maps, or a folder with one such file for each image. Outlines of
cells count by their centroids."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--detections", metavar="FILE|NAME", default="", help="cells; in the archive: newest")
    add("--points", metavar="FILE|NAME", default="", help="a person's cells; in the archive: all")
    add("--radius", metavar="R", type=Radius.parse, required=True, help="say 6px or 3um")
    add("--format", choices=("table", "json"), default="table", help="(default: table)")
    add("--mpp", metavar="UM", type=float, help="pixel size, for a radius in um")
    add("--classes", type=names, default=(), help="in order, parted by commas")
    add_seed(parser, "the chance level, the intervals and the examples")
    _add_file_options(parser.add_argument_group("files"))
    add_archive(parser, item=True)
    add("--figure", metavar="FILE", type=Path, help="picture of the regions, with --item")
    add_points_outside(parser)


def _add_file_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--out", metavar="DIR", type=Path, help="new folder for report.html, JSON and CSV")
    add("--images", metavar="DIR", type=Path, help="the images, for pictures of single cells")
    add("--regions", metavar="FILE", type=Path, help="GeoJSON of where cells were labelled")
    add("--compare", metavar="FILE", type=Path, help="detections of another model, to compare with")
    add(
        "--threshold",
        metavar="T|NAME=T,…",
        type=_threshold,
        default=0.0,
        help="least score that takes part, of all classes or of each that is named",
    )
    add(
        "--map",
        metavar="A=B",
        action="append",
        type=_renaming,
        default=[],
        help="rename class A to B in all files; may be repeated",
    )
    add(
        "--closest",
        action="store_true",
        help="tell how far hits lie from their points; of all largest sets of pairs, the closest",
    )
    add(
        "--allow-missing",
        action="store_true",
        help="an image that one file lacks has no cells there (default: an error)",
    )


def _threshold(text: str) -> float | dict[str, float]:
    try:
        if "=" not in text:
            return float(text)
        parts = [part.rpartition("=") for part in text.split(",")]
        return {name.strip(): float(least) for name, _, least in parts}
    except ValueError:
        raise InputError(f"--threshold is a number, or NAME=T,NAME=T, not {text!r}") from None


def _renaming(text: str) -> tuple[str, str]:
    old, equals, new = (part.strip() for part in text.partition("="))
    if not (old and equals and new):
        raise InputError(f"--map renames a class as in A=B, not {text!r}")
    return old, new


def _run(options: Options, progress: Progress) -> None:
    if options.item:
        _run_on_item(options, progress)
    else:
        _run_on_files(options, progress)


def _run_on_item(options: Options, progress: Progress) -> None:
    from plugin.commands import evaluate_on_item

    request = evaluate_on_item.EvaluateOnItemRequest(
        api_url=address(options),
        token=token(options),
        item_id=options.item,
        radius=options.radius,
        detections=options.detections,
        points=options.points or "*",
        figure=options.figure,
        classes=options.classes,
        points_outside=options.points_outside,
        mpp=options.mpp,
        seed=options.seed,
    )
    _say(options, evaluate_on_item.run(request, progress))


def _run_on_files(options: Options, progress: Progress) -> None:
    if not (options.detections and options.points):
        raise InputError("give --detections FILE and --points FILE, or --api-url and --item")
    from plugin.commands import evaluate_files

    request = evaluate_files.EvaluateFilesRequest(
        detections=Path(options.detections),
        points=Path(options.points),
        radius=options.radius,
        regions=options.regions,
        rival=options.compare,
        classes=options.classes,
        mapping=dict(options.map),
        threshold=options.threshold,
        mpp=options.mpp,
        seed=options.seed,
        allow_missing=options.allow_missing,
        closest=options.closest,
        images=options.images,
        out=options.out,
    )
    found = evaluate_files.run(request, progress)
    _say(options, found.evaluation, found.comparison, found.distances)


def _say(
    options: Options,
    evaluation: Evaluation,
    comparison: Comparison | None = None,
    distances: Floats | None = None,
) -> None:
    class_names = evaluation.taxonomy.names
    if options.format == "json":
        figures = evaluation_figures(evaluation)
        if comparison is not None:
            figures["comparison"] = comparison_figures(comparison, class_names)
        if distances is not None:
            mean = float(distances.mean()) if len(distances) else None
            total = float(distances.sum())
            figures["closest"] = {
                "pairs": len(distances),
                "mean_distance_px": mean,
                "total_distance_px": total,
            }
        sys.stdout.write(json.dumps(figures, allow_nan=False, indent=1) + "\n")
        return
    sys.stdout.write(evaluation_table(evaluation))
    if distances is not None and len(distances):
        mean = float(distances.mean())
        sys.stdout.write(
            f"Closest pairs: {len(distances)} hits, {mean:.2f} px from their points.\n"
        )
    if comparison is not None:
        sys.stdout.write("\n" + comparison_table(comparison, class_names))


SUBCOMMAND = Subcommand("evaluate", "cells + points -> scores", _LONG, _add_options, _run, _MORE)
