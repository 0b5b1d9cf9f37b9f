"""Which images of two files are the same: by their exact names, else by what is left without an ending."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from patherea_core.errors import InputError
from plugin.readers.cell_table import CellTable, coded

log = logging.getLogger(__name__)

#: An ending begins with a letter, so that the last digits of ``slide_0.986`` are none.
_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")


def bare_name(name: str) -> str:
    """Return an image's name without folders and without one ending such as ``.png`` or ``.svs``."""
    return _ENDING.sub("", re.split(r"[/\\]", name)[-1])


def common_names(what: object, names: Sequence[str], others: Sequence[str]) -> Mapping[str, str]:
    """Return what some images are called elsewhere.

    An empty name is the only image of the others. If no name is the same, images are the same that are
    called the same without folders and endings; else only exact names count.

    Args:
        what: where the images are named, for messages.
        names: the images.
        others: how they may be called instead.

    Raises:
        InputError: an image without a name could be several, or several could be the same.
    """
    if "" in names and others and "" not in others:
        if len(others) > 1:
            raise InputError(
                f"{what} does not name its image, but there are {len(others)}; name the image of each cell"
            )
        return {"": others[0]}
    if set(names) & set(others):
        return {}
    same = _by_bare_name(others)
    found: dict[str, str] = {}
    for bare, own in _by_bare_name(names).items():
        if bare in same:
            if len(own) > 1 or len(same[bare]) > 1:
                raise InputError(
                    f"images {', '.join(map(repr, (*own, *same[bare])))} differ by folder or ending only, so "
                    f"which are the same is unclear; name them in {what} as in the other file"
                )
            found[own[0]] = same[bare][0]
    for own_name, other in found.items():
        log.info("%s: image %s is taken for %s, for no name is the same", what, own_name, other)
    return found


def with_images_called(table: CellTable, called: Mapping[str, str]) -> CellTable:
    """Return the table with other names for its images; those that ``called`` leaves out keep theirs."""
    names, rows = coded(called.get(name, name) for name in table.image_names)
    patients = table.patients and {called.get(name, name): p for name, p in table.patients.items()}
    return replace(table, image_names=names, image_index=rows[table.image_index], patients=patients)


def _by_bare_name(names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(bare_name(name), []).append(name)
    return found
