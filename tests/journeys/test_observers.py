"""Two people label the same regions without seeing each other's cells, as docs/observers.md sets it up."""

import os
import subprocess
from pathlib import Path
from typing import Any

import girder_client
import pytest

from patherea_core.errors import InputError
from patherea_core.progress import Silent
from plugin.commands.compare_observers import CompareObserversRequest
from plugin.commands.compare_observers import run as compare
from plugin.commands.export_dataset import ExportRequest
from plugin.commands.export_dataset import run as export
from plugin.radius import Radius
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.people import WRITE, Person, new_person, share
from tests.plugin.archive import point, square

pytestmark = pytest.mark.dsa

PAGE = Path(__file__).parents[2] / "docs" / "observers.md"

#: What each of the two takes for cells, in the first region and, Ben alone, in the second.
ANNA = (point(20, 20), point(50, 50), point(60, 80, "negative"))
BEN = (point(21, 20), point(50, 50, "negative"), point(60, 80, "negative"), point(250, 150))
#: Of the cells that both found, negative ones first: rows are Anna's classes, columns Ben's.
SHARED = ((1, 0), (1, 1))


def copy_for(folder: Folder, person: Person, name: str, slides: list[str]) -> str:
    """Give a person private copies of slides by the commands of the page, and return their folder."""
    commands = PAGE.read_text().split("```bash\n")[1].split("```")[0]
    facts = {
        "PATHEREA_TOKEN": folder.sandbox.token,
        "URL": folder.sandbox.api_url,
        "lead": folder.client.get("user/me")["_id"],
        "person": person.id,
        "name": name,
        "study": folder.id,
        "slides": " ".join(slides),
    }
    command = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(command, env={**os.environ, **facts}, check=True, capture_output=True)
    return done.stdout.decode().strip()


def slide_in(client: Any, folder: str) -> str:  # noqa: ANN401
    (item,) = client.get("item", {"folderId": folder})
    return str(item["_id"])


def exported(folder: Folder, identifier: str, out: Path, **more: Any) -> Path:  # noqa: ANN401
    sandbox = folder.sandbox
    request = ExportRequest(
        api_url=sandbox.api_url,
        token=sandbox.token,
        folder_id=identifier,
        out=out,
        folds=1,
        **more,
    )
    export(request, Silent())
    return out


def test_two_people_label_the_same_regions_blindly_and_are_compared(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    folder = Folder(sandbox, tmp_path)
    slide = folder.add_slide()
    folder.annotate(slide, square(0, 0, 100), square(200, 100, 90), name="fields")
    people = {name: new_person(sandbox, name) for name in ("anna", "ben")}
    folders = {name: copy_for(folder, person, name, [slide]) for name, person in people.items()}
    for (name, person), cells in zip(people.items(), (ANNA, BEN), strict=True):
        item = slide_in(person.client, folders[name])
        seen = person.client.get("annotation", {"itemId": item})
        assert [one["annotation"]["name"] for one in seen] == ["fields"]
        body = {"name": "cells", "elements": list(cells)}
        made = person.client.post("annotation", {"itemId": item}, json=body)
        (other,) = (one for key, one in people.items() if key != name)
        for hidden in (f"folder/{folders[name]}", f"item/{item}", f"annotation/{made['_id']}"):
            with pytest.raises(girder_client.HttpError, match="403"):
                other.client.get(hidden)

    for name, identifier in folders.items():
        exported(folder, identifier, tmp_path / name)
    found = compare(
        CompareObserversRequest(
            people=tuple(tmp_path / name for name in people),
            radius=Radius.parse("4px"),
        ),
        Silent(),
    )
    (pair,) = found.pairs
    assert found.regions == 2
    assert pair.confusion == SHARED


def test_two_people_on_the_same_slide_are_compared_by_an_export_of_each(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    folder = Folder(sandbox, tmp_path)
    slide = folder.add_slide()
    people = {name: new_person(sandbox, name) for name in ("anna", "ben")}
    share(folder.client, folder.id, {person.id: WRITE for person in people.values()})
    folder.annotate(slide, square(0, 0, 100), square(200, 100, 90), name="fields")
    lead = folder.client.get("user/me")["login"]
    for (name, person), cells in zip(people.items(), (ANNA, BEN), strict=True):
        body = {"name": "cells", "elements": list(cells)}
        person.client.post("annotation", {"itemId": slide}, json=body)
        login = person.client.get("user/me")["login"]
        exported(folder, folder.id, tmp_path / name, authors=(lead, login))
    both = exported(folder, folder.id, tmp_path / "both", annotators="apart")
    paths = tuple(tmp_path / name for name in people)
    radius = Radius.parse("4px")
    (pair,) = compare(CompareObserversRequest(people=paths, radius=radius), Silent()).pairs
    assert pair.confusion == SHARED
    with pytest.raises(InputError, match=r"has two samples of slide\.tif at"):
        compare(CompareObserversRequest(people=(both, paths[0]), radius=radius), Silent())
