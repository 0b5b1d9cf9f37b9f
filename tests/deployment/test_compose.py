"""docker/compose.yaml is sound for every program that reads it, and its parts agree with each other."""

import configparser
import importlib
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.arrangement import (
    COMPOSE,
    DOCKER,
    GPU,
    ROOT,
    binds,
    composers,
    config,
    defaults,
    filled,
    raw,
    services,
)

OPTIONS = "GIRDER_WORKER_DOCKER_RUN_OPTIONS"
WORKERS = ("worker", "worker-2")

#: By its name, as type checkers take the folder docker/ for the package.
docker_types: Any = importlib.import_module("docker.types")

IMAGES_ONLY = {"patherea", "busybox"}


def options_of(worker: dict[str, Any]) -> dict[str, Any]:
    """Return how a worker starts the containers of jobs."""
    options: dict[str, Any] = json.loads(worker["environment"][OPTIONS])
    return options


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    """Return a service's variables, whichever way a program writes them."""
    found = service.get("environment") or {}
    pairs = [one.split("=", 1) for one in found] if isinstance(found, list) else found.items()
    return {name: "" if value is None else str(value) for name, value in pairs}


@pytest.mark.parametrize("files", [(COMPOSE,), (COMPOSE, GPU)], ids=["cpu", "gpu"])
@pytest.mark.parametrize("name", ["docker-compose", "docker compose"])
def test_a_composer_reads_the_files_as_we_do(
    name: str, files: tuple[Path, ...], tmp_path: Path
) -> None:
    if name not in composers():
        pytest.skip(f"needs {name}: apt-get install docker-compose, or Docker's Compose plug-in")
    (tmp_path / "none").touch()
    read = config(composers()[name], files, tmp_path / "none")["services"]
    ours = services(gpu=GPU in files)
    assert read.keys() == ours.keys()
    for service, content in ours.items():
        assert read[service]["image"] == content["image"]
        assert environment_of(read[service]) == environment_of(content)
        assert read[service]["restart"] == content["restart"]


@pytest.mark.parametrize("path", [COMPOSE, GPU], ids=lambda path: path.name)
def test_every_variable_has_a_default(path: Path) -> None:
    text = raw(path).replace("$$", "")
    assert len(re.findall(r"\$", text)) == len(re.findall(r"\$\{\w+:-[^}]*\}", text))


def test_a_variable_has_the_same_default_everywhere() -> None:
    assert {len(each) for each in defaults(COMPOSE, GPU).values()} == {1}


def test_the_page_tells_every_variable_with_its_default() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for name, (default,) in defaults(COMPOSE, GPU).items():
        told = f"`{default}`" if default else "empty"
        assert f"| `{name}` | {told} |" in page


def test_only_girder_listens_and_only_for_this_machine() -> None:
    ports = {name: each["ports"] for name, each in services().items() if "ports" in each}
    assert ports == {"girder": ["127.0.0.1:8080:8080"]}


def test_the_image_has_the_name_that_its_page_builds() -> None:
    page = (ROOT / "docs" / "image.md").read_text(encoding="utf-8")
    (name,) = re.findall(
        r"^docker build --file docker/Dockerfile --tag (\S+) \.$", page, re.MULTILINE
    )
    all_services = services()
    assert all_services["patherea"]["image"] == f"{name}:latest"
    assert all_services["girder"]["environment"]["PATHEREA_IMAGE"] == f"{name}:latest"


def test_the_image_is_there_before_girder_registers_it() -> None:
    needs = services()["girder"]["depends_on"]
    assert needs["patherea"]["condition"] == "service_completed_successfully"


def test_services_wait_only_for_what_can_come_true() -> None:
    found = services()
    for service in found.values():
        for name, needed in service.get("depends_on", {}).items():
            if needed["condition"] == "service_healthy":
                assert "healthcheck" in found[name]
            else:
                assert needed["condition"] == "service_completed_successfully"
                assert found[name]["restart"] == "no"


