"""The build itself: what `girder build` does, on a copy of Girder's sources and with three cures.

As shipped, the build fails or gives a blank page:

1. The npm package `canvas` (only for tests of others) fetches a program from the internet when it is
   installed, and webpack 3 wants hashes that today's OpenSSL no longer gives: two settings for npm and Node.
2. Since npm copies `@girder/core` into `node_modules`, which the shipped settings keep away from babel, its
   exports can no longer be replaced, and every plugin dies on the page: babel must see that one package.
3. HistomicsUI brings its own Backbone, whose router never starts, so that links to a slide open nothing:
   all plugins must share one Backbone.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from importlib.resources import as_file, files
from pathlib import Path

from patherea_core.errors import OutputError
from plugin.sandbox.node import Node

CURES = (
    ("exclude: /node_modules/\n", "exclude: /node_modules[\\\\/](?!@girder[\\\\/]core)/\n"),
    (
        "jquery: require.resolve('jquery'),",
        "jquery: require.resolve('jquery'), backbone: require.resolve('backbone'),"
        " underscore: require.resolve('underscore'),",
    ),
)
"""What is replaced in Girder's webpack settings, and by what (cures 2 and 3)."""

NPM_SETTINGS = {
    "NPM_CONFIG_IGNORE_SCRIPTS": "true",
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_PROGRESS": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "NODE_OPTIONS": "--openssl-legacy-provider",
}
"""Cure 1, and quiet."""

SAY_EVERY_SECONDS = 30.0


def build_pages(workshop: Path, node: Node, report: Callable[[str], None], *, log: Path) -> Path:
    """Build the pages of Girder and all installed plugins.

    Args:
        workshop: an empty folder for sources, npm's packages and the result; several hundred MB.
        node: the Node.js to build with.
        report: is told what happens, a line at a time.
        log: file for what npm and webpack say.

    Returns:
        The folder inside `workshop` to be served as Girder's `static`.

    Raises:
        OutputError: npm or webpack failed.
    """
    source, static = workshop / "web_client", workshop / "static"
    _copy_sources(source)
    path = f"{node.folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {**os.environ, **NPM_SETTINGS, "PATH": path}
    log.unlink(missing_ok=True)
    for name, command in (
        ("fetching packages", [node.npm, "install", "--install-links"]),
        ("bundling pages", [node.npm, "run", "build", "--", *_build_options(static)]),
    ):
        _run(command, name, report, source=source, environment=environment, log=log)
    if not (static / "built/plugins/histomicsui").is_dir():
        raise OutputError(f"the build left no pages for HistomicsUI; see {log}")
    return static


def cure(webpack_settings: str) -> str:
    """Return Girder's webpack settings with the cures applied; refuse those that do not look as expected."""
    for before, after in CURES:
        if before not in webpack_settings:
            raise OutputError(
                f"Girder's webpack settings have no {before.strip()!r}; is it another version of Girder?"
            )
        webpack_settings = webpack_settings.replace(before, after)
    return webpack_settings


def _copy_sources(target: Path) -> None:
    """Copy Girder's own pages, cured, and list the packages of all plugins beside them."""
    with as_file(files("girder") / "web_client") as shipped:
        shutil.copytree(shipped, target, ignore=shutil.ignore_patterns("node_modules"))
    settings = target / "grunt_tasks/webpack.config.js"
    settings.write_text(cure(settings.read_text(encoding="utf-8")), encoding="utf-8")
    packages = _plugin_packages()
    content = json.loads((target / "package.json.template").read_text(encoding="utf-8"))
    content["dependencies"].update({"@girder/core": f"file:{target / 'src'}", **packages})
    content["girder"] = {"plugins": list(packages)}
    (target / "package.json").write_text(json.dumps(content), encoding="utf-8")


def _plugin_packages() -> dict[str, str]:
    """Return the npm packages of all installed plugins and where each one is."""
    from girder.plugin import (
        allPlugins,
        getPlugin,
    )  # heavy, and needed only when there is something to build

    packages: dict[str, str] = {}
    for name in allPlugins():
        packages.update(getPlugin(name).npmPackages())
    return packages


def _build_options(static: Path) -> list[str]:
    from girder import __version__

    return [
        f"--girder-version={__version__}",
        f"--static-path={static}",
        "--static-public-path=/static",
        "--no-progress=true",
        "--env=prod",
    ]


def _run(
    command: list[str],
    name: str,
    report: Callable[[str], None],
    *,
    source: Path,
    environment: Mapping[str, str],
    log: Path,
) -> None:
    """Run one step to its end, saying every half minute that it is still going."""
    start = said = time.monotonic()
    with log.open("a", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603  npm, found by find_node, on a folder of our own
            command,
            cwd=source,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            while process.poll() is None:
                time.sleep(0.2)
                if time.monotonic() - said > SAY_EVERY_SECONDS:
                    said = time.monotonic()
                    report(f"  {name}: {said - start:.0f} s so far")
        finally:
            process.kill()
            process.wait()
    if process.returncode:
        raise OutputError(f"{name} failed (npm ended with {process.returncode}); see {log}")
    report(f"  {name}: done in {time.monotonic() - start:.0f} s")
