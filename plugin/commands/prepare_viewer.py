"""Prepare the archive's viewer for a review: a model's classes become the groups of a folder."""

import logging
from dataclasses import dataclass
from pathlib import Path

from patherea_core.bundle_file import read_card
from patherea_core.errors import CredentialsError, InputError
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.items import folder_named
from plugin.dsa.session import Session, connect
from plugin.dsa.small_files import read_small_file, write_small_file
from plugin.dsa.viewer_config import CONFIG_NAME, default_group, with_classes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ViewerRequest:
    """Which folder to prepare for which model.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        folder_id: the folder of the slides.
        model: a model bundle, file or folder.
    """

    api_url: str
    token: str
    folder_id: str
    model: Path


def run(request: ViewerRequest) -> str:
    """Write the viewer's settings of a folder and return them.

    Raises:
        InputError: there is no such folder, or its settings cannot be added to.
        BundleError: the model cannot be read.
        ArchiveError: the archive does not answer, or does not allow it.
    """
    taxonomy = read_card(request.model).taxonomy
    session = connect(request.api_url, request.token)
    folder_named(session, request.folder_id)
    return _prepared(session, request.folder_id, taxonomy)


def prepare_if_allowed(session: Session, item_id: str, taxonomy: Taxonomy) -> None:
    """Write the viewer's settings of the folder of a slide; say in the log if that cannot be.

    Raises:
        ArchiveError: the archive does not answer.
    """
    folder_id = session.find(f"item/{item_id}", f"slide {item_id}")["folderId"]
    try:
        _prepared(session, folder_id, taxonomy)
    except (CredentialsError, InputError) as error:
        log.warning("the viewer's settings stay as they are: %s", error)


def _prepared(session: Session, folder_id: str, taxonomy: Taxonomy) -> str:
    before = read_small_file(session, folder_id, CONFIG_NAME)
    text = with_classes(None if before is None else before.text, taxonomy)
    default = default_group(text)
    if default in taxonomy.names:
        log.warning(
            "class %r is the default group of the viewer, which takes the group off every point that is"
            " given it; name another default group in %s",
            default,
            CONFIG_NAME,
        )
    if before is not None and text == before.text:
        log.info("the viewer knows these classes already")
        return text
    write_small_file(session, folder_id, CONFIG_NAME, text, before)
    log.info("the viewer offers: %s", ", ".join(taxonomy.names))
    return text
