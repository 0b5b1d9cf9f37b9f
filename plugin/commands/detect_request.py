"""What a detection on files is asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from patherea_core.regions import Outline
from patherea_core.workflow.runtimes.runtime import Precision
from plugin.commands.slide_plan import DetectSettings
from plugin.outputs.cell_files import OUTLINES, form_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectRequest:
    """On which slides to detect cells, and how.

    Attributes:
        inputs: slides, images, folders of them, or lists of either.
        out: the file of results; its ending decides the form.
        model: a model bundle, file or folder.
        backbone_weights: pretrained weights of the backbone, for a bundle that leaves them out: a file, or
            "hub" to fetch them.
        region: where to look, in base pixels; None for everything.
        mpp: micrometres per base pixel, for slides of which neither they nor a list say it.
        tile_size: side of a tile in working pixels; None lets the program choose.
        threshold: least probability of a detection; None takes the model's own.
        class_thresholds: the same for single classes, by their names.
        device: auto, cpu or cuda.
        name: what an annotation is called.
        classes: the classes the model must have, in order; none asks for nothing.
        form: an ending that decides the form of ``out`` instead of its own.
        table: a table of the same results, whatever its name.
        also: further files of the same results.
        tissue: an annotation of the tissue's outline, whatever its name.
        everywhere: whether to look where there is no tissue as well.
        runtime: what runs the network: auto, eager, compile, onnx or openvino.
        precision: of its arithmetic; None takes bfloat16 on a GPU and 32 bits elsewhere.
    """

    inputs: tuple[Path, ...]
    out: Path
    model: Path
    backbone_weights: Path | Literal["hub"] | None = None
    region: Outline | None = None
    mpp: float | None = None
    tile_size: int | None = None
    threshold: float | None = None
    class_thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)
    device: str = "auto"
    name: str = "Cells"
    classes: tuple[str, ...] = ()
    form: str | None = None
    table: Path | None = None
    also: tuple[Path, ...] = ()
    tissue: Path | None = None
    everywhere: bool = False
    runtime: str = "auto"
    precision: Precision | None = None

    @property
    def settings(self) -> DetectSettings:
        """How to detect, whatever the slide."""
        return DetectSettings(
            name=self.name,
            region=self.region,
            tile_size=self.tile_size,
            threshold=self.threshold,
            class_thresholds=self.class_thresholds,
            everywhere=self.everywhere,
            outlined=any(form_of(*output) in OUTLINES for output in self.outputs),
        )

    @property
    def outputs(self) -> tuple[tuple[Path, str | None], ...]:
        """All files of results, each with the ending that decides its form, if that is not its own."""
        table = () if self.table is None else ((self.table, ".csv"),)
        tissue = () if self.tissue is None else ((self.tissue, ".tissue.anot"),)
        return ((self.out, self.form), *table, *tissue, *((path, None) for path in self.also))
