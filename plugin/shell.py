"""The shell's front door: the command ``patherea`` for people at a terminal.

It runs the same commands as the container's front door, and its failures read and count the same.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin import logs
from plugin.__main__ import guarded, hide_secrets
from plugin.descriptions import joined
from plugin.progress import StopSignal, TerminalProgress
from plugin.shell_parser import shell_parser

Options = argparse.Namespace


def main(words: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    logs.set_up()
    given = joined(list(sys.argv[1:] if words is None else words))
    hide_secrets(given, ("--token",))
    return guarded(lambda: _run(given))


def _run(words: list[str]) -> int:
    options = shell_parser().parse_args(words)
    if options.command in _SERVICES:
        return _SERVICES[options.command](options)
    with TerminalProgress(options.command, StopSignal().install()) as progress:
        _COMMANDS[options.command](options, progress)
    return 0


def _export(options: Options, progress: Progress) -> None:
    from plugin.commands import export_dataset

    request = export_dataset.ExportRequest(
        api_url=options.api_url,
        token=_token(options),
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


def _train(options: Options, progress: Progress) -> None:
    from plugin.commands import train_detector

    request = train_detector.TrainRequest(
        dataset=options.dataset,
        out=options.out,
        recipe=options.recipe,
        epochs=options.epochs,
        device=options.device,
        seed=options.seed,
        resume=options.resume,
        fold=options.fold,
    )
    train_detector.run(request, progress)


def _detect(options: Options, progress: Progress) -> None:
    if options.item:
        _detect_on_item(options, progress)
        return
    if not options.inputs or options.out is None:
        raise InputError("give an INPUT and --out FILE, or --api-url and --item; see --help")
    model = _model(options)
    from plugin.commands import detect_cells

    request = detect_cells.DetectRequest(
        inputs=tuple(options.inputs),
        out=options.out,
        model=model,
        region=options.roi,
        mpp=options.mpp,
        tile_size=options.tile_size,
        threshold=options.threshold,
        device=options.device,
        name=options.name,
        classes=options.classes,
    )
    detect_cells.run(request, progress)


def _detect_on_item(options: Options, progress: Progress) -> None:
    if options.inputs or options.out is not None:
        raise InputError("give either INPUT and --out, or --api-url and --item; see --help")
    model = _model(options)
    from plugin.commands import detect_cells, detect_on_item

    request = detect_on_item.DetectOnItemRequest(
        api_url=_address(options),
        token=_token(options),
        item_id=options.item,
        model=model,
        mpp=options.mpp,
        device=options.device,
        classes=options.classes,
        settings=detect_cells.DetectSettings(
            name=options.name,
            region=options.roi,
            tile_size=options.tile_size,
            threshold=options.threshold,
        ),
    )
    detect_on_item.run(request, progress)


def _evaluate(options: Options, progress: Progress) -> None:
    from plugin.commands import evaluate_detections as command

    request: command.EvaluateFilesRequest | command.EvaluateAnnotationsRequest
    if options.item:
        request = command.EvaluateAnnotationsRequest(
            api_url=_address(options),
            token=_token(options),
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
    elif options.detections and options.points:
        request = command.EvaluateFilesRequest(
            detections=Path(options.detections),
            points=Path(options.points),
            radius=options.radius,
            classes=options.classes,
            mpp=options.mpp,
            seed=options.seed,
        )
    else:
        raise InputError("give --detections FILE and --points FILE, or --api-url and --item")
    evaluation = command.run(request, progress)
    as_json = options.format == "json"
    sys.stdout.write(
        json.dumps(evaluation.to_dict(), indent=1) + "\n" if as_json else evaluation.table()
    )


def _sandbox(options: Options) -> int:
    from plugin.sandbox.server import serve

    serve(data=options.data, port=options.port)
    return 0


def _demo(options: Options) -> int:
    from plugin.sandbox.demo import DemoRequest, run_demo

    return run_demo(
        DemoRequest(
            headless=options.headless,
            images=options.images,
            data=options.data,
            out=options.out,
            mpp=options.mpp,
            seed=options.seed,
            epochs=options.epochs,
        )
    )


_COMMANDS: Mapping[str, Callable[[Options, Progress], None]] = {
    "export": _export,
    "train": _train,
    "detect": _detect,
    "evaluate": _evaluate,
}
_SERVICES: Mapping[str, Callable[[Options], int]] = {"sandbox": _sandbox, "demo": _demo}


def _model(options: Options) -> Path:
    if not options.model:
        raise InputError("no model comes with this version; train one and name it with --model")
    path = Path(options.model)
    if not path.exists():
        raise InputError(f"there is no model {options.model!r}; give the path of a model bundle")
    return path


def _token(options: Options) -> str:
    if not options.token:
        raise InputError("give --token, or set the environment variable PATHEREA_TOKEN")
    return str(options.token)


def _address(options: Options) -> str:
    if not options.api_url:
        raise InputError("--item needs --api-url, the archive's address")
    return str(options.api_url)
