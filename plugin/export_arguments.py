"""From the words of the archive's page to the request of an export."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from patherea_core.errors import InputError
from plugin.commands.export_request import ExportRequest
from plugin.dsa.label_choice import Dates
from plugin.review.naming import renaming


def page_request(values: Mapping[str, Any], address: str, token: str) -> ExportRequest:
    """Return what the page asks for; there 0 and an empty text stand for what nobody said.

    Args:
        values: of every parameter.
        address: of the archive's REST interface.
        token: of the archive.

    Raises:
        InputError: a value makes no sense.
    """
    if not (values["outputDatasetFile"] or values["outputFolder"]):
        raise InputError("--outputDatasetFile is needed, or --outputFolder; see --help")
    return ExportRequest(
        api_url=address,
        token=token,
        folder_id=values["inputFolder"],
        items=values["items"],
        subfolders=values["subfolders"],
        out=Path(values["outputDatasetFile"]) if values["outputDatasetFile"] else None,
        pack=True,
        upload_folder=values["outputFolder"] or "",
        upload_name=values["outputName"].strip(),
        annotations=values["annotations"].strip() or "*",
        authors=values["authors"],
        dates=Dates.parse(values["since"], values["until"], values["dates"]),
        annotators=values["annotators"],
        classes=values["classes"],
        mapping=dict(renaming(text) for text in values["mapping"]),
        class_place=values["classFrom"],
        points_outside=values["pointsOutside"],
        patient_field=values["patientField"].strip(),
        patient_pattern=values["patientPattern"].strip(),
        mpp=values["mpp"] or None,
        mpp_override=values["slideMpp"] or None,
        tile_size=values["tileSize"],
        folds=values["folds"] or None,
    )
