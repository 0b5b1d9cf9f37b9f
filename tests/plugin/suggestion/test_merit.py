"""Signs of fields, and the order that follows from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError
from plugin.suggestion.merit import Weights, best, merits
from plugin.suggestion.signs import SeenField, Signs, rarities, signs_of
from tests.builders import detections
from tests.plugin.suggestion.fields import seen

TEN = [(10.0 * number, 0.0, 0) for number in range(10)]


def signs(*fields: SeenField) -> Signs:
    return signs_of(fields, 2, 4.0)


def test_heads_that_see_the_same_agree() -> None:
    assert signs(seen(0, *TEN)).disagreement.tolist() == [0.0]


def test_heads_that_see_other_cells_or_other_classes_disagree() -> None:
    nothing, other_class = detections(), detections(*((x, y, 1) for x, y, _ in TEN))
    found = signs(seen(0, *TEN, other=nothing), seen(1, *TEN, other=other_class), seen(2, *TEN))
    assert found.disagreement[0] > 0
    assert found.disagreement[1] > found.disagreement[0]
    assert found.disagreement[2] == 0


def test_a_cell_beyond_the_radius_is_another_one() -> None:
    near, far = (detections(*((x + shift, y, 0) for x, y, _ in TEN)) for shift in (4.0, 4.1))
    found = signs(seen(0, *TEN, other=near), seen(1, *TEN, other=far))
    assert found.disagreement[0] == 0
    assert found.disagreement[1] > 0


def test_a_network_with_one_head_shows_no_disagreement() -> None:
    plain = seen(0, *TEN)
    found = signs(SeenField(plain.box, plain.cells, None, plain.doubts), seen(1, *TEN))
    assert found.disagreement.tolist() == [0.0, 0.0]
    with pytest.raises(ShapeError):
        Signs(found.disagreement, found.entropy, found.rarity, found.cells[:1])


def test_many_doubtful_cells_go_before_two() -> None:
    found = signs(seen(0, *TEN[:2], doubt=0.9), seen(1, *TEN * 10, doubt=0.8))
    assert found.entropy[1] > found.entropy[0]


def test_the_commonest_class_is_not_rare_and_an_unseen_one_is_rarest() -> None:
    assert rarities(np.array([100, 10, 0])).tolist() == [0.0, 0.9, 1.0]
    assert rarities(np.array([0, 0])).tolist() == [0.0, 0.0]
    found = signs(seen(0, *TEN), seen(1, *TEN[:9], (0, 50, 1)))
    assert found.rarity[0] == 0
    assert found.rarity[1] > 0


def test_fields_without_cells_are_no_error_and_come_last() -> None:
    found = signs(seen(0), seen(1, *TEN, doubt=0.5))
    assert merits(found, Weights()).tolist() == [0.0, 1.0]


def test_the_only_field_is_the_first_of_all() -> None:
    assert merits(signs(seen(0, *TEN)), Weights()).tolist() == [1.0]


def test_a_sign_without_weight_changes_nothing() -> None:
    found = Signs(
        np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.array([0.0, 0.0]), np.array([1, 1])
    )
    assert merits(found, Weights(entropy=0)).tolist() == [0.0, 1.0]
    assert merits(found, Weights(disagreement=0)).tolist() == [1.0, 0.0]
    assert merits(found, Weights()).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("wrong", [{"entropy": -1.0}, {"rarity": float("nan")}])
def test_weights_that_are_none_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="weights"):
        Weights(**wrong)


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(InputError, match="weights"):
        Weights(disagreement=0, entropy=0, rarity=0)


shares = st.lists(st.integers(0, 20).map(lambda one: one / 20), min_size=6, max_size=6)


def some_signs(one: list[float], other: list[float], third: list[float]) -> Signs:
    return Signs(np.array(one), np.array(other), np.array(third), np.ones(6, dtype=np.int64))


@settings(max_examples=40, deadline=None)
@given(one=shares, other=shares, third=shares, seed=st.integers(0, 9))
def test_the_order_of_the_fields_changes_no_merit(
    one: list[float], other: list[float], third: list[float], seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(6)
    plain = merits(some_signs(one, other, third), Weights())
    moved = merits(
        Signs(
            np.array(one)[order], np.array(other)[order], np.array(third)[order], np.ones(6, int)
        ),
        Weights(),
    )
    assert moved == pytest.approx(plain[order])
    assert ((plain >= 0) & (plain <= 1)).all()


@settings(max_examples=40, deadline=None)
@given(one=shares, other=shares, third=shares)
def test_a_field_that_shows_more_of_every_sign_is_never_later(
    one: list[float], other: list[float], third: list[float]
) -> None:
    merit = merits(some_signs(one, other, third), Weights())
    for row in range(6):
        for rival in range(6):
            if all(values[row] >= values[rival] for values in (one, other, third)):
                assert merit[row] >= merit[rival] - 1e-12


def test_equal_fields_are_taken_from_the_top_left() -> None:
    corners = np.array([[0, 100], [100, 0], [0, 0]])
    assert best(np.array([0.5, 0.5, 0.5]), corners, 9).tolist() == [2, 1, 0]
    assert best(np.array([0.5, 0.6, 0.5]), corners, 2).tolist() == [1, 2]
