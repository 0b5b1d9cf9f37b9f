"""What is done before the archive's own start script: a password nobody else knows, and a complete file."""

import importlib.util
import os
import stat
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.deployment.arrangement import DOCKER, services

TEXT = (DOCKER / "provision.yaml").read_text(encoding="utf-8")
OWNER, GROUP = os.getuid(), os.getgid()


@pytest.fixture(scope="module")
def start() -> ModuleType:
    spec = importlib.util.spec_from_file_location("start_girder", DOCKER / "start_girder.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def document(start: ModuleType) -> dict[str, Any]:
    made: dict[str, Any] = start.completed(TEXT, services()["girder"]["environment"], "a password")
    return made


def test_a_password_is_drawn_once_and_only_its_owner_can_read_it(
    start: ModuleType, tmp_path: Path
) -> None:
    drawn = start.admin_password({}, tmp_path, OWNER, GROUP)
    assert len(drawn) >= 16
    assert start.admin_password({}, tmp_path, OWNER, GROUP) == drawn
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{drawn}\n"


def test_two_archives_draw_different_passwords(start: ModuleType, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    one, two = (start.admin_password({}, folder, OWNER, GROUP) for folder in folders)
    assert one != two


def test_a_given_password_is_taken_and_kept_nowhere(start: ModuleType, tmp_path: Path) -> None:
    given = {"DSA_ADMIN_PASSWORD": "correct horse"}
    assert start.admin_password(given, tmp_path, OWNER, GROUP) == "correct horse"
    assert not list(tmp_path.iterdir())


def test_a_short_password_is_refused_without_being_repeated(
    start: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(start.StartError, match="DSA_ADMIN_PASSWORD") as refused:
        start.admin_password({"DSA_ADMIN_PASSWORD": "sesame"}, tmp_path, OWNER, GROUP)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("words", ["", "1000", "0:0", "1000:0", "root:root", "1:2:3", "-1:5"])
def test_a_user_that_is_root_or_no_number_is_refused(start: ModuleType, words: str) -> None:
    with pytest.raises(start.StartError, match="1000:1000"):
        start.user_and_group({"DSA_USER": words})


def test_the_users_numbers_are_read(start: ModuleType) -> None:
    assert start.user_and_group({"DSA_USER": "1001:50"}) == (1001, 50)


@pytest.mark.parametrize("name", ["", "patherea", "registry:5000/lab/patherea"])
def test_an_image_without_a_tag_is_refused(start: ModuleType, name: str) -> None:
    with pytest.raises(start.StartError, match="patherea:latest"):
        start.image_name({"PATHEREA_IMAGE": name})


@pytest.mark.parametrize(
    "name", ["patherea:1.0", "registry:5000/lab/patherea:1.0", "lab/patherea@sha256:00"]
)
def test_an_image_with_a_tag_or_digest_is_taken(start: ModuleType, name: str) -> None:
    assert start.image_name({"PATHEREA_IMAGE": name}) == name


def test_the_file_registers_the_image_and_fetches_none(document: dict[str, Any]) -> None:
    assert document["slicer-cli-image"] == [services()["patherea"]["image"]]
    assert document["slicer-cli-image-pull"] == []


def test_the_file_names_the_broker_that_workers_listen_to(document: dict[str, Any]) -> None:
    worker = services()["worker"]["environment"]
    assert document["settings"]["worker.broker"] == worker["GIRDER_WORKER_BROKER"]
    assert document["settings"]["worker.backend"] == worker["GIRDER_WORKER_BACKEND"]


def test_the_file_itself_holds_no_password(document: dict[str, Any]) -> None:
    assert "password" not in yaml.safe_load(TEXT)["admin"]
    assert document["admin"]["password"] == "a password"


def test_slides_in_the_store_can_be_read_by_the_containers_of_jobs(
    document: dict[str, Any],
) -> None:
    assert int(document["assetstore"]["perms"], 8) == 0o644
    assert document["settings"]["worker.direct_path"] is True


def test_the_job_that_registers_the_image_can_see_its_owner(document: dict[str, Any]) -> None:
    assert document["admin"]["public"] is True


def test_nobody_makes_an_account_for_himself(document: dict[str, Any]) -> None:
    assert document["settings"]["core.registration_policy"] == "closed"


def test_every_folder_comes_after_what_holds_it(document: dict[str, Any]) -> None:
    made = {"admin"}
    for each in document["resources"]:
        named = [str(value) for value in each.values() if str(value).startswith("resource:")]
        assert {one.removeprefix("resource:") for one in named} <= made
        holder = each.get("parent", "resource:collection").removeprefix("resource:")
        made.add(f"{holder}/{each['name']}")
    tasks = document["settings"]["slicer_cli_web.task_folder"]
    assert tasks.removeprefix("resourceid:") in made


def test_settings_are_set_anew_only_where_they_belong_to_the_arrangement(
    document: dict[str, Any],
) -> None:
    assert document["force"] < document["settings"].keys()
    assert isinstance(document["force"], set)  # provision.py adds to it


def test_what_is_written_is_what_was_read(
    start: ModuleType, document: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "provision.yaml"
    start.write_private(file, yaml.safe_dump(document), OWNER, GROUP)
    assert yaml.safe_load(file.read_text()) == document
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
