"""What is kept of a slide beside its fields, so that a run that goes on need not fetch it again."""

import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from pydantic import ValidationError

from patherea_core.config import Count, Positive, Settings
from patherea_core.files import write_whole, writing
from plugin.pretraining.ground import Ground
from plugin.pretraining.left_out import Reason

#: The ending of fields, and of what is said of them.
_FIELD, _RECORD = ".png", ".json"


class FieldsAsked(Settings):
    """What was wanted of a slide, as far as its fields follow from it."""

    count: Count
    """Fields."""
    side: Count
    """Of a field in working pixels."""
    mpp: Positive
    """Micrometres per working pixel."""
    slide_mpp: Positive | None
    """Micrometres per base pixel of a slide that does not say."""
    enlarged: bool
    """Whether much coarser slides are taken, too."""
    seed: int
    """Of the places of the fields."""


class KeptFields(Settings):
    """The fields of one slide in a folder, or why there are none."""

    asked: FieldsAsked
    """What they were cut for."""
    name: str
    """What the slide was called."""
    file_id: str
    """The file of the archive that they were cut from."""
    sizes: tuple[tuple[Count, Count], ...] = ()
    """Width and height of each in working pixels."""
    reason: Reason | None = None
    """Why the slide cannot serve."""
    said: str = ""
    """What names it among those that cannot."""

    def grounds(self, place: Path, slide_id: str, name: str) -> list[Ground]:
        """Return the fields, given the folder that they lie in, and what the slide is called now."""
        return [
            Ground(
                field_path(place, slide_id, number),
                field_name(name, number),
                self.asked.mpp,
                width,
                height,
                cut_from=slide_id,
            )
            for number, (width, height) in enumerate(self.sizes)
        ]


def field_path(place: Path, slide_id: str, number: int) -> Path:
    """Return where a field lies, of a slide by its id, counted from 0."""
    return place / f"{slide_id}-{number}{_FIELD}"


def field_name(slide: str, number: int) -> str:
    """Return what a field of a slide is called, counted from 0."""
    return f"{slide}, field {number + 1}"


def kept_fields(place: Path, slide_id: str, asked: FieldsAsked) -> KeptFields | None:
    """Return what a folder has of a slide; None if it lacks a field, or was cut for other wishes."""
    try:
        kept = KeptFields.model_validate_json(_record(place, slide_id).read_bytes())
    except (OSError, ValidationError):
        return None
    if kept.asked != asked:
        return None
    paths = (field_path(place, slide_id, number) for number in range(len(kept.sizes)))
    return kept if all(path.is_file() for path in paths) else None


def keep_fields(place: Path, slide_id: str, kept: KeptFields) -> None:
    """Say in a folder what there is of a slide, all of whose fields lie there.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(_record(place, slide_id), kept.model_dump_json(indent=2).encode())


def forget_fields(place: Path, slide_id: str) -> None:
    """Remove what a folder has of a slide.

    Raises:
        OutputError: it cannot be removed.
    """
    with writing(place):
        # First what says that the fields are there.
        _record(place, slide_id).unlink(missing_ok=True)
        for number in count():
            path = field_path(place, slide_id, number)
            if not path.exists():
                return
            path.unlink()


def forget_unreadable(place: Path) -> None:
    """Remove what a folder says of slides that could not be read, and now perhaps can.

    Raises:
        OutputError: it cannot be removed.
    """
    with writing(place):
        for path in place.glob(f"*{_RECORD}"):
            if _is_of_unreadable(path):
                path.unlink()


def room_for_fields(place: Path) -> int:
    """Return the bytes that are free on the disk of a folder, or that fields in it take."""
    taken = sum(path.stat().st_size for path in place.glob(f"*{_FIELD}"))
    return shutil.disk_usage(place).free + taken


def slides_with_fields(place: Path) -> int:
    """Return of how many slides a folder has all fields."""
    return sum(1 for _ in place.glob(f"*{_RECORD}"))


def sizes_of(fields: Sequence[Ground]) -> tuple[tuple[int, int], ...]:
    """Return width and height of each field."""
    return tuple((field.width, field.height) for field in fields)


def _is_of_unreadable(record: Path) -> bool:
    try:
        return KeptFields.model_validate_json(record.read_bytes()).reason == "unreadable"
    except ValidationError:
        return False


def _record(place: Path, slide_id: str) -> Path:
    return place / f"{slide_id}{_RECORD}"
