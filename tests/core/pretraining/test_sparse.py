"""Every guarded layer does to the visible sites what it would do if there were no others."""

import copy

import pytest
import torch
from timm.layers.grn import GlobalResponseNorm
from timm.layers.norm import LayerNorm2d
from timm.layers.squeeze_excite import SEModule
from torch import Tensor, nn
from torch.nn import functional

from patherea_core.errors import InputError
from patherea_core.pretraining.sparse import Visibility, make_sparse
from tests.core.pretraining.models import shaken

#: Two images of 2 × 2 cells, of 4 × 4 sites each in the tests.
HIDDEN = torch.tensor([[[True, False], [False, False]], [[False, False], [True, False]]])
SITES = HIDDEN.repeat_interleave(4, 1).repeat_interleave(4, 2)
NOTHING = torch.zeros_like(HIDDEN)


def maps(channels: int = 6, seed: int = 0) -> Tensor:
    """Return (2, channels, 8, 8) maps that are zero where hidden."""
    numbers = torch.randn(2, channels, 8, 8, generator=torch.Generator().manual_seed(seed))
    return (numbers * 2 + 1).masked_fill(SITES[:, None], 0)


def sparse(layer: nn.Module) -> tuple[nn.Sequential, Visibility]:
    """Return a network of that layer alone, guarded."""
    torch.manual_seed(0)
    shaken(layer)
    network, visibility = nn.Sequential(layer), Visibility()
    make_sparse(network, visibility)
    return network, visibility


def run(layer: nn.Module, given: Tensor, hidden: Tensor = HIDDEN) -> Tensor:
    network, visibility = sparse(layer)
    with visibility.hiding(hidden):
        result: Tensor = network(given)
    return result


def rows(images: Tensor, image: int) -> Tensor:
    """Return the (V, C) visible sites of one image."""
    return images[image].permute(1, 2, 0)[~SITES[image]]


