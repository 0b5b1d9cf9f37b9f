"""Slides that are several files: whether all that belongs together lies together."""

import configparser
import re
from pathlib import Path

from plugin.slides.check import Check, failed, passed, warned

#: Keys of a Hamamatsu index whose values are files beside it.
_VMS_FILES = re.compile(r"^(?:ImageFile\b.*|MapFile|OptimisationFile|MacroImage)$", re.IGNORECASE)


def companions_check(path: Path) -> Check:
    """Return whether the other files are there that a slide needs, if it needs any."""
    suffix = path.suffix.lower()
    if suffix == ".mrxs":
        return _mrxs(path)
    if suffix in {".vms", ".vmu"}:
        return _hamamatsu(path)
    if suffix in {".dcm", ".dicom"}:
        return _dicom(path)
    return passed("files", "one file")


def _mrxs(path: Path) -> Check:
    folder = path.with_suffix("")
    index = folder / "Slidedat.ini"
    if not index.is_file():
        return failed(
            "files",
            f"the folder {folder.name!r} with Slidedat.ini is not beside it",
            "copy the folder of the same name along with the .mrxs file",
        )
    named = _ini(index, "DATAFILE")
    files = [name for key, name in named.items() if key.startswith("file_") and key != "file_count"]
    return _all_there(folder, files)


def _hamamatsu(path: Path) -> Check:
    keys: dict[str, str] = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        key, found, value = line.partition("=")
        if found and _VMS_FILES.match(key.strip()) and value.strip():
            keys[key.strip()] = value.strip()
    return _all_there(path.parent, list(keys.values()))


def _dicom(path: Path) -> Check:
    beside = [other for other in path.parent.iterdir() if other.suffix == path.suffix]
    if len(beside) > 1:
        return passed("files", f"{len(beside)} DICOM files in its folder")
    return warned(
        "files",
        "one DICOM file alone; the other levels of the slide are other files",
        "copy the whole folder of the slide, and give any of its files",
    )


def _all_there(folder: Path, names: list[str]) -> Check:
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        return failed(
            "files",
            f"{len(missing)} of {len(names)} files are missing, the first is {missing[0]!r}",
            f"copy all files of the slide into {str(folder)!r}",
        )
    return passed("files", f"all {len(names)} files that belong to it are there")


def _ini(path: Path, section: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig", errors="replace"))
        return dict(parser.items(section))
    except configparser.Error:
        return {}
