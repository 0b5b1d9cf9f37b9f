"""Suggest regions: where on a slide labels or a review would teach the model most."""

import json
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import shapely

from patherea_core.checkpoint import load_bundle
from patherea_core.errors import InputError, SlideError
from patherea_core.files import require_writable, write_whole
from patherea_core.geometry import Scale
from patherea_core.progress import Part, Progress
from patherea_core.regions import Outline
from patherea_core.slides import SlideReader
from patherea_core.workflow.detection.plan import Plan
from patherea_core.workflow.predict import Detector
from plugin import provenance
from plugin.commands.slide_plan import DetectSettings, slide_plan
from plugin.dsa.items import download_slide, slide_to_annotate
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import Session, connect
from plugin.slides.reader import open_slide
from plugin.slides.tissue import tissue_outline
from plugin.suggestion.looking import Look, looked_at
from plugin.suggestion.merit import Weights
from plugin.suggestion.suggested import (
    EXPLANATION,
    Suggestion,
    figures,
    free_fields,
    suggestions,
    suggestions_annotation,
    tiles_on,
)
from plugin.suggestion.taken import labelled_outlines

log = logging.getLogger(__name__)

#: Endings of a file that holds an annotation of the archive.
_ENDINGS = (".anot", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestRequest:
    """On which slide to suggest regions, and how.

    Attributes:
        model: a model bundle, file or folder.
        slide: a file; None for a slide of an archive.
        out: where the annotation goes; None for a slide of an archive, to which it is added.
        api_url: the archive's REST interface.
        token: of the archive.
        item_id: the slide, by the id of its item or of its image file.
        count: how many regions, at the most.
        side_um: of a region; rounded up to what the network's grid allows.
        weights: of the signs.
        settings: where to look, and from which probability on a cell is one.
        report: where the reasons go, as JSON.
        backbone_weights: the backbone's pretrained weights, for a bundle that leaves them out.
        mpp: micrometres per base pixel, for a slide that does not say.
        device: auto, cpu or cuda.
    """

    model: Path
    slide: Path | None = None
    out: Path | None = None
    api_url: str = ""
    token: str = ""
    item_id: str = ""
    count: int = 10
    side_um: float = 200.0
    weights: Weights = field(default_factory=Weights)
    settings: DetectSettings = field(
        default_factory=lambda: DetectSettings(name="Suggested regions")
    )
    report: Path | None = None
    backbone_weights: Path | Literal["hub"] | None = None
    mpp: float | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.slide is not None and self.out is None:
            raise InputError("say with --out where the suggested regions go")
        if self.out is not None and self.out.suffix.lower() not in _ENDINGS:
            raise InputError(
                f"suggested regions are an annotation, so {self.out.name!r} must end in one of"
                f" {', '.join(_ENDINGS)}"
            )
        if self.count < 1 or not self.side_um > 0:
            raise InputError(
                "suggest at least one region, and regions with a side; not"
                f" {self.count} of {self.side_um:g} micrometres"
            )


@dataclass(frozen=True, slots=True, eq=False)
class SuggestedSlide:
    """What was suggested.

    Attributes:
        slide: its name.
        found: the best first.
        scale: of the slide and the model.
        fields: how many fields were looked at.
        taken: how many of them have labels already.
    """

    slide: str
    found: tuple[Suggestion, ...]
    scale: Scale
    fields: int
    taken: int


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """A slide that is open, what is labelled on it, and the archive that it lies in, if it does."""

    reader: SlideReader
    labelled: Sequence[Outline]
    session: Session | None = None
    item_id: str = ""


def run(request: SuggestRequest, progress: Progress) -> SuggestedSlide:
    """Suggest as requested, and write the regions to the file or to the archive.

    Raises:
        InputError: the slide, the model or a setting cannot serve, or everything is labelled.
        SlideError: the slide cannot be read.
        OutputError: a result cannot be written.
        ArchiveError: the archive does not answer.
    """
    for path in (request.out, request.report):
        if path is not None:
            require_writable(path)
    detector = Detector.load(load_bundle(request.model), request.device, request.backbone_weights)
    with _source(request) as source:
        found = _suggested(source, detector, request, Part(progress, 0.0, 0.95))
        _write(found, source, detector, request)
    progress.advance(1.0, f"{len(found.found)} regions")
    return found


@contextmanager
def _source(request: SuggestRequest) -> Iterator[_Source]:
    if request.slide is not None:
        yield _Source(open_slide(request.slide, request.mpp), ())
        return
    session = connect(request.api_url, request.token)
    slide = slide_to_annotate(session, request.item_id)
    labelled = labelled_outlines(session, slide.id)
    with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
        path = download_slide(session, slide, Path(scratch))
        reader = open_slide(path, request.mpp, slide.name)
        yield _Source(reader, labelled, session, slide.id)


def _suggested(
    source: _Source, detector: Detector, request: SuggestRequest, progress: Progress
) -> SuggestedSlide:
    card, name = detector.card, source.reader.name
    side = max(1, round(request.side_um / card.mpp))
    settings = DetectSettings(
        name=request.settings.name,
        region=request.settings.region,
        tile_size=side,
        threshold=request.settings.threshold,
        everywhere=request.settings.everywhere,
    )
    plan = slide_plan(source.reader, detector, settings).plan
    if not settings.everywhere:
        plan = _on_tissue(plan, source.reader)
    look = Look.of(detector, plan)
    fields = list(looked_at(look, source.reader, plan, progress))
    if all(one.other_cells is None for one in fields):
        log.warning("the network has one head only, so nothing is known of a disagreement")
    free = free_fields(fields, source.labelled, plan.scale)
    if not free:
        raise InputError(
            f"every field of slide {name!r} has labels already; take a smaller --side, or another slide"
        )
    found = suggestions(free, len(card.taxonomy), look.radius, request.weights, request.count)
    return SuggestedSlide(name, found, plan.scale, len(fields), len(fields) - len(free))


def _on_tissue(plan: Plan, slide: SlideReader) -> Plan:
    """Return a plan without the fields on glass; however little there is to look at, nobody labels those."""
    try:
        tissue = tissue_outline(slide) or shapely.MultiPolygon()
    except SlideError:
        return plan  # a slide without an overview: the plan has told so where it matters
    tiles = tiles_on(plan.tiles, tissue, plan.scale)
    if plan.tiles and not tiles:
        raise InputError(
            f"slide {slide.name!r} shows no tissue there; choose another --roi, or look all the same with"
            " --everywhere"
        )
    return replace(plan, tiles=tiles, batches=())


def _write(
    found: SuggestedSlide, source: _Source, detector: Detector, request: SuggestRequest
) -> None:
    run_id, card = provenance.new_run_id(), detector.card
    facts: dict[str, Any] = {
        "slide": found.slide,
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "model": {"name": card.name, "weights_sha256": card.weights_sha256},
        "weights": dict(request.weights.named),
        "fields": found.fields,
        "labelled_fields": found.taken,
    }
    document = suggestions_annotation(
        found.found, found.scale, f"{request.settings.name} {run_id}", run_id, facts
    )
    if request.out is not None:
        write_whole(request.out, _text(document))
    elif source.session is not None:
        post_annotation(source.session, source.item_id, document)
        log.info("%s regions on %s as %r", len(found.found), found.slide, document["name"])
    if request.report is not None:
        regions = [figures(one, number) for number, one in enumerate(found.found, start=1)]
        report = {**facts, "run": run_id, "explanation": EXPLANATION, "regions": regions}
        write_whole(request.report, _text(report))


def _text(value: Any) -> bytes:  # noqa: ANN401  any JSON value
    return json.dumps(value, allow_nan=False, indent=1).encode("ascii")
