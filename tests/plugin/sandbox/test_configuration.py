"""What Girder is told, and which database it is given."""

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.sandbox.configuration import girder_configuration, mongo_uri, set_environment

ROOT = Path(__file__).parents[3]


def test_girder_listens_on_this_machine_only() -> None:
    parsed = configparser.ConfigParser()
    parsed.read_string(girder_configuration(1234))
    assert parsed["global"]["server.socket_host"] == '"127.0.0.1"'
    assert parsed["global"]["server.socket_port"] == "1234"


def test_variables_for_other_girders_do_not_mislead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        "GIRDER_PORT": "80",
        "GIRDER_MONGO_URI": "mongodb://elsewhere/girder",
        "HOME": "/",
    }
    monkeypatch.setattr("os.environ", environment)
    set_environment(tmp_path / "girder.cfg")
    assert environment["GIRDER_CONFIG"] == str(tmp_path / "girder.cfg")
    assert environment["HOME"] == "/"
    assert not {"GIRDER_PORT", "GIRDER_MONGO_URI"} & environment.keys()


@pytest.mark.parametrize(
    ("value", "uri"),
    [(None, None), ("", None), (" ", None), ("mongodb://host/girder", "mongodb://host/girder")],
)
def test_the_environment_names_the_mongodb(
    value: str | None, uri: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATHEREA_MONGO_URI", raising=False)
    if value is not None:
        monkeypatch.setenv("PATHEREA_MONGO_URI", value)
    assert mongo_uri() == uri


CHOOSE = """
import sys
from pathlib import Path
from plugin.sandbox.configuration import girder_configuration, set_environment
from plugin.sandbox.server import _database
folder = Path(sys.argv[1])
(folder / "girder.cfg").write_text(girder_configuration(1))
set_environment(folder / "girder.cfg")
with _database(folder / "database.sqlite"):
    import pymongo
    from girder.models import getDbConfig
    print(getDbConfig()["uri"], type(pymongo.MongoClient("mongodb://localhost", connect=False)).__module__)
"""


@pytest.mark.parametrize(
    ("uri", "client", "mirrored"),
    [
        (None, "mongomock.mongo_client", True),
        ("mongodb://localhost:1/other", "pymongo.synchronous", False),
    ],
    ids=["embedded", "named"],
)
def test_girder_gets_the_embedded_database_unless_another_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    uri: str | None,
    client: str,
    *,
    mirrored: bool,
) -> None:
    monkeypatch.delenv("PATHEREA_MONGO_URI", raising=False)
    if uri is not None:
        monkeypatch.setenv("PATHEREA_MONGO_URI", uri)
    command = [sys.executable, "-c", CHOOSE, str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=True
    )
    used, module = done.stdout.split()
    assert used == (uri or "mongodb://localhost/girder")
    assert module.startswith(client)
    assert (tmp_path / "database.sqlite").exists() is mirrored