LAYERS = [
    *(nn.Conv2d(6, 5, 3, padding=1), nn.BatchNorm2d(6), nn.GroupNorm(2, 6), LayerNorm2d(6)),
    *(SEModule(6, rd_ratio=0.5), GlobalResponseNorm(6, channels_last=False)),
    *(nn.MaxPool2d(3, 1, 1), nn.AvgPool2d(3, 1, 1)),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("train", [True, False])
def test_with_nothing_hidden_a_layer_is_what_it_was(layer: nn.Module, train: bool) -> None:
    layer = copy.deepcopy(layer).train(train)
    network, visibility = sparse(layer)
    # An ordinary layer of the same weights, in the order of memory that a sparse one uses.
    plain = copy.deepcopy(layer)
    for hooks in (plain._forward_hooks, plain._forward_pre_hooks):
        hooks.clear()
    given = maps().contiguous(memory_format=torch.channels_last)
    with visibility.hiding(NOTHING):
        result = network(given)
    assert torch.equal(result, plain(given))
    assert all(torch.equal(*pair) for pair in zip(layer.buffers(), plain.buffers(), strict=True))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_nothing_comes_out_where_it_is_hidden(layer: nn.Module) -> None:
    result = run(copy.deepcopy(layer), maps())
    assert not result.permute(0, 2, 3, 1)[SITES].any()
    assert result.permute(0, 2, 3, 1)[~SITES].any()


def test_batch_norm_learns_its_statistics_from_visible_sites_alone() -> None:
    norm, given = nn.BatchNorm2d(6, momentum=0.25), maps()
    result = run(norm, given)
    sites = torch.cat([rows(given, 0), rows(given, 1)])
    mean, var = sites.mean(0), sites.var(0, unbiased=False)
    assert len(sites) == 96
    torch.testing.assert_close(norm.running_mean, 0.25 * mean)
    torch.testing.assert_close(norm.running_var, 0.75 + 0.25 * sites.var(0))
    expected = (sites - mean) / (var + norm.eps).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(torch.cat([rows(result, 0), rows(result, 1)]), expected)


def test_batch_norm_in_inference_uses_the_statistics_it_has() -> None:
    norm = nn.BatchNorm2d(6).eval()
    norm.running_mean = torch.arange(6.0)
    norm.running_var = torch.arange(1.0, 7.0)
    given = maps()
    expected = (rows(given, 1) - norm.running_mean) / (norm.running_var + norm.eps).sqrt()
    result = rows(run(norm, given), 1)
    torch.testing.assert_close(result, expected * norm.weight + norm.bias)
    assert torch.equal(norm.running_mean, torch.arange(6.0))


def test_layer_norm_of_maps_with_channels_last_is_of_each_visible_site() -> None:
    norm = nn.LayerNorm(6)
    result = run(norm, maps().permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    expected = functional.layer_norm(rows(maps(), 0), (6,), norm.weight, norm.bias)
    torch.testing.assert_close(rows(result, 0), expected)
    assert not result.permute(0, 2, 3, 1)[SITES].any()


def test_response_norm_is_over_visible_sites() -> None:
    norm, given = GlobalResponseNorm(6), maps()
    result = run(norm, given.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    sites = rows(given, 1)
    response = sites.square().sum(0).sqrt()
    response = response / (response.mean() + norm.eps)
    expected = sites + norm.weight * (sites * response) + norm.bias
    torch.testing.assert_close(rows(result, 1), expected)


def test_squeeze_and_excitation_squeezes_visible_sites() -> None:
    layer, given = SEModule(6, rd_ratio=0.5), maps()
    result = run(layer, given)
    sites = rows(given, 0)
    inner = functional.relu(layer.fc1(sites.mean(0)[None, :, None, None]))
    gate = layer.fc2(inner).sigmoid().flatten()
    torch.testing.assert_close(rows(result, 0), sites * gate)


def test_pooling_takes_visible_sites_alone() -> None:
    given = maps(channels=1) - 5
    given = given.masked_fill(SITES[:, None], 0)
    largest = run(nn.MaxPool2d(3, 1, 1), given)
    mean = run(nn.AvgPool2d(3, 1, 1, count_include_pad=False), given)
    for image, row, column in [(0, 3, 4), (0, 4, 4), (1, 4, 4), (1, 0, 0), (1, 3, 2)]:
        around = (image, slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
        seen = given[:, 0][around][~SITES[around]]
        torch.testing.assert_close(largest[image, 0, row, column], seen.max())
        torch.testing.assert_close(mean[image, 0, row, column], seen.mean())


def test_gradients_are_numbers_even_where_everything_is_hidden() -> None:
    given = maps().requires_grad_()
    for layer in LAYERS:
        run(copy.deepcopy(layer), given).square().sum().backward()  # type: ignore[no-untyped-call]
    assert given.grad is not None
    assert given.grad.isfinite().all()


def test_weights_keep_their_names() -> None:
    plain = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()))
    guarded = copy.deepcopy(plain)
    make_sparse(guarded, Visibility())
    assert guarded.state_dict().keys() == plain.state_dict().keys()


def test_a_copy_hides_its_own_cells() -> None:
    network, visibility = sparse(nn.Conv2d(6, 5, 3, padding=1))
    other, its = copy.deepcopy((network, visibility))
    with its.hiding(HIDDEN), visibility.hiding(NOTHING):
        assert not torch.equal(other(maps()), network(maps()))


@pytest.mark.parametrize("layer", [nn.Softmax(dim=1), nn.Upsample(scale_factor=2), nn.Sigmoid()])
def test_a_layer_that_is_not_known_is_refused(layer: nn.Module) -> None:
    with pytest.raises(InputError, match=f"from a layer of the kind {type(layer).__name__}; name"):
        make_sparse(nn.Sequential(nn.Sequential(layer)), Visibility())
