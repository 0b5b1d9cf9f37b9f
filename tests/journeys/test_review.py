"""A real archive keeps what a run pushed and who changed it, and takes the labels of the review."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from patherea_core.cells import CellsInMemory
from patherea_core.data.store import check, read_manifest
from patherea_core.errors import AnnotationError, CredentialsError, InputError
from patherea_core.evaluation.counts import Counts
from patherea_core.points import Detections
from patherea_core.progress import Silent
from patherea_core.taxonomy import Taxonomy
from plugin.commands import export_dataset, prepare_viewer, suggest_regions
from plugin.commands.harvest_review import HarvestRequest, run
from plugin.commands.slide_plan import DetectSettings
from plugin.dsa.annotation_codec import decode
from plugin.dsa.annotations import list_annotations, read_annotation
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import connect
from plugin.dsa.viewer_config import CONFIG_NAME
from plugin.outputs.annotation_file import annotation_of
from plugin.outputs.results import Results, SlideCells
from plugin.review.outcome import ReviewOutcome
from plugin.review.reading import NotReviewedError
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.people import new_person
from tests.plugin.archive import square
from tests.plugin.bundles import write_model

pytestmark = pytest.mark.dsa

TAXONOMY = Taxonomy.of(["positive", "negative"])


@dataclass
class Slide:
    """A slide of a folder with a run on it, and two people who may change it and one who may not."""

    folder: Folder
    item: str
    annotation: str
    ann: Any
    bob: Any
    reader: Any

    def save(self, client: Any, elements: list[dict[str, Any]]) -> None:  # noqa: ANN401
        """Save the annotation with other elements, as somebody."""
        document = self.read()
        body = {**document["annotation"], "elements": elements}
        client.put(f"annotation/{self.annotation}", json=body)

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self.folder.client.get(f"annotation/{self.annotation}")
        return found

    def harvest(self, token: str = "", **settings: Any) -> ReviewOutcome:  # noqa: ANN401
        sandbox = self.folder.sandbox
        request = HarvestRequest(
            api_url=sandbox.api_url, token=token or sandbox.token, item_id=self.item, **settings
        )
        return run(request, Silent())


def person(folder: Folder, name: str, level: int, entries: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    """Make a person who may read (0) or write (1) the folder, and return their client."""
    made = new_person(folder.sandbox, name)
    entries.append({"id": made.id, "level": level})
    return made.client


@dataclass(frozen=True)
class People:
    """Two people who may change what is in a folder, one who may look, and how the archive knows them."""

    ann: Any
    bob: Any
    eve: Any
    entries: list[dict[str, Any]]


def new_people(sandbox: SandboxProcess, place: Path) -> People:
    """Make three people whom a folder knows."""
    folder = Folder(sandbox, place)
    entries = [{"id": folder.client.get("user/me")["_id"], "level": 2}]
    ann, bob = (person(folder, name, 1, entries) for name in ("ann", "bob"))
    return People(ann, bob, person(folder, "eve", 0, entries), entries)


@pytest.fixture(scope="module")
def people(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> People:
    return new_people(sandbox, tmp_path_factory.mktemp("people"))


@pytest.fixture
def slide(sandbox: SandboxProcess, people: People, tmp_path: Path) -> Slide:
    folder = Folder(sandbox, tmp_path)
    access = json.dumps({"users": people.entries, "groups": []})
    folder.client.put(f"folder/{folder.id}/access", {"access": access})
    item = folder.add_slide()
    xy = np.array([[20.0, 20.0], [60.0, 20.0], [20.0, 60.0], [60.0, 60.0]])
    cells = CellsInMemory(Detections(xy, np.array([0, 0, 1, 1]), np.full(4, 0.8)))
    results = Results([SlideCells("slide.tif", cells)], TAXONOMY, "Cells run", "run")
    session = connect(sandbox.api_url, sandbox.token)
    post_annotation(session, item, annotation_of(results))
    (summary,) = list_annotations(session, item)
    return Slide(folder, item, summary.id, people.ann, people.bob, people.eve)


def reviewed(slide: Slide) -> None:
    """Let two people correct the run: one moves and relabels, the other deletes and adds."""
    first, second, third, fourth = slide.read()["annotation"]["elements"]
    first["center"] = [23, 24, 0]
    second["group"] = "negative"
    slide.save(slide.ann, [first, second, third, fourth])
    new = {"type": "point", "center": [90, 90, 0], "group": "positive"}
    slide.save(slide.bob, [first, second, fourth, new])


def test_an_untouched_run_is_no_review_until_somebody_saves_it(slide: Slide) -> None:
    with pytest.raises(NotReviewedError, match="nobody has saved annotation 'Cells run'"):
        slide.harvest()
    assert slide.folder.annotations(slide.item) == ["Cells run"]
    slide.save(slide.ann, slide.read()["annotation"]["elements"])
    outcome = slide.harvest(labels="")
    assert outcome.scores.counts.any_class == Counts(4, 0, 0)
    assert slide.folder.annotations(slide.item) == ["Cells run"]


def test_two_reviewers_are_told_apart_from_what_the_archive_keeps(
    slide: Slide, tmp_path: Path
) -> None:
    reviewed(slide)
    outcome = slide.harvest(report=tmp_path / "review.json")
    assert outcome.scores.counts.any_class == Counts(3, 1, 1)
    report = json.loads((tmp_path / "review.json").read_text())
    who = {change["kind"]: change["reviewer"][:3] for change in report["changes"]}
    assert who == {"moved": "ann", "relabelled": "ann", "deleted": "bob", "added": "bob"}
    assert slide.folder.annotations(slide.item) == ["Cells run", "Reviewed"]
    slide.harvest()
    assert slide.folder.annotations(slide.item) == ["Cells run", "Reviewed"]


def test_the_labels_become_a_dataset_that_leads_back_to_the_review(
    slide: Slide, tmp_path: Path
) -> None:
    reviewed(slide)
    slide.folder.annotate(slide.item, square(0, 0, 100), square(150, 0, 100), name="seen")
    slide.harvest(regions="seen")
    sandbox = slide.folder.sandbox
    request = export_dataset.ExportRequest(
        api_url=sandbox.api_url,
        token=sandbox.token,
        folder_id=slide.folder.id,
        out=tmp_path / "dataset",
        annotations="Reviewed",
        classes=TAXONOMY.names,
        folds=2,
    )
    export_dataset.run(request, Silent())
    manifest = read_manifest(tmp_path / "dataset")
    check(tmp_path / "dataset")
    assert sorted(sample.points for sample in manifest.samples) == [0, 4]
    (record,) = manifest.slides[0].annotations
    labels = slide.folder.client.get(f"annotation/{record.id}")
    origin = labels["annotation"]["attributes"]["patherea"]["reviewed"]
    assert origin["run"] == "run"
    assert origin["annotations"] == [
        {"id": slide.annotation, "name": "Cells run", "version": slide.read()["_version"]}
    ]
    ids = {element["id"] for element in slide.read()["annotation"]["elements"]}
    points = [one for one in labels["annotation"]["elements"] if one["type"] == "point"]
    assert {point["id"] for point in points} == ids


def test_after_a_review_a_pattern_takes_the_labels_without_the_area_that_was_reviewed(
    slide: Slide, tmp_path: Path
) -> None:
    point = {"type": "point", "center": [20, 20, 0], "group": "positive"}
    slide.folder.annotate(slide.item, square(0, 0, 50), square(150, 0, 50), point, name="labels")
    slide.folder.annotate(slide.item, square(0, 0, 100), name="reviewed area")
    reviewed(slide)
    slide.harvest(regions="reviewed *")
    sandbox = slide.folder.sandbox
    request = export_dataset.ExportRequest(
        api_url=sandbox.api_url,
        token=sandbox.token,
        folder_id=slide.folder.id,
        out=tmp_path / "dataset",
        classes=TAXONOMY.names,
        folds=2,
    )
    export_dataset.run(request, Silent())
    records = read_manifest(tmp_path / "dataset").slides[0].annotations
    assert [record.name for record in records] == ["labels"]
    both = replace(request, annotations="labels,Reviewed", out=tmp_path / "both")
    with pytest.raises(AnnotationError, match=r"take 'labels' or 'Reviewed' alone with --annotat"):
        export_dataset.run(both, Silent())


def test_a_copy_in_which_all_ids_are_new_is_known_by_place(slide: Slide) -> None:
    reviewed(slide)
    elements = slide.read()["annotation"]["elements"]
    for element in elements:
        del element["id"]
    slide.folder.annotate(slide.item, *elements, name="by hand")
    outcome = slide.harvest(reviewed="by hand", labels="")
    assert outcome.scores.counts.any_class == Counts(3, 1, 1)
    # The four that came back; the one that was added is known by nothing.
    assert int(outcome.changes.by_place.sum()) == 3


def test_who_may_only_read_gets_figures_but_cannot_add_labels(slide: Slide) -> None:
    reviewed(slide)
    assert slide.harvest(slide.reader.token, labels="").scores.counts.any_class == Counts(3, 1, 1)
    with pytest.raises(CredentialsError, match="does not let you add to slide") as caught:
        slide.harvest(slide.reader.token)
    assert slide.reader.token not in str(caught.value)
    assert slide.folder.annotations(slide.item) == ["Cells run"]


def test_the_viewer_gets_the_classes_of_a_model_beside_what_others_wrote(
    slide: Slide, tmp_path: Path
) -> None:
    sandbox, folder = slide.folder.sandbox, slide.folder.id
    model = write_model(tmp_path / "m.safetensors", classes=("positiv", "größer"))
    request = prepare_viewer.ViewerRequest(sandbox.api_url, sandbox.token, folder, model)
    first = prepare_viewer.run(request)
    assert prepare_viewer.run(request) == first
    config = slide.folder.client.get(f"folder/{folder}/yaml_config/{CONFIG_NAME}")
    groups = config["annotationGroups"]["groups"]
    assert [group["id"] for group in groups] == ["positiv", "größer"]
    other = write_model(tmp_path / "n.safetensors", classes=("stroma",))
    second = prepare_viewer.run(
        prepare_viewer.ViewerRequest(sandbox.api_url, sandbox.token, folder, other)
    )
    assert len(second) > len(first)
    config = slide.folder.client.get(f"folder/{folder}/yaml_config/{CONFIG_NAME}")
    groups = config["annotationGroups"]["groups"]
    assert [group["id"] for group in groups] == ["stroma", "positiv", "größer"]
    assert len(list(slide.folder.client.listItem(folder, name=CONFIG_NAME))) == 1
    at_a_slide = prepare_viewer.ViewerRequest(sandbox.api_url, sandbox.token, slide.item, model)
    with pytest.raises(InputError, match=r"is the item 'slide.*give the id of its folder"):
        prepare_viewer.run(at_a_slide)
    with pytest.raises(CredentialsError):
        prepare_viewer.run(
            prepare_viewer.ViewerRequest(sandbox.api_url, slide.reader.token, folder, model)
        )


def test_suggested_regions_are_taken_in_and_labelled_ones_are_not_suggested_again(
    slide: Slide, tmp_path: Path
) -> None:
    sandbox = slide.folder.sandbox
    slide.folder.annotate(slide.item, square(0, 0, 150), name="labels")
    request = suggest_regions.SuggestRequest(
        model=write_model(tmp_path / "m.safetensors"),
        api_url=sandbox.api_url,
        token=sandbox.token,
        item_id=slide.item,
        count=2,
        side_um=24,
        settings=DetectSettings(name="Suggested", threshold=0.3, everywhere=True),
        device="cpu",
    )
    found = suggest_regions.run(request, Silent())
    assert found.taken == 4
    session = connect(sandbox.api_url, sandbox.token)
    summary = list_annotations(session, slide.item)[-1]
    assert summary.name.startswith("Suggested ")
    first, second = decode(read_annotation(session, summary.id)).regions
    assert first.outline.intersection(second.outline).area == 0
    assert not first.outline.intersects(shapely.box(1, 1, 149, 149))


def test_the_token_of_a_reviewers_job_suffices(slide: Slide, tmp_path: Path) -> None:
    reviewed(slide)
    scopes = json.dumps(["core.data.read", "core.data.write"])
    key = slide.ann.post("api_key", {"name": "job", "scope": scopes})["key"]
    token = slide.ann.post("api_key/token", {"key": key})["authToken"]["token"]
    slide.folder.annotate(slide.item, square(0, 0, 100), square(150, 0, 100), name="seen")
    outcome = slide.harvest(token, regions="seen")
    assert outcome.scores.counts.any_class == Counts(3, 1, 1)
    request = export_dataset.ExportRequest(
        api_url=slide.folder.sandbox.api_url,
        token=token,
        folder_id=slide.folder.id,
        out=tmp_path / "dataset",
        annotations="Reviewed",
        folds=2,
    )
    assert len(export_dataset.run(request, Silent()).samples) == 2
