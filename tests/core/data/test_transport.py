"""Batches arrive as they were sent, with few handles, or with no shared memory at all."""

from multiprocessing.reduction import ForkingPickler
from pickle import loads

import pytest
import torch

from patherea_core.batch import Batch, Targets
from patherea_core.data.dataset import collate
from patherea_core.data.transport import (
    Collate,
    bytes_of_batch,
    collate_copied,
    collate_shared,
)


def tile(cells: int, value: int) -> Batch:
    targets = Targets(torch.rand(cells, 2), torch.arange(cells))
    images = torch.full((1, 3, 64, 64), value, dtype=torch.uint8)
    return Batch(images, (targets,), torch.ones(1, 64, 64, dtype=torch.bool))


TILES = [tile(3, 10), tile(0, 20), tile(5, 30)]


@pytest.mark.parametrize("cells", [(3, 0, 5), (0, 0), (1,)])
@pytest.mark.parametrize("sent_by", [collate_shared, collate_copied])
def test_a_batch_arrives_as_it_was_sent(sent_by: Collate, cells: tuple[int, ...]) -> None:
    tiles = [tile(count, 10 * count) for count in cells]
    sent = collate(tiles)
    arrived = loads(bytes(ForkingPickler.dumps(sent_by(tiles))))  # noqa: S301  our own words
    assert type(arrived) is Batch
    assert torch.equal(arrived.images, sent.images)
    assert torch.equal(arrived.labelled, sent.labelled)
    assert len(arrived.targets) == len(sent.targets)
    for one, other in zip(arrived.targets, sent.targets, strict=True):
        assert torch.equal(one.xy, other.xy)
        assert torch.equal(one.class_index, other.class_index)
        assert (one.xy.dtype, one.class_index.dtype) == (torch.float32, torch.int64)


def test_a_batch_is_shared_by_two_handles_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    shared: list[int] = []
    share = torch.UntypedStorage._share_fd_cpu_

    def noted(storage: torch.UntypedStorage) -> object:
        shared.append(storage.nbytes())
        return share(storage)

    monkeypatch.setattr(torch.UntypedStorage, "_share_fd_cpu_", noted)
    ForkingPickler.dumps(collate_copied(TILES))
    assert not shared
    ForkingPickler.dumps(collate_shared(TILES))
    assert sum(shared) == bytes_of_batch(3, 64)
    assert len(shared) == 2
