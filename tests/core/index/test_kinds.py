"""Every class is positive, negative or not counted, and an unknown one is refused by name."""

import numpy as np
import pytest

from patherea_core.errors import ShapeError, TaxonomyError
from patherea_core.index.kinds import Kind, KindedCells, Kinds, Tally
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from tests.core.index.scattered import at

FIVE = Taxonomy.of(["normal", "negative", "other positive", "positive", "other negative"])


def test_the_five_classes_are_known_in_any_order() -> None:
    cells = KindedCells.of(Points(np.zeros((6, 2)), np.array([0, 1, 2, 3, 3, 4])), Kinds.of(FIVE))
    assert cells.tally == Tally(positive=2, negative=1, not_counted=3)
    assert cells.tally.share == pytest.approx(2 / 3)
    assert cells.tumour().tally == Tally(2, 1)


def test_classes_without_a_kind_are_named() -> None:
    with pytest.raises(TaxonomyError, match="'brown', 'blue' is"):
        Kinds.of(Taxonomy.of(["brown", "positive", "negative", "blue"]))


def test_a_mapping_names_classes_of_any_name() -> None:
    names = {"brown": Kind.POSITIVE, "blue": Kind.NEGATIVE, "unused": Kind.NOT_COUNTED}
    assert Kinds.of(Taxonomy.of(["blue", "brown"]), names).of_class == (
        Kind.NEGATIVE,
        Kind.POSITIVE,
    )


@pytest.mark.parametrize(
    ("names", "missing"), [(["positive"], "negative"), (["normal"], "positive")]
)
def test_without_positive_or_negative_classes_there_is_no_index(
    names: list[str], missing: str
) -> None:
    with pytest.raises(TaxonomyError, match=f"is {missing} tumour"):
        Kinds.of(Taxonomy.of(names))


def test_a_cell_of_another_taxonomy_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="has class 5"):
        KindedCells.of(Points(np.zeros((1, 2)), np.array([5])), Kinds.of(FIVE))


def test_without_tumour_cells_the_share_is_undefined_and_not_zero() -> None:
    assert Tally(0, 0, 7).share is None
    assert Tally(0, 7).share == 0


def test_parts_are_joined_in_order() -> None:
    first, second = at((0, 0, Kind.POSITIVE)), at((1, 2, Kind.NEGATIVE), (3, 4, Kind.NOT_COUNTED))
    joined = KindedCells.concatenate([first, second])
    assert joined.xy.tolist() == [[0, 0], [1, 2], [3, 4]]
    assert joined.tally == first.tally + second.tally
    assert len(KindedCells.concatenate([])) == 0


@pytest.mark.parametrize("kind", [[0], [0, 3], [-1, 0]])
def test_nonsense_kinds_are_refused(kind: list[int]) -> None:
    with pytest.raises(ShapeError):
        KindedCells(np.zeros((2, 2)), np.array(kind))
