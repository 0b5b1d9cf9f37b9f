"""The words that the command ``patherea`` understands, and their help."""

import argparse
import os
from pathlib import Path
from typing import Any, NoReturn

from patherea_core.errors import InputError
from plugin import provenance
from plugin.radius import Radius
from plugin.region_text import parse_region

_DESCRIPTION = """\
Cell detection in pathology, as a plugin for the Digital Slide Archive (DSA).

The loop: a pathologist outlines regions and labels every cell in them; export makes a dataset of
that, train a model, detect finds cells elsewhere, evaluate compares. Research use only."""

_EXPORT = """\
Export the annotated slides of a folder of the archive as a dataset: the regions in which every cell
is labelled, and the points in them. The dataset names the annotation, its version and the element of
every point. Nothing is written unless everything fits."""

_TRAIN = """\
Train a detector on a dataset. The run folder holds the model (model.safetensors), the curves and the
state to resume from; a run that was stopped loses at most one epoch."""

_DETECT = """\
Detect cells on slides, plain images or folders of them, or (with --api-url and --item) on a slide in
the archive, which gets them as a new annotation. Positions are pixels at full resolution."""

_DETECT_MORE = """\
The ending of FILE decides its form: .csv and .parquet (image,x,y,class,score) and .geojson (points with
image, class and score; QuPath reads it) hold any number of slides; .json is an annotation of the
archive and holds one slide."""

_EVALUATE = """\
Compare detections with a person's points: how many were found, missed, and found in vain, of each
class and of any, beside what chance would score. From files, or (with --api-url and --item) from the
annotations of a slide in the archive."""

_SANDBOX = """\
Start a Digital Slide Archive on this machine, in one process, for trying and for tests. It is no
server for production."""

_DEMO = """\
Run the whole loop on this machine: a slide with annotations in a sandbox archive, export, train,
detect, evaluate, a picture, and the address to look at."""


class _Parser(argparse.ArgumentParser):
    """A parser whose wrong usage is an exception, so that no secret is printed with it."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message}; see {self.prog} --help")


def shell_parser() -> argparse.ArgumentParser:
    """Return the parser; the name of the subcommand becomes ``command``."""
    parser = _Parser(
        prog="patherea",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=provenance.program())
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    _export(_command(commands, "export", "annotated slides of an archive -> dataset", _EXPORT))
    _train(_command(commands, "train", "dataset -> model", _TRAIN))
    _detect(_command(commands, "detect", "model + slide -> cells", _DETECT, _DETECT_MORE))
    _evaluate(_command(commands, "evaluate", "cells + points -> scores", _EVALUATE))
    _sandbox(_command(commands, "sandbox", "a small archive on this machine", _SANDBOX))
    _demo(_command(commands, "demo", "the whole loop on this machine", _DEMO))
    return parser


def _command(commands: Any, name: str, short: str, long: str, more: str = "") -> _Parser:  # noqa: ANN401
    made: _Parser = commands.add_parser(
        name,
        help=short,
        description=long,
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def _archive(parser: argparse.ArgumentParser, *, item: bool) -> None:
    group = parser.add_argument_group("archive")
    group.add_argument(
        "--api-url", metavar="URL", required=not item, help="its address, ending in /api/v1"
    )
    if item:
        group.add_argument("--item", metavar="ID", help="a slide in it, instead of files")
    group.add_argument(
        "--token",
        default=os.environ.get("PATHEREA_TOKEN"),
        help="its token; better in the environment variable PATHEREA_TOKEN, which no process list shows",
    )


def _export(parser: argparse.ArgumentParser) -> None:
    _archive(parser, item=False)
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
        help="which are labels; * any text (default: *)",
    )
    add(
        "--classes", type=_names, default=(), help="in order, parted by commas (default: all found)"
    )
    add("--mpp", metavar="UM", type=float, help="pixel size of the dataset (default: the slides')")
    add("--slide-mpp", metavar="UM", type=float, help="pixel size of slides that do not say")
    add("--tile-size", metavar="N", type=int, default=1024, help="side of an image (default: 1024)")
    add(
        "--folds", metavar="N", type=int, default=3, help="parts that share no patient (default: 3)"
    )
    add(
        "--patient-field", metavar="NAME", default="patient", help="metadata field with the patient"
    )
    _points_outside(parser)


def _train(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("dataset", metavar="DATASET", type=Path, help="a dataset: folder or .zip")
    add("--out", metavar="RUN", type=Path, required=True, help="the folder of the run")
    add("--recipe", metavar="NAME", default="small", help="small or paper (default: small)")
    add("--epochs", metavar="N", type=int, help="passes over the dataset (default: the recipe's)")
    add("--fold", metavar="N", type=int, default=0, help="kept apart for validation (default: 0)")
    add("--seed", metavar="N", type=int, default=0, help="root of all random choices (default: 0)")
    add("--resume", action="store_true", help="go on with the run in RUN")
    _device(parser)


def _detect(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "inputs",
        metavar="INPUT",
        type=Path,
        nargs="*",
        help="slide, plain image, or folder of them",
    )
    add("--out", metavar="FILE", type=Path, help="the file of results; see below")
    add("--model", metavar="NAME|PATH", help="a model bundle (.safetensors)")
    add("--roi", metavar="X,Y,W,H", type=parse_region, help="where to look, in pixels of the slide")
    add("--mpp", metavar="UM", type=float, help="pixel size of slides and images that do not say")
    add("--tile-size", metavar="N", type=int, help="side of a tile, in the model's pixels")
    add("--threshold", metavar="T", type=float, help="least score (default: the model's)")
    add("--classes", type=_names, default=(), help="refuse a model with other classes than these")
    add("--name", default="Cells", help="what an annotation is called (default: Cells)")
    _device(parser)
    _archive(parser, item=True)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--detections", metavar="FILE|NAME", default="", help="cells; in the archive: newest")
    add(
        "--points", metavar="FILE|NAME", default="", help="CSV image,x,y,class; in the archive: all"
    )
    add("--radius", metavar="R", type=Radius.parse, required=True, help="say 6px or 3um")
    add("--format", choices=("table", "json"), default="table", help="(default: table)")
    add("--mpp", metavar="UM", type=float, help="pixel size, for a radius in um")
    add("--classes", type=_names, default=(), help="in order, parted by commas")
    add("--seed", metavar="N", type=int, default=0, help="root of the chance level (default: 0)")
    _archive(parser, item=True)
    add("--figure", metavar="FILE", type=Path, help="picture of the regions, with --item")
    _points_outside(parser)


def _sandbox(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--port", metavar="N", type=int, help="(default: a free one)")
    add(
        "--data",
        metavar="DIR",
        type=Path,
        help="where it keeps its data (default: ~/.patherea/sandbox)",
    )


def _demo(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--headless", action="store_true", help="end when the loop is done")
    add("--images", metavar="DIR", type=Path, help="labelled images instead of the drawn slide")
    add("--data", metavar="DIR", type=Path, help="where the archive keeps its data")
    add("--out", metavar="DIR", type=Path, help="where the results go")
    add("--mpp", metavar="UM", type=float, help="pixel size of --images")
    add("--seed", metavar="N", type=int, default=0, help="root of all random choices (default: 0)")
    add("--epochs", metavar="N", type=int, help="passes over the dataset")


def _device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="cuda fails where there is none (default: auto)",
    )


def _points_outside(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--points-outside",
        choices=("error", "drop"),
        default="error",
        help="what to do with a point outside of every region (default: error)",
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
