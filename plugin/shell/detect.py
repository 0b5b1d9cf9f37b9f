"""``patherea detect``: a model finds cells on slides."""

import argparse
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from patherea_core.regions import Outline
from plugin.class_thresholds import parse_class_thresholds
from plugin.many.board import DEFAULT_RETRIES
from plugin.many.naming import PLACE, names_each_slide
from plugin.models.finding import DEFAULT_MODEL, find_model
from plugin.region_text import parse_region
from plugin.shell.detect_item import add_annotations, require_no_annotations, run_on_item
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_archive,
    add_backbone_weights,
    add_device,
    names,
)

_LONG = """\
Detect cells on slides, plain images, folders or lists of them, or (with --api-url and --item) on a slide
in the archive, which gets them as a new annotation. Positions are pixels at full resolution.

A run that was stopped or killed is gone on with by the same command. One that has ended is not done again
as long as its results are there; FILE.run.json says what it rests on."""

_MORE = """\
The ending of FILE decides its form.
  any number of slides:  .csv, .parquet (image, x, y, class, score), .geojson, .geojson.gz, .geojson.zip
                         (QuPath reads the first and the last)
  one slide:             .json or .anot (annotation of the archive), .points.parquet (SpatialData),
                         .density.tif (cells per mm², a pyramid), .overlay.png (a picture),
                         .tissue.geojson, .tissue.anot (the outline of the tissue)

{slide} in FILE, as in --out 'results/{slide}.csv', gives each slide files of its own. Several are then
worked on at once, one that fails does not stop the others, and a table says what has become of each:
see docs/many-slides.md."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "inputs",
        metavar="INPUT",
        type=Path,
        nargs="*",
        help="slide, plain image, folder of them, or list: .txt with a path on each line, .csv with a column"
        " slide and perhaps one mpp",
    )
    add(
        "--out",
        metavar="FILE",
        type=Path,
        action="append",
        help="the file of results; see below; may be given several times",
    )
    add(
        "--model",
        metavar="NAME|PATH",
        help=f"a model of `patherea models list`, or a bundle (default: {DEFAULT_MODEL})",
    )
    add_backbone_weights(parser, "for a model that holds its trained part only")
    add(
        "--roi",
        metavar="X,Y,W,H|FILE",
        type=_region,
        help="where to look, in pixels of the slide: a rectangle, corners of a polygon, or .geojson",
    )
    add(
        "--mpp",
        metavar="UM",
        type=float,
        help="pixel size, for files that do not say; goes before what a slide says",
    )
    add("--everywhere", action="store_true", help="look where there is no tissue as well")
    add("--tile-size", metavar="N", type=int, help="side of a tile, in the model's pixels")
    _add_thresholds(parser)
    add("--classes", type=names, default=(), help="refuse a model with other classes than these")
    add("--name", default="Cells", help="what an annotation is called (default: Cells)")
    add_device(parser)
    _add_arithmetic(parser)
    _add_many(parser)
    add_archive(parser, item=True)
    add_annotations(parser)


def _add_thresholds(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--threshold", metavar="T", type=float, help="least score (default: the model's)")
    add(
        "--class-thresholds",
        metavar="CLASS=T,…",
        type=parse_class_thresholds,
        default={},
        help="least score of single classes, as in positive=0.4,negative=0.3",
    )


def _add_arithmetic(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--runtime",
        choices=("auto", "eager", "compile", "onnx", "openvino"),
        default="auto",
        help="what runs the network; see docs/runtimes.md (default: auto)",
    )
    add(
        "--precision",
        choices=("auto", "32-true", "bf16-mixed"),
        default="auto",
        help="bf16-mixed is twice as fast on many processors (default: auto, 32 bits on a processor)",
    )


def _add_many(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("many slides, with {slide} in FILE")
    add = group.add_argument
    add(
        "--scheduler",
        metavar="ADDRESS|FILE",
        help="of a dask cluster, as in tcp://host:8786 (default: workers on this machine)",
    )
    add(
        "--workers",
        metavar="N",
        type=int,
        help="on this machine (default: one for each GPU, otherwise one)",
    )
    add(
        "--retries",
        metavar="N",
        type=int,
        help="how often to try a slide again that could not be read, or whose worker died (default:"
        f" {DEFAULT_RETRIES})",
    )
    add(
        "--summary",
        metavar="FILE",
        type=Path,
        help="the table of all slides (default: slides.csv beside the results)",
    )


def _region(text: str) -> Outline | None:
    """Return the outline of a region, or all of those in a file, holes included."""
    if not text.lower().endswith((".geojson", ".json")):
        return parse_region(text)
    from plugin.readers.regions import read_regions

    found = read_regions(Path(text))
    if len(found) > 1:
        raise InputError(f"{text} has regions of {len(found)} images; give a file for each slide")
    return next(iter(found.values()))


def _run(options: Options, progress: Progress) -> None:
    if options.item:
        _run_on_item(options, progress)
    else:
        _run_on_files(options, progress)


def _run_on_files(options: Options, progress: Progress) -> None:
    if not options.inputs or not options.out:
        raise InputError("give an INPUT and --out FILE, or --api-url and --item; see --help")
    require_no_annotations(options)
    many = names_each_slide(options.out)
    if not many:
        _require_none_of_many(options)
    model = find_model(options.model)
    from plugin.commands import detect_cells
    from plugin.commands.detect_request import DetectRequest

    request = DetectRequest(
        inputs=tuple(options.inputs),
        out=options.out[0],
        also=tuple(options.out[1:]),
        model=model,
        backbone_weights=options.backbone_weights,
        region=options.roi,
        mpp=options.mpp,
        tile_size=options.tile_size,
        threshold=options.threshold,
        class_thresholds=options.class_thresholds,
        device=options.device,
        name=options.name,
        classes=options.classes,
        everywhere=options.everywhere,
        runtime=options.runtime,
        precision=None if options.precision == "auto" else options.precision,
    )
    if not many:
        detect_cells.run(request, progress)
        return
    from plugin.commands import detect_many

    on_each = detect_many.DetectManyRequest(
        each=request,
        scheduler=options.scheduler,
        workers=options.workers,
        retries=DEFAULT_RETRIES if options.retries is None else options.retries,
        summary=options.summary,
    )
    detect_many.run(on_each, progress)


def _require_none_of_many(options: Options) -> None:
    for option in ("scheduler", "workers", "retries", "summary"):
        if getattr(options, option) is not None:
            raise InputError(
                f"--{option} is for results of each slide of many; write {PLACE} into their names, as in"
                f" --out '{PLACE}.csv', or leave --{option} out"
            )


def _run_on_item(options: Options, progress: Progress) -> None:
    if options.inputs or options.out is not None:
        raise InputError("give either INPUT and --out, or --api-url and --item; see --help")
    _require_none_of_many(options)
    run_on_item(options, progress)


SUBCOMMAND = Subcommand("detect", "model + slide -> cells", _LONG, _add_options, _run, _MORE)
