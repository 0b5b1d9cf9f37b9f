"""What one line of the archive makes of descriptions and of forms that somebody filled in.

It runs in an environment of its own, that of the line, and knows nothing of this project. It reads
``{"descriptions": {command: XML}, "forms": {command: [form, …]}}`` from standard input and writes for each
command its parameters, the warnings, the parameters of the endpoint, and the words that each form becomes.
"""

import json
import logging
import sys
from types import SimpleNamespace
from typing import Any
from unittest import mock

FIELDS = (
    *("name", "typ", "label", "description", "default", "channel", "index", "longflag", "elements"),
    *("hidden", "multiple", "datalist", "reference", "fileExtensions", "shapes"),
    *("defaultNameMatch", "defaultPathMatch"),
)


class Warnings(logging.Handler):
    """Keeps what was warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def report(name: str, xml: str, forms: list[dict[str, str]]) -> dict[str, Any]:
    """Return what the line makes of one command."""
    from slicer_cli_web.cli_utils import as_model
    from slicer_cli_web.rest_slicer_cli import genHandlerToRunDockerCLI

    warnings = Warnings()
    logging.getLogger().addHandler(warnings)
    command = SimpleNamespace(_id="0", xml=xml, name=name, image="image", restBasePath="image")
    handler = genHandlerToRunDockerCLI(command)
    return {
        "parameters": [
            {field: getattr(one, field, None) for field in FIELDS}
            for one in as_model(xml).parameters()
        ],
        "warnings": warnings.messages,
        "endpoint": [
            {field: one.get(field) for field in ("name", "required", "default", "enum", "type")}
            for one in handler.description.params
        ],
        "lists": sorted(getattr(handler, "datalist", {})),
        "words": [words(xml, form) for form in forms],
    }


def words(xml: str, form: dict[str, str]) -> list[str]:
    """Return the words that a container is started with, after the name of the command."""
    from girder_worker.docker import transforms
    from slicer_cli_web import prepare_task
    from slicer_cli_web.cli_utils import as_model, get_cli_parameters

    indexed, optional, simple = get_cli_parameters(as_model(xml))
    thing = mock.Mock()
    thing.load = lambda identifier, **_: {"_id": identifier, "itemId": "1", "name": identifier}
    thing.return_value = thing
    with (
        mock.patch.object(prepare_task, "ModelImporter", SimpleNamespace(model=lambda _: thing)),
        mock.patch.object(prepare_task, "Folder", thing),
        mock.patch.object(prepare_task, "_to_girder_api", lambda one, _: f"their {one.name}"),
        mock.patch.object(
            prepare_task, "_to_file_volume", lambda _, one, **__: f"/in/{one['name']}"
        ),
        mock.patch.object(transforms, "VolumePath", lambda path: f"/out/{path}"),
        mock.patch("girder_worker.docker.transforms.girder.GirderUploadVolumePathToFolder"),
    ):
        made, _, _ = prepare_task.prepare_task(
            form, {"_id": "2"}, {"_id": "3"}, indexed, optional, bool(simple), {}
        )
    return [str(one) for one in made]


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    answer = {
        name: report(name, xml, asked["forms"][name]) for name, xml in asked["descriptions"].items()
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
