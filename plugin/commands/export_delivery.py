"""Where a dataset goes: a folder, one file, an item of the archive, or the archive besides one of those."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from patherea_core.data.manifest import Manifest
from patherea_core.data.store import pack
from patherea_core.errors import ArchiveError, DatasetError, InputError, PathereaError
from patherea_core.files import require_writable
from plugin import provenance
from plugin.dsa.session import Session
from plugin.dsa.uploads import note, require_writable_folder, upload_to_folder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a dataset goes.

    Attributes:
        out: a new folder; or a file, where ``packed`` is set or its name ends in .zip; None for none.
        packed: whether ``out`` is a file.
        folder_id: a folder of the archive that gets the dataset as an item; empty for none.
        item_name: what that item is called; empty names it by the time.
    """

    out: Path | None
    packed: bool = False
    folder_id: str = ""
    item_name: str = ""

    def __post_init__(self) -> None:
        if self.out is None and not self.folder_id:
            raise InputError(
                "the dataset has nowhere to go; name a new folder or file with --out, a folder of the"
                " archive with --output-folder, or both"
            )

    @property
    def zip_path(self) -> Path | None:
        """The file that the dataset becomes on this machine, if it does."""
        packed = self.out is not None and (self.packed or self.out.suffix == ".zip")
        return self.out if packed else None

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Yield where the dataset is to be written as a folder: its place, or one that vanishes.

        Raises:
            DatasetError: a file of that name is there already.
            OutputError: it could not be written.
        """
        if self.zip_path is not None:
            if self.zip_path.is_file():
                raise DatasetError(f"{self.zip_path} is there already; choose another name")
            require_writable(self.zip_path)
        if self.out is not None and self.zip_path is None:
            yield self.out
            return
        with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
            yield Path(scratch) / "dataset"

    def require_possible(self, session: Session) -> None:
        """Check before long work that the archive takes the dataset.

        Raises:
            InputError: it has no such folder.
            CredentialsError: nobody may write there with this token.
        """
        if self.folder_id:
            require_writable_folder(session, self.folder_id)

    def deliver(self, session: Session, folder: Path, manifest: Manifest) -> None:
        """Bring a written dataset to where it goes besides its folder.

        Raises:
            OutputError: the file cannot be written.
            ArchiveError: the archive does not take it; what is on this machine stays.
        """
        if self.zip_path is not None:
            pack(folder, self.zip_path)
        if not self.folder_id:
            return
        with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
            packed = self.zip_path
            if packed is None:
                packed = Path(scratch) / "dataset.zip"
                pack(folder, packed)
            try:
                self._upload(session, packed, manifest)
            except PathereaError:
                if self.out is not None:
                    log.warning("the dataset is whole in %s; only the archive lacks it", self.out)
                raise

    def _upload(self, session: Session, packed: Path, manifest: Manifest) -> None:
        moment = provenance.now()[:19].replace("T", " ").replace(":", ".")
        name = f"{(self.item_name or f'dataset {moment}').removesuffix('.zip')}.zip"
        log.info("sending %.1f MB to the archive", packed.stat().st_size / 1e6)
        item = upload_to_folder(session, self.folder_id, packed, name)
        try:
            note(session, item, {"patherea": _facts(manifest)})
        except ArchiveError as error:
            log.warning("item %s has no metadata that tells of the dataset: %s", item, error)
        log.info("the dataset is item %s of the archive, %r", item, name)


def _facts(manifest: Manifest) -> dict[str, object]:
    """Return what the archive's page shows of a dataset without opening it."""
    return {
        "kind": "dataset",
        "sha256": manifest.digest(),
        "classes": [record.name for record in manifest.classes],
        "images": len(manifest.samples),
        "points": sum(sample.points for sample in manifest.samples),
        "folds": manifest.folds,
        "mpp": manifest.mpp,
    }
