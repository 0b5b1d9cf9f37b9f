"""A dataset to train on as a folder, whether it is one or one file."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from patherea_core.data.store import unpack
from patherea_core.errors import Cancelled, DatasetError
from patherea_core.progress import Part, Progress

#: What a training that is stopped before its first validation has to show.
NOTHING = "it was not validated yet, so there is no model"

#: Share of the progress that is given to unpacking a dataset.
_UNPACKING = 0.05


@contextlib.contextmanager
def dataset_folder(dataset: Path, progress: Progress) -> Iterator[tuple[Path, Progress]]:
    """Yield the dataset as a folder, one file unpacked meanwhile, and the progress that is left.

    Raises:
        DatasetError: there is no dataset, or it is broken.
        Cancelled: the progress asked to stop.
    """
    if dataset.is_dir():
        yield dataset, progress
        return
    if not dataset.exists():
        raise DatasetError(f"there is no dataset {dataset}; export one first")
    with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
        folder = Path(scratch) / "dataset"
        try:
            unpack(dataset, folder, Part(progress, 0.0, _UNPACKING))
        except Cancelled as stop:
            raise Cancelled(f"{stop}; {NOTHING}") from stop
        yield folder, Part(progress, _UNPACKING, 1.0)
