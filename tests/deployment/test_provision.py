"""A real Girder takes what docker/provision.yaml puts into a new archive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import girder_client
import pytest
import yaml  # type: ignore[import-untyped]

from tests.conftest import Sandbox
from tests.deployment.arrangement import DOCKER

pytestmark = [pytest.mark.slow, pytest.mark.dsa]

#: What names something else of the file, or is where the sandbox itself answers.
LEFT_OUT = {"slicer_cli_web.task_folder", "worker.api_url"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DOCKER / "provision.yaml").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """An archive of its own, as its settings change."""
    with Sandbox(tmp_path_factory.mktemp("archive")) as running:
        yield running


def test_girder_takes_every_setting(archive: Sandbox, document: dict[str, Any]) -> None:
    client = archive.client()
    for key in document["settings"].keys() - LEFT_OUT:
        value = document["settings"][key]
        client.put("system/setting", parameters={"key": key, "value": json.dumps(value)})
        assert client.get("system/setting", {"key": key}) == value


@pytest.mark.parametrize("key", ["core.registration_policy", "core.no_such_setting"])
def test_girder_would_refuse_a_setting_that_is_wrong(archive: Sandbox, key: str) -> None:
    with pytest.raises(girder_client.HttpError, match="HTTP error 400"):
        archive.client().put("system/setting", parameters={"key": key, "value": '"shut"'})


def test_girder_makes_the_store_with_its_permissions(
    archive: Sandbox, document: dict[str, Any], tmp_path: Path
) -> None:
    asked = document["assetstore"]
    words = {"type": 0, "name": asked["name"], "perms": asked["perms"]}
    made = archive.client().post("assetstore", parameters={**words, "root": str(tmp_path / "new")})
    assert made["perms"] == 0o644
