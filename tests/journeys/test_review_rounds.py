"""Two rounds of review: a weak model is corrected, learns on from that, and is better in both eyes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import girder_client
import pytest
import shapely

from patherea_core.bundle_file import read_card
from patherea_core.evaluation.lines import aligned, as_text
from patherea_core.progress import Silent
from patherea_core.recipes import SMALL
from patherea_core.seeding import Seed
from plugin.commands import (
    detect_on_item,
    evaluate_on_item,
    export_dataset,
    harvest_review,
    train_detector,
)
from plugin.commands.slide_plan import DetectSettings
from plugin.dsa.annotations import list_annotations, read_annotation
from plugin.dsa.session import Session, connect
from plugin.sandbox.demo_archive import TEST_LABELS, TRAINING_LABELS, fill_archive, upload_slide
from plugin.sandbox.demo_loop import RADIUS
from plugin.sandbox.demo_slides import DemoSlide, DemoSlides, DrawnSize, draw_slides
from plugin.sandbox.process import SandboxProcess
from tests.journeys.reviewer import corrected, region

pytestmark = [pytest.mark.dsa, pytest.mark.slow, pytest.mark.timeout(900)]

#: What a dataset is made of once a slide was reviewed.
LABELS = f"{TRAINING_LABELS},Reviewed"
EPOCHS = 60
ROUNDS = 2

#: Of the tissue; another one gives other slides.
SEED = 3


@dataclass(frozen=True)
class Round:
    """One model, and what its review took.

    Attributes:
        model: the bundle.
        labelled: cells that it was trained on or chosen by.
        test_f1: mean F1 on the slide that nobody trains on.
        review_f1: mean F1 in the reviewer's eyes, on the slide of the round; None if it was not reviewed.
        edits: what the reviewer had to do for 100 cells; None likewise.
    """

    model: Path
    labelled: int
    test_f1: float
    review_f1: float | None = None
    edits: float | None = None


class Loop:
    """A folder of an archive with two labelled slides, two unlabelled ones and a test slide."""

    def __init__(self, sandbox: SandboxProcess, out: Path, seed: int = SEED) -> None:
        self.out = out
        self.seed = seed
        self.sandbox = sandbox
        self.session: Session = connect(sandbox.api_url, sandbox.token)
        self.client: Any = girder_client.GirderClient(apiUrl=sandbox.api_url)
        self.client.setToken(sandbox.token)
        (out / "slides").mkdir()
        drawn = draw_slides(out / "slides", Seed(seed), Silent(), DrawnSize(420, 340))
        self.taxonomy = drawn.taxonomy
        first, second, *self.unlabelled, test = drawn.slides
        labelled = DemoSlides((first, second, test), drawn.taxonomy)
        self.folder = fill_archive(self.session, labelled, "Rounds of review", Silent())
        self.items = [
            upload_slide(self.session, self.folder.id, one.slide, {"patient": one.patient})
            for one in self.unlabelled
        ]

    def trained(self, number: int, base: Path | None) -> tuple[Path, int]:
        """Train a model on all labels there are, and return it with the number of their cells.

        Args:
            number: of the round.
            base: the model of the round before, which is trained on; None for the first one.
        """
        dataset = self.out / f"dataset-{number}"
        manifest = export_dataset.run(
            export_dataset.ExportRequest(
                api_url=self.sandbox.api_url,
                token=self.sandbox.token,
                folder_id=self.folder.id,
                out=dataset,
                annotations=LABELS,
                classes=self.taxonomy.names,
                mpp=0.5,
                folds=2,
            ),
            Silent(),
        )
        recipe = self.out / "recipe.json"
        training = SMALL.training.model_copy(update={"validations": 4, "tile_size": 128})
        recipe.write_text(SMALL.model_copy(update={"training": training}).model_dump_json())
        model = train_detector.run(
            train_detector.TrainRequest(
                dataset=dataset,
                out=self.out / f"run-{number}",
                recipe=str(recipe),
                base_model=base,
                epochs=EPOCHS,
                device="cpu",
                workers=0,
                seed=self.seed - SEED,
            ),
            Silent(),
        )
        return model, sum(sample.points for sample in manifest.samples)

    def test_f1(self, model: Path) -> float:
        """Return the mean F1 of a model on the test slide."""
        item = self.folder.test_item_id
        outline = shapely.union_all(self._outlines(TEST_LABELS))
        (document,) = detected(self.sandbox, item, model, outline)
        found = evaluate_on_item.run(
            evaluate_on_item.EvaluateOnItemRequest(
                api_url=self.sandbox.api_url,
                token=self.sandbox.token,
                item_id=item,
                detections=document,
                points=TEST_LABELS,
                radius=RADIUS,
            ),
            Silent(),
        )
        return found.mean_f1 or 0.0

    def _outlines(self, name: str) -> list[shapely.Polygon]:
        (found,) = [
            entry
            for entry in list_annotations(self.session, self.folder.test_item_id)
            if entry.name == name
        ]
        elements = read_annotation(self.session, found.id)["annotation"]["elements"]
        return [
            shapely.Polygon([corner[:2] for corner in element["points"]])
            for element in elements
            if element["type"] == "polyline"
        ]

    def reviewed(self, number: int, model: Path) -> tuple[float, float]:
        """Detect on an unlabelled slide, correct it, harvest; return the F1 and the edits per 100 cells."""
        item, slide = self.items[number], self.unlabelled[number]
        outline = slide.slide.fields[0].outline
        (name,) = detected(self.sandbox, item, model, outline)
        edits = self._correct(item, name, slide, outline)
        self.client.post(
            "annotation", {"itemId": item}, json={"name": "seen", "elements": [region(outline)]}
        )
        report = self.out / f"review-{number}.json"
        harvest_review.run(
            harvest_review.HarvestRequest(
                api_url=self.sandbox.api_url,
                token=self.sandbox.token,
                item_id=item,
                regions="seen",
                radius=RADIUS,
                report=report,
            ),
            Silent(),
        )
        return json.loads(report.read_text())["mean_f1"], edits

    def _correct(self, item: str, name: str, slide: DemoSlide, outline: shapely.Polygon) -> float:
        (found,) = [one for one in list_annotations(self.session, item) if one.name == name]
        document = read_annotation(self.session, found.id)
        truth = slide.slide.fields[0].points
        radius = RADIUS.in_pixels(slide.slide.mpp)
        result = corrected(document, truth, outline, self.taxonomy, radius)
        body = {**document["annotation"], "elements": result.elements}
        self.client.put(f"annotation/{found.id}", json=body)
        return 100 * result.edits / result.cells


def detected(
    sandbox: SandboxProcess, item: str, model: Path, outline: shapely.Polygon
) -> tuple[str, ...]:
    """Detect in an outline of a slide of the archive, and return the names of the annotations."""
    request = detect_on_item.DetectOnItemRequest(
        api_url=sandbox.api_url,
        token=sandbox.token,
        item_id=item,
        model=model,
        settings=DetectSettings(name="cells", region=outline),
        device="cpu",
    )
    posted = detect_on_item.run(request, Silent())
    return tuple(document.name for document in posted)


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Round]]:
    out = tmp_path_factory.mktemp("rounds")
    with SandboxProcess(out / "archive") as sandbox:
        loop, done, model = Loop(sandbox, out), [], None
        for number in range(ROUNDS):
            model, labelled = loop.trained(number, model)
            test_f1 = loop.test_f1(model)
            done.append(Round(model, labelled, test_f1, *loop.reviewed(number, model)))
        model, labelled = loop.trained(ROUNDS, model)
        yield [*done, Round(model, labelled, loop.test_f1(model))]


def table(rounds: list[Round]) -> str:
    """Return the rounds as a table."""
    rows = [("model after", "labelled cells", "test F1", "F1 in review", "edits per 100 cells")]
    for number, one in enumerate(rounds):
        edits = "–" if one.edits is None else f"{one.edits:.0f}"
        figures = (str(one.labelled), as_text(one.test_f1), as_text(one.review_f1), edits)
        rows.append((f"{number} reviews", *figures))
    return "\n".join(aligned(rows))


def test_two_rounds_of_review_make_a_better_model(rounds: list[Round]) -> None:
    print(f"\n{table(rounds)}")  # noqa: T201  the table is what this journey is made for
    assert rounds[-1].test_f1 > rounds[0].test_f1 + 0.05


def test_every_round_goes_on_from_the_model_of_the_one_before(rounds: list[Round]) -> None:
    first, *later = [read_card(one.model) for one in rounds]
    assert first.base_model is None
    for before, card in zip([first, *later], later, strict=False):
        assert card.base_model is not None
        assert card.base_model.weights_sha256 == before.weights_sha256


def test_every_round_has_more_labels(rounds: list[Round]) -> None:
    labelled = [one.labelled for one in rounds]
    assert labelled == sorted(set(labelled))


def test_the_second_review_is_less_work(rounds: list[Round]) -> None:
    first, second, _ = rounds
    assert first.edits is not None
    assert second.edits is not None
    assert second.edits < first.edits
