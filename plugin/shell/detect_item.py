"""``patherea detect --item``: on a slide of the archive, and which annotations the cells become."""

import argparse
from collections.abc import Mapping
from typing import Literal

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin.models.finding import find_model
from plugin.outputs.arrangement import Arrangement, DensityForm
from plugin.shell.parser import Options, address, token

_DENSITIES: Mapping[str | None, DensityForm | Literal["auto"] | None] = {
    None: "auto",
    "none": None,
    "heat-map": "heat map",
    "grid": "grid",
}

#: What each option is called, and what does the same for files, where there is such a thing.
_FOR_FILES = {
    "per_class": "",
    "sure_from": "",
    "density": "; of files, name one in .density.tif",
    "prepare_viewer": "",
    "tissue_outline": "; of files, name one in .tissue.geojson",
}


def add_annotations(parser: argparse.ArgumentParser) -> None:
    """Add what is added to a slide of the archive."""
    add = parser.add_argument_group("annotations, with --item").add_argument
    add("--per-class", action="store_true", help="an annotation for each class")
    add(
        "--sure-from",
        metavar="T",
        type=float,
        help="cells with a lower score become an annotation of their own, hidden at first",
    )
    add(
        "--density",
        choices=("none", "heat-map", "grid"),
        help="a further annotation that shows where cells are dense (default: heat-map if they are too many"
        " to be shown at once)",
    )
    add(
        "--prepare-viewer",
        action="store_true",
        help="add the classes to the groups that the viewer offers in the folder, if that is allowed",
    )
    add(
        "--tissue-outline",
        action="store_true",
        help="a further annotation with the outline of the tissue",
    )


def _arrangement(options: Options) -> Arrangement:
    return Arrangement(
        per_class=options.per_class,
        sure_from=options.sure_from,
        density=_DENSITIES[options.density],
    )


def require_no_annotations(options: Options) -> None:
    """Refuse what makes sense for a slide of the archive only.

    Raises:
        InputError: it is asked for.
    """
    for name, instead in _FOR_FILES.items():
        if getattr(options, name) not in {None, False}:
            raise InputError(f"--{name.replace('_', '-')} is for --item{instead}")


def run_on_item(options: Options, progress: Progress) -> None:
    """Detect on a slide of the archive."""
    model = find_model(options.model)
    from plugin.commands import detect_on_item
    from plugin.commands.slide_plan import DetectSettings

    request = detect_on_item.DetectOnItemRequest(
        api_url=address(options),
        token=token(options),
        item_id=options.item,
        model=model,
        backbone_weights=options.backbone_weights,
        mpp=options.mpp,
        device=options.device,
        classes=options.classes,
        runtime=options.runtime,
        precision=None if options.precision == "auto" else options.precision,
        arrangement=_arrangement(options),
        viewer=options.prepare_viewer,
        settings=DetectSettings(
            name=options.name,
            region=options.roi,
            tile_size=options.tile_size,
            threshold=options.threshold,
            class_thresholds=options.class_thresholds,
            everywhere=options.everywhere,
            outlined=options.tissue_outline,
        ),
    )
    detect_on_item.run(request, progress)
