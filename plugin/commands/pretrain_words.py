"""What the card of a backbone says of its pretraining, and the words that pretrain the same again."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.pretraining.tile_source import TileSource
from plugin import provenance
from plugin.commands.pretrain_request import BackboneRequest, FilesRequest
from plugin.pretraining.settings_choice import SettingsWishes, option_of


def provenance_of(source: TileSource, command: Sequence[str]) -> dict[str, Any]:
    """Return what the card of a backbone says of how it came about, given its tiles and the words for it."""
    return {
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "tiles": source.describe(),
        "command": shlex.join(command),
    }


def words_from_files(request: FilesRequest, config: PretrainingConfig) -> list[str]:
    """Return the words that pretrain the same backbone again, without the folders of this machine."""
    words = ["patherea", "pretrain", *(path.name for path in request.sources)]
    if request.slide_mpp is not None:
        words += ["--slide-mpp", str(request.slide_mpp)]
    for fold in request.without_folds:
        words += ["--without-fold", fold]
    return [*words, *words_of(request.backbone, config)]


def words_of(request: BackboneRequest, config: PretrainingConfig) -> list[str]:
    """Return the options that pretrain the same backbone again, wherever the tiles come from.

    Settings that nobody said are among them, since what is usual may change.
    """
    words = ["--out", request.out.name]
    for name in SettingsWishes.__dataclass_fields__:
        if (value := getattr(config, name)) is not None:
            words += [option_of(name), str(value)]
    if request.devices != 1:
        words += ["--devices", str(request.devices)]
    if request.initial_weights is not None:
        words += ["--initial-weights", Path(request.initial_weights).name]
    for name in request.accepted_licences:
        words += ["--accept-licence", name]
    if request.licence is not None:
        words += ["--licence", request.licence]
    return [*words, "--seed", str(request.seed)]
