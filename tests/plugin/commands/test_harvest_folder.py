"""Harvesting all reviews of a folder: pooled, told apart, and never stopped by one slide."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import DatasetError, IncompleteError, InputError
from patherea_core.evaluation.counts import Counts
from patherea_core.progress import Silent
from plugin.commands.harvest_folder import HarvestFolderRequest, require_complete, run
from plugin.commands.harvest_review import HarvestRequest
from plugin.review.cohort import Cohort, by_reviewer, pooled
from plugin.review.cohort_table import cohort_table
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, point, serving, square
from tests.plugin.review.runs import ANN, BOB, ROBOT, correct, elements, push, written

MODEL = {"name": "lab", "weights_sha256": "0123abcd" * 8}


@dataclass
class Slides:
    """An archive with four slides: reviewed by ann, reviewed by bob, not reviewed, without a run."""

    archive: FakeArchive
    first: str
    second: str

    def harvest(self, out: Path | None = None, *, apart: bool = False, **settings: Any) -> Cohort:  # noqa: ANN401
        each = HarvestRequest(api_url=self.archive.address, token=TOKEN, item_id="", **settings)
        request = HarvestFolderRequest(folder_id=FOLDER, slide=each, out=out, apart=apart)
        return run(request, Silent())

    def posted(self) -> list[tuple[str, str]]:
        return [(item, document["name"]) for item, document in self.archive.posted]


@pytest.fixture
def slides() -> Iterator[Slides]:
    archive = FakeArchive(logins={ROBOT: "robot", ANN: "ann", BOB: "bob"})
    items = [archive.add_slide(f"{name}.tif", b"", (400, 300)) for name in "abcd"]
    first, second, _ = (
        push(archive, written(slide=f"{name}.tif", model=MODEL), item)
        for name, item in zip("abc", items, strict=False)
    )
    correct(archive, first)
    kept = elements(archive, second)[:3]
    archive.save(second, BOB, *kept)
    with serving(archive):
        yield Slides(archive, first, second)


def test_the_sum_of_all_slides_is_that_of_their_counts(slides: Slides) -> None:
    cohort = slides.harvest(labels="")
    assert [one.slide for one in cohort.reviews] == ["a.tif", "b.tif"]
    counts = [one.scores.counts.any_class for one in cohort.reviews]
    assert counts == [Counts(3, 1, 1), Counts(3, 1, 0)]
    total = pooled(cohort)
    assert total.scores.counts.any_class == sum(counts, start=Counts(0, 0, 0))
    assert total.scores.bootstrapped
    assert (total.kinds == sum(one.kinds for one in cohort.reviews)).all()


def test_slides_without_a_review_are_named_and_are_no_failure(slides: Slides) -> None:
    cohort = slides.harvest(labels="")
    assert set(cohort.unreviewed) == {"c.tif", "d.tif"}
    assert "nobody has saved" in cohort.unreviewed["c.tif"]
    assert cohort.failed == {}
    require_complete(cohort)


def test_a_slide_that_fails_stops_no_other_one_and_is_told(slides: Slides) -> None:
    broken = {**slides.archive.annotations[slides.first], "itemId": "0" * 23 + "1"}
    broken["annotation"]["elements"] = [{"type": "point", "id": "x", "group": "positive"}]
    slides.archive.annotations[slides.first] = broken
    cohort = slides.harvest(labels="")
    assert [one.slide for one in cohort.reviews] == ["b.tif"]
    assert set(cohort.failed) == {"a.tif"}
    with pytest.raises(IncompleteError, match=r"'a\.tif' could not be harvested"):
        require_complete(cohort)


def test_every_person_is_counted_apart(slides: Slides) -> None:
    slides.archive.save(slides.first, BOB, *elements(slides.archive, slides.first)[1:])
    ann, bob = by_reviewer(slides.harvest(labels="").reviews)
    assert (ann.reviewer, ann.changed) == ("ann", (0, 0, 1, 1, 1))
    assert (bob.reviewer, bob.changed) == ("bob", (0, 0, 0, 2, 0))


def test_copies_of_two_people_are_reviews_of_their_own_if_asked(slides: Slides) -> None:
    item = "0" * 23 + "2"
    for name, cells in (("by ann", 4), ("by bob", 2)):
        copied = [
            {**one, "id": f"{row:024x}"}
            for row, one in enumerate(written()["elements"][:cells], start=1)
        ]
        slides.archive.annotate(item, *copied, name=name)
    cohort = slides.harvest(reviewed="by *", apart=True)
    found = {one.annotation: one.scores.counts.any_class for one in cohort.reviews}
    assert found == {"by ann": Counts(4, 0, 0), "by bob": Counts(2, 2, 0)}
    assert slides.posted() == [(item, "Reviewed by ann"), (item, "Reviewed by bob")]
    assert not pooled(cohort).scores.bootstrapped  # two reviews, but one slide
    with pytest.raises(InputError, match="name them with --reviewed"):
        slides.harvest(apart=True)


def test_labels_are_added_once_and_those_of_another_state_are_told(
    slides: Slides, caplog: pytest.LogCaptureFixture
) -> None:
    slides.harvest()
    assert [name for _, name in slides.posted()] == ["Reviewed", "Reviewed"]
    for item, document in slides.archive.posted:
        made = slides.archive.annotate(item, name="Reviewed")
        slides.archive.annotations[made]["annotation"] |= document
    slides.harvest()
    assert len(slides.archive.posted) == 2
    assert "not of this state" not in caplog.text
    slides.archive.save(slides.second, BOB)
    slides.harvest()
    assert len(slides.archive.posted) == 2
    assert "b.tif: annotation 'Reviewed' is not of this state of the review" in caplog.text


def test_the_report_has_a_page_with_pictures_and_the_same_figures_for_programs(
    slides: Slides, tmp_path: Path
) -> None:
    cohort = slides.harvest(tmp_path / "out", labels="")
    page = (tmp_path / "out" / "review.html").read_text(encoding="utf-8")
    for words in ("a.tif", "ann", "Deleted", "Relabelled", "positive → negative", "c.tif"):
        assert words in page
    assert page.count("data:image/png") == 4
    figures = json.loads((tmp_path / "out" / "review.json").read_text())
    assert figures["pooled"]["detection"]["tp"] == 6
    assert len(figures["slides"]) == 2
    with (tmp_path / "out" / "slides.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["positive", "negative", "any class"] * 3
    assert rows[-1]["slide"] == "all slides"
    assert rows[2]["model"] == "lab (0123abcd)"
    assert [rows[at]["pushed"] for at in (2, 5, 8)] == ["4", "4", "8"]
    assert all(len(row["mm2"]) <= len("0.000000") for row in rows)
    assert int(rows[-1]["tp"]) == sum(int(rows[at]["tp"]) for at in (2, 5))
    with (tmp_path / "out" / "changes.csv").open() as file:
        kinds = [row["kind"] for row in csv.DictReader(file)]
    assert sorted(kinds) == ["added", "deleted", "deleted", "moved", "relabelled"]
    assert cohort_table(cohort).count("positive -> negative: 1") == 1
    with pytest.raises(DatasetError, match="is not empty"):
        slides.harvest(tmp_path / "out", labels="")


def test_regions_that_were_drawn_make_an_untouched_run_a_review(
    slides: Slides, caplog: pytest.LogCaptureFixture
) -> None:
    item = "0" * 23 + "3"
    slides.archive.annotate(item, square(0, 0, 40), name="seen")
    cohort = slides.harvest(labels="", regions="seen")
    assert [one.slide for one in cohort.reviews] == ["c.tif"]
    assert cohort.reviews[0].scores.counts.any_class == Counts(1, 0, 0)
    assert "with a region" in cohort.unreviewed["a.tif"]
    assert "the corrections that ann saved take no part" in caplog.text
    assert "'d.tif'" not in caplog.text


def test_classes_of_different_slides_are_put_together_by_their_names(slides: Slides) -> None:
    new = {**point(200, 200, "stroma"), "id": "e" * 24}
    slides.archive.save(slides.second, BOB, *elements(slides.archive, slides.second), new)
    total = pooled(slides.harvest(labels=""))
    assert total.classes.names == ("positive", "negative", "stroma")
    assert total.scores.counts.per_class[2] == Counts(0, 0, 1)


def test_a_folder_without_a_review_is_refused_with_the_reasons(slides: Slides) -> None:
    cohort = slides.harvest(reviewed="nothing")
    assert cohort.reviews == ()
    assert len(cohort.unreviewed) == 4
    assert cohort_table(cohort).count("Not reviewed") == 4
    with pytest.raises(InputError, match="no slide of"):
        require_complete(cohort)
