"""The classes of a model as the groups of the archive's viewer, in its settings for a folder. Pure.

HistomicsUI reads ``.histomicsui_config.yaml`` of the slide's folder. There ``annotationGroups`` holds the
groups under which a person draws, with colours and keys. Only that entry is written anew; every other
line of the file stays as it is, comments included, and so do the groups of others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]

from patherea_core.errors import InputError
from patherea_core.taxonomy import CellClass, Taxonomy

#: What the viewer calls its settings.
CONFIG_NAME = ".histomicsui_config.yaml"

#: What the viewer's default group is called. It is no class: the viewer takes the group off every point
#: that is given the default group, and leaves its label, so such a point could not be told from others.
NO_CLASS = "no group"

_ENTRY = "annotationGroups"
_WIDTH = 100


def with_classes(text: str | None, taxonomy: Taxonomy) -> str:
    """Return the viewer's settings with the classes of a model among the groups.

    Groups that are there already keep what they say of themselves (a colour that a person chose, say) and
    get what they lack. The model's classes come first, in their order, then the groups of others. The
    keys 1 to 9 are given in that order where they are free.

    Args:
        text: the settings of the folder so far; None if it has none. New ones leave those of the folders
            above it in force.
        taxonomy: the classes and their colours.

    Raises:
        InputError: the settings cannot be read, or are of another form than the viewer's.
    """
    if text is None or not text.strip():
        return _dumped({"__inherit__": True, _ENTRY: _groups({}, taxonomy, set())})
    settings = _settings(text)
    so_far = settings.get(_ENTRY) or {}
    if not isinstance(so_far, Mapping) or not isinstance(so_far.get("groups") or [], list):
        raise InputError(
            f"{_ENTRY} in {CONFIG_NAME} is not of the form that the viewer reads; mend or remove it"
        )
    wanted = {**settings, _ENTRY: _groups(so_far, taxonomy, _keys_of_others(settings))}
    merged = _replaced(text, _dumped({_ENTRY: wanted[_ENTRY]}))
    # Names for repeated values may reach from one entry into another; then all is written anew.
    return merged if _same(merged, wanted) else _dumped(wanted)


def default_group(text: str) -> str:
    """Return the group that the viewer takes off the points that are given it."""
    entry = _settings(text).get(_ENTRY) or {}
    return str(entry.get("defaultGroup") or "default")


def _settings(text: str) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(text)
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise InputError(f"{CONFIG_NAME} of the folder is no YAML ({where}); mend it") from error
    if not isinstance(settings, dict):
        raise InputError(
            f"{CONFIG_NAME} of the folder holds no entries with names, as the viewer reads them; mend it"
        )
    return settings


def _groups(
    so_far: Mapping[str, Any], taxonomy: Taxonomy, keys_of_others: set[str]
) -> dict[str, Any]:
    """Return the entry with the classes first."""
    there = [dict(group) for group in so_far.get("groups") or [] if isinstance(group, Mapping)]
    known = {str(group.get("id")): group for group in there}
    others = [group for group in there if str(group.get("id")) not in taxonomy.names]
    taken = keys_of_others | {str(group["hotkey"]) for group in there if group.get("hotkey")}
    free = [str(key) for key in range(1, 10) if str(key) not in taken]
    own = []
    for cell_class in taxonomy.classes:
        group = {**_style(cell_class), **known.get(cell_class.name, {})}
        if free and "hotkey" not in group:
            group["hotkey"] = free.pop(0)
        own.append(group)
    kept = {name: value for name, value in so_far.items() if name != "groups"}
    # Without it the groups of other folders, which each browser remembers, would be offered too.
    return {
        "replaceGroups": True,
        "defaultGroup": NO_CLASS,
        **kept,
        "groups": [*own, *others],
    }


def _style(cell_class: CellClass) -> dict[str, Any]:
    """Return how a class is drawn; a pattern would go into points, which have none."""
    red, green, blue = (int(cell_class.color[start : start + 2], 16) for start in (1, 3, 5))
    return {
        "id": cell_class.name,
        "label": cell_class.name,
        "lineColor": f"rgb({red}, {green}, {blue})",
        "fillColor": f"rgba({red}, {green}, {blue}, 0.1)",
        "lineWidth": 2,
    }


def _keys_of_others(settings: Mapping[str, Any]) -> set[str]:
    """Return the keys that the settings give another meaning."""
    entries: Sequence[Any] = settings.get("hotkeys") or []
    return {str(entry.get("key")) for entry in entries if isinstance(entry, Mapping)}


def _replaced(text: str, entry: str) -> str:
    """Return the text with one entry in place of that of the same name, or at its end."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = text.splitlines(keepends=True)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return text
    for number, (key, _) in enumerate(root.value):
        if key.value == _ENTRY:
            following = root.value[number + 1 :]
            end = following[0][0].start_mark.line if following else len(lines)
            end = _without_comments_before(lines, end) if following else end
            return "".join([*lines[: key.start_mark.line], entry, *lines[end:]])
    ended = text if text.endswith("\n") else f"{text}\n"
    return ended + entry


def _without_comments_before(lines: Sequence[str], line: int) -> int:
    """Return where the comments and empty lines begin that stand above a line: they belong to it."""
    while line > 0 and (not lines[line - 1].strip() or lines[line - 1].startswith("#")):
        line -= 1
    return line


def _same(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return bool(yaml.safe_load(text) == wanted)
    except yaml.YAMLError:
        return False


def _dumped(value: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        dict(value), sort_keys=False, allow_unicode=True, default_flow_style=False, width=_WIDTH
    )
    return text
