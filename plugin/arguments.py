"""From the words that the archive passes to a command, to the command's typed request.

In the archive's web page a number cannot be left empty, so 0 stands for "as the slide, the model or
the recipe says".
"""

from collections.abc import Callable, Mapping

from patherea_core.progress import Progress
from plugin import descriptions
from plugin.models.finding import find_model
from plugin.radius import Radius
from plugin.region_text import parse_region
from plugin.values import Values
from plugin.values import needed as _needed
from plugin.values import path as _path
from plugin.values import unless_zero as _unless_zero

Action = Callable[[Progress], object]


def read_action(name: str, words: list[str]) -> Action:
    """Return what a command is to do, given its words; nothing has been done yet.

    Raises:
        InputError: the words do not fit the command.
    """
    values = descriptions.read_values(name, words)
    return _ACTIONS[name](values)


def _export(values: Values) -> Action:
    from plugin.commands import export_dataset
    from plugin.export_arguments import page_request

    address, token = (_needed(values, name) for name in ("girderApiUrl", "girderToken"))
    request = page_request(values, address, token)
    return lambda progress: export_dataset.run(request, progress)


def _train(values: Values) -> Action:
    from plugin.train_arguments import read_training

    return read_training(values)


def _detect(values: Values) -> Action:
    from plugin.commands import detect_in_job
    from plugin.detect_arguments import job_request

    request = job_request(values)
    return lambda progress: detect_in_job.run(request, progress)


def _evaluate(values: Values) -> Action:
    from plugin.commands import evaluate_on_item

    request = evaluate_on_item.EvaluateOnItemRequest(
        api_url=_needed(values, "girderApiUrl"),
        token=_needed(values, "girderToken"),
        item_id=values["inputImageFile"],
        detections=values["detections"].strip(),
        points=values["annotations"].strip() or "*",
        radius=Radius.parse(values["radius"]),
        report=_path(values, "outputReportFile"),
        figure=_path(values, "outputFigureFile"),
        page=_path(values, "outputPageFile"),
        verdicts=_path(values, "outputVerdictsAnnotationFile"),
        classes=values["classes"],
        points_outside=values["pointsOutside"],
        mpp=_unless_zero(values["mpp"]),
        seed=values["seed"],
    )
    return lambda progress: evaluate_on_item.run(request, progress)


def _harvest(values: Values) -> Action:
    from plugin.commands import harvest_review
    from plugin.review.naming import renaming

    request = harvest_review.HarvestRequest(
        api_url=_needed(values, "girderApiUrl"),
        token=_needed(values, "girderToken"),
        item_id=values["inputImageFile"],
        run=values["run"].strip(),
        reviewed=values["reviewed"].strip(),
        regions=values["regions"].strip(),
        radius=Radius.parse(values["radius"]),
        assume=values["assume"],
        side_um=values["side"],
        mapping=dict(renaming(text) for text in values["mapping"]),
        labels=values["labels"].strip(),
        report=_path(values, "outputReportFile"),
        page=_path(values, "outputPageFile"),
        mpp=_unless_zero(values["mpp"]),
        seed=values["seed"],
    )
    return lambda progress: harvest_review.run_in_job(request, progress)


def _suggest(values: Values) -> Action:
    from plugin.commands import suggest_regions
    from plugin.commands.slide_plan import DetectSettings
    from plugin.suggestion.merit import Weights

    signs = {name: values[name] for name in ("disagreement", "entropy", "rarity")}
    request = suggest_regions.SuggestRequest(
        model=_path(values, "inputModelFile") or find_model(None),
        api_url=_needed(values, "girderApiUrl"),
        token=_needed(values, "girderToken"),
        item_id=values["inputImageFile"],
        count=values["count"],
        side_um=values["side"],
        weights=Weights(**signs),
        settings=DetectSettings(
            name=values["annotationName"].strip() or "Suggested regions",
            region=parse_region(values["roi"]),
            threshold=_unless_zero(values["scoreThreshold"]),
            everywhere=values["everywhere"],
        ),
        report=_path(values, "outputReportFile"),
        backbone_weights=_path(values, "inputBackboneFile"),
        mpp=_unless_zero(values["mpp"]),
        device=values["device"],
    )
    return lambda progress: suggest_regions.run(request, progress)


def _ki67(values: Values) -> Action:
    from plugin.ki67_arguments import read_ki67

    return read_ki67(values)


def _pretrain(values: Values) -> Action:
    from plugin.pretrain_arguments import read_pretraining

    return read_pretraining(values)


_ACTIONS: Mapping[str, Callable[[Values], Action]] = {
    "ExportDataset": _export,
    "TrainDetector": _train,
    "DetectCells": _detect,
    "EvaluateDetections": _evaluate,
    "HarvestReview": _harvest,
    "SuggestRegions": _suggest,
    "Ki67Index": _ki67,
    "PretrainBackbone": _pretrain,
}
