"""Weights that timm names are fetched, or one sentence says which file to bring from where."""

import logging
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from huggingface_hub import constants
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError
from safetensors.torch import save_file

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model import weight_hub
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.model.pretrained import read_backbone_weights
from patherea_core.model.timm_models import created
from patherea_core.model.weight_fitting import INITIAL_WEIGHTS
from patherea_core.model.weight_hub import answers

RESNET = NetworkConfig(backbone="resnet10t")


class Hub:
    """A hub that holds some files, and remembers what it was asked for."""

    def __init__(self, *, reachable: bool = True, **files: Path) -> None:
        self.reachable = reachable
        self.files = files
        self.asked: list[tuple[str, str, str | None]] = []

    def __call__(self, repository: str, filename: str, revision: str | None) -> str:
        """Return the place of a file, as the hub's client does."""
        self.asked.append((repository, filename, revision))
        if not self.reachable:
            raise LocalEntryNotFoundError("offline")
        stem = Path(filename).stem
        if stem not in self.files:
            raise EntryNotFoundError(filename)
        return str(self.files[stem])


@pytest.fixture(autouse=True)
def answering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let every server answer, also where there is no network, and keep nothing of before."""
    monkeypatch.setattr(weight_hub, "answers", lambda _address: True)
    monkeypatch.setattr(weight_hub, "get_cache_dir", lambda: str(tmp_path / "kept"))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file(created("resnet10t", {}).state_dict(), path)
    return path


def test_weights_come_from_where_timm_says(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    hub = Hub(model=weights)
    monkeypatch.setattr(weight_hub, "hf_hub_download", hub)
    read = read_backbone_weights("hub", RESNET)
    assert hub.asked == [("timm/resnet10t.c3_in1k", "model.safetensors", None)]
    assert read.licence == "apache-2.0"
    assert read.origin == (
        "https://huggingface.co/timm/resnet10t.c3_in1k/resolve/main/model.safetensors"
    )
    assert read.state.keys() == {
        name
        for name in created("resnet10t", {}).state_dict()
        if not name.endswith("num_batches_tracked")
    }


def test_an_older_form_of_the_weights_is_taken_where_there_is_no_newer(
    monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    hub = Hub(pytorch_model=weights)
    monkeypatch.setattr(weight_hub, "hf_hub_download", hub)
    assert weight_hub.fetched("resnet10t") == weights
    assert [name for _, name, _ in hub.asked] == ["model.safetensors", "pytorch_model.bin"]


def test_out_of_reach_the_file_to_bring_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(reachable=False)
    monkeypatch.setattr(weight_hub, "hf_hub_download", hub)
    expected = (
        r"\(huggingface\.co cannot be reached\); .*"
        r"download https://huggingface\.co/timm/resnet10t\.c3_in1k/resolve/main/model\.safetensors, .*"
        "--backbone-weights FILE"
    )
    with pytest.raises(InputError, match=expected):
        read_backbone_weights("hub", RESNET)
    assert len(hub.asked) == 1  # another name would not be in reach either
    with pytest.raises(InputError, match="as in --initial-weights FILE"):
        read_backbone_weights("hub", RESNET, INITIAL_WEIGHTS)


@pytest.mark.parametrize("proxy", [True, False])
def test_a_hub_without_an_address_is_asked_for_nothing_unless_a_proxy_knows_it(
    monkeypatch: pytest.MonkeyPatch, weights: Path, *, proxy: bool
) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror("Name or service not known")

    hub = Hub(model=weights)
    monkeypatch.setattr(weight_hub, "answers", answers)  # as it is, not as in other tests
    monkeypatch.setattr(weight_hub, "hf_hub_download", hub)
    monkeypatch.setattr("socket.create_connection", unknown)
    monkeypatch.setattr(weight_hub, "getproxies", lambda: {"https": "proxy"} if proxy else {})
    if proxy:
        assert weight_hub.fetched("resnet10t") == weights
    else:
        with pytest.raises(InputError, match=r"huggingface\.co cannot be reached"):
            weight_hub.fetched("resnet10t")
    assert bool(hub.asked) == proxy


def test_a_hub_that_takes_no_connection_is_given_up_at_once_and_its_attempt_is_told(
    monkeypatch: pytest.MonkeyPatch, weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(weight_hub, "answers", answers)
    monkeypatch.setattr(weight_hub, "getproxies", dict)
    hub = Hub(model=weights)
    monkeypatch.setattr(weight_hub, "hf_hub_download", hub)
    caplog.set_level(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", endpoint)
        assert weight_hub.fetched("resnet10t") == weights
    assert f"model.safetensors of timm/resnet10t.c3_in1k is asked for at {endpoint}" in caplog.text
    assert "given up after 5 seconds" in caplog.text
    with pytest.raises(InputError, match=r"127\.0\.0\.1 cannot be reached"):
        weight_hub.fetched("resnet10t")
    assert len(hub.asked) == 1


def test_weights_that_are_kept_are_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hub = Hub(model=weights)
    monkeypatch.setattr(weight_hub, "hf_hub_download", hub)
    monkeypatch.setattr(weight_hub, "answers", lambda _address: False)
    monkeypatch.setattr(weight_hub, "try_to_load_from_cache", lambda *_, **__: str(weights))
    caplog.set_level(logging.INFO)
    assert weight_hub.fetched("resnet10t") == weights
    assert hub.asked == []
    assert "is asked for" not in caplog.text


def test_the_attempts_of_the_hubs_client_are_not_told(
    monkeypatch: pytest.MonkeyPatch, weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = logging.getLogger("huggingface_hub.utils._http")
    hub = Hub(model=weights)

    def noisy(*arguments: Any, **options: Any) -> str:  # noqa: ANN401
        client.warning("Retrying in 1s [Retry 1/5].")
        return hub(*arguments, **options)

    monkeypatch.setattr(weight_hub, "hf_hub_download", noisy)
    weight_hub.fetched("resnet10t")
    assert "Retrying" not in caplog.text
    client.warning("as before")
    assert "as before" in caplog.text


def settings(**changes: Any) -> SimpleNamespace:  # noqa: ANN401
    return SimpleNamespace(**{"hf_hub_id": None, "hf_hub_filename": None, "url": ""} | changes)


def test_a_plain_address_is_fetched_and_named_out_of_reach(
    monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    of_address = settings(url="https://example.org/resnet.pth")
    monkeypatch.setattr("timm.get_pretrained_cfg", lambda _name: of_address)
    reachable = True

    def download(address: str, *, progress: bool) -> str:
        assert (address, progress) == ("https://example.org/resnet.pth", False)
        if not reachable:
            raise OSError("no route")
        return str(weights)

    monkeypatch.setattr(weight_hub, "download_cached_file", download)
    assert weight_hub.fetched("resnet10t") == weights
    reachable = False
    with pytest.raises(InputError, match=r"download https://example\.org/resnet\.pth"):
        weight_hub.fetched("resnet10t")


@pytest.mark.parametrize("name", ["resnet10t", "dinov2-s"])
def test_a_plain_address_whose_server_takes_no_connection_is_given_up_in_seconds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    def dropped(place: tuple[str, int], timeout: float) -> None:
        asked.append((place, timeout))
        raise TimeoutError("timed out")

    def hanging(*_: object, **__: object) -> str:
        raise AssertionError("it would wait for ever")

    asked: list[tuple[tuple[str, int], float]] = []
    address = known.download if (known := known_foundation(name)) else "https://example.org/a.pth"
    host = str(urlsplit(address).hostname)
    monkeypatch.setattr("timm.get_pretrained_cfg", lambda _name: settings(url=address))
    monkeypatch.setattr(weight_hub, "answers", answers)
    monkeypatch.setattr(weight_hub, "getproxies", dict)
    monkeypatch.setattr("socket.create_connection", dropped)
    monkeypatch.setattr(weight_hub, "download_cached_file", hanging)
    caplog.set_level(logging.INFO)
    with pytest.raises(
        InputError,
        match=rf"\({host} cannot be reached\); .*download {address}, bring the file here",
    ):
        weight_hub.fetched(name)
    assert asked == [((host, 443), 5)]
    assert f"{address} is asked for; that is given up after 5 seconds" in caplog.text


def test_a_file_of_a_plain_address_that_is_kept_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    of_address = settings(url="https://example.org/models/resnet.pth")
    monkeypatch.setattr("timm.get_pretrained_cfg", lambda _name: of_address)
    monkeypatch.setattr(weight_hub, "answers", lambda _address: False)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "resnet.pth").touch()
    assert weight_hub.fetched("resnet10t") == tmp_path / "kept" / "resnet.pth"


def test_a_revision_and_a_file_that_timm_names_are_honoured(
    monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    hub = Hub(encoder=weights)
    monkeypatch.setattr(weight_hub, "hf_hub_download", hub)
    named = settings(hf_hub_id="owner/name@v2", hf_hub_filename="encoder.pth")
    monkeypatch.setattr("timm.get_pretrained_cfg", lambda _name: named)
    assert weight_hub.fetched("resnet10t") == weights
    assert hub.asked == [("owner/name", "encoder.pth", "v2")]


def test_a_model_without_published_weights_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timm.get_pretrained_cfg", lambda _name: settings())
    with pytest.raises(InputError, match="timm names no weights for 'resnet10t'"):
        weight_hub.fetched("resnet10t")
