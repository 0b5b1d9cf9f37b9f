"""From the words that the archive passes to Ki67Index to its typed request."""

from collections.abc import Callable

from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin.commands import ki67_on_item
from plugin.commands.ki67_outputs import Ki67Outputs
from plugin.index.classes import ClassChoice
from plugin.index.counting import CountSettings
from plugin.index.methods import method_named, window_named
from plugin.index.regions import weight_named
from plugin.values import Values, needed, path, unless_zero


def read_ki67(values: Values) -> Callable[[Progress], object]:
    """Return what Ki67Index is to do.

    Raises:
        InputError: the values do not fit together.
    """
    errors = path(values, "inputEvaluationFile")
    window = values["hotspotWindow"].strip()
    request = ki67_on_item.Ki67OnItemRequest(
        api_url=needed(values, "girderApiUrl"),
        token=needed(values, "girderToken"),
        item_id=values["inputImageFile"],
        cells=values["cells"].strip(),
        regions=values["regions"].strip(),
        weights=dict(weight_named(text) for text in values["weights"]),
        choice=ClassChoice(values["positive"], values["negative"], values["notCounted"]),
        settings=CountSettings(
            method=method_named(values["method"]),
            window=window_named(window) if window else None,
            hotspots=values["hotspots"],
            half_width=values["points"] / 100,
            seed=Seed(values["seed"]),
        ),
        errors=() if errors is None else (errors,),
        name=values["annotationName"].strip(),
        surface=values["map"],
        signer=values["signer"].strip(),
        outputs=Ki67Outputs(
            report=path(values, "outputReportFile"),
            page=path(values, "outputPageFile"),
            pdf=path(values, "outputPdfFile"),
            surface=path(values, "outputMapFile"),
        ),
        mpp=unless_zero(values["mpp"]),
        stain=values["stainCheck"],
        logged=True,
    )
    return lambda progress: ki67_on_item.run(request, progress)
