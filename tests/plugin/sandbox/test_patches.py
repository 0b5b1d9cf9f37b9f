"""Every patch of the embedded database is needed, and with all of them the calls that need them work."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plugin.sandbox.embedded_mongo import PATCHES, Patch, gaps

Outcomes = dict[str, list[str | None]]
ROOT = Path(__file__).parents[3]


def from_program(module: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    folder = tmp_path_factory.mktemp("probes")
    said = from_program("tests.plugin.sandbox.patch_probes", str(folder))
    read: Outcomes = json.loads(said.splitlines()[-1])
    return read


@pytest.mark.parametrize("patch", gaps.PATCHES, ids=lambda patch: patch.name)
def test_a_call_of_girder_works_with_all_patches(outcomes: Outcomes, patch: Patch) -> None:
    with_all, _ = outcomes[patch.name]
    assert with_all is None, with_all


@pytest.mark.parametrize("patch", gaps.PATCHES, ids=lambda patch: patch.name)
def test_a_call_of_girder_fails_without_its_patch(outcomes: Outcomes, patch: Patch) -> None:
    _, without = outcomes[patch.name]
    assert without is not None


def test_names_of_patches_differ() -> None:
    assert len({patch.name for patch in PATCHES}) == len(PATCHES)


def test_speed_changes_no_result() -> None:
    fast, plain = (
        json.loads(from_program("tests.plugin.sandbox.speed_probes", *leave_out))
        for leave_out in ([], ["none"])
    )
    assert fast == plain
