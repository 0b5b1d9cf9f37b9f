"""Files of foundation models come from a hub that speaks as Hugging Face's does, or one sentence helps."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import MappingProxyType

import huggingface_hub
import pytest

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model import weight_hub
from patherea_core.model.foundation import registry
from patherea_core.model.pretrained import read_backbone_weights
from patherea_core.model.weight_files import file_digest
from tests.core.model.foundation.published import FORMS, published_state, written

TOKEN = "hf_secret"
COMMIT = "0123456789012345678901234567890123456789"


class Hub(BaseHTTPRequestHandler):
    """Serves the files of a folder, those of gated repositories to the token alone."""

    folder: Path
    gated: tuple[str, ...] = ("MahmoodLab/UNI",)

    def do_HEAD(self) -> None:
        """Answer without the file."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """Answer with the file."""
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, *, body: bool) -> None:
        repository, _, name = self.path.strip("/").partition("/resolve/main/")
        path = self.folder / name
        if repository in self.gated and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._refuse(403, "GatedRepo")
        elif not path.is_file():
            self._refuse(404, "EntryNotFound")
        else:
            self._give(path, body=body)

    def _give(self, path: Path, *, body: bool) -> None:
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("ETag", f'"{file_digest(path)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Return the folder that the hub serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def address(served: Path) -> Iterator[str]:
    """Return the address of a running hub."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OfFolder", (Hub,), {"folder": served}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str) -> Iterator[None]:
    """Let the program fetch from that hub, into a cache of its own."""
    fetch = partial(
        huggingface_hub.hf_hub_download,
        endpoint=address,
        cache_dir=tmp_path / "cache",
        token=TOKEN,
    )
    monkeypatch.setattr(weight_hub, "hf_hub_download", fetch)
    monkeypatch.setattr(weight_hub, "answers", lambda _address: True)
    yield
    huggingface_hub.close_session()


def network(name: str) -> NetworkConfig:
    return NetworkConfig(backbone=name)


@pytest.mark.usefixtures("small_foundations", "reach")
def test_the_first_file_that_is_published_is_fetched_and_kept(served: Path) -> None:
    written(served, published_state(FORMS["hibou-b"].small), "pytorch_model.bin")
    read = read_backbone_weights("hub", network("hibou-b"))
    assert read.sha256 == file_digest(served / "pytorch_model.bin")
    assert "https://huggingface.co/histai/hibou-b" in read.origin


@pytest.mark.usefixtures("small_foundations", "reach")
def test_a_token_that_was_let_in_gets_a_gated_file(served: Path) -> None:
    written(served, published_state(FORMS["uni"].small), "pytorch_model.bin")
    assert read_backbone_weights("hub", network("uni")).licence.startswith("CC-BY-NC-ND-4.0")


@pytest.mark.usefixtures("small_foundations", "reach")
def test_whoever_was_not_let_in_is_told_where_to_ask(
    monkeypatch: pytest.MonkeyPatch, address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = partial(
        huggingface_hub.hf_hub_download,
        endpoint=address,
        cache_dir=tmp_path / "other",
        token="hf_other",
    )
    monkeypatch.setattr(weight_hub, "hf_hub_download", other)
    expected = (
        r"UNI is given to those who asked: ask at https://huggingface\.co/MahmoodLab/UNI, .*HF_TOKEN.*"
        r"download https://huggingface\.co/MahmoodLab/UNI/resolve/main/pytorch_model\.bin and name that file"
    )
    with pytest.raises(InputError, match=expected) as refused:
        read_backbone_weights("hub", network("uni"))
    assert "hf_other" not in str(refused.value) + caplog.text


@pytest.mark.usefixtures("small_foundations", "reach")
def test_a_fetched_file_that_is_not_the_published_one_is_refused(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(served, published_state(FORMS["hibou-b"].small), "model.safetensors")
    known = replace(registry.FOUNDATIONS["hibou-b"], sha256="0" * 64)
    monkeypatch.setattr(registry, "FOUNDATIONS", MappingProxyType({"hibou-b": known}))
    with pytest.raises(
        InputError, match=r"fetched as Hibou-B has the sha256 \w+, not 0000.*remove"
    ):
        read_backbone_weights("hub", network("hibou-b"))


@pytest.mark.parametrize("name", ["uni", "hibou-b", "dinov2-s"])
def test_out_of_reach_the_file_to_bring_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def unreachable(*_: object, **__: object) -> str:
        raise OSError("no route")

    monkeypatch.setattr(weight_hub, "hf_hub_download", unreachable)
    monkeypatch.setattr(weight_hub, "answers", lambda _address: True)
    monkeypatch.setattr(weight_hub, "download_cached_file", unreachable)
    download = registry.FOUNDATIONS[name].download
    with pytest.raises(InputError, match=rf"download {download}, bring the file here") as refused:
        weight_hub.fetched(name)
    assert ("an account that was let in" in str(refused.value)) == registry.FOUNDATIONS[name].gated