def test_what_stays_is_started_again_watched_and_kept_short_of_words() -> None:
    for name, service in services().items():
        if name not in IMAGES_ONLY:
            assert service["restart"] == "unless-stopped"
            assert "healthcheck" in service
            assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_no_service_can_change_the_socket_of_docker() -> None:
    sockets = [binds(each).get("/var/run/docker.sock") for each in services().values()]
    assert {each for each in sockets if each} == {("/var/run/docker.sock", "ro")}


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_sees_slides_where_girder_sees_them(name: str) -> None:
    girder, worker = binds(services()["girder"]), binds(services()[name])
    for path in ("/assetstore", "/slides"):
        assert worker[path] == (girder[path][0], "ro")
        assert girder[path][0].startswith(
            "/"
        )  # a folder: a named volume cannot be handed on to a job


@pytest.mark.parametrize("name", WORKERS)
def test_a_workers_jobs_have_their_folder_under_the_machines_path(name: str) -> None:
    worker = services()[name]
    folder = worker["environment"]["TMPDIR"]
    assert binds(worker)[folder] == (folder, "rw")


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_can_find_its_own_container(name: str) -> None:
    assert not {"hostname", "container_name", "network_mode"} & services()[name].keys()


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_runs_one_job_at_a_time(name: str) -> None:
    assert services()[name]["environment"]["DSA_WORKER_CONCURRENCY"] == 1


def test_a_worker_does_not_write_the_words_that_it_starts_containers_with() -> None:
    (mounted,) = (
        source
        for path, (source, _) in binds(services()["worker"]).items()
        if path.endswith("/girder_worker/worker.local.cfg")
    )
    found = importlib.util.find_spec("girder_worker")
    assert found is not None
    assert found.origin is not None
    settings = configparser.ConfigParser()
    settings.read([Path(found.origin).with_name("worker.dist.cfg"), DOCKER / mounted])
    assert settings["logging"]["level"] == "warning"
    assert settings["celery"]["app_main"] == "girder_worker"


@pytest.mark.parametrize("gpu", [False, True])
def test_docker_takes_the_options_of_jobs(gpu: bool) -> None:
    for name in WORKERS:
        made = docker_types.HostConfig(version="1.41", **options_of(services(gpu=gpu)[name]))
        assert made["ShmSize"] == 8 * 2**30
        if gpu:
            (request,) = made["DeviceRequests"]
            assert docker_types.DeviceRequest(**request)["Capabilities"] == [["gpu"]]


def test_each_worker_has_a_gpu_of_its_own() -> None:
    asked = [options_of(services(gpu=True)[name])["device_requests"] for name in WORKERS]
    devices = [request["device_ids"] for (request,) in asked]
    assert devices == [["0"], ["1"]]


def test_the_second_worker_comes_only_when_asked_for() -> None:
    found = services()
    assert found["worker-2"]["profiles"] == ["second"]
    assert {name for name, each in found.items() if "profiles" in each} == {"worker-2"}


def test_jobs_cannot_reach_the_database() -> None:
    found = services()
    assert found["mongodb"]["networks"] == ["data"]
    assert all(found[name]["networks"] == ["jobs"] for name in WORKERS)


def test_a_long_job_is_not_taken_away_from_its_worker() -> None:
    arguments = services()["rabbitmq"]["environment"]["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    assert arguments == "-rabbit consumer_timeout undefined"


def test_broker_girder_and_workers_agree_on_the_password() -> None:
    found = services()
    user, password = (
        found["rabbitmq"]["environment"][f"RABBITMQ_DEFAULT_{each}"] for each in ("USER", "PASS")
    )
    for name in ("girder", *WORKERS):
        address = found[name]["environment"]["GIRDER_WORKER_BROKER"]
        assert address == f"amqp://{user}:{password}@rabbitmq//"


def test_the_files_that_services_mount_are_there() -> None:
    for service in services().values():
        for source, _ in binds(service).values():
            assert not source.startswith("./") or (DOCKER / source).is_file()


def test_folders_that_hold_data_are_outside_of_what_the_builder_is_sent() -> None:
    build = filled(COMPOSE)["services"]["patherea"]["build"]
    sent = (DOCKER / build["context"]).resolve()
    for name in ("DSA_DATA", "DSA_SLIDES"):
        (default,) = defaults(COMPOSE)[name]
        assert not Path(default).is_relative_to(sent)
        assert Path(default).is_absolute()
