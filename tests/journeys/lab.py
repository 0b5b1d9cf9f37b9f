"""A private folder of a real archive with two slides, a technician who may write, and a reader."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from patherea_core.cells import CellsInMemory
from patherea_core.points import Detections
from patherea_core.seeding import Seed
from plugin import arguments
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import connect
from plugin.outputs.annotation_file import annotation_of
from plugin.outputs.results import Results, SlideCells
from plugin.progress import SlicerProgress, StopSignal
from plugin.sandbox.process import SandboxProcess
from tests.core.workflow.cells import MPP, TAXONOMY, TINY, draw_cells
from tests.journeys.archive_folder import Folder, slide_of
from tests.journeys.people import READ, WRITE, Person, new_person, share
from tests.plugin.archive import point, square
from tests.plugin.bundles import write_model
from tests.plugin.slide_files import write_tiff

SIDE = 192
LABELLED = 96


@dataclass
class Lab:
    """See this module.

    Attributes:
        folder: with the slides.
        runs: id of a folder in it, for what trainings leave.
        slides: ids of the items.
        files: the slides on disk.
        model: a bundle of a tiny network.
        technician: may write.
        reader: may read only.
        stranger: may not see it.
    """

    folder: Folder
    files: Path
    model: Path
    technician: Person
    reader: Person
    stranger: Person
    runs: str = ""
    slides: list[str] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        """The archive's REST interface."""
        return self.folder.sandbox.api_url

    def words(self, command: str, token: str, out: Path) -> list[str]:
        """Return the words that an archive would start a command with, whose outputs go to a folder."""
        slide, path = self.slides[0], str(self.files / "slide-0.tif")
        model = ["--inputModelFile", str(self.model), "--device", "cpu"]
        own = {
            "DetectCells": [
                *(path, "--slideInArchive", slide, "--roi=0,0,96,96", "--annotations", "per class"),
                *("--outputAnnotationFile", str(out / "cells.anot"), *model),
            ],
            "EvaluateDetections": [
                *(slide, "--annotations", "labels", "--outputReportFile", str(out / "report.json")),
            ],
            "HarvestReview": [slide, "--labels", f"Reviewed {out.name}", "--regions", "labels"],
            "SuggestRegions": [slide, "--count", "2", "--side", "16", *model],
            "Ki67Index": [
                *(slide, "--cells", "Cells of a run", "--regions", "labels", "--window", "20cells"),
                *("--positive", TAXONOMY.names[0], "--negative", TAXONOMY.names[1]),
                *("--outputReportFile", str(out / "index.json")),
                *("--outputPageFile", str(out / "index.html")),
            ],
            "ExportDataset": [
                *(self.folder.id, "--annotations", "labels", "--outputFolder", self.runs),
                *("--outputDatasetFile", str(out / "dataset.zip")),
            ],
            "TrainDetector": [
                *("--inputFolder", self.folder.id, "--runsFolder", self.runs, "--epochs", "1"),
                *("--annotations", "labels", *model),
            ],
            "PretrainBackbone": [
                *("--inputFolder", self.folder.id, "--runsFolder", self.runs, "--epochs", "1"),
                *("--backbone", "test_efficientnet", "--tileSize", "64", "--tilesPerEpoch", "2"),
                *("--mpp", str(MPP), "--device", "cpu", "--workers", "0"),
            ],
        }
        return [*own[command], "--girderApiUrl", self.api_url, "--girderToken", token]

    def run(self, command: str, token: str, out: Path) -> None:
        """Run a command as a job does, in this process."""
        action = arguments.read_action(command, self.words(command, token, out))
        with SlicerProgress(command, StopSignal()) as progress:
            action(progress)

    def add(self, path: Path) -> str:
        """Upload a slide as the technician, and return its item once the archive shows it."""
        client = self.technician.client
        return slide_of(client, client.uploadFileToFolder(self.folder.id, str(path))["itemId"])

    def left(self) -> list[str]:
        """Return all that lies in the folder and on its slides, and what is noted of them."""
        client = self.folder.client
        items = [
            *client.get("item", {"folderId": self.folder.id}),
            *client.get("item", {"folderId": self.runs}),
        ]
        names = [name for slide in self.slides for name in self.folder.annotations(slide)]
        files = [file["_id"] for item in items for file in client.get(f"item/{item['_id']}/files")]
        notes = [f"{item['_id']} {json.dumps(item['meta'], sort_keys=True)}" for item in items]
        return sorted([*names, *notes, *files])


def open_lab(sandbox: SandboxProcess, scratch: Path) -> Lab:
    """Make everything."""
    folder = Folder(sandbox, scratch)
    tom, ruth, sid = (new_person(sandbox, name) for name in ("tom", "ruth", "sid"))
    model = write_model(scratch / "model.safetensors", classes=TAXONOMY.names, mpp=MPP, recipe=TINY)
    lab = Lab(folder, scratch, model, tom, ruth, sid)
    lab.runs = folder.client.createFolder(folder.id, "runs")["_id"]
    levels = {lab.technician.id: WRITE, lab.reader.id: READ}
    share(folder.client, folder.id, levels)
    for number in range(2):
        lab.slides.append(_labelled(lab, number))
    return lab


def _labelled(lab: Lab, number: int) -> str:
    """Add a slide whose cells a run has found, and somebody has labelled in the upper left part."""
    pixels, points = draw_cells(SIDE, 40, Seed(number))
    path = lab.files / f"slide-{number}.tif"
    write_tiff(path, pixels, mpp=MPP, photometric="rgb")
    item, client = lab.add(path), lab.technician.client
    cells = [
        point(float(x), float(y), TAXONOMY.names[index])
        for (x, y), index in zip(points.xy, points.class_index, strict=True)
        if max(x, y) < LABELLED
    ]
    body = {"name": "labels", "elements": [square(0, 0, LABELLED), *cells]}
    client.post("annotation", {"itemId": item}, json=body)
    found = CellsInMemory(Detections(points.xy, points.class_index, np.full(len(points), 0.8)))
    results = Results([SlideCells(path.name, found)], TAXONOMY, "Cells of a run", "run")
    post_annotation(connect(lab.api_url, client.token), item, annotation_of(results))
    return item
