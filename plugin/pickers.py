"""Lists for the fields of the archive's web page in which a person names an annotation.

The archive fills such a list by starting the command itself, with a word in place of the field's value, and
reads what it prints. Each opening of the form costs a container for every list, and the page waits for it
behind all other jobs; so descriptions offer lists only where an image says so (docs/decisions, 0027).
"""

import html
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from patherea_core.errors import InputError, PathereaError
from plugin import descriptions

log = logging.getLogger("patherea")

#: Environment variable of an image that offers the lists.
VARIABLE = "PATHEREA_PICKERS"

#: What is asked for in place of a value.
_ASKED = "choices:annotations"
#: Slides of a folder that are looked at.
_MOST_SLIDES = 30

#: The fields that have a list, by command. All lists of a command are the same: slicer_cli_web for Girder 3
#: asks for the last one whichever it fills.
LISTED: Mapping[str, tuple[str, ...]] = {
    "ExportDataset": ("annotations",),
    "EvaluateDetections": ("detections", "annotations"),
    "HarvestReview": ("run", "reviewed"),
    "Ki67Index": ("cells", "regions"),
}


def described(name: str) -> str:
    """Return the description of a command, with lists if this image offers them."""
    text = descriptions.xml_text(name)
    if os.environ.get(VARIABLE, "") not in {"1", "true", "yes"}:
        return text
    return with_lists(name, text)


def with_lists(name: str, text: str) -> str:
    """Return a description whose fields have their lists."""
    root = ElementTree.fromstring(text)  # noqa: S314  our own file
    inputs = {one.findtext("name"): one for one in root.iterfind("parameters/*[name]")}
    # What a job would have to fetch first is of no use for a list.
    fetched = {key: None for key, one in inputs.items() if _is_fetched(one)}
    fields = LISTED.get(name, ())
    asked = json.dumps({**dict.fromkeys(fields, _ASKED), **fetched})
    for field in fields:
        inputs[field].set("datalist", asked)
    encoded: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return encoded.decode("ascii")


def is_asked(words: Iterable[str]) -> bool:
    """Tell whether the words ask for a list instead of a run."""
    return any(
        word.partition("=")[2].startswith(_ASKED) or word.startswith(_ASKED) for word in words
    )


def answer(name: str, words: list[str]) -> Iterator[str]:
    """Yield the lines of a list; after any trouble it is empty, and a warning says why."""
    try:
        found = _choices(descriptions.read_values(name, words), name)
    except PathereaError as error:
        log.warning("there is no list: %s", error)
        found = []
    # A page that gets no element at all takes the log for one.
    for choice in found or [""]:
        text = html.escape(choice).encode("ascii", "xmlcharrefreplace").decode("ascii")
        yield f"<element>{text}</element>"


def _is_fetched(parameter: ElementTree.Element) -> bool:
    return (
        parameter.tag in {"image", "file", "item", "directory"}
        and parameter.get("reference") != "_girder_id_"
        and parameter.findtext("channel") != "output"
    )


def _choices(values: Mapping[str, Any], name: str) -> list[str]:
    """Return the names of the annotations of the slide, or of the folder's slides, each once, in order."""
    from plugin.dsa.annotations import list_annotations
    from plugin.dsa.items import slide_named, slides_in
    from plugin.dsa.session import connect

    if name not in LISTED:
        raise InputError(f"{name} has no lists")
    session = connect(values["girderApiUrl"], values["girderToken"])
    if name == "ExportDataset":
        slides = slides_in(session, values["inputFolder"])[:_MOST_SLIDES]
    else:
        slides = (slide_named(session, values["inputImageFile"]),)
    return sorted({one.name for slide in slides for one in list_annotations(session, slide.id)})
