"""The item of a run in the archive, whatever is trained: how it is made and filled, and what it tells."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patherea_core.errors import InputError
from patherea_core.workflow.run.kept_state import epochs_in
from patherea_core.workflow.run.places import RunPlaces
from plugin import provenance
from plugin.dsa.session import Session
from plugin.dsa.uploads import (
    StoredFile,
    file_in,
    new_item,
    no_slide,
    note,
    remove,
    stored_files,
    upload,
    writable_item,
)

# The archive's page takes the first file of an item by name, when somebody chooses the item where a file
# is wanted. So what a run is for comes before these, and as long as there is none, what it goes on from.
CHECKPOINT = "run_checkpoint.zip"
CURVES = "run_curves.png"
METRICS = "run_metrics.csv"

#: Under what an item's metadata tell of the run.
FACTS = "patherea"


@dataclass(slots=True, eq=False)
class RunItem:
    """An item that is made when it is needed for the first time.

    Attributes:
        session: of the archive.
        folder_id: where the item is made.
        name: what it is called.
        kind: of the run, in a word.
        description: what it says of itself to people.
        facts: what its metadata tell from the beginning to the end.
        id: of the item; None until it is made.
    """

    session: Session
    folder_id: str
    name: str
    kind: str
    description: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None

    @property
    def known_id(self) -> str:
        """The id of the item, which is made if need be.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        if self.id is None:
            self.id = new_item(self.session, self.folder_id, self.name, self.description)
        return self.id

    def put(self, path: Path, name: str) -> None:
        """Put a file of that name into the item, in place of one that was there.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        upload(self.session, self.known_id, path, name)
        if name.endswith(".png"):
            no_slide(self.session, self.known_id)

    def drop(self, name: str) -> None:
        """Remove the file of that name, if it is there.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        remove(self.session, self.known_id, name)

    def tell(self, state: str, more: Mapping[str, Any]) -> None:
        """Note how the run stands.

        Args:
            state: in words.
            more: further facts.

        Raises:
            ArchiveError: the archive does not answer, or does not allow it.
        """
        told = {"kind": self.kind, "state": state, **self.facts, **more}
        told["updated"] = provenance.now()
        note(self.session, self.known_id, {FACTS: told})


def item_to_go_on(
    session: Session, identifier: str, what: str
) -> tuple[Mapping[str, Any], Mapping[str, StoredFile]]:
    """Return the item of a run that did not end, and its files by name.

    Args:
        session: of the archive.
        identifier: id of the item, or of one of its files.
        what: the run is to be, in a word.

    Raises:
        InputError: there is no such item, or it holds no state to go on from.
        ArchiveError: the archive does not answer, or does not allow to write to it.
    """
    try:
        of_item = file_in(session, identifier).item_id
    except InputError:
        of_item = identifier
    item = writable_item(session, of_item)
    files = {one.name: one for one in reversed(stored_files(session, item["_id"]))}
    if CHECKPOINT not in files:
        raise InputError(
            f"the item {item['name']!r} holds no state to go on from ({CHECKPOINT}); choose that of a {what}"
            " that was stopped or lost"
        )
    return item, files


def name_of_run(result: str) -> str:
    """Return what the item of a run is called that begins now and is to have this result."""
    return f"{result}, {provenance.now()[:16].replace('T', ' ')}"


def curves_of(run: RunPlaces) -> Iterator[tuple[Path, str]]:
    """Yield the files of any run that show people how it goes, as far as they are there, and their names."""
    for path, name in ((run.metrics, METRICS), (run.curves, CURVES)):
        if path.exists():
            yield path, name


def epoch_of(run: RunPlaces) -> dict[str, int]:
    """Return how many epochs a run has behind it, as one of its facts; none before the end of the first."""
    return {"epoch": epochs_in(run.last)} if run.last.exists() else {}


def history_of(run: RunPlaces) -> list[dict[str, str]]:
    """Return the rows of a run's metrics, as they are written; none before the first."""
    if not run.metrics.exists():
        return []
    return list(csv.DictReader(run.metrics.read_text(encoding="utf-8").splitlines()))
