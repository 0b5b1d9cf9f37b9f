"""Detect cells in a job that the archive started: by files alone, or with the archive's token as well.

By files the archive takes in one annotation, which needs no token. Several (classes apart, a map of the
density, more cells than one annotation should hold) can only be posted, which needs the token and the id of
the slide. The page fills in both. But in a batch the id stays that of the slide on the screen while the file
is another one, so the two are compared, and what does not belong together is never posted.
"""

import logging
from dataclasses import dataclass, replace

from patherea_core.errors import ArchiveError, InputError
from patherea_core.progress import Progress
from plugin.commands import detect_cells, detect_on_item
from plugin.commands.detect_on_item import DetectOnItemRequest, LocalFiles
from plugin.commands.detect_request import DetectRequest
from plugin.dsa.items import SlideItem, may_add_to, slide_named
from plugin.dsa.session import Session, connect
from plugin.outputs.arrangement import ONE, Arrangement

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """What a job is asked to do.

    Attributes:
        files: the same as a detection on files; it has one input.
        arrangement: which annotations the cells become.
        viewer: whether the viewer's settings of the slide's folder get the classes, if that is allowed.
        api_url: the archive's REST interface; empty if it is not known.
        token: of the archive; empty if there is none.
        slide_id: the slide, by the id of its item or of its image file; empty if it is not known.
    """

    files: DetectRequest
    arrangement: Arrangement = ONE
    viewer: bool = False
    api_url: str = ""
    token: str = ""
    slide_id: str = ""


def run(request: JobRequest, progress: Progress) -> None:
    """Detect as requested.

    Raises:
        InputError: the slide, the model or a setting cannot serve.
        IncompleteError: a part of the slide could not be read.
        ArchiveError: the archive does not answer, or not any more.
        OutputError: a result cannot be written.
        Cancelled: the progress asked to stop.
    """
    obstacle = _obstacle(request)
    if obstacle:
        if not request.arrangement.is_one or request.viewer:
            log.warning(
                "all cells become one annotation, without a map or settings of the viewer: %s",
                obstacle,
            )
        detect_cells.run(request.files, progress)
        return
    detect_on_item.run(_on_item(request), progress)


def _obstacle(request: JobRequest) -> str:
    """Return why nothing can be posted; nothing if it can."""
    if not (request.api_url and request.token):
        return "the archive gave no address and token (girderApiUrl, girderToken)"
    if not request.slide_id:
        return "it is not known which slide of the archive this is (slideInArchive)"
    try:
        session = connect(request.api_url, request.token)
        slide = slide_named(session, request.slide_id)
        return _mismatch(session, slide, request)
    except (ArchiveError, InputError) as error:
        return str(error)


def _mismatch(session: Session, slide: SlideItem, request: JobRequest) -> str:
    (path,) = request.files.inputs
    files = session.pages(f"item/{slide.id}/files")
    (known,) = [one for one in files if one["_id"] == slide.file_id] or [{}]
    size = path.stat().st_size if path.is_file() else None
    if (known.get("name"), known.get("size")) != (path.name, size):
        return f"slideInArchive is {slide.name!r}, but the job is about {path.name!r}, as happens in a batch"
    if not may_add_to(session, slide):
        return f"you may not write to slide {slide.name!r}"
    return ""


def _on_item(request: JobRequest) -> DetectOnItemRequest:
    files = request.files
    (path,) = files.inputs
    return DetectOnItemRequest(
        api_url=request.api_url,
        token=request.token,
        item_id=request.slide_id,
        model=files.model,
        backbone_weights=files.backbone_weights,
        settings=replace(files.settings, outlined=files.tissue is not None),
        arrangement=request.arrangement,
        viewer=request.viewer,
        mpp=files.mpp,
        device=files.device,
        classes=files.classes,
        runtime=files.runtime,
        precision=files.precision,
        local=LocalFiles(slide=path, annotation=files.out, table=files.table),
    )
