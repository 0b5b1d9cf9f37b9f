"""A training says on what it runs, and refuses what there is not."""

import pytest
import torch

from patherea_core.errors import InputError
from patherea_core.workflow.devices import device_count, require_devices, resolve_device


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(InputError, match="take auto, cpu or cuda"):
        resolve_device("tpu")


def test_a_processor_is_one_device() -> None:
    assert device_count("cpu", 1) == 1
    assert device_count("cpu", 0) == 1
    with pytest.raises(
        InputError, match="2 GPUs cannot train together, since the training runs on"
    ):
        device_count("cpu", 2)


def test_all_gpus_are_taken_or_as_many_as_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert device_count("cuda", 0) == 4
    assert device_count("cuda", 3) == 3
    with pytest.raises(InputError, match="5 GPUs cannot train together, since there are 4"):
        device_count("cuda", 5)


def test_fewer_than_none_are_refused() -> None:
    with pytest.raises(InputError, match="0 takes all"):
        device_count("cpu", -1)


def test_what_is_not_there_is_refused_without_a_word_of_what_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with caplog.at_level("INFO"):
        require_devices("auto", 1)
        with pytest.raises(InputError, match="no CUDA device can be used here"):
            require_devices("cuda", 1)
        with pytest.raises(InputError, match="2 GPUs cannot train together"):
            require_devices("auto", 2)
    assert caplog.messages == []
