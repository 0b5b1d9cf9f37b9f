"""From the words that the archive passes to DetectCells to its typed request."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from plugin.class_thresholds import parse_class_thresholds
from plugin.commands.detect_in_job import JobRequest
from plugin.commands.detect_request import DetectRequest
from plugin.models.finding import find_model
from plugin.outputs.arrangement import Arrangement, DensityForm
from plugin.region_text import parse_region
from plugin.values import Values, needed, path, unless_zero

_DENSITIES: Mapping[str, DensityForm | Literal["auto"] | None] = {
    "auto": "auto",
    "none": None,
    "heat map": "heat map",
    "grid": "grid",
}


def job_request(values: Values) -> JobRequest:
    """Return what the job is to do.

    Raises:
        InputError: the words do not fit the command.
    """
    return JobRequest(
        files=_files(values),
        arrangement=Arrangement(
            per_class=values["annotations"] == "per class",
            sure_from=unless_zero(values["sureThreshold"]),
            density=_DENSITIES[values["densityMap"]],
        ),
        viewer=values["prepareViewer"],
        api_url=values["girderApiUrl"],
        token=values["girderToken"],
        slide_id=values["slideInArchive"] or "",
    )


def _files(values: Values) -> DetectRequest:
    return DetectRequest(
        inputs=(Path(values["inputImageFile"]),),
        out=Path(needed(values, "outputAnnotationFile")),
        form=".anot",
        table=path(values, "outputTableFile"),
        model=path(values, "inputModelFile") or find_model(None),
        backbone_weights=path(values, "inputBackboneFile"),
        region=parse_region(values["roi"]),
        mpp=unless_zero(values["mpp"]),
        tile_size=unless_zero(values["tileSize"]),
        threshold=unless_zero(values["scoreThreshold"]),
        class_thresholds=parse_class_thresholds(values["classThresholds"]),
        device=values["device"],
        name=values["annotationName"].strip() or "Cells",
        everywhere=values["everywhere"],
        runtime=values["runtime"],
        precision=None if values["precision"] == "auto" else values["precision"],
        tissue=_tissue(values),
    )


def _tissue(values: Values) -> Path | None:
    """Return where the tissue is outlined; the archive names a file even where nobody asks for it."""
    if not values["tissueOutline"]:
        return None
    return Path(needed(values, "outputTissueAnnotationFile"))
