"""What is learnt from a prediction, and what is shown of it."""

import pytest
import torch
from torch import Tensor

from patherea_core.errors import ShapeError
from patherea_core.pretraining.masking import as_cells
from patherea_core.pretraining.modelling import reconstruction
from patherea_core.pretraining.pictures import reconstruction_picture
from patherea_core.pretraining.settings import PretrainingConfig
from tests.core.model.networks import without_gradient
from tests.core.pretraining.models import (
    built,
    hidden_cells,
    pyramid,
    repainted,
    tiles,
    transformer,
)

CELL = 8
HIDDEN = torch.tensor([[[True, False], [False, True]], [[False, True], [True, False]]])


def predicted(seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 4, 3 * CELL * CELL, generator=generator)


def literal_loss(images: Tensor, guess: Tensor) -> float:
    errors = []
    for image, cells, hidden in zip(images, guess, HIDDEN, strict=True):
        for row in range(2):
            for column in range(2):
                if hidden[row, column]:
                    top, left = row * CELL, column * CELL
                    pixels = image[:, top : top + CELL, left : left + CELL].flatten()
                    wanted = (pixels - pixels.mean()) / (pixels.var() + 1e-6).sqrt()
                    errors.append(((cells[2 * row + column] - wanted) ** 2).mean())
    return float(sum(errors) / len(errors))


def test_the_loss_is_the_mean_over_hidden_cells_of_normalised_pixels() -> None:
    images = tiles(2 * CELL)
    loss = reconstruction(images, HIDDEN, predicted(), CELL).loss
    assert float(loss) == pytest.approx(literal_loss(images, predicted()), rel=1e-5)


def test_what_is_said_of_visible_cells_costs_nothing_and_teaches_nothing() -> None:
    images, guess = tiles(2 * CELL), predicted().requires_grad_()
    visible = ~HIDDEN.flatten(1)
    other = torch.where(visible[..., None], predicted(7) * 100, guess)
    result, changed = (reconstruction(images, HIDDEN, cells, CELL) for cells in (guess, other))
    assert torch.equal(result.loss, changed.loss)
    result.loss.backward()  # type: ignore[no-untyped-call]
    assert guess.grad is not None
    assert not guess.grad[visible].any()
    assert guess.grad[~visible].all()


def test_what_is_said_of_hidden_cells_costs() -> None:
    images = tiles(2 * CELL)
    one, other = (reconstruction(images, HIDDEN, predicted(seed), CELL).loss for seed in (1, 2))
    assert one != other


def test_a_perfect_prediction_costs_nothing_and_looks_like_the_tile() -> None:
    images = tiles(2 * CELL)
    cells = as_cells(images, CELL)
    perfect = (cells - cells.mean(2, keepdim=True)) / (cells.var(2, keepdim=True) + 1e-6).sqrt()
    result = reconstruction(images, HIDDEN, perfect, CELL)
    assert float(result.loss) < 1e-10
    torch.testing.assert_close(result.picture, images, rtol=1e-4, atol=1e-5)


def test_a_cell_of_one_colour_can_be_learnt() -> None:
    result = reconstruction(torch.ones(2, 3, 16, 16), HIDDEN, torch.zeros(2, 4, 192), CELL)
    assert float(result.loss) == 0
    assert torch.equal(result.picture, torch.ones(2, 3, 16, 16))


def test_with_nothing_hidden_there_is_nothing_to_learn() -> None:
    images = tiles(2 * CELL)
    result = reconstruction(images, torch.zeros_like(HIDDEN), predicted(), CELL)
    assert float(result.loss) == 0
    assert torch.equal(result.picture, images)


def test_only_hidden_cells_of_the_picture_are_predicted() -> None:
    images = tiles(2 * CELL)
    picture = reconstruction(images, HIDDEN, predicted(), CELL).picture
    same = (as_cells(picture, CELL) == as_cells(images, CELL)).all(2)
    assert torch.equal(same, ~HIDDEN.flatten(1))


def test_tiles_are_normalised_as_the_backbone_expects() -> None:
    model = built(transformer())
    bytes_ = torch.randint(0, 256, (1, 3, 16, 16), dtype=torch.uint8)
    mean, std = (torch.tensor([0.5] * 3).reshape(1, 3, 1, 1) for _ in range(2))
    torch.testing.assert_close(model.normalised(bytes_), (bytes_ / 255 - mean) / std)


@pytest.mark.parametrize(
    "config", [transformer(), pyramid("test_efficientnet")], ids=["mae", "spark"]
)
def test_what_is_predicted_depends_on_what_is_visible_alone(config: PretrainingConfig) -> None:
    model = built(config).eval()
    images, hidden = tiles(), hidden_cells(model)
    with torch.no_grad():
        predicted = model.predicted(images, hidden)
        assert torch.equal(model.predicted(repainted(images, hidden), hidden), predicted)
        assert not torch.equal(model.predicted(repainted(images, ~hidden), hidden), predicted)


@pytest.mark.parametrize(
    "config", [transformer(), pyramid("test_efficientnet")], ids=["mae", "spark"]
)
def test_in_half_precision_the_loss_is_nearly_the_same_and_has_32_bits(
    config: PretrainingConfig,
) -> None:
    model = built(config)
    images, hidden = tiles(), hidden_cells(model)
    exact = model(images, hidden).loss
    with torch.autocast("cpu", torch.bfloat16):
        half = model(images, hidden)
    assert half.loss.dtype == half.picture.dtype == torch.float32
    torch.testing.assert_close(half.loss, exact, rtol=0.05, atol=0.05)
    half.loss.backward()
    assert not without_gradient(model)


def test_a_tile_that_cells_do_not_divide_is_refused() -> None:
    model = built(transformer())
    with pytest.raises(ShapeError, match=r"multiples of 16 pixels .* 40 × 40"):
        model(tiles(40), torch.zeros(2, 2, 2, dtype=torch.bool))


@pytest.mark.parametrize(
    "hidden", [torch.zeros(2, 3, 4, dtype=torch.bool), torch.zeros(2, 4, 4)], ids=["shape", "kind"]
)
def test_cells_that_are_not_those_of_the_tiles_are_refused(hidden: Tensor) -> None:
    model = built(transformer())
    with pytest.raises(ShapeError, match=r"hidden must be \(2, 4, 4\) of bool"):
        model(tiles(64), hidden)


def test_a_picture_shows_what_is_seen_what_is_made_of_it_and_what_was_there() -> None:
    mean, std = torch.full((1, 3, 1, 1), 0.25), torch.full((1, 3, 1, 1), 0.5)
    bytes_ = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)
    made = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8)
    original, filled = ((pixels / 255 - mean) / std for pixels in (bytes_, made))
    picture = reconstruction_picture(original, filled, HIDDEN, mean, std)
    seen, shown, there = picture[..., :16], picture[..., 16:32], picture[..., 32:]
    assert torch.equal(there, bytes_)
    assert torch.equal(shown, made)
    hidden = HIDDEN.repeat_interleave(8, 1).repeat_interleave(8, 2)[:, None].expand(-1, 3, -1, -1)
    assert (seen[hidden] == 128).all()
    assert torch.equal(seen[~hidden], bytes_[~hidden])


def test_colours_beyond_those_of_a_picture_are_cut() -> None:
    unit = torch.ones(1, 3, 1, 1)
    far = torch.full((1, 3, 16, 16), 9.0)
    picture = reconstruction_picture(far, -far, HIDDEN[:1], 0 * unit, unit)
    assert torch.unique(picture[..., 16:]).tolist() == [0, 255]
