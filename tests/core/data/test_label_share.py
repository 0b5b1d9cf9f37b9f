"""A share of the labels: nested, the same for all that is compared, and by patient where there are enough."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.data.division import Division, holding_out
from patherea_core.data.label_share import LabelShare, unit_of
from patherea_core.data.manifest import Manifest
from patherea_core.errors import DatasetError
from patherea_core.seeding import Seed
from tests.core.data.test_division import manifest, patients

NAMES = ("train", "test")


def dataset(points: list[int], images_each: int = 1) -> Manifest:
    """Return a dataset of patients with that many points an image, and of three patients to test on."""
    learnt = [
        (f"p{number}", 0, count) for number, count in enumerate(points) for _ in range(images_each)
    ]
    return manifest(*learnt, *((f"t{number}", 1, 9) for number in range(3)), names=NAMES)


def whole(source: Manifest) -> Division:
    return holding_out(source, 1, seed=Seed(0))


def points_of(source: Manifest, rows: tuple[int, ...]) -> int:
    return sum(source.samples[row].points for row in rows)


def uneven(root: int) -> Manifest:
    """Return a dataset of 30 to 50 patients, with up to three images of up to 400 points each."""
    random = np.random.default_rng(root)
    points = (random.integers(0, 400, random.integers(30, 50)) * random.integers(0, 2)).tolist()
    return dataset([*points, 7], images_each=int(random.integers(1, 4)))


SHARES = st.floats(0.01, 1.0)
# Made once, since a manifest takes longer to check than a share to draw.
SOURCES = st.sampled_from([uneven(root) for root in range(5)])


@given(SOURCES, SHARES, SHARES, st.integers(0, 99))
def test_a_smaller_share_is_part_of_a_larger_one(
    source: Manifest, one: float, other: float, seed: int
) -> None:
    division = whole(source)
    small, large = (
        LabelShare(share, Seed(seed)).of(source, division) for share in sorted((one, other))
    )
    assert {*small.training} <= {*large.training} <= {*division.training}


@given(SOURCES, SHARES, st.integers(0, 99))
def test_a_share_touches_nothing_else_and_parts_no_patient(
    source: Manifest, share: float, seed: int
) -> None:
    division = whole(source)
    drawn = LabelShare(share, Seed(seed)).of(source, division)
    assert (drawn.validation, drawn.test) == (division.validation, division.test)
    assert drawn.training
    left = {*division.training} - {*drawn.training}
    assert not patients(source, drawn.training) & patients(source, [*left])


@given(SOURCES, SHARES, st.integers(0, 99))
def test_no_other_start_of_the_order_comes_nearer_to_the_share(
    source: Manifest, share: float, seed: int
) -> None:
    division = whole(source)
    wanted = share * points_of(source, division.training)
    drawn = LabelShare(share, Seed(seed)).of(source, division)
    missed = abs(points_of(source, drawn.training) - wanted)
    for other in (0.1, 0.3, 0.6, 1.0):
        rival = LabelShare(other, Seed(seed)).of(source, division)
        assert missed <= abs(points_of(source, rival.training) - wanted) + 1e-6


def test_seeds_draw_different_patients_and_a_seed_always_the_same() -> None:
    source = dataset([10] * 50)
    drawn = [LabelShare(0.2, Seed(seed)).of(source, whole(source)).training for seed in (0, 1, 0)]
    assert drawn[0] == drawn[2] != drawn[1]
    assert len(drawn[0]) == len(drawn[1]) == 8


def test_the_order_of_the_samples_draws_no_other_patients() -> None:
    source = dataset([*range(10, 60)])
    turned = source.model_copy(update={"samples": source.samples[::-1]})
    drawn = [
        patients(one, LabelShare(0.3, Seed(3)).of(one, whole(one)).training)
        for one in (source, turned)
    ]
    assert drawn[0] == drawn[1]


def test_few_patients_are_drawn_by_image_and_few_images_by_area() -> None:
    many, some, few = dataset([10] * 40), dataset([10] * 15, images_each=2), dataset([10] * 15)
    assert [unit_of(one, whole(one)) for one in (many, some, few)] == ["patient", "image", "area"]
    assert "by image" in LabelShare(0.5, Seed(0)).of(some, whole(some)).words
    with pytest.raises(DatasetError, match="12 images are left to train on, too few to draw"):
        LabelShare(0.5, Seed(0)).of(few, whole(few))


def test_all_labels_are_the_division_itself() -> None:
    source = dataset([10] * 6)
    assert LabelShare(1.0, Seed(5)).of(source, whole(source)) == whole(source)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(DatasetError, match="lies above 0 and is at most 1"):
        LabelShare(share, Seed(0))
