"""``patherea models``: which models there are, what is known of one, and whether it can be trusted."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from patherea_core.bundle_file import is_backbone
from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.models.finding import DEFAULT_MODEL, FOLDER_VARIABLE, find_model
from plugin.shell.parser import Options, Subcommand, add_backbone_weights, add_words, words

_LONG = f"""\
patherea models list: the models that come with Patherea, and those in the folder that the environment
variable {FOLDER_VARIABLE} names. patherea models foundations: the published foundation models that a
training can start from, their terms, and where to get them. patherea models show, verify, describe or
export NAME takes a model by name, or the path of a model bundle: a .safetensors file, or a folder with
model.safetensors in it."""

_MORE = """\
Exit code of verify: 0 if the model can be used (notes on what its card does not say do not count), 1 if
not, 2 if there is no such model or it is none. With 0 and 1 the report is on standard output."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_list(actions.add_parser("list", help="the models that can be called by name"))
    _add_foundations(
        actions.add_parser(
            "foundations", help="the foundation models that a training can start from"
        )
    )
    _add_show(
        actions.add_parser("show", help="what is known of a model, or of weights of a backbone")
    )
    _add_verify(actions.add_parser("verify", help="whether a model is whole and works"))
    _add_describe(actions.add_parser("describe", help="say more on a model's card"))
    _add_export(actions.add_parser("export", help="a model in ONNX, with its decoding"))


def _add_list(parser: argparse.ArgumentParser) -> None:
    _add_format(parser, "table", "json")
    parser.set_defaults(act=_list)


def _add_foundations(parser: argparse.ArgumentParser) -> None:
    _add_format(parser, "table", "json")
    parser.set_defaults(act=_foundations)


def _add_show(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    _add_format(parser, "table", "json", "markdown", "html")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="new folder for weights, card and card in words"
    )
    parser.set_defaults(act=_show)


def _add_verify(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    add_backbone_weights(parser, "for a model that holds its trained part only")
    parser.set_defaults(act=_verify)


def _add_describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="NAME|PATH", help="the model")
    parser.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="the described model"
    )
    add_words(parser)
    parser.set_defaults(act=_describe)


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_model(parser)
    parser.add_argument(
        "--out", metavar="FILE.onnx", type=Path, required=True, help="the ONNX file"
    )
    parser.add_argument(
        "--tile-size",
        metavar="N",
        type=int,
        help="side of the tiles in working pixels, the only one it takes; a vision transformer needs it",
    )
    add_backbone_weights(parser, "for a model that holds its trained part only")
    parser.set_defaults(act=_export)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="NAME|PATH", nargs="?", help=f"the model (default: {DEFAULT_MODEL})"
    )


def _add_format(parser: argparse.ArgumentParser, *forms: str) -> None:
    parser.add_argument("--format", choices=forms, default=forms[0], help=f"(default: {forms[0]})")


def _run(options: Options, _progress: Progress) -> None:
    act: Callable[[Options], None] = options.act
    act(options)


def _list(options: Options) -> None:
    from plugin.commands import list_models as command

    found = command.run()
    if options.format == "json":
        _say_json([model.to_dict() for model in found])
    else:
        sys.stdout.write(command.table(found))


def _foundations(options: Options) -> None:
    from plugin.commands import list_foundations as command

    found = command.run()
    if options.format == "json":
        _say_json([command.to_dict(one) for one in found])
    else:
        sys.stdout.write(command.table(found))


def _show(options: Options) -> None:
    model = find_model(options.model)
    if is_backbone(model):
        _show_backbone(options, model)
        return
    from plugin.commands import show_model as command
    from plugin.outputs.model_card import card_page, card_words

    card = command.run(command.ShowRequest(model, options.out))
    if options.format == "json":
        _say_json(card.model_dump(mode="json"))
    elif options.format == "table":
        sys.stdout.write(card_words(card))
    else:
        sys.stdout.write(card_page(card, options.format))


def _show_backbone(options: Options, path: Path) -> None:
    from plugin.commands import show_backbone as command
    from plugin.outputs.backbone_card import backbone_words

    card = command.run(path, options.out)
    if options.format not in ("table", "json"):
        raise InputError(
            f"{path} is the weights of a backbone, whose card is no page: take --format table or json"
        )
    if options.format == "json":
        _say_json(card.model_dump(mode="json"))
    else:
        sys.stdout.write(backbone_words(card))


def _verify(options: Options) -> None:
    model = find_model(options.model)  # before torch is loaded, which takes seconds
    from plugin.commands import verify_model as command

    request = command.VerifyRequest(model, options.backbone_weights)
    checks = command.run(request)
    sys.stdout.write(command.table(checks))
    command.require_sound(checks)


def _describe(options: Options) -> None:
    model, said = find_model(options.model), words(options)  # before torch is loaded
    from plugin.commands import describe_model as command

    request = command.DescribeRequest(model, said, options.out)
    command.run(request)


def _export(options: Options) -> None:
    model = find_model(options.model)  # before torch is loaded
    from plugin.commands import export_model as command

    request = command.ExportRequest(model, options.out, options.tile_size, options.backbone_weights)
    command.run(request)


def _say_json(what: object) -> None:
    sys.stdout.write(json.dumps(what, allow_nan=False, ensure_ascii=False, indent=1) + "\n")


SUBCOMMAND = Subcommand(
    "models", "list, show, verify and export models", _LONG, _add_options, _run, _MORE
)
