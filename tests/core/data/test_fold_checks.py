"""What cannot be learnt is refused before the training; what can hardly be is said."""

import logging

import pytest

from patherea_core.data.fold_checks import class_counts, require_trainable
from patherea_core.data.sample import Sample
from patherea_core.errors import DatasetError
from patherea_core.points import Points
from patherea_core.taxonomy import Taxonomy
from tests.builders import points, sample

TAXONOMY = Taxonomy.of(["tumour", "stroma", "mitosis"])


def of_classes(*classes: int, fold: int = 0, size: tuple[int, int] = (64, 64)) -> Sample:
    rows = [(4 + 5 * place, 8, class_index) for place, class_index in enumerate(classes)]
    return sample(points(*rows), name=f"f{fold}", fold=fold, size=size)


def warnings_of(
    training: list[Sample],
    validation: list[Sample],
    caplog: pytest.LogCaptureFixture,
    tile_size: int = 32,
) -> list[str]:
    with caplog.at_level(logging.WARNING):
        require_trainable(training, validation, TAXONOMY, tile_size)
    return [record.getMessage() for record in caplog.records]


def test_what_is_complete_passes_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    assert not warnings_of([of_classes(0, 1, 2)], [of_classes(2, 1, 0, fold=1)], caplog)


def test_a_class_that_validation_alone_has_is_refused() -> None:
    with pytest.raises(DatasetError, match="class 'mitosis', but samples to validate on have"):
        require_trainable([of_classes(0, 1)], [of_classes(0, 2, fold=1)], TAXONOMY, 32)


def test_samples_without_a_cell_cannot_be_trained_on() -> None:
    with pytest.raises(DatasetError, match="no sample to train on has a cell"):
        require_trainable([sample(Points.none())], [sample(Points.none())], TAXONOMY, 32)


def test_a_fold_without_a_class_is_named(caplog: pytest.LogCaptureFixture) -> None:
    training = [of_classes(0, 1, 2), of_classes(0, 1, fold=1)]
    (said,) = warnings_of(training, [of_classes(0, 1, fold=3)], caplog)
    assert said.startswith("no cell of class 'mitosis' lies in fold 1 and 3")


def test_a_class_of_no_sample_is_named(caplog: pytest.LogCaptureFixture) -> None:
    (said,) = warnings_of([of_classes(0, 1)], [of_classes(0, 1, fold=1)], caplog)
    assert said == "no sample has a cell of class 'mitosis', so it cannot be learnt"


def test_small_images_are_counted_once(caplog: pytest.LogCaptureFixture) -> None:
    training = [
        of_classes(0, 1, 2, size=size) for size in ((64, 64), (40, 90), (48, 50), (200, 200))
    ]
    (said,) = warnings_of(training, [of_classes(0, 1, 2)], caplog, tile_size=64)
    assert said.startswith("2 of 4 images")
    assert "smallest 48 × 50;" in said


def test_images_of_which_none_fills_a_quarter_of_a_tile_are_refused() -> None:
    small, long = of_classes(0, 1, 2, size=(31, 33)), of_classes(0, 1, 2, size=(500, 15))
    with pytest.raises(DatasetError, match=r"fills a quarter of a tile of 64 × 64 .* 31 × 33"):
        require_trainable([small, long], [small], TAXONOMY, 64)


def test_one_image_that_fills_a_quarter_of_a_tile_is_enough(
    caplog: pytest.LogCaptureFixture,
) -> None:
    training = [of_classes(0, 1, 2, size=(20, 20)), of_classes(0, 1, 2, size=(32, 32))]
    assert len(warnings_of(training, [of_classes(0, 1, 2)], caplog, tile_size=64)) == 1


def test_cells_are_counted_by_class() -> None:
    samples = [of_classes(0, 0, 2), sample(Points.none())]
    assert class_counts(samples, 4).tolist() == [2, 0, 1, 0]
    assert class_counts([], 2).tolist() == [0, 0]
