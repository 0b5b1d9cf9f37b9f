"""Make a file of backbone weights with timm's names of a published file in another layout.

The files are not downloaded: get them from their authors, under their terms. The result serves wherever
a training asks for the weights of a backbone; its terms and origin stand in it.
"""

import argparse
import sys
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.files import require_writable
from patherea_core.model.weight_files import BackboneCard, write_backbone_file
from training.converters.registry import CONVERTERS, read_weights


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what to convert, from where, and where to."""
    add = parser.add_argument
    add("name", metavar="NAME", help=f"the layout: {', '.join(CONVERTERS)}")
    add("--source", metavar="FILE", type=Path, required=True, help="the published file")
    add("--out", metavar="FILE", type=Path, required=True, help="the safetensors file to write")


def run(options: argparse.Namespace) -> int:
    """Convert the file, say what it holds, and return the exit code."""
    if options.out.suffix != ".safetensors":
        raise InputError(f"--out must end in .safetensors, not {options.out.name!r}")
    require_writable(options.out)
    state, card = read_weights(options.name, options.source)
    write_backbone_file(options.out, state, card)
    numbers = sum(tensor.numel() for tensor in state.values())
    sys.stdout.write(summary(card, numbers))
    return 0


def summary(card: BackboneCard, numbers: int) -> str:
    """Return what a person must know to use the file."""
    network: dict[str, object] = {"backbone": card.architecture}
    if card.backbone_options:
        network["backbone_options"] = card.backbone_options
    if card.folded_norm:
        network["frozen_norm"] = True
    settings = ", ".join(f"{name} = {value!r}" for name, value in network.items())
    return (
        f"{numbers / 1e6:.1f} million numbers, without {', '.join(card.absent) or 'nothing'}\n"
        f"settings: {settings}\nlicence: {card.licence}\norigin: {card.origin}\n"
    )
