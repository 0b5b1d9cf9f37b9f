"""``patherea doctor``: whether a slide, or this machine, will do; before hours of work on it."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.shell.parser import Options, Subcommand

_LONG = """\
patherea doctor SLIDE...: look whether slides can be read and suit a model, before hours of work on them:
pixel size, file, channels, tissue, stain, colours and focus. patherea doctor alone looks at the machine:
packages, GPU, memory, disks, slide readers and models; with --model it verifies that one. Nothing is
changed."""

_MORE = """\
PASS: it will do. WARN: results may be worse, or slower. FAIL: they would be wrong, or there would be none.
Exit code: 0 without a FAIL, 1 with one, 2 if the words make no sense. With 0 and 1 the report is on
standard output."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("inputs", metavar="SLIDE", type=Path, nargs="*", help="slides, images, or folders of them")
    add(
        "--model",
        metavar="NAME|PATH",
        help="the model that is to work on them; alone, the one to verify",
    )
    add("--mpp", metavar="UM", type=float, help="micrometres per pixel, for slides that do not say")
    add("--format", choices=("table", "json"), default="table", help="(default: table)")


def _run(options: Options, progress: Progress) -> None:
    if options.inputs:
        _examine_slides(options, progress)
    else:
        _examine_machine(options)


def _examine_slides(options: Options, progress: Progress) -> None:
    from plugin.commands import examine_slide as command
    from plugin.models.finding import find_model

    model = None if options.model is None else find_model(options.model)
    found = command.run(command.ExamineRequest(tuple(options.inputs), model, options.mpp), progress)
    if options.format == "json":
        _say_json({"slides": [one.to_dict() for one in found]})
    else:
        sys.stdout.write(command.table(found))
    command.require_fit([check for one in found for check in one.checks], "the slides")


def _examine_machine(options: Options) -> None:
    from plugin.commands import examine_machine
    from plugin.commands.examine_slide import check_lines, require_fit
    from plugin.models.finding import find_model

    if options.mpp is not None:
        raise InputError("--mpp is of slides; name some, or leave it out")
    model = None if options.model is None else find_model(options.model)
    checks = examine_machine.run(model)
    if options.format == "json":
        _say_json({"machine": [check.to_dict() for check in checks]})
    else:
        sys.stdout.write("\n".join(check_lines(checks)) + "\n")
    require_fit(checks, "the machine")


def _say_json(what: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(what, ensure_ascii=False, indent=1) + "\n")


SUBCOMMAND = Subcommand(
    "doctor", "look whether slides or this machine will do", _LONG, _add_options, _run, _MORE
)
