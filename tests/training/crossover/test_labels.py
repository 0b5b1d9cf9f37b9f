"""Labels by quarters of images: nested, the points of what is labelled, and nothing of the test part."""

from pathlib import Path

import numpy as np
import pytest

from patherea_core.data.division import Division
from patherea_core.data.label_share import LabelShare
from patherea_core.data.store import check, read_manifest
from patherea_core.progress import Silent
from patherea_core.regions import inside
from patherea_core.seeding import Seed
from patherea_core.workflow.reading import read_rows
from tests.training.builders import SIDE
from tests.training.crossover.builders import write_dataset
from training.crossover.labels import Labels, quarters
from training.recipes.small import MOBILENET


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """Return all labels of a dataset with 12 images to train on, too few to draw any of them whole."""
    data = write_dataset(tmp_path_factory.mktemp("few") / "data", learnt=15, tested=2)
    manifest = read_manifest(data)
    return Labels.all_of(data, manifest, MOBILENET.division.divide(manifest))


def drawn(whole: Labels, share: float, place: Path, seed: int = 0) -> Labels:
    return whole.share(LabelShare(share, Seed(seed)), place)


def area(labels: Labels) -> dict[str, float]:
    """Return the labelled area of every image that is trained on."""
    samples = read_rows(labels.data, labels.manifest, labels.division.training, Silent())
    return {sample.record.id: sample.labelled.area for sample in samples}


def test_a_smaller_share_is_labelled_where_a_larger_one_is(whole: Labels, tmp_path: Path) -> None:
    parts = [drawn(whole, share, tmp_path / f"{share}") for share in (0.1, 0.25, 0.5)]
    for small, large in zip(parts, [*parts[1:], whole], strict=True):
        mine, theirs = (
            {
                sample.record.id: sample.labelled
                for sample in read_rows(one.data, one.manifest, one.division.training, Silent())
            }
            for one in (small, large)
        )
        assert {*mine} <= {*theirs}
        assert all(theirs[name].covers(labelled) for name, labelled in mine.items())
        assert small.trained_on.points < large.trained_on.points


def test_a_share_has_its_points_and_whole_quarters(whole: Labels, tmp_path: Path) -> None:
    part = drawn(whole, 0.25, tmp_path / "part")
    check(part.data)
    samples = read_rows(part.data, part.manifest, part.division.training, Silent())
    assert all(inside(sample.labelled, sample.points.xy).all() for sample in samples)
    quarter = (SIDE / 2) ** 2
    assert all(
        size / quarter == pytest.approx(round(size / quarter)) for size in area(part).values()
    )
    # No quarter of these images has more than a few of the points.
    assert part.trained_on.points / whole.trained_on.points == pytest.approx(0.25, abs=0.05)
    assert part.trained_on.drawn_by == "area"
    assert part.trained_on.points == sum(len(sample.points) for sample in samples)


def test_what_chooses_stays_whole_and_the_test_part_is_left_out(
    whole: Labels, tmp_path: Path
) -> None:
    part = drawn(whole, 0.25, tmp_path / "part")

    def choosing(one: Labels) -> list[tuple[str, int]]:
        samples = [one.manifest.samples[row] for row in one.division.validation]
        return [(sample.id, sample.points) for sample in samples]

    assert choosing(part) == choosing(whole)
    tested = {whole.manifest.samples[row].id for row in whole.division.test}
    assert not tested & {sample.id for sample in part.manifest.samples}
    assert part.division.test == ()


def test_the_same_seed_makes_the_same_dataset_and_another_seed_another(
    whole: Labels, tmp_path: Path
) -> None:
    found = [drawn(whole, 0.25, tmp_path / f"{n}", seed) for n, seed in enumerate((0, 0, 1))]
    digests = [one.manifest.digest() for one in found]
    assert digests[0] == digests[1] != digests[2]
    assert found[0].trained_on == found[1].trained_on != found[2].trained_on
    again = drawn(whole, 0.25, tmp_path / "0")
    assert again == found[0]


def test_all_labels_need_no_folder(whole: Labels, tmp_path: Path) -> None:
    assert drawn(whole, 1.0, tmp_path / "part") is whole
    assert not (tmp_path / "part").exists()


def test_every_point_is_in_the_quarter_that_it_lies_in(whole: Labels) -> None:
    (sample,) = read_rows(whole.data, whole.manifest, (0,), Silent())
    right, lower = (sample.points.xy >= SIDE / 2).T
    assert np.array_equal(quarters(sample), lower * 2 + right)


def test_a_division_of_more_images_is_drawn_from_as_it_is(tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "data", learnt=22, tested=1)
    manifest = read_manifest(data)
    division = Division((*range(21),), (21,), (22,), "made up")
    part = drawn(Labels.all_of(data, manifest, division), 0.5, tmp_path / "part")
    assert part.data == data
    assert {*part.division.training} < {*range(21)}
    assert part.trained_on.drawn_by == "patient"
    assert not (tmp_path / "part").exists()
