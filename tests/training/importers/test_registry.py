"""Importers are found by name, and loaded when they are asked for."""

import importlib.util
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from patherea_core.errors import DatasetError, InputError
from training.importers import registry
from training.importers.registry import IMPORTERS, Importer, read_published


@pytest.mark.parametrize("name", IMPORTERS)
def test_an_importer_reads_a_folder_and_takes_the_options_it_names(
    name: str, tmp_path: Path
) -> None:
    importer = IMPORTERS[name]
    if importlib.util.find_spec(importer.module) is None:
        pytest.skip(f"there is no {importer.module} yet")
    arguments = list(inspect.signature(import_module(importer.module).read).parameters)

    assert arguments == ["source", *importer.options]
    with pytest.raises(DatasetError):
        read_published(name, tmp_path / "absent", {})


def test_capitals_and_underscores_do_not_matter(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no folder"):
        read_published("BRCA_M2C", tmp_path / "absent", {})


def test_an_unknown_name_and_a_foreign_option_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="no dataset is called 'x'; choose from bcdata, bone-marrow"
    ):
        read_published("x", tmp_path, {})
    with pytest.raises(InputError, match="importer of shidc has no option --fold"):
        read_published("shidc", tmp_path, {"fold": 1})


def test_a_missing_module_is_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = {"new": Importer("training.importers.not_there_yet")}
    monkeypatch.setattr(registry, "IMPORTERS", absent)
    with pytest.raises(InputError, match="does not hold the importer of new"):
        read_published("new", tmp_path, {})


def test_naming_the_importers_loads_none() -> None:
    code = (
        "import sys, training.importers.registry as r\n"
        "print({i.module for i in r.IMPORTERS.values()} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
